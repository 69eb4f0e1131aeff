import Checking
import FoundationEssentials
import Glibc

/// The recording's file and its sidecar, taken before anything is begun: of two runs with one output only one goes on,
/// and a file that is there is not overwritten unless that was asked for.
struct ReservedOutput {
  let path: String
  private var sidecarPath: String { Sidecar.path(besides: path) }

  init(_ plan: RecordPlan) throws(RecordingFailure) {
    path = plan.output
    for file in [path, Sidecar.path(besides: path)] {
      let descriptor = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | (plan.replaces ? O_TRUNC : O_EXCL), 0o644)
      guard descriptor >= 0 else {
        let code = errno
        if file != path { unlink(path) }
        throw RecordingFailure(
          .output,
          code == EEXIST
            ? "\(file) is there already: choose another name with -o, or --force to replace it"
            : "\(file): \(String(cString: strerror(code)))")
      }
      close(descriptor)
    }
  }

  /// Writes the sidecar, whole or not at all.
  func write(_ sidecar: Sidecar) throws(RecordingFailure) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      var data = try encoder.encode(sidecar)
      data.append(UInt8(ascii: "\n"))
      try data.write(to: URL(filePath: sidecarPath), options: .atomic)
    } catch {
      throw RecordingFailure(.output, "\(sidecarPath): \(error)")
    }
  }

  /// Bytes on disk so far: trace-cmd has a file for each CPU until the end.
  func size() -> UInt64 {
    var sum = Self.size(path)
    var cpu = 0
    while cpu < 4096 {
      let part = "\(path).cpu\(cpu)"
      guard access(part, F_OK) == 0 else { break }
      sum += Self.size(part)
      cpu += 1
    }
    return sum
  }

  private static func size(_ path: String) -> UInt64 {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_size) : 0
  }

  /// There is no recording: its empty file goes, and so does the sidecar. A file with something in it stays.
  func giveUp() {
    if Self.size(path) == 0 {
      unlink(path)
      unlink(sidecarPath)
    }
  }
}
