import Checking
import Invariants
public import RecordingFormat
import RmapEvents

/// What a check of a recording with losses came to, beside that of the whole one.
public struct LossTrial: Sendable {
  /// Records that the trial lost.
  public let lost: Int
  /// Gaps that they left.
  public let gaps: Int
  /// Checks that the whole recording decides, by invariant; of those with any.
  public let decidedBefore: [String: UInt64]
  /// Checks that are still decided.
  public let decidedAfter: [String: UInt64]
  /// Violations that are wrong: on a healthy recording all, on a faulty one those before its first violation. (What
  /// follows from a fault may show elsewhere than in the whole recording.)
  public let wrong: [String]
  /// Checks that are broken in the whole recording and hold in the trial, by the names of their invariants; of
  /// invariants that the trial does not find broken elsewhere.
  public let passed: [String]
  /// Whether what is broken in the whole recording is still found.
  public let isFound: Bool
  /// The verdict.
  public let verdict: Verdict

  /// Loses records by a plan and checks the rest.
  public init(_ recording: MemoryRecording, _ plan: LossPlan) {
    let before = recording.baseline
    var passed: [String] = []
    let after: RecordingResult
    if recording.broken.isEmpty {
      after = recording.check(plan.items(of: recording))
    } else {
      after = recording.check(plan.items(of: recording)) { place, name, said in
        // With less checks than before, the one that failed may be among those that are missing.
        if said.undecided == 0, said.violations == 0,
          let checks = recording.broken[.init(place: place, invariant: name)], said.decided >= checks
        {
          passed.append(name)
        }
      }
    }
    let found = Set(after.findings.map { $0.invariant.name })
    passed.removeAll { found.contains($0) }
    self.passed = passed
    lost = plan.lostCount
    gaps = after.losses.count
    verdict = after.verdict
    decidedBefore = Self.decided(before)
    decidedAfter = Self.decided(after)
    let start = before.findings.first?.finding.stamp.timestamp ?? .max
    wrong = after.findings.filter { $0.finding.stamp.timestamp < start }.map {
      "\($0.invariant.name) at event \($0.finding.stamp.ordinal): \($0.finding.what)"
    }
    isFound = !after.findings.isEmpty
  }

  /// The share of the checks that are still decided; no more than 1 for each invariant.
  public var share: Double {
    let before = decidedBefore.values.reduce(0, +)
    let after = decidedBefore.reduce(0) { $0 + min($1.value, decidedAfter[$1.key] ?? 0) }
    return before == 0 ? 1 : Double(after) / Double(before)
  }

  private static func decided(_ result: RecordingResult) -> [String: UInt64] {
    result.invariants.reduce(into: [:]) { counts, entry in
      if entry.ledger.decided > 0 { counts[entry.invariant.name] = entry.ledger.decided }
    }
  }
}
