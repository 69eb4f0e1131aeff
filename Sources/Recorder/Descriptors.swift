import Glibc

/// A pipe that no child inherits unless it is given it: read end, write end. The numbers are high, so that none of them
/// stands where a child wants another one.
func makePipe() throws(RecordingFailure) -> (reading: CInt, writing: CInt) {
  var ends: [CInt] = [0, 0]
  guard pipe(&ends) == 0 else { throw RecordingFailure(.system, "pipe: \(lastError())") }
  return (raised(ends[0]), raised(ends[1]))
}

/// A file without a name, gone with its descriptor.
func makeUnnamedFile() throws(RecordingFailure) -> CInt {
  var template = Array("/tmp/rmapcheck-XXXXXX".utf8CString)
  let descriptor = mkstemp(&template)
  guard descriptor >= 0 else { throw RecordingFailure(.system, "no temporary file in /tmp: \(lastError())") }
  unlink(template)
  return raised(descriptor)
}

private func raised(_ descriptor: CInt) -> CInt {
  defer { close(descriptor) }
  return fcntl(descriptor, F_DUPFD_CLOEXEC, 64)
}
