public import Checking
import Invariants
import RecordingFormat
import RmapEvents

/// JUnit XML: one suite for each recording, one case for each invariant.
public enum JUnitReport {
  /// All results.
  public static func render(_ results: [RecordingResult]) -> String {
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"rmapcheck\">\n"
    for result in results { text += suite(result) }
    return text + "</testsuites>\n"
  }

  private static func suite(_ result: RecordingResult) -> String {
    let cases = result.invariants
    let failures = cases.count { $0.verdict == .violated }
    let skipped = cases.count { $0.verdict == .undecided }
    let errors = result.damage == nil ? 0 : 1
    var text = "  <testsuite name=\"\(escaped(result.path))\" tests=\"\(cases.count + errors + 1)\""
    let doubtful = result.verdict == .undecided ? 1 : 0
    text += " failures=\"\(failures)\" errors=\"\(errors)\" skipped=\"\(skipped + doubtful)\">\n"
    text += recordingCase(result)
    if let damage = result.damage {
      text += "    <testcase classname=\"rmapcheck\" name=\"reading\">\n"
      text += "      <error message=\"\(escaped(damage))\"/>\n    </testcase>\n"
    }
    for entry in cases { text += invariantCase(entry) }
    return text + "  </testsuite>\n"
  }

  /// The recording as a whole: lost events and missing probes make it skipped, though each invariant holds.
  private static func recordingCase(_ result: RecordingResult) -> String {
    let open = "    <testcase classname=\"rmapcheck\" name=\"recording\""
    guard result.verdict == .undecided else { return open + "/>\n" }
    let reason = result.doubts.joined(separator: "; ")
    return open + ">\n      <skipped message=\"undecided: \(escaped(reason))\"/>\n    </testcase>\n"
  }

  private static func invariantCase(_ entry: InvariantResult) -> String {
    let open = "    <testcase classname=\"rmapcheck\" name=\"\(entry.invariant.name)\""
    switch entry.verdict {
    case .holds, .damaged, .missing: return open + "/>\n"
    case .undecided:
      let reason =
        entry.isRecorded
        ? "undecided: decided \(entry.ledger.decided) times"
        : "not recorded: needs level \(entry.invariant.level.rawValue)"
      return open + ">\n      <skipped message=\"\(reason)\"/>\n    </testcase>\n"
    case .violated:
      let finding = entry.findings.first
      let message = finding.map { "\($0.what) (\($0.function), event \($0.stamp.ordinal))" } ?? ""
      return open + ">\n      <failure type=\"\(entry.invariant.name)\" message=\"\(escaped(message))\">"
        + escaped(finding?.contradiction.text ?? "") + "</failure>\n    </testcase>\n"
    }
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
