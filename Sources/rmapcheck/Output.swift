import Glibc

/// Output that could not be written. Whatever was found out, the exit status is then 74 (EX_IOERR): a job whose report is
/// lost is not green.
struct LostOutput: Error, CustomStringConvertible {
  /// What could not be written.
  let what: String
  /// The system's `errno`.
  let number: Int32

  init(_ what: String, _ number: Int32) {
    self.what = what
    self.number = number
  }

  var description: String { "cannot write \(what): \(String(cString: strerror(number)))" }
}

/// Standard output. `print` would say nothing of a full disk: its bytes wait in a buffer that is written at the exit.
enum StandardOutput {
  static let name = "to standard output"

  /// Writes all of the text, now.
  static func write(_ text: String) throws(LostOutput) {
    if let number = writeAll(text, to: STDOUT_FILENO) { throw LostOutput(name, number) }
  }

  /// Some file systems (NFS, quotas) say only here that what was written did not get there.
  static func close() throws(LostOutput) {
    if Glibc.close(STDOUT_FILENO) != 0, errno != EBADF, errno != EINTR { throw LostOutput(name, errno) }
  }

  /// Where a standard stream is closed, the next file opened would get its number: a report would be written into it,
  /// or a complaint into a report. What takes its place fails as the closed one would.
  static func claimStandardStreams() {
    for (stream, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
    where fcntl(stream, F_GETFD) < 0 && errno == EBADF {
      _ = open("/dev/null", mode)
    }
  }
}

/// Writes all bytes; gives `errno` if that could not be done.
func writeAll(_ text: String, to descriptor: CInt) -> Int32? {
  var text = text
  return text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: descriptor) }
}

/// Writes all bytes; gives `errno` if that could not be done.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> Int32? {
  var rest = bytes
  while !rest.isEmpty {
    let count = write(descriptor, rest.baseAddress, rest.count)
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return count == 0 ? ENOSPC : errno }
    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
  }
  return nil
}
