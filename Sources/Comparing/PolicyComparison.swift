// Comparing: what the processes of a recording did, replayed under every design of the anon_vma graph.
//
// One idea: two designs can be compared only on the same work. `WorkloadReading` reads a recording for what its
// processes did (faults, forks, splits, merges, moves, unmaps, exits) and forgets what its kernel made of that; the
// module Policies replays it under each policy. Whether that reading and the simulation are right is not taken on
// trust: the recorded kernel's own policy has to come out at the recorded graph (`Agreement`), or there is no verdict
// on any other.
//
// This stands apart from Checking so that `check` does not depend on the simulator; both read files in the same way
// (`Intake`, `StretchReader`, `Observability`).

import Checking
public import Policies
public import RecordingFormat
import RmapEvents

/// Replays workloads under policies.
public struct PolicyComparison: Sendable {
  /// The policies, in the order of reports.
  public let policies: [Policy]
  /// How many policies are simulated at once.
  public let jobs: Int

  /// A comparison of these policies; `jobs` below 1 counts as 1.
  public init(policies: [Policy], jobs: Int) {
    self.policies = policies
    self.jobs = max(1, jobs)
  }

  /// Compares on what the processes of a recording did.
  public func compare(recording path: String) async -> ComparedWorkload {
    let reading = WorkloadReading(path: path)
    guard let recorded = reading.recorded, !recorded.workload.steps.isEmpty else {
      return ComparedWorkload(name: path, reading: reading)
    }
    let agreement = Agreement(of: recorded)
    return ComparedWorkload(
      name: path, workload: recorded.workload, reading: reading, agreement: agreement,
      results: await simulate(recorded.workload, policies))
  }

  /// Compares on a scenario, with policies besides the chosen ones, or on a workload from a file of steps.
  public func compare(
    scenario workload: Workload, besides more: [Policy] = [], isFile: Bool = false
  ) async -> ComparedWorkload {
    ComparedWorkload(
      name: workload.name, workload: workload, isFile: isFile, results: await simulate(workload, policies + more))
  }

  private func simulate(_ workload: Workload, _ policies: [Policy]) async -> [PolicyResult] {
    let simulation = Simulation(workload)
    return await withTaskGroup(of: (Int, PolicyResult).self) { group in
      var next = 0
      func start() {
        guard next < policies.count else { return }
        let (index, policy) = (next, policies[next])
        group.addTask { (index, simulation.run(policy)) }
        next += 1
      }
      for _ in 0..<min(jobs, policies.count) { start() }
      var results: [(Int, PolicyResult)] = []
      while let result = await group.next() {
        results.append(result)
        start()
      }
      return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}

/// What became of one workload under each policy.
public struct ComparedWorkload: Sendable {
  /// The recording's path, or the scenario's name.
  public let name: String
  /// What happened; nil if nothing could be made of the recording.
  public let workload: Workload?
  /// How the recording was read; nil for a scenario.
  public let reading: WorkloadReading?
  /// Whether the recorded kernel's own policy comes to the recorded graph; nil for a scenario.
  public let agreement: Agreement?
  /// One result for each policy, in their order.
  public let results: [PolicyResult]
  /// Whether it was read from a file of steps.
  public let isFile: Bool
  /// Why nothing could be made of the recording, or the file of steps; nil if something could.
  public let damage: String?

  /// What cannot be read.
  public init(name: String, damage: String) {
    self.init(name: name, isFile: true, damage: damage)
  }

  init(
    name: String, workload: Workload? = nil, reading: WorkloadReading? = nil, agreement: Agreement? = nil,
    isFile: Bool = false, damage: String? = nil, results: [PolicyResult] = []
  ) {
    self.name = name
    self.isFile = isFile
    self.damage = damage ?? reading?.damage
    self.workload = workload
    self.reading = reading
    self.agreement = agreement
    self.results = results
  }

  /// What keeps the results from being trusted, one line each.
  public var doubts: [String] {
    var doubts = reading?.doubts ?? []
    if let agreement, !agreement.isComplete {
      doubts.append(
        "the simulation of the recorded kernel's policy differs from the recorded graph: either its rule is not "
          + "\(Policy.splitCounters.name), or it broke the rule (see rmapcheck check)")
    }
    if let agreement, agreement.isComplete, agreement.violations > 0 {
      doubts.append(
        "the recorded kernel's own policy breaks an invariant here: what the kernel did to VMAs or pages is "
          + "already wrong (see rmapcheck check), which says nothing about designs")
    }
    if let agreement, agreement.deadVMAs > 0 {
      doubts.append(
        "VMAs that do not exist under the recorded kernel's own policy have "
          + "\(counted(agreement.deadVMAs, "operation")) of the workload: it was misread")
    }
    if let agreement, agreement.isComplete, agreement.forks.agreed == 0 {
      doubts.append("no fork could be compared with the recorded graph: nothing confirms the simulation")
    }
    if reading != nil, !results.isEmpty, results.allSatisfy({ !$0.metPages }) {
      doubts.append(
        "the recording has too little about pages: whether a walk still finds them (reach, page-owner) was never "
          + "decided under any design; record with the page probes")
    }
    return doubts
  }

  /// Violated: a policy broke an invariant that applies to it, in a simulation that can be trusted. Undecided: the
  /// recording is in doubt, the simulation does not agree with it, or a policy was never put to the test.
  public var verdict: Verdict {
    if reading?.isMissing == true { return .missing }
    if damage != nil { return .damaged }
    guard doubts.isEmpty, !results.isEmpty else { return .undecided }
    if results.contains(where: { $0.isCorrect == false }) { return .violated }
    return results.allSatisfy { $0.isCorrect == true } ? .holds : .undecided
  }
}
