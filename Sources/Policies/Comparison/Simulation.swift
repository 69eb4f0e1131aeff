public import Invariants

/// Replays a workload under a policy, judges the graph that comes of it, and measures what it costs.
public struct Simulation: Sendable {
  /// What happened.
  public let workload: Workload
  /// How many moments are sampled.
  public let moments: Int
  /// Whether a smallest workload is looked for where a design misses something.
  public let shrinks: Bool
  /// How often the workload is repeated to see whether the costs grow; more often for a design with a limit, so that it is
  /// reached and then kept.
  public static let rounds = 16
  /// The most levels of a limit that are waited for.
  static let mostLevels = 256
  /// With more AVCs than these linked, the rounds end early.
  static let linksForGrowth: UInt64 = 20_000_000

  /// A simulation of a workload.
  public init(_ workload: Workload, moments: Int = 64, shrinks: Bool = true) {
    self.workload = workload
    self.shrinks = shrinks
    self.moments = max(1, moments)
  }

  /// The invariants that tell a right design from a wrong one.
  public static let judged = Invariant.all.filter(\.judgesDesigns)

  /// The invariants that apply to a policy.
  public static func applying(to policy: Policy) -> [Invariant] {
    guard policy.isGraph else { return [] }
    return judged.filter { invariant in !policy.exempt.contains { $0.invariant == invariant.name } }
  }

  /// Replays it once, judged and measured, and again for the growth.
  public func run(_ policy: Policy) -> PolicyResult {
    var kernel = SimulatedKernel(policy, for: workload, judgedBy: Self.applying(to: policy), judgingWalks: true)
    var moments = sampledSteps[...]
    for (number, step) in workload.steps.enumerated() {
      kernel.apply(step, of: workload)
      if moments.first == number + 1 {
        kernel.sample(after: number + 1)
        moments.removeFirst()
      }
    }
    var result = PolicyResult(kernel, workload, growth: growth(policy))
    if let miss = result.rule.misses.first, shrinks {
      result.smallest = Shrinking.shrink(workload, under: policy, from: miss)
    }
    return result
  }

  /// After how many steps everything is looked at: once somewhere in each of ``moments`` equal parts, and at the end. Not
  /// at the same place in each part, for most workloads repeat themselves, and the samples would keep step with them.
  var sampledSteps: [Int] {
    let count = workload.steps.count
    let parts = min(moments, count)
    var steps: [Int] = []
    for part in 0..<parts {
      let (start, end) = (count * part / parts, count * (part + 1) / parts)
      steps.append(start + 1 + Int(Self.scattered(UInt64(part)) % UInt64(end - start)))
    }
    if count > 0, steps.last != count { steps.append(count) }
    return steps
  }

  /// A number that has no pattern as its argument rises, the same every time (splitmix64).
  private static func scattered(_ number: UInt64) -> UInt64 {
    var bits = (number &+ 1) &* 0x9e37_79b9_7f4a_7c15
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return bits ^ bits >> 31
  }

  /// The same workload again and again in one kernel. Pages are left out unless the policy looks at them. Of a workload in
  /// which nobody is known to carry on (a recording) it is not asked: what has exited cannot grow.
  public func growth(_ policy: Policy) -> Growth {
    var growth = Growth(levels: policy.levels)
    guard !workload.successors.isEmpty else { return growth }
    let wanted = Self.rounds + min(policy.levels, Self.mostLevels)
    var rounds = policy.countsPages ? max(4, min(wanted, 4_000_000 / max(1, Int(workload.pageCount)))) : wanted
    // Designs with objects of their own know no limit that is reached late.
    if !policy.isGraph { rounds = min(rounds, max(8, 240_000 / max(1, workload.steps.count))) }
    var kernel = SimulatedKernel(policy, for: workload, rounds: rounds)
    for round in 0..<rounds {
      kernel.costs.restartPeaks()
      for step in workload.steps where policy.countsPages || !step.operation.concernsPages {
        kernel.apply(step, of: workload)
      }
      let costs = kernel.costs
      growth.peaks.append(
        Growth.Peak(
          anonVMAs: costs.anonVMAs.peak, avcs: costs.avcs.peak,
          others: costs.contexts.peak + costs.remaps.peak + costs.pinned.peak))
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
    /// Contexts, ranges in remap trees and pinned VMAs at most.
    public let others: UInt64
  }

  /// All rounds; none if it was not asked.
  public internal(set) var peaks: [Peak] = []
  /// How many levels the design allows before it stops growing.
  let levels: Int

  init(levels: Int = 0) { self.levels = levels }

  /// Whether the last rounds needed no more than all before them; no answer if it was not asked, or if the design has a
  /// limit and the rounds ended before it was reached.
  public var isBounded: Bool? {
    guard peaks.count > 1 else { return nil }
    let last = peaks.suffix(min(8, peaks.count / 2))
    let earlier = peaks.dropLast(last.count)
    func most(_ peaks: ArraySlice<Peak>, _ part: (Peak) -> UInt64) -> UInt64 { peaks.map(part).max() ?? 0 }
    if most(last, \.anonVMAs) <= most(earlier, \.anonVMAs), most(last, \.avcs) <= most(earlier, \.avcs),
      most(last, \.others) <= most(earlier, \.others)
    {
      return true
    }
    return earlier.count > levels ? false : nil
  }

  /// A word for tables.
  public var word: String {
    guard let isBounded else { return peaks.isEmpty ? "-" : "unknown" }
    return isBounded ? "bounded" : "grows"
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
    if let reverseMap {
      let living = Set(next.mms.values)
      for mm in firstVMA.indices where !living.contains(UInt32(mm)) { reverseMap.exit(UInt32(mm), in: &self) }
    }
    stepNumber = -1
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
