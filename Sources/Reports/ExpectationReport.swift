public import Checking
import Invariants
import RecordingFormat
import RmapEvents

/// One line for each recording that is kept as a test: does the check come to what the sidecar expects?
public enum ExpectationReport {
  /// The line of one recording, and what went wrong below it.
  public static func render(_ result: RecordingResult) -> String {
    let line =
      switch result.expectation {
      case .met: "as expected  \(result.path): \(outcome(result))"
      case .missed(let how): "NOT EXPECTED \(result.path): \(how)"
      case .absent: "NO SIDECAR   \(result.path): \(outcome(result)), nothing expected"
      }
    return printable(line) + "\n"
  }

  private static func outcome(_ result: RecordingResult) -> String {
    guard let (invariant, finding) = result.findings.first else {
      let decided = result.invariants.reduce(0) { $0 &+ $1.ledger.decided }
      return "\(result.verdict.rawValue), \(result.events) events, \(decided) checks"
    }
    return "\(result.verdict.rawValue), \(invariant.name) in \(result.functions[finding.function]) at event "
      + "\(finding.stamp.ordinal)"
  }
}
