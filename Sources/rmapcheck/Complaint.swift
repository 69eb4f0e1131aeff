import Glibc
import Reports

/// One line on stderr.
func complain(_ message: String) { writeToStandardError("rmapcheck: \(printable(message))\n") }

/// Bytes to stderr, past C's `stderr`, which Swift 6 does not take for safe to share.
func writeToStandardError(_ text: String) {
  var text = text
  text.withUTF8 { bytes in
    var rest = UnsafeRawBufferPointer(bytes)
    while !rest.isEmpty {
      let count = write(STDERR_FILENO, rest.baseAddress, rest.count)
      guard count > 0 else { return }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }
}
