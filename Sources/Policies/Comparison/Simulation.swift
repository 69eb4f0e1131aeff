public import Invariants

/// Replays a workload under a policy, judges the graph that comes of it, and measures what it costs.
public struct Simulation: Sendable {
  /// What happened.
  public let workload: Workload
  /// How many moments are sampled.
  public let moments: Int
  /// How often the workload is repeated to see whether the costs grow.
  public static let rounds = 16
  /// With more AVCs than these linked, the rounds end early.
  static let linksForGrowth: UInt64 = 20_000_000

  /// A simulation of a workload.
  public init(_ workload: Workload, moments: Int = 64) {
    self.workload = workload
    self.moments = max(1, moments)
  }

  /// The invariants that tell a right design from a wrong one. Those about locks, tree keys, page protection and walks
  /// are about the code around it, which the simulation does not have.
  public static let judged = Invariant.all.filter { judgedNames.contains($0.name) }
  static let judgedNames: Set<String> = [
    "avc-link", "lock-root", "prepare-closure", "fork-closure", "copy-closure", "merge-closure", "vma-state",
    "shared-anon-vma", "parent-closure", "counters", "refcount", "anon-vma-death", "vma-death", "reach", "page-owner",
  ]

  /// The invariants that apply to a policy.
  public static func applying(to policy: Policy) -> [Invariant] {
    judged.filter { invariant in !policy.exempt.contains { $0.invariant == invariant.name } }
  }

  /// Replays it once, judged and measured, and again for the growth.
  public func run(_ policy: Policy) -> PolicyResult {
    var kernel = SimulatedKernel(policy, for: workload, judgedBy: Self.applying(to: policy))
    let stride = max(1, workload.steps.count / moments)
    for (number, step) in workload.steps.enumerated() {
      kernel.apply(step, of: workload)
      if (number + 1) % stride == 0 || number + 1 == workload.steps.count { kernel.sample(after: number + 1) }
    }
    return PolicyResult(kernel, workload, growth: growth(policy))
  }

  /// The same workload again and again in one kernel. Pages are left out unless the policy looks at them.
  public func growth(_ policy: Policy) -> Growth {
    let rounds =
      policy.countsPages ? max(4, min(Self.rounds, 4_000_000 / max(1, Int(workload.pageCount)))) : Self.rounds
    var kernel = SimulatedKernel(policy, for: workload, rounds: rounds)
    var growth = Growth()
    for round in 0..<rounds {
      kernel.costs.restartPeaks()
      for step in workload.steps where policy.countsPages || !step.operation.concernsPages {
        kernel.apply(step, of: workload)
      }
      growth.peaks.append(Growth.Peak(anonVMAs: kernel.costs.anonVMAs.peak, avcs: kernel.costs.avcs.peak))
      // What has grown so far will go on growing.
      if round >= 3, kernel.costs.avcs.total > Self.linksForGrowth { break }
      if round + 1 < rounds { kernel.startAgain(workload, round: round + 1) }
    }
    return growth
  }
}

/// The most anon_vmas and AVCs in each round of a workload that is repeated.
public struct Growth: Sendable, Equatable {
  /// One round.
  public struct Peak: Sendable, Equatable {
    /// anon_vmas at most.
    public let anonVMAs: UInt64
    /// AVCs at most.
    public let avcs: UInt64
  }

  /// All rounds.
  public internal(set) var peaks: [Peak] = []

  /// Whether the second half of the later rounds needed no more than the first half of them. The first quarter does not
  /// count: a design that uses dead levels again needs a few to begin with.
  public var isBounded: Bool {
    let late = peaks.dropFirst(peaks.count / 4)
    let (earlier, last) = (late.prefix(late.count / 2), late.suffix(late.count - late.count / 2))
    func most(_ peaks: ArraySlice<Peak>, _ part: (Peak) -> UInt64) -> UInt64 { peaks.map(part).max() ?? 0 }
    return most(last, \.anonVMAs) <= most(earlier, \.anonVMAs) && most(last, \.avcs) <= most(earlier, \.avcs)
  }
}

extension SimulatedKernel {
  /// Everybody exits but those who the next round begins with; the objects of the next round get numbers of their own.
  mutating func startAgain(_ workload: borrowing Workload, round: Int) {
    var next = Renumbering()
    for (first, successor) in workload.successors {
      let kept = renumbering.vma(successor)
      guard vmas[kept].isAlive else { continue }
      next.vmas[first.number] = UInt32(kept)
      if let mm = workload.mm(of: first) { next.mms[mm.number] = vmas[kept].mm }
    }
    let kept = Set(next.vmas.values)
    for vma in vmas.indices where vmas[vma].isAlive && !kept.contains(UInt32(vma)) { end(vma) }
    next.vmaBase = UInt32(round) * workload.vmaCount
    next.mmBase = UInt32(round) * workload.mmCount
    next.pageBase = UInt32(round) * workload.pageCount
    renumbering = next
  }
}

extension Workload {
  /// The mm of a VMA that the workload begins with.
  func mm(of vma: VMA) -> MM? {
    for step in steps {
      switch step.operation {
      case .map(vma, let mm, _), .assume(vma, let mm, _, _): return mm
      default: continue
      }
    }
    return nil
  }
}
