import Invariants
import RmapEvents
import RmapGraph

/// Whether a simulation comes to the graph that was recorded: the proof that it is right.
public struct Agreement: Sendable, Equatable {
  /// How operations of one kind compare.
  public struct Count: Sendable, Equatable {
    /// The same: of an operation, its chain, anon_vma for anon_vma, and `vma->anon_vma`.
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
  /// anon_vmas with the same `root` and `parent` at their birth.
  public internal(set) var births = Count()
  /// anon_vmas that anon_vma_clone joins, each time: with the same `num_children` and `num_active_vmas`, a tree that is
  /// empty in both or in neither, and the `root` and `parent` of their birth.
  public internal(set) var joined = Count()
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
    forks.differed + prepares.differed + copies.differed + owners.differed + lifetimes.differed + births.differed
      + joined.differed == 0
  }

  /// Equality of all that is shown.
  public static func == (left: Self, right: Self) -> Bool {
    left.forks == right.forks && left.agreedReuses == right.agreedReuses && left.prepares == right.prepares
      && left.copies == right.copies && left.violations == right.violations && left.lifetimes == right.lifetimes
      && left.owners == right.owners && left.births == right.births && left.joined == right.joined
      && left.deadVMAs == right.deadVMAs
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
  /// The simulated anon_vma's slot for a recorded one's number; a later tenant of it has another serial.
  var slotOf: [UInt32: UInt32] = [:]
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
    var sightings = recorded.sightings[...]
    for (number, step) in recorded.workload.steps.enumerated() {
      while let sighting = sightings.first, sighting.step == number {
        compare(sighting)
        sightings.removeFirst()
      }
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

  /// What `root` and `parent` are, once the anon_vma's counterpart is known.
  private mutating func compareBirth(_ number: UInt32, _ event: UInt64) {
    guard let birth = recorded.births[number], let slot = slotOf[number] else { return agreement.births.unknown += 1 }
    let anonVMA = kernel.anonVMAs[slot]
    var isUnknown = false
    for (name, recorded, simulated) in [
      ("root", birth.root, anonVMA.root), ("parent", birth.parent, anonVMA.parent),
    ] {
      if let recorded, isUncertain.contains(recorded) || serialOf[recorded] == nil {
        isUnknown = true
      } else if recorded.flatMap({ serialOf[$0] }) != kernel.anonVMAs[simulated].serial {
        agreement.births.differed += 1
        return note("a new anon_vma has another \(name) than the rule gives it", event)
      }
    }
    if isUnknown { agreement.births.unknown += 1 } else { agreement.births.agreed += 1 }
  }

  /// Before the step: anon_vma_clone has changed no counter yet.
  private mutating func compare(_ sighting: RecordedWorkload.Sighting) {
    guard !isUncertain.contains(sighting.anonVMA), let slot = slotOf[sighting.anonVMA],
      let serial = serialOf[sighting.anonVMA], !freed.contains(serial)
    else { return agreement.joined.unknown += 1 }
    let anonVMA = kernel.anonVMAs[slot]
    let difference: String
    if sighting.children != UInt64(anonVMA.children) {
      difference = "num_children of an anon_vma is \(sighting.children), the simulated one's \(anonVMA.children)"
    } else if sighting.active != UInt64(anonVMA.active) {
      difference = "num_active_vmas of an anon_vma is \(sighting.active), the simulated one's \(anonVMA.active)"
    } else if sighting.treeIsEmpty != (anonVMA.members == 0) {
      difference = "an anon_vma's tree is \(sighting.treeIsEmpty ? "" : "not ")empty, unlike the simulated one's"
    } else if !sighting.isSteady {
      difference = "root or parent of an anon_vma is another one than at its birth"
    } else {
      return agreement.joined.agreed += 1
    }
    agreement.joined.differed += 1
    note(difference, sighting.event)
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
    let slots = kernel.chain(of: vma)
    guard slots.count == numbers.count else {
      return "the recorded chain has \(counted(numbers.count, "anon_vma")), the simulated one \(slots.count)"
    }
    var rest = Set(slots.map { kernel.anonVMAs[$0].serial })
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
      slotOf[number] = slots.first { kernel.anonVMAs[$0].serial == serial }
      isBound.insert(serial)
      compareBirth(number, recorded.workload.steps[observation.step].origin)
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
  /// The anon_vmas of a VMA's chain, by their slots.
  fileprivate func chain(of vma: Policy.VMA) -> [UInt32] {
    var slots: [UInt32] = []
    var avc = vmas[vma].newest
    while avc != .max {
      slots.append(avcs[avc].anonVMA)
      avc = avcs[avc].older
    }
    return slots
  }

  fileprivate func serial(of vma: Policy.VMA) -> UInt64? {
    hasAnonVMA(vma) ? anonVMAs[vmas[vma].anonVMA].serial : nil
  }
}
