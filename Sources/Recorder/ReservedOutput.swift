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

  /// Bytes on disk so far: trace-cmd has a file for each CPU until the end, `NAME.INSTANCE.cpuN`.
  func size() -> UInt64 {
    let (folder, name) = splitPath(path)
    let parts = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { $0.hasPrefix(name + ".") && $0.contains(".cpu") }
    return parts.reduce(Self.size(path)) { $0 + Self.size("\(folder)/\($1)") }
  }

  private func splitPath(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (String(path[...slash]), String(path[path.index(after: slash)...]))
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
