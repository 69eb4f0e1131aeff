public import Invariants
import RmapEvents

/// What became of a workload under one policy.
public struct PolicyResult: Sendable {
  /// The policy.
  public let policy: Policy
  /// The invariants that apply, with what the checker found on the policy's own graph.
  public let ledgers: [(invariant: Invariant, ledger: Ledger)]
  /// What became of the rule that every design must keep.
  public let rule: WalkRule
  /// How many events the policy's kernel left.
  public let events: UInt64
  /// What it costs.
  public let costs: Costs
  /// What was measured at sampled moments.
  public let samples: Samples
  /// Whether the costs grow.
  public let growth: Growth
  /// What the workload asked for and could not be done as asked.
  public let oddities: SimulatedKernel.Oddities
  /// The smallest workload that was found to show the first miss; nil if there is none.
  public internal(set) var smallest: Shrinking.Result?
  /// The findings in the order of their events, each with the step of the workload that it came of.
  public let findings: [(invariant: Invariant, finding: Finding, step: Int)]

  init(_ kernel: borrowing SimulatedKernel, _ workload: borrowing Workload, growth: Growth) {
    policy = kernel.policy
    costs = kernel.costs
    samples = kernel.samples
    rule = kernel.rule
    oddities = kernel.oddities
    self.growth = growth
    let judge = kernel.judge
    events = kernel.eventCount
    ledgers = Array(zip(judge.invariants, judge.ledgers))
    var found: [(invariant: Invariant, finding: Finding, step: Int)] = []
    for (invariant, ledger) in ledgers {
      for finding in ledger.findings {
        found.append((invariant, finding, kernel.step(ofEvent: finding.stamp.ordinal)))
      }
    }
    findings = found.enumerated()
      .sorted { ($0.element.finding.stamp.ordinal, $0.offset) < ($1.element.finding.stamp.ordinal, $1.offset) }
      .map(\.element)
  }

  /// All violations.
  public var violations: UInt64 { ledgers.reduce(0) { $0 + $1.ledger.violations } }

  /// All checks that were decided.
  public var decided: UInt64 { ledgers.reduce(0) { $0 + $1.ledger.decided } }

  /// Invariants that apply and were never put to the test by this workload.
  public var untested: [Invariant] { ledgers.filter { $0.ledger.decided == 0 }.map(\.invariant) }

  /// Whether the workload put the design to every rule about pages that applies to it: to find pages is what a graph of
  /// anon_vmas is for, and a design that was not put to that is not shown to be right.
  public var metPages: Bool {
    policy.isGraph ? !untested.contains { $0.level >= .pages } : rule.decided > 0
  }

  /// All checks that could not be decided.
  public var undecided: UInt64 { ledgers.reduce(0) { $0 + $1.ledger.undecidedTotal } }

  /// Whether every walk found what is mapped and every invariant that applies held, at every step; no answer if a rule
  /// about pages was never decided.
  public var isCorrect: Bool? {
    if violations > 0 || rule.isBroken { return false }
    return decided + rule.decided > 0 && metPages ? true : nil
  }

  /// The step of the workload that first breaks a rule, from 0; nil if none does.
  public var firstWrongStep: Int? {
    [findings.first?.step, rule.misses.first?.step].compactMap(\.self).min()
  }
}
