public import Comparing
import Invariants
import Policies
import RecordingFormat
import RmapEvents

/// The comparison for programs. Its `schema` names the form; fields are only ever added to it.
public enum ComparisonJSON {
  /// The form's name.
  public static let schema = "rmapcheck-comparison/1"

  /// All workloads as one JSON object, keys sorted, the same bytes every time.
  public static func render(_ compared: [ComparedWorkload]) -> String {
    JSONReport.encode(
      Document(
        schema: schema, verdict: Verdict.combined(compared.map(\.verdict)), workloads: compared.map(WorkloadEntry.init))
    )
  }

  private struct Document: Encodable {
    let schema: String
    let verdict: Verdict
    let workloads: [WorkloadEntry]
  }

  private struct WorkloadEntry: Encodable {
    let name: String
    let verdict: Verdict
    let kernel: String?
    let damage: String?
    let doubts: [String]
    let events: UInt64?
    let steps: Int?
    let mms: UInt32?
    let vmas: UInt32?
    let forks: Int?
    let assumedVMAs: UInt64?
    let unknownWalks: UInt64?
    let agreement: AgreementEntry?
    let policies: [PolicyEntry]

    init(_ compared: ComparedWorkload) {
      name = compared.name
      verdict = compared.verdict
      kernel = compared.reading?.kernel
      damage = compared.damage
      doubts = compared.doubts
      events = compared.reading?.events
      steps = compared.workload?.steps.count
      mms = compared.workload?.mmCount
      vmas = compared.workload?.vmaCount
      forks = compared.workload?.forkCount
      assumedVMAs = compared.reading?.recorded?.assumedVMAs
      unknownWalks = compared.reading?.recorded?.unknownWalks
      agreement = compared.agreement.map(AgreementEntry.init)
      policies = compared.results.map { PolicyEntry($0, compared.workload) }
    }
  }

  private struct AgreementEntry: Encodable {
    let policy = Policy.splitCounters.name
    let forks, firstFaults, copies, owners, lifetimes, births, joined: CountEntry
    let reuses, violations, deadVMAs: UInt64
    let firstDifference: String?
    let firstDifferenceEvent: UInt64?

    init(_ agreement: Agreement) {
      forks = CountEntry(agreement.forks)
      firstFaults = CountEntry(agreement.prepares)
      copies = CountEntry(agreement.copies)
      owners = CountEntry(agreement.owners)
      deadVMAs = agreement.deadVMAs
      lifetimes = CountEntry(agreement.lifetimes)
      births = CountEntry(agreement.births)
      joined = CountEntry(agreement.joined)
      reuses = agreement.agreedReuses
      violations = agreement.violations
      firstDifference = agreement.firstDifference?.text
      firstDifferenceEvent = agreement.firstDifference?.event
    }
  }

  private struct CountEntry: Encodable {
    let agreed, differed, notCompared: UInt64

    init(_ count: Agreement.Count) {
      agreed = count.agreed
      differed = count.differed
      notCompared = count.unknown
    }
  }

  private struct PolicyEntry: Encodable {
    let name, rule, source, verdict: String
    let decided, undecided, violations, events: UInt64
    let untested: [String]
    let invariants: [InvariantEntry]
    let exempt: [String: String]
    let findings: [FindingEntry]
    let anonVMAs, avcs: CountsEntry
    let bytesNow, bytesPeak, reuses: UInt64
    let isBounded: Bool?
    let peaksByRound: [PeakEntry]
    let depthMax, chainMax: Int
    let depth, chain, avcsPerFork: DistributionEntry
    let pages, walks: WalksEntry
    let moments: [MomentEntry]
    let oddities: OdditiesEntry
    let guesses: [String]
    let walkRule: WalkRuleEntry
    let objects: ObjectsEntry

    init(_ result: PolicyResult, _ workload: Workload?) {
      name = result.policy.name
      rule = result.policy.rule
      source = result.policy.source
      verdict = result.isCorrect.map { $0 ? "holds" : "violated" } ?? "undecided"
      decided = result.decided
      undecided = result.undecided
      untested = result.untested.map(\.name)
      violations = result.violations
      events = result.events
      invariants = result.ledgers.map(InvariantEntry.init)
      exempt = result.policy.exempt.reduce(into: [:]) { $0[$1.invariant] = $1.reason }
      findings = result.findings.map { FindingEntry($0.invariant, $0.finding, $0.step, workload) }
      anonVMAs = CountsEntry(result.costs.anonVMAs)
      avcs = CountsEntry(result.costs.avcs)
      bytesNow = result.costs.bytes
      bytesPeak = result.costs.peakBytes
      reuses = result.costs.reuses
      isBounded = result.growth.isBounded
      peaksByRound = result.growth.peaks.map { PeakEntry(anonVMAs: $0.anonVMAs, avcs: $0.avcs) }
      depthMax = result.costs.deepest
      chainMax = result.costs.longestChain
      depth = DistributionEntry(result.samples.depths)
      chain = DistributionEntry(result.samples.chains)
      avcsPerFork = DistributionEntry(result.costs.linkedPerFork)
      pages = WalksEntry(result.samples.pages)
      walks = WalksEntry(result.samples.walks)
      moments = result.samples.moments.map(MomentEntry.init)
      oddities = OdditiesEntry(result.oddities)
      guesses = result.policy.guesses
      walkRule = WalkRuleEntry(result, workload)
      objects = ObjectsEntry(result.costs)
    }
  }

  private struct WalkRuleEntry: Encodable {
    let decided, missed, dangling, unknown: UInt64
    let misses: [MissEntry]
    let smallest: [String]?
    let smallestText: String?

