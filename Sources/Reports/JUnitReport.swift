public import Checking
import Invariants
import RecordingFormat
import RmapEvents

/// JUnit XML: one suite for each recording, one case for each invariant, and one for the recording as a whole.
///
/// Suites and cases are named by what was recorded (``RunIdentity``), not by where the file lies: history is kept by names.
public enum JUnitReport {
  /// All results.
  public static func render(_ results: [RecordingResult], _ options: ReportOptions = ReportOptions()) -> String {
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"rmapcheck\">\n"
    for (result, identity) in zip(results, RunIdentity.of(results)) { text += suite(result, identity, options) }
    return text + "</testsuites>\n"
  }

  private static func suite(_ result: RecordingResult, _ identity: RunIdentity, _ options: ReportOptions) -> String {
    let whole = recordingCase(result)
    let outcomes = result.invariants.map { $0.outcome(in: result) }
    let failures = outcomes.count { $0 == .failed }
    let skipped = outcomes.count { if case .skipped = $0 { true } else { false } } + (whole.isSkipped ? 1 : 0)
    let errors = result.damage == nil ? 0 : 1
    let name = "rmapcheck.\(identity.dottedName)"
    var text = "  <testsuite name=\"\(escaped(identity.name))\" tests=\"\(outcomes.count + 1)\""
    text += " failures=\"\(failures)\" errors=\"\(errors)\" skipped=\"\(skipped)\">\n    <properties>\n"
    for (key, value) in properties(result, options) {
      text += "      <property name=\"\(key)\" value=\"\(escaped(value))\"/>\n"
    }
    text += "    </properties>\n" + testcase(name, "recording", whole.element)
    for (entry, outcome) in zip(result.invariants, outcomes) {
      text += testcase(name, entry.invariant.name, element(entry, outcome, result, options))
    }
    return text + "  </testsuite>\n"
  }

  private static func properties(_ result: RecordingResult, _ options: ReportOptions) -> [(String, String)] {
    [
      ("recording", result.path), ("verdict", result.verdict.rawValue), ("kernel", result.kernel ?? ""),
      ("rmapcheck", options.tool.fullVersion),
    ].filter { !$0.1.isEmpty }
  }

  private static func testcase(_ suite: String, _ name: String, _ element: String?) -> String {
    let open = "    <testcase classname=\"\(escaped(suite))\" name=\"\(name)\""
    return element.map { "\(open)>\n      \($0)\n    </testcase>\n" } ?? "\(open)/>\n"
  }

  /// The recording as a whole: damage is its error; lost events and missing probes make it skipped, though each invariant
  /// may hold.
  private static func recordingCase(_ result: RecordingResult) -> (element: String?, isSkipped: Bool) {
    if let damage = result.damage {
      return ("<error type=\"\(result.verdict.rawValue)\" message=\"\(escaped(damage))\"/>", false)
    }
    guard result.verdict == .undecided || !result.doubts.isEmpty else { return (nil, false) }
    let reason = result.doubts.isEmpty ? "an invariant was not decided" : result.doubts.joined(separator: "; ")
    return ("<skipped message=\"undecided: \(escaped(reason))\"/>", true)
  }

  private static func element(
    _ entry: InvariantResult, _ outcome: CaseOutcome, _ result: RecordingResult, _ options: ReportOptions
  ) -> String? {
    switch outcome {
    case .passed: return nil
    case .skipped(let reason): return "<skipped message=\"\(escaped(reason))\"/>"
    case .failed:
      let (message, page) = failure(entry, result, options)
      return "<failure type=\"\(entry.invariant.name)\" message=\"\(escaped(message))\">"
        + page.text.split(separator: "\n").map { escaped(String($0)) }.joined(separator: "\n") + "</failure>"
    }
  }

  /// The defects that the invariant is the first to show; of one that is broken only in consequence, what that follows from.
  private static func failure(
    _ entry: InvariantResult, _ result: RecordingResult, _ options: ReportOptions
  ) -> (message: String, page: TextLayout) {
    var page = TextLayout()
    let own = result.defects.filter { $0.invariant.number == entry.invariant.number }
    for (place, defect) in own.prefix(options.violationsShown ?? .max).enumerated() {
      if place > 0 { page.line() }
      TextReport.render(defect, result, showsPicture: false, &page)
    }
    for defect in own.dropFirst(options.violationsShown ?? .max) { page.line(TextReport.line(defect, result)) }
    let causes = result.defects.filter { $0.follows.contains { $0.invariant.number == entry.invariant.number } }
    for defect in causes where !own.contains(where: { $0.fingerprint == defect.fingerprint }) {
      page.line("follows from \(TextReport.line(defect, result))")
    }
    if let first = own.first?.first {
      return ("\(first.what) (\(result.functions[first.responsible]), event \(first.stamp.ordinal))", page)
    }
    let count = counted(entry.ledger.violations, "violation")
    let cause = causes.first.map { "\($0.invariant.name), event \($0.first.stamp.ordinal)" } ?? "another invariant"
    return ("\(count), in consequence of \(cause)", page)
  }

  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n", "\t": result += " "
      // XML 1.0 has no way to write C0 and these two, not even escaped; the others are for terminals.
      case _ where isUnprintable(scalar) || scalar.value == 0xfffe || scalar.value == 0xffff:
        result += "?"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
