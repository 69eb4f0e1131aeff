import Glibc

/// Whether a path leads to something that is no regular file, such as a device or a pipe: a file that is renamed to it
/// would take its place, /dev/null's, too.
package func isSpecialFile(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
}
