import Checking
import Invariants
import RecordingFormat
import TestSupport
import Testing

/// Goal: perf.data and trace.dat of one run come to the same verdicts. Method: both recorded one run of all paths of the
/// workload, perf within trace-cmd; perf's has fewer events, but enough to decide every invariant.
@Suite struct PerfPairVerdicts {
  private func check(_ name: String) -> RecordingResult { RecordingCheck().run(path: "\(tracesFolder)/\(name)") }

  @Test func everyInvariantHoldsInBoth() {
    let whole = check("6.12-pair-trace/trace.dat")
    let part = check("6.12-pair-perf/perf.data")
    #expect(whole.verdict == .holds && part.verdict == .holds)
    #expect(part.events > 50_000 && part.events < whole.events)
    for (ours, theirs) in zip(whole.invariants, part.invariants) {
      #expect(ours.verdict == theirs.verdict, "\(ours.invariant.name)")
      let decided = 1...ours.ledger.decided
      #expect(decided.contains(theirs.ledger.decided), "\(ours.invariant.name)")
    }
  }

  /// What only a longer recording decides is undecided in the shorter one, and nothing is violated.
  @Test func aShorterOneDecidesNoOther() {
    let whole = check("6.12-pair-trace/trace.dat")
    let part = check("6.12-pair-pipe/perf.data")
    #expect(part.verdict == .undecided && part.violations == 0)
    for (ours, theirs) in zip(whole.invariants, part.invariants) {
      #expect(theirs.ledger.decided <= ours.ledger.decided, "\(ours.invariant.name)")
    }
  }

  /// perf's recording of a faulty kernel is violated as trace-cmd's of the same fault is, from the same function on.
  @Test func aFaultIsFoundInEither() throws {
    let ours = check("6.12-fault-drop-avc/trace.dat")
    let theirs = check("6.12-pair-fault/perf.data")
    #expect(ours.verdict == .violated && theirs.verdict == .violated)
    let violated = [ours, theirs].map { Set($0.invariants.filter { $0.verdict == .violated }.map(\.invariant.name)) }
    #expect(violated[0] == violated[1])
  }
}
