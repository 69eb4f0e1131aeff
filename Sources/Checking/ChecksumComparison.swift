internal import TraceReading

/// Whether a recording is what was recorded: a flipped bit in an event's value shows nowhere else.
///
/// The sum takes a pass of its own over the file. With a second thread it is made while the recording is read.
final class ChecksumComparison: @unchecked Sendable {
  private let path: String
  private let noted: String
  /// Written by the thread, read when that has been joined.
  private var change: String?
  private var thread: BesideThread?

  /// Begins to compare the file at `path` with the sum that its sidecar has.
  init(of path: String, with noted: String, beside: Bool) {
    self.path = path
    self.noted = noted
    thread = beside ? BesideThread { self.compare() } : nil
    if thread == nil { compare() }
  }

  /// How the file is another, if it is.
  func outcome() -> String? {
    thread?.join()
    thread = nil
    return change
  }

  private func compare() {
    // What can't be opened is said by who reads it.
    guard let sum = try? Checksum.ofFile(at: path), sum != noted else { return }
    change =
      "the file is not what was recorded: its XXH64 is \(sum), the sidecar has \(noted); "
      + "if you have converted it, remove xxh64 from the sidecar"
  }
}
