import Invariants
import RecordingFormat
import RmapEvents

/// How a result compares with what its sidecar expects.
public enum ExpectationOutcome: Sendable, Equatable {
  /// As expected.
  case met
  /// Not as expected, and how.
  case missed(String)
  /// There is no sidecar that says what to expect.
  case absent
}

extension RecordingResult {
  /// Compares the result with its sidecar: the verdict, and where the sidecar names them, invariant, function and
  /// number of the first wrong event.
  public var expectation: ExpectationOutcome {
    guard let expected = sidecar?.expected else { return .absent }
    guard verdict == expected.verdict else {
      return .missed("expected \(expected.verdict.rawValue), is \(verdict.rawValue)")
    }
    guard expected.invariant != nil || expected.function != nil || expected.event != nil else {
      return .met
    }
    guard let first = findings.first else { return .missed("expected a violation, there is none") }
    // Several invariants may be broken by one event: any of them may be the expected one.
    let atFirst = findings.filter { $0.finding.stamp.ordinal == first.finding.stamp.ordinal }
    let fits = atFirst.contains { invariant, finding in
      (expected.invariant ?? invariant.name) == invariant.name
        && (expected.function ?? functions[finding.function]) == functions[finding.function]
        && (expected.doer ?? functions[finding.responsible]) == functions[finding.responsible]
        && (expected.event ?? finding.stamp.ordinal) == finding.stamp.ordinal
    }
    if fits { return .met }
    return .missed(
      "the first violation is of \(first.invariant.name) in \(functions[first.finding.function]) at event "
        + "\(first.finding.stamp.ordinal), expected \(expected.invariant ?? "any") in "
        + "\(expected.function ?? "any function") at event "
        + "\(expected.event.map { "\($0)" } ?? "any")"
        + (expected.doer.map { "; done by \(functions[first.finding.responsible]), expected \($0)" } ?? ""))
  }

  /// What a sidecar must expect for this result to be the expected one. What is known of an injected fault stays.
  public func expected(keeping before: Sidecar.Expectation?) -> Sidecar.Expectation {
    var expected = Sidecar.Expectation(verdict: verdict)
    expected.fault = before?.fault
    expected.note = before?.note
    expected.injected = before?.injected
    if let (invariant, finding) = findings.first {
      expected.invariant = invariant.name
      expected.function = functions[finding.function]
      expected.event = finding.stamp.ordinal
      if before?.doer != nil { expected.doer = functions[finding.responsible] }
    }
    return expected
  }
}
