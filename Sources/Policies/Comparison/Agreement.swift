import Invariants
import RmapGraph

/// Whether a simulation comes to the graph that was recorded: the proof that it is right.
public struct Agreement: Sendable, Equatable {
  /// How operations of one kind compare.
  public struct Count: Sendable, Equatable {
    /// The same decision and the same chain, object for object.
    public internal(set) var agreed: UInt64 = 0
    /// Another one.
    public internal(set) var differed: UInt64 = 0
    /// Not compared: the recording does not hold all of the VMA's past.
    public internal(set) var unknown: UInt64 = 0

    /// The share of those that could be compared, in percent; nil if there were none.
    public var percent: Double? {
      let compared = agreed + differed
      return compared == 0 ? nil : Double(agreed) * 100 / Double(compared)
    }
  }

  /// anon_vma_fork.
  public internal(set) var forks = Count()
  /// Of the forks that agree: those that gave the child an existing anon_vma.
  public internal(set) var agreedReuses: UInt64 = 0
  /// __anon_vma_prepare.
  public internal(set) var prepares = Count()
  /// anon_vma_clone for split, merge and mremap.
  public internal(set) var copies = Count()
  /// Pages with the same anon_vma at their first mapping (`folio_add_new_anon_rmap`). What moves a page to another
  /// anon_vma later is not compared.
  public internal(set) var owners = Count()
  /// anon_vmas that are alive at the end in both, or dead in both; when they died is not compared.
  public internal(set) var lifetimes = Count()
  /// How often the simulated kernel breaks an invariant although its policy is right: if it does, what it was told to do
  /// is broken already, as in a recording of a kernel with a fault.
  public internal(set) var violations: UInt64 = 0
  /// Operations on VMAs that do not live in the simulated kernel: the workload was misread.
  public internal(set) var deadVMAs: UInt64 = 0
  /// The recorded event of the first difference, and what it is.
  public internal(set) var firstDifference: (event: UInt64, text: String)?

  /// Compares; the policy is the one that the recorded kernel has.
  public init(of recorded: RecordedWorkload, with policy: Policy = .splitCounters) {
    var comparison = Comparison(recorded, policy)
    comparison.run()
    self = comparison.agreement
  }

  init() {}

  /// Whether nothing differs.
  public var isComplete: Bool {
    forks.differed + prepares.differed + copies.differed + owners.differed + lifetimes.differed == 0
  }

  /// Equality of all that is shown.
  public static func == (left: Self, right: Self) -> Bool {
    left.forks == right.forks && left.agreedReuses == right.agreedReuses && left.prepares == right.prepares
      && left.copies == right.copies && left.violations == right.violations && left.lifetimes == right.lifetimes
      && left.owners == right.owners && left.deadVMAs == right.deadVMAs
      && left.firstDifference?.event == right.firstDifference?.event
      && left.firstDifference?.text == right.firstDifference?.text
  }
}

/// The simulated kernel beside the recorded one, with a bijection between their anon_vmas that grows as both make some.
private struct Comparison: ~Copyable {
  let recorded: RecordedWorkload
  var kernel: SimulatedKernel
  var agreement = Agreement()
  /// The simulated anon_vma's serial for a recorded one's number.
  var serialOf: [UInt32: UInt64] = [:]
  var isBound: Set<UInt64> = []
  var freed: Set<UInt64> = []
  /// Recorded anon_vmas that came of an operation that could not be compared: nor can what comes of them.
  var isUncertain: Set<UInt32> = []

  init(_ recorded: RecordedWorkload, _ policy: Policy) {
    self.recorded = recorded
    kernel = SimulatedKernel(
      policy, for: recorded.workload, judgedBy: Simulation.applying(to: policy))
  }

  mutating func run() {
    // Forks return in another order than they begin.
    let order = recorded.observations.indices.sorted {
      recorded.observations[$0].step < recorded.observations[$1].step
    }
    var next = order.startIndex
    var ownerships = recorded.ownerships.sorted { $0.step < $1.step }[...]
    for (number, step) in recorded.workload.steps.enumerated() {
      kernel.apply(step, of: recorded.workload)
      freed.formUnion(kernel.freed)
      while next < order.endIndex, recorded.observations[order[next]].step == number {
        compare(recorded.observations[order[next]])
        next += 1
      }
      if let ownership = ownerships.first, ownership.step == number {
        compare(ownership)
        ownerships.removeFirst()
      }
    }
    compareLifetimes()
    agreement.deadVMAs = kernel.oddities.deadVMAs
    agreement.violations = kernel.judge.ledgers.reduce(0) { $0 + $1.violations }
  }