    init(_ result: PolicyResult, _ workload: Workload?) {
      (decided, missed) = (result.rule.decided, result.rule.missed)
      (dangling, unknown) = (result.rule.dangling, result.rule.unknown)
      misses = result.rule.misses.map { MissEntry($0, workload) }
      smallest = result.smallest.map { smallest in
        smallest.workload.steps.indices.map { smallest.workload.describe(step: $0) }
      }
      smallestText = result.smallest?.workload.text
    }
  }

  private struct MissEntry: Encodable {
    let step, vma: Int
    let page, mm: UInt32
    let pages: Int
    let place: UInt64
    let isDangling: Bool
    let dangling: String?
    let walk: [String]
    let stepText: String?
    let recordedEvent: UInt64?

    init(_ miss: WalkRule.Miss, _ workload: Workload?) {
      (step, vma, page, mm) = (miss.step + 1, miss.vma, miss.page, miss.mm)
      (place, isDangling, walk) = (miss.place, miss.isDangling, miss.trail)
      (dangling, pages) = (miss.dangling?.rawValue, miss.pages)
      stepText = workload?.describe(step: miss.step)
      recordedEvent = workload.flatMap { $0.steps[miss.step].origin > 0 ? $0.steps[miss.step].origin : nil }
    }
  }

  private struct ObjectsEntry: Encodable {
    let contexts, deadContexts, remaps, remapNodes, pinned, vmas: CountsEntry
    let bytes80, bytes96: UInt64
    let rewrittenAtFork, rewrittenAtMove, copiedAtMove, mergeable: UInt64
    let forkAllocations, forkLocks, firstFaultAllocations, firstFaultLocks: DistributionEntry

    init(_ costs: Costs) {
      contexts = CountsEntry(costs.contexts)
      deadContexts = CountsEntry(costs.deadContexts)
      remaps = CountsEntry(costs.remaps)
      remapNodes = CountsEntry(costs.remapNodes)
      pinned = CountsEntry(costs.pinned)
      vmas = CountsEntry(costs.vmas)
      bytes80 = costs.plainBytes(anonVMA: 80)
      bytes96 = costs.plainBytes(anonVMA: 96)
      rewrittenAtFork = costs.rewrittenAtFork
      rewrittenAtMove = costs.rewrittenAtMove
      copiedAtMove = costs.copiedAtMove
      mergeable = costs.mergeable
      forkAllocations = DistributionEntry(costs.forkAllocations)
      forkLocks = DistributionEntry(costs.forkLocks)
      firstFaultAllocations = DistributionEntry(costs.firstFaultAllocations)
      firstFaultLocks = DistributionEntry(costs.firstFaultLocks)
    }
  }

  private struct InvariantEntry: Encodable {
    let name: String
    let decided, undecided, violations: UInt64

    init(_ entry: (invariant: Invariant, ledger: Ledger)) {
      name = entry.invariant.name
      decided = entry.ledger.decided
      undecided = entry.ledger.undecidedTotal
      violations = entry.ledger.violations
    }
  }

  private struct FindingEntry: Encodable {
    let invariant, what, function, contradiction: String
    let established: [String]
    let event: UInt64
    let step: Int
    let stepText: String?
    let recordedEvent: UInt64?

    init(_ invariant: Invariant, _ finding: Finding, _ step: Int, _ workload: Workload?) {
      self.invariant = invariant.name
      what = finding.what
      function = FunctionNames()[finding.function]
      contradiction = finding.contradiction.text
      established = finding.established.map(\.text)
      event = finding.stamp.ordinal
      self.step = step + 1
      stepText = workload?.describe(step: step)
      recordedEvent = workload.flatMap { $0.steps[step].origin > 0 ? $0.steps[step].origin : nil }
    }
  }

  private struct CountsEntry: Encodable {
    let now, peak, total: UInt64

    init(_ count: Costs.Count) { (now, peak, total) = (count.now, count.peak, count.total) }
  }

  private struct PeakEntry: Encodable {
    let anonVMAs, avcs: UInt64
  }

  private struct DistributionEntry: Encodable {
    let count: UInt64
    let mean: Double
    let p50, p99, max: Int

    init(_ distribution: Distribution) {
      count = distribution.total
      mean = (distribution.mean * 1000).rounded() / 1000
      p50 = distribution.percentile(50)
      p99 = distribution.percentile(99)
      max = distribution.maximum
    }
  }

  private struct WalksEntry: Encodable {
    let visited, mapping, inVain, contexts, lookups: DistributionEntry
    let dangling, notMeasured, byOneLookup: UInt64

    init(_ walks: Samples.Walks) {
      visited = DistributionEntry(walks.visited)
      mapping = DistributionEntry(walks.mapping)
      inVain = DistributionEntry(walks.inVain)
      contexts = DistributionEntry(walks.contexts)
      lookups = DistributionEntry(walks.lookups)
      byOneLookup = walks.byOneLookup
      dangling = walks.dangling
      notMeasured = walks.notMeasured
    }
  }

  private struct MomentEntry: Encodable {
    let step, depth, chain: Int
    let anonVMAs, avcs, objects, bytes: UInt64

    init(_ moment: Samples.Moment) {
      (step, depth, chain) = (moment.step, moment.depth, moment.chain)
      (anonVMAs, avcs) = (moment.anonVMAs, moment.avcs)
      (objects, bytes) = (moment.objects, moment.bytes)
    }
  }

  private struct OdditiesEntry: Encodable {
    let unmapsOfNothing, strangers, refusedMerges, forcedMerges, deadVMAs: UInt64

    init(_ oddities: SimulatedKernel.Oddities) {
      unmapsOfNothing = oddities.unmapsOfNothing
      strangers = oddities.strangers
      refusedMerges = oddities.refusedMerges
      forcedMerges = oddities.forcedMerges
      deadVMAs = oddities.deadVMAs
    }
  }
}
