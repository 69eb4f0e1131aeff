import Glibc
import Reports

/// One line on stderr.
func complain(_ message: String) { writeToStandardError("rmapcheck: \(printable(message))\n") }

/// Bytes to stderr, past C's `stderr`, which Swift 6 does not take for safe to share. There is nobody to tell if they
/// can't be written.
func writeToStandardError(_ text: String) { _ = writeAll(text, to: STDERR_FILENO) }
