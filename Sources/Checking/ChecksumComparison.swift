package import TraceReading

/// Whether a recording is what was recorded: a flipped bit in an event's value shows nowhere else.
///
/// The sum takes a pass of its own over the file. With a second thread it is made while the recording is read.
///
/// `@unchecked Sendable`: only that thread writes to it once it runs, and ``outcome()`` joins it before it reads.
package final class ChecksumComparison: @unchecked Sendable {
  private let input: RecordingInput
  private let isPacked: Bool
  private let noted: String
  /// Written by the thread, read when that has been joined.
  private var result: ChecksumOutcome?
  private var thread: BesideThread?

  /// Begins to compare what was opened with the sum that its sidecar has, of the file as it lies or of what that
  /// unpacks to.
  package init(of input: RecordingInput, packed: Bool, with noted: String, beside: Bool) {
    self.input = input
    isPacked = packed
    self.noted = noted
    thread = beside ? BesideThread { self.compare() } : nil
    if thread == nil { compare() }
  }

  /// What it came to.
  package func outcome() -> ChecksumOutcome? {
    thread?.join()
    thread = nil
    return result
  }

  private func compare() {
    let sum = input.checksum(packed: isPacked)
    result = sum == noted ? .matches : .differs(sum: sum, noted: noted)
  }
}

/// What the comparison of a recording with its sidecar's checksum came to.
public enum ChecksumOutcome: Sendable, Equatable {
  /// The file is, byte by byte, what was recorded.
  case matches
  /// It is another one: its own sum, and the sidecar's.
  case differs(sum: String, noted: String)

  /// `matches` or `differs`, as reports have it.
  public var word: String { self == .matches ? "matches" : "differs" }

  /// How the file is another, if it is.
  package var change: String? {
    guard case .differs(let sum, let noted) = self else { return nil }
    return "the file is not what was recorded: its XXH64 is \(sum), the sidecar has \(noted); "
      + "if you have converted it, remove xxh64 from the sidecar"
  }
}
