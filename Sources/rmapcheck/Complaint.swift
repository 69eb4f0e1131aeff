import Glibc

/// One line on stderr.
func complain(_ message: String) {
  fputs("rmapcheck: \(message)\n", stderr)
}
