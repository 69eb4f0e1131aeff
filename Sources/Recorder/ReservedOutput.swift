import FoundationEssentials
import Glibc
import RecordingFormat

/// The recording's file and its sidecar, taken before anything is begun: of two runs with one output only one goes on,
/// and a file that is there is not overwritten. If it is to be replaced, the new one is written beside it, and takes its
/// place when it is whole.
struct ReservedOutput {
  /// Where the recording is in the end.
  let path: String
  /// Where it is written.
  let working: String
  private let run: RunName
  private var sidecarPath: String { Sidecar.path(besides: working) }

  init(_ plan: RecordPlan, _ run: RunName) throws(RecordingFailure) {
    path = plan.output
    working = plan.replaces ? "\(plan.output).\(run)" : plan.output
    self.run = run
    if isSpecialFile(path) {
      throw RecordingFailure(.output, "\(path) is no regular file: choose another name with -o")
    }
    for file in [working, Sidecar.path(besides: working)] {
      let descriptor = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_EXCL, 0o644)
      guard descriptor >= 0 else {
        let code = errno
        if file != working { unlink(working) }
        throw RecordingFailure(
          .output,
          code == EEXIST
            ? "\(file) is there already: choose another name with -o, or --force to replace it"
            : "\(file): \(String(cString: strerror(code)))")
      }
      close(descriptor)
    }
    if isShortOfRoom(0) {
      _ = giveUp()
      throw RecordingFailure(.output, "\(path): less than \(Self.reserve >> 20) MB are free on this disk")
    }
  }

  /// Writes the sidecar, whole or not at all.
  func write(_ sidecar: Sidecar) throws(RecordingFailure) { try write(sidecar, of: working) }

  /// Writes the sidecar for the last time; recording and sidecar take the place of what they replace. In between there
  /// is a recording without a sidecar rather than with another one's.
  func finish(_ sidecar: Sidecar) throws(RecordingFailure) {
    try write(sidecar, of: path)
    guard working != path else { return }
    let final = Sidecar.path(besides: path)
    unlink(final)
    for (old, new) in [(working, path), (sidecarPath, final)] {
      guard rename(old, new) == 0 else {
        throw RecordingFailure(.output, "\(new): \(lastError()); the recording is in \(working)")
      }
    }
  }

  private func write(_ sidecar: Sidecar, of recording: String) throws(RecordingFailure) {
    var sidecar = sidecar
    sidecar.recording = splitPath(recording).name
    do {
      try Data(sidecar.text().utf8).write(to: URL(filePath: sidecarPath), options: .atomic)
    } catch {
      let cause = (error as? CocoaError)?.underlying as? POSIXError
      let reason = cause.map { String(cString: strerror($0.code.rawValue)) } ?? "\(error)"
      throw RecordingFailure(.output, "\(sidecarPath): \(reason)")
    }
  }

  /// Where the recording went elsewhere, only its sidecar is here.
  func removeEmptyRecording() {
    if Self.size(path) == 0 { unlink(path) }
  }

  /// Bytes on disk so far.
  func size() -> UInt64 { parts().reduce(Self.size(working)) { $0 + Self.size($1) } }

  /// trace-cmd has a file for each CPU until the end, `NAME.INSTANCE.cpuN`; by the CPU's number.
  func parts() -> [String] {
    let (folder, name) = splitPath(working)
    let prefix = "\(name).\(run).cpu"
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { $0.hasPrefix(prefix) }
      .sorted { Int($0.dropFirst(prefix.count)) ?? 0 < Int($1.dropFirst(prefix.count)) ?? 0 }
      .map { folder == "." ? $0 : "\(folder)\($0)" }
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

  /// There is no recording: what is empty goes, and the sidecar if nothing is left that it could tell of. Nothing that was
  /// recorded is thrown away.
  ///
  /// Returns the files that have something in them.
  func giveUp() -> [String] {
    let files = [working] + parts()
    for file in files where Self.size(file) == 0 { unlink(file) }
    let kept = files.filter { Self.size($0) > 0 }
    if kept.isEmpty { unlink(sidecarPath) }
    return kept
  }
}
