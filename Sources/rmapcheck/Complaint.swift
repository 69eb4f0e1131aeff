import Glibc
import Reports

/// One line on stderr.
func complain(_ message: String) { writeToStandardError("rmapcheck: \(printable(message))\n") }

/// Bytes to stderr, past C's `stderr`, which Swift 6 does not take for safe to share. There is nobody to tell if they
/// can't be written.
func writeToStandardError(_ text: String) { _ = writeAll(text, to: STDERR_FILENO) }

/// What a command ends with that could not use its files: 66 (EX_NOINPUT) if one of them can't be opened, else 3.
func statusOfInputs(_ paths: [String?]) -> Int32 {
  paths.contains { path in path.map { access($0, R_OK) != 0 } ?? false } ? EX_NOINPUT : 3
}