  private mutating func compare(_ observation: RecordedWorkload.Observation) {
    let numbers = recorded.chains[observation.chain]
    guard observation.isKnown, !numbers.contains(where: isUncertain.contains) else {
      isUncertain.formUnion(numbers.filter { serialOf[$0] == nil })
      return count(observation) { $0.unknown += 1 }
    }
    if let difference = difference(observation) {
      count(observation) { $0.differed += 1 }
      note(difference, recorded.workload.steps[observation.step].origin)
    } else {
      count(observation) { $0.agreed += 1 }
      if observation.kind == .fork, kernel.lastForkReused { agreement.agreedReuses += 1 }
    }
  }

  private mutating func compare(_ ownership: RecordedWorkload.Ownership) {
    let page = kernel.pages[Int(ownership.page.number)]
    guard let owner = ownership.owner, !isUncertain.contains(owner), let serial = serialOf[owner],
      page.anonVMA != .max
    else {
      agreement.owners.unknown += 1
      return
    }
    if page.serial == serial {
      agreement.owners.agreed += 1
    } else {
      agreement.owners.differed += 1
      note(
        "the page belongs to another anon_vma than the rule gives it to", recorded.workload.steps[ownership.step].origin
      )
    }
  }

  private mutating func note(_ text: String, _ event: UInt64) {
    if let first = agreement.firstDifference, first.event <= event { return }
    agreement.firstDifference = (event, text)
  }

  private mutating func count(
    _ observation: RecordedWorkload.Observation, _ change: (inout Agreement.Count) -> Void
  ) {
    switch observation.kind {
    case .fork: change(&agreement.forks)
    case .prepare: change(&agreement.prepares)
    case .copy: change(&agreement.copies)
    }
  }

  /// What is different between the two chains, if anything.
  private mutating func difference(_ observation: RecordedWorkload.Observation) -> String? {
    let vma = Int(observation.vma.number)
    let numbers = recorded.chains[observation.chain]
    let serials = kernel.chainSerials(of: vma)
    guard serials.count == numbers.count else {
      return "the recorded chain has \(numbers.count) anon_vma(s), the simulated one \(serials.count)"
    }
    var rest = Set(serials)
    var new: [UInt32] = []
    for number in numbers {
      guard let serial = serialOf[number] else {
        new.append(number)
        continue
      }
      if rest.remove(serial) == nil { return "the recorded chain has an anon_vma that the simulated one has not" }
    }
    guard new.count <= 1, rest.allSatisfy({ !isBound.contains($0) }) else {
      return "the simulated chain has an anon_vma that the recorded one has not"
    }
    if let number = new.first, let serial = rest.first {
      serialOf[number] = serial
      isBound.insert(serial)
    }
    guard let own = observation.own else { return nil }
    return serialOf[own] == kernel.serial(of: vma) ? nil : "vma->anon_vma is another one of the chain"
  }

  private mutating func compareLifetimes() {
    for (number, serial) in serialOf.sorted(by: { $0.key < $1.key }) {
      if recorded.isDead[Int(number)] == freed.contains(serial) {
        agreement.lifetimes.agreed += 1
      } else {
        agreement.lifetimes.differed += 1
      }
    }
    agreement.lifetimes.unknown = UInt64(recorded.isDead.count - serialOf.count)
  }
}

extension SimulatedKernel {
  fileprivate func chainSerials(of vma: Policy.VMA) -> [UInt64] {
    var serials: [UInt64] = []
    var avc = vmas[vma].newest
    while avc != .max {
      serials.append(anonVMAs[avcs[avc].anonVMA].serial)
      avc = avcs[avc].older
    }
    return serials
  }

  fileprivate func serial(of vma: Policy.VMA) -> UInt64? {
    hasAnonVMA(vma) ? anonVMAs[vmas[vma].anonVMA].serial : nil
  }
}
