import Glibc
import TraceReading

/// Makes a recording of what a dying kernel let go: see ``RecordingAssembly``.
public enum PageAssembly {
  /// Writes the recording to a new file, whole or not at all. Returns how many pages it has.
  ///
  /// - Throws: ``RecordingFailure`` if a file can't be read, or the output is there already.
  public static func run(head: String, pages: [String], output: String) throws(RecordingFailure) -> Int {
    let assembly: RecordingAssembly
    do { assembly = try RecordingAssembly(head: head) } catch {
      throw RecordingFailure(.input, "\(head): \(error)")
    }
    let descriptor = open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw RecordingFailure(.output, "\(output): \(lastError())") }
    defer { close(descriptor) }
    do {
      return try assembly.write(pages: pages) { piece in try write(piece, to: descriptor, output) }
    } catch {
      unlink(output)
      throw error as? RecordingFailure ?? RecordingFailure(.input, "\(error)")
    }
  }

  private static func write(
    _ piece: UnsafeRawBufferPointer, to descriptor: CInt, _ path: String
  ) throws(RecordingFailure) {
    var rest = piece
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw RecordingFailure(.output, "\(path): \(lastError())") }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }
}

/// The checksum of a recording's bytes, as its sidecar has it.
///
/// - Throws: ``RecordingFailure`` if the file can't be read.
public func recordingChecksum(_ path: String) throws(RecordingFailure) -> String {
  do { return try Checksum.ofFile(at: path) } catch { throw RecordingFailure(.input, "\(error)") }
}
