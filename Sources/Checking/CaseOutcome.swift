import Invariants
import RecordingFormat
import RmapEvents

/// What became of one invariant in one recording, as the forms for machines have it: they all say the same.
public enum CaseOutcome: Sendable, Equatable {
  /// It holds, and the file was read to its end.
  case passed
  /// It is violated.
  case failed
  /// It was not decided, and why.
  case skipped(String)
}

extension InvariantResult {
  /// What became of it in a recording.
  public func outcome(in result: RecordingResult) -> CaseOutcome {
    if verdict == .violated { return .failed }
    guard isRecorded else { return .skipped("not recorded: needs level \(invariant.level.rawValue)") }
    guard hasPart else { return .skipped("no occasion") }
    guard verdict == .holds else { return .skipped("undecided: \(undecidedReason); \(counts)") }
    // Behind the damage it may be broken.
    return result.damage == nil ? .passed : .skipped("the recording is damaged; up to there, \(counts)")
  }

  /// `decided 12, undecided 3`.
  public var counts: String { "decided \(ledger.decided), undecided \(ledger.undecidedTotal)" }

  private var undecidedReason: String {
    if let lawGap { return lawGap }
    if !missing.isEmpty { return "no events of \(missing.map { FunctionNames()[$0] }.joined(separator: ", "))" }
    if !missingFields.isEmpty { return "\(missingFields.map(\.meaning).joined(separator: ", ")): not recorded" }
    if !isUnbroken { return "events were lost, or make no sense" }
    return ledger.undecidedTotal > 0 ? "no check could be decided" : "never put to the test"
  }
}
