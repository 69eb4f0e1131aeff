public import Checking
import Invariants
import RecordingFormat
import RmapEvents

/// KTAP version 1 (Documentation/dev-tools/ktap.rst): one test for each recording, one subtest for each invariant.
public enum KTAPReport {
  /// All results.
  public static func render(_ results: [RecordingResult]) -> String {
    var text = "KTAP version 1\n1..\(results.count)\n"
    for (index, (result, identity)) in zip(results, RunIdentity.of(results)).enumerated() {
      let name = escaped(identity.name)
      text += "# recording \(index + 1): \(escaped(result.path))\n" + subtests(result, name)
      text += "\(word(result.verdict)) \(index + 1) \(name)"
      text += directive(result.verdict, reason(result)) + "\n"
    }
    return text
  }

  private static func subtests(_ result: RecordingResult, _ name: String) -> String {
    guard !result.invariants.isEmpty else { return "" }
    var text = "  KTAP version 1\n  # Subtest: \(name)\n  1..\(result.invariants.count)\n"
    for (index, entry) in result.invariants.enumerated() {
      for defect in result.defects where defect.invariant.number == entry.invariant.number {
        text += "  # \(defect.fingerprint) \(escaped(TextReport.line(defect, result)))\n"
      }
      let (word, directive) =
        switch entry.outcome(in: result) {
        case .passed: ("ok", "")
        case .failed: ("not ok", "")
        case .skipped(let reason): ("ok", " # SKIP \(escaped(reason))")
        }
      text += "  # \(entry.counts)\n  \(word) \(index + 1) \(entry.invariant.name)\(directive)\n"
    }
    return text
  }

  private static func word(_ verdict: Verdict) -> String {
    switch verdict {
    case .holds, .undecided: "ok"
    case .violated, .damaged, .missing: "not ok"
    }
  }

  /// Undecided is never a plain pass: consumers see it as skipped.
  private static func directive(_ verdict: Verdict, _ reason: String) -> String {
    switch verdict {
    case .undecided: " # SKIP undecided: \(escaped(reason))"
    case .damaged, .missing: " # ERROR \(escaped(reason))"
    case .holds, .violated: ""
    }
  }

  private static func reason(_ result: RecordingResult) -> String {
    result.damage ?? result.doubts.first ?? "an invariant was not decided"
  }

  private static func escaped(_ text: String) -> String {
    String(printable(text).map { $0 == "#" ? "_" : $0 })
  }
}
