import Checking
import Invariants
import RecordingExperiments
import RecordingFormat
import TestSupport
import Testing

/// Goal: lost events never make anything wrong, and leave decided what they did not touch. Method: kept recordings
/// without some of their records, with the gaps marked as the kernel marks them; `scripts/experiment loss` does the same
/// at length.
@Suite struct LossTests {
  static let healthy = ["6.12-pages-v6", "6.12-walks"]
  static let faulty = ["6.12-fault-drop-avc", "6.12-fault-wrong-root", "6.1-fault-early-done"]

  @Test(arguments: healthy + faulty, LossPlan.Pattern.allCases)
  func nothingIsWrong(_ name: String, _ pattern: LossPlan.Pattern) throws {
    let recording = try MemoryRecording(path: tracePath(name))
    let seed = testSeed()
    for (number, share) in [0.001, 0.01, 0.1].enumerated() {
      let plan = LossPlan(recording, share: share, pattern: pattern, seed: seed &+ UInt64(number))
      let trial = LossTrial(recording, plan)
      #expect(trial.wrong == [], "seed \(seed), share \(share)")
      #expect(trial.passed == [], "seed \(seed), share \(share)")
      #expect(trial.verdict != .holds, "seed \(seed), share \(share)")
    }
  }

  @Test func oneGapLeavesMostDecided() throws {
    let recording = try MemoryRecording(path: tracePath("6.12-walks"))
    let seed = testSeed()
    let trial = LossTrial(recording, LossPlan(recording, share: 0, pattern: .single, seed: seed))
    #expect(trial.lost == 1 && trial.gaps == 1)
    #expect(trial.share > 0.3, "seed \(seed)")
  }

  /// The whole of it, so that the experiment itself can be trusted.
  @Test func withoutLossNothingChanges() throws {
    let recording = try MemoryRecording(path: tracePath("6.12-pages-v6"))
    let result = recording.check(recording.records.lazy.map(MemoryRecording.Item.record))
    #expect(result.verdict == recording.baseline.verdict)
    for (one, other) in zip(result.invariants, recording.baseline.invariants) {
      #expect(one.ledger.decided == other.ledger.decided)
    }
  }
}
