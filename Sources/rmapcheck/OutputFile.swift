import ArgumentParser
import Glibc
import RecordingFormat

/// A file that grows while it is written: under another name in the same folder, and with its own once it is complete.
///
/// What is no regular file, such as `/dev/null` or a pipe, is written to as it is.
final class OutputFile {
  private static let bufferSize = 1 << 18

  private let path: String
  private let temporary: String?
  private let descriptor: CInt
  private var buffer: [UInt8] = []
  private var failure: LostOutput?

  /// Makes the file under its temporary name.
  init(_ path: String) throws(LostOutput) {
    self.path = path
    if isSpecialFile(path) {
      temporary = nil
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
    } else {
      let working = "\(path).\(getpid()).part"
      unlink(working)
      temporary = working
      descriptor = open(working, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    }
    if descriptor < 0 { throw LostOutput(path, errno) }
  }

  /// Adds bytes; that they can't be written is thrown by ``finish()``.
  func write(_ bytes: [UInt8]) {
    buffer += bytes
    if buffer.count >= Self.bufferSize { flush() }
  }

  /// Writes what is left and gives the file its name.
  func finish() throws(LostOutput) {
    flush()
    if failure == nil, temporary != nil, fsync(descriptor) != 0 { failure = LostOutput(path, errno) }
    if close(descriptor) != 0, failure == nil { failure = LostOutput(path, errno) }
    if failure == nil, let temporary, rename(temporary, path) != 0 { failure = LostOutput(path, errno) }
    guard let failure else { return }
    if let temporary { unlink(temporary) }
    throw failure
  }

  /// Removes what was begun.
  func discard() {
    close(descriptor)
    if let temporary { unlink(temporary) }
  }

  private func flush() {
    defer { buffer.removeAll(keepingCapacity: true) }
    if failure != nil { return }
    buffer.withUnsafeBytes { if let number = writeAll($0, to: descriptor) { failure = LostOutput(path, number) } }
  }
}

/// Ends a command that would write over the recording that it reads, with 64: not even `--force` means that.
func refuseToReplaceInput(_ outputs: [String], _ inputs: [String]) throws {
  func file(_ path: String) -> (dev_t, ino_t)? {
    var status = stat()
    return stat(path, &status) == 0 && !isSpecialFile(path) ? (status.st_dev, status.st_ino) : nil
  }
  let read = inputs.compactMap(file)
  for output in outputs {
    if let written = file(output), read.contains(where: { $0 == written }) {
      throw ValidationError("\(output) is the recording itself: name another file.")
    }
  }
}

/// Ends a command whose output is there already, with 73 (EX_CANTCREAT): what somebody has kept is replaced only if that is
/// asked for. Nothing is kept in a device or a pipe.
func refuseToReplace(_ paths: [String]) throws {
  for path in paths where access(path, F_OK) == 0 && !isSpecialFile(path) {
    complain("\(path) is there already: --force replaces it")
    throw ExitCode(EX_CANTCREAT)
  }
}
