import FoundationEssentials
import Glibc

/// The files of tracefs, as far as a recorder needs them. Paths are relative to its root. Tests have one of their own
/// that behaves as the kernel does.
protocol TracingFiles {
  func read(_ path: String) throws(TracingError) -> String
  /// One write, at the end where `appending`: each is one command to the kernel.
  func write(_ text: String, to path: String, appending: Bool) throws(TracingError)
  func makeFolder(_ path: String) throws(TracingError)
  func removeFolder(_ path: String) throws(TracingError)
  /// The names in a folder, sorted; none if there is no such folder.
  func list(_ path: String) -> [String]
  /// Waits a moment for the kernel to let go of something.
  func pause()
}

extension TracingFiles {
  func write(_ text: String, to path: String) throws(TracingError) {
    try write(text, to: path, appending: false)
  }
}

/// What the kernel answered.
struct TracingError: Error, Equatable, CustomStringConvertible {
  let path: String
  let code: CInt

  var description: String { "\(path): \(String(cString: strerror(code)))" }
}

/// tracefs itself.
struct TraceFS: TracingFiles {
  let root: String

  func read(_ path: String) throws(TracingError) -> String {
    let descriptor = open("\(root)/\(path)", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TracingError(path: path, code: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      if count > 0 { bytes += chunk[..<count] }
      if count < 0, errno != EINTR { throw TracingError(path: path, code: errno) }
    }
  }

  func write(_ text: String, to path: String, appending: Bool) throws(TracingError) {
    // Without O_TRUNC where appending: truncating kprobe_events would remove everyone's probes.
    let descriptor = open("\(root)/\(path)", O_WRONLY | O_CLOEXEC | (appending ? O_APPEND : O_TRUNC))
    guard descriptor >= 0 else { throw TracingError(path: path, code: errno) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    var count = Glibc.write(descriptor, bytes, bytes.count)
    while count < 0, errno == EINTR { count = Glibc.write(descriptor, bytes, bytes.count) }
    guard count == bytes.count else { throw TracingError(path: path, code: count < 0 ? errno : EIO) }
  }

  func makeFolder(_ path: String) throws(TracingError) {
    guard mkdir("\(root)/\(path)", 0o750) == 0 else { throw TracingError(path: path, code: errno) }
  }

  func removeFolder(_ path: String) throws(TracingError) {
    guard rmdir("\(root)/\(path)") == 0 else { throw TracingError(path: path, code: errno) }
  }

  func list(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(path)")) ?? []).sorted()
  }

  func pause() { usleep(20_000) }
}
