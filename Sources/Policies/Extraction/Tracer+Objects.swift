import RmapEvents
import RmapGraph

/// Which of the workload's objects stand for the recorded ones.
extension Tracer {
  mutating func mm(_ address: KernelAddress) -> Workload.MM {
    if let mm = mms[address.raw] { return mm }
    let mm = result.workload.newMM()
    mms[address.raw] = mm
    return mm
  }

  mutating func add(_ operation: Workload.Operation, _ stamp: EventStamp) {
    result.workload.add(operation, origin: stamp.ordinal)
  }

  mutating func newLineage() -> UInt32 {
    lineages += 1
    return lineages
  }

  func lineage(of view: VMAView) -> UInt32 { vmas[view.address.raw]?.lineage ?? 0 }

  /// A VMA that the workload begins to speak of.
  mutating func enroll(_ view: VMAView, _ id: VMAID, lineage: UInt32) -> KnownVMA {
    let known = KnownVMA(
      vma: result.workload.newVMA(), id: id, span: Workload.Span(view), mm: mm(view.mm), lineage: lineage)
    vmas[view.address.raw] = known
    return known
  }

  /// The workload's VMA for a view that has an anon_vma; one that was never met before is older than the recording.
  mutating func met(_ view: VMAView, _ id: VMAID, _ stamp: EventStamp) -> Workload.VMA {
    if let known = vmas[view.address.raw] {
      note(known, view, stamp)
      return known.vma
    }
    let like = assumed[view.anonVMA.raw].flatMap { vmas[$0] }.flatMap { $0.mm == mms[view.mm.raw] ? $0 : nil }
    var known = enroll(view, id, lineage: like?.lineage ?? newLineage())
    add(.assume(known.vma, known.mm, known.span, like: like?.vma), stamp)
    assumed[view.anonVMA.raw] = view.address.raw
    assumedNumbers.insert(known.vma.number)
    result.assumedVMAs += 1
    known.isAttached = true
    vmas[view.address.raw] = known
    addEdges(view)
    return known.vma
  }

  /// Flags change without an event of their own, and so does the range of a VMA that is in no tree.
  private mutating func note(_ known: KnownVMA, _ view: VMAView, _ stamp: EventStamp) {
    let span = Workload.Span(view)
    guard span != known.span else { return }
    if known.isAttached { removeEdges(known, view.mm) }
    vmas[view.address.raw]?.span = span
    if known.isAttached { addEdges(view) }
    add(.update(known.vma, span), stamp)
  }

  mutating func attach(_ view: VMAView) {
    vmas[view.address.raw]?.isAttached = true
    vmas[view.address.raw]?.span = Workload.Span(view)
    addEdges(view)
  }

  mutating func detach(_ view: VMAView) {
    guard let known = vmas[view.address.raw] else { return }
    removeEdges(known, view.mm)
    vmas[view.address.raw]?.isAttached = false
  }

  mutating func moveEdges(_ view: VMAView) {
    guard let known = vmas[view.address.raw] else { return }
    removeEdges(known, view.mm)
    vmas[view.address.raw]?.span = Workload.Span(view)
    addEdges(view)
  }

  private mutating func addEdges(_ view: VMAView) {
    starting[Edge(mm: view.mm.raw, page: view.start.page)] = view.address.raw
    ending[Edge(mm: view.mm.raw, page: view.end.page)] = view.address.raw
  }

  private mutating func removeEdges(_ known: KnownVMA, _ mm: KernelAddress) {
    let (start, end) = (Edge(mm: mm.raw, page: known.span.start), Edge(mm: mm.raw, page: known.span.end))
    if let address = starting[start], vmas[address]?.vma == known.vma { starting[start] = nil }
    if let address = ending[end], vmas[address]?.vma == known.vma { ending[end] = nil }
  }

  /// A new VMA lives at the address: the old one's end was not seen.
  mutating func forget(_ address: KernelAddress, _ stamp: EventStamp) {
    guard let known = vmas.removeValue(forKey: address.raw) else { return }
    add(.unlink(known.vma), stamp)
    add(.free(known.vma), stamp)
  }

  mutating func number(_ id: AnonVMAID) -> UInt32 {
    if let number = anonVMAs[id] { return number }
    let number = UInt32(result.isDead.count)
    result.isDead.append(false)
    anonVMAs[id] = number
    return number
  }

  /// Notes a VMA's chain as the recorded graph has it.
  mutating func observe(
    _ kind: RecordedWorkload.Observation.Kind, step: Int, _ vma: Workload.VMA, _ id: VMAID, own: AnonVMAID?,
    isKnown: Bool, _ graph: borrowing RmapGraph
  ) {
    let start = result.chains.count
    var isWhole = isKnown && graph.chainIsKnown(of: id)
    var members: [AnonVMAID] = []
    graph.forEachAVC(of: id) { _, avc in
      members.append(avc.anonVMA)
      return true
    }
    for member in members {
      if graph.anonVMA(member)?.birthWasSeen != true { isWhole = false }
      result.chains.append(number(member))
    }
    result.observations.append(
      RecordedWorkload.Observation(
        kind: kind, step: step, vma: vma, isKnown: isWhole, own: own.map { number($0) },
        chain: start..<result.chains.count))
  }
}
