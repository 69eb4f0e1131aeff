import Invariants
import RmapEvents
import RmapTestSupport
import TestSupport
import Testing

@testable import Policies

/// Random histories of the tests' own model kernel, which has today's rule: what they did is taken from their events and
/// replayed under every policy.
struct RandomWorkloads {
  static func recorded(_ history: History) -> RecordedWorkload {
    var extraction = WorkloadExtraction(name: "random")
    for (index, step) in history.steps.enumerated() {
      let number = UInt64(index + 1)
      extraction.take(step.event, at: EventStamp(ordinal: number, timestamp: number * 1000, pid: step.pid, cpu: 0))
    }
    return extraction.finish()
  }

  /// Two kernels that were written apart come to the same graph, as far as it is compared.
  @Test("The simulation agrees with the model kernel", arguments: [Kernel.Version.v6_1, .v6_12])
  func agreement(version: Kernel.Version) {
    var generator = SeededGenerator(seed: testSeed())
    var (reuses, forks, unknown): (UInt64, UInt64, UInt64) = (0, 0, 0)
    for round in 0..<60 {
      let history = History.random(
        120, version: version, reusingAddresses: round % 2 == 0, using: &generator)
      let agreement = Agreement(of: Self.recorded(history))
      #expect(agreement.isComplete, "\(agreement.firstDifference.map { "event \($0.event): \($0.text)" } ?? "")")
      reuses += agreement.agreedReuses
      forks += agreement.forks.agreed
      unknown += agreement.forks.unknown
    }
    // A task that changes a tree before it has begun any operation is not trusted by the graph: a few stay apart.
    #expect(reuses > 0 && forks > 5 * unknown, "\(forks) forks, \(unknown) not compared")
  }

  /// A recorded kernel that breaks the rule does not agree with it.
  @Test(
    "A kernel with another rule is told from the simulation",
    arguments: [Defect.forkReusesActive, .forkReusesRoot, .forkReusesParent, .forkSkipsRoot])
  func disagreement(defect: Defect) {
    var generator = SeededGenerator(seed: testSeed())
    var (fired, missed) = (0, 0)
    for _ in 0..<40 {
      let (history, times) = History.random(120, version: .v6_12, with: defect, using: &generator)
      let agreement = Agreement(of: Self.recorded(history))
      if times == 0 {
        #expect(agreement.isComplete, "\(agreement.firstDifference.map { "event \($0.event): \($0.text)" } ?? "")")
      } else {
        fired += 1
        if agreement.isComplete { missed += 1 }
      }
    }
    // A wrong choice may be what the rule would have chosen, too, or be made in a fork that cannot be compared.
    #expect(fired > 0 && 3 * missed < fired, "\(defect): \(fired) fired, \(missed) not told")
  }

  /// What is correct holds on whatever processes do: on all of it, not on the schedules of the debate only.
  @Test("The correct designs hold on random workloads", arguments: [Kernel.Version.v6_1, .v6_12])
  func correctness(version: Kernel.Version) {
    var generator = SeededGenerator(seed: testSeed())
    let flawed: Set<String> = [
      "pagecount", "degree", "degree+prev",
      // Of these, pages of the swap cache are not looked after: cached-fork and cached-move.
      "relocate", "lazy", "lazy-shared", "lazy-repoint", "cow-unshare",
      // Of the parts of a VMA each has an anon_vma, and a page of the swap cache may be of another part.
      "lazy-swapin",
    ]
    for round in 0..<20 {
      let history = History.random(
        150, version: version, reusingAddresses: round % 2 == 0, makingLargeFolios: false, using: &generator)
      let workload = Self.recorded(history).workload
      for policy in Policy.all where !flawed.contains(policy.name) {
        let result = Simulation(workload, moments: 4).run(policy)
        #expect(
          result.violations == 0 && !result.rule.isBroken,
          "\(policy.name): \(result.findings.map { "\($0.invariant.name): \($0.finding.what) \(workload.describe(step: $0.step))" })\n\(result.smallest.map { "\($0.workload.text)\n\($0.miss)" } ?? "")"
        )
        #expect(result.samples.pages.dangling == 0)
      }
    }
  }

  // Without large folios: a workload's pages are simulated one by one, and a page that is split off, or of a folio of a middle
  // size, can come to another place than in the recorded kernel.

  /// The simulated kernel of today's rule also keeps the invariants that are not about policies, as far as it has what
  /// they judge. Those of single kernels are left out: the simulated one has neither 7.x's second offset nor its functions.
  @Test("Today's rule keeps every invariant there is") func everyInvariant() {
    var generator = SeededGenerator(seed: testSeed())
    for _ in 0..<20 {
      let history = History.random(
        150, version: .v6_12, reusingAddresses: false, makingLargeFolios: false, using: &generator)
      let workload = Self.recorded(history).workload
      var kernel = SimulatedKernel(.splitCounters, for: workload, judgedBy: Invariant.all.filter { $0.marker == nil })
      for step in workload.steps { kernel.apply(step, of: workload) }
      for (invariant, ledger) in zip(kernel.judge.invariants, kernel.judge.ledgers) {
        #expect(ledger.violations == 0, "\(invariant.name): \(ledger.findings.map(\.what))")
      }
    }
  }

  @Test("The same workload gives the same figures") func determinism() throws {
    let workload = try #require(Scenario.workload(named: "daemon:30"))
    let (one, other) = (Simulation(workload).run(.splitCounters), Simulation(workload).run(.splitCounters))
    #expect(one.samples.moments == other.samples.moments && one.samples.pages == other.samples.pages)
    #expect(one.growth == other.growth && one.events == other.events)
  }
}
