import Checking
import FoundationEssentials
import Glibc

/// The recording's file and its sidecar, taken before anything is begun: of two runs with one output only one goes on,
/// and a file that is there is not overwritten unless that was asked for.
struct ReservedOutput {
  let path: String
  private let run: RunName
  private var sidecarPath: String { Sidecar.path(besides: path) }

  init(_ plan: RecordPlan, _ run: RunName) throws(RecordingFailure) {
    path = plan.output
    self.run = run
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
    if isShortOfRoom(0) {
      giveUp()
      throw RecordingFailure(.output, "\(path): less than \(Self.reserve >> 20) MB are free on this disk")
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
      let cause = (error as? CocoaError)?.underlying as? POSIXError
      let reason = cause.map { String(cString: strerror($0.code.rawValue)) } ?? "\(error)"
      throw RecordingFailure(.output, "\(sidecarPath): \(reason)")
    }
  }

  /// Bytes on disk so far.
  func size() -> UInt64 { parts().reduce(Self.size(path)) { $0 + Self.size($1) } }

  /// trace-cmd has a file for each CPU until the end, `NAME.INSTANCE.cpuN`.
  private func parts() -> [String] {
    let (folder, name) = splitPath(path)
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { $0.hasPrefix("\(name).\(run).cpu") }.map { "\(folder)/\($0)" }
  }

  /// Whether the disk has no more room than what the end of a recording takes: what is still to be written, a copy of
  /// trace-cmd's parts in one file, formats and symbols.
  func isShortOfRoom(_ unwritten: UInt64) -> Bool {
    guard let free = Self.free(splitPath(path).folder) else { return false }
    return free < Self.reserve + unwritten + parts().reduce(0) { $0 + Self.size($1) }
  }

  /// What formats, symbols, and the events of a quarter of a second take at most, bytes.
  static let reserve: UInt64 = 8 << 20

  /// Bytes that we may still write in a folder; nil if the system won't say.
  private static func free(_ folder: String) -> UInt64? {
    var status = statvfs()
    return statvfs(folder, &status) == 0 ? UInt64(status.f_bavail) * UInt64(status.f_frsize) : nil
  }

  private func splitPath(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (String(path[...slash]), String(path[path.index(after: slash)...]))
  }

  private static func size(_ path: String) -> UInt64 {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_size) : 0
  }

  /// There is no recording: its empty file goes, and so do the sidecar and the parts, which nobody can read without the
  /// formats. A file with something in it stays.
  func giveUp() {
    for part in parts() { unlink(part) }
    if Self.size(path) == 0 {
      unlink(path)
      unlink(sidecarPath)
    }
  }
}
