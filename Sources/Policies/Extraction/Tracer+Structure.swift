import RmapEvents
import RmapGraph

/// VMAs and their chains. An operation takes its place in the workload at its first change of a tree: that is under the
/// root's lock, and so in the order in which the kernel decided.
extension Tracer: SelectiveObserver {
  mutating func before(_ event: borrowing RmapEvent, _ stamp: EventStamp) {
    switch event {
    case .enter(let entry):
      switch entry.kind {
      case .moveTables: tasks[stamp.pid, default: Pending()].move = entry
      case .mmExit: tasks[stamp.pid, default: Pending()].exiting = entry.mm
      default: break
      }
    case .leave(let result) where result.kind == .vmaAlloc || result.kind == .vmaDup:
      let address = KernelAddress(UInt64(bitPattern: result.value))
      forget(address, stamp)
      if result.kind == .vmaDup { tasks[stamp.pid, default: Pending()].lastCopy = address }
    default: break
    }
  }

  mutating func after(_ event: borrowing RmapEvent, _ stamp: EventStamp) {
    switch event {
    case .leave(let result):
      switch result.kind {
      case .copyRange: endCopy(result, stamp)
      case .moveTables: endMove(result, stamp)
      case .mmExit: endExit(stamp)
      case .fork: tasks[stamp.pid]?.fork = nil
      case .clone: tasks[stamp.pid]?.clone = nil
      default: break
      }
    case .walk(.begin(let frame)): walk(frame, stamp)
    default: break
    }
  }

  mutating func didEnter(_ s: borrowing EntrySituation, in graph: borrowing RmapGraph) {
    let pid = s.stamp.pid
    switch s.operation.kind {
    case .fork: tasks[pid, default: Pending()].fork = s.operation.entry
    case .clone:
      tasks[pid, default: Pending()].clone = s.operation.entry
      tasks[pid]?.cloneIsInFork = s.outer?.kind == .fork
    case .copyRange:
      tasks[pid, default: Pending()].copiedRange = s.operation.entry
      tasks[pid]?.runs = []
    default: break
    }
    // No operation begins while AVCs are out of their trees: what is still awaited will not come back.
    if tasks[pid]?.parked ?? 0 > 0 { endResize(pid, s.stamp) }
  }

  // MARK: Trees

  mutating func willInsertAVC(_ s: borrowing TreeSituation, in graph: borrowing RmapGraph) {
    let pid = s.stamp.pid
    if let avc = s.avc, !graph.avc(avc).isLinked, graph.avc(avc).vma == s.vma {
      return putBack(s.update.vma, pid, s.stamp)
    }
    switch s.operation?.kind {
    case .prepare? where s.operation?.vma == s.update.vma.address: prepare(s, graph)
    case .clone?:
      if tasks[pid]?.cloneIsInFork ?? false {
        beginFork(s.vma, s.stamp, graph)
      } else {
        beginCopy(s.vma, s.stamp, graph)
      }
      sight(s, graph)
    case .fork?: beginFork(s.vma, s.stamp, graph)  // Its clone has linked nothing.
    default: break
    }
    if s.anonVMAIsNew { noteBirth(s, graph) }
  }

  private mutating func noteBirth(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph) {
    let (root, parent) = (s.update.root, s.update.parent)
    result.births[number(s.anonVMA)] = RecordedWorkload.Birth(
      root: root == s.update.anonVMA ? number(s.anonVMA) : graph.anonVMA(at: root).map { number($0) },
      parent: parent == s.update.anonVMA ? number(s.anonVMA) : graph.anonVMA(at: parent).map { number($0) })
  }

  /// anon_vma_clone counts at its end, and so does the fork around it: until then the counters are those from before
  /// the step. Not while another operation is open, which may have counted one thing and not yet the other.
  private mutating func sight(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph) {
    guard let known = vmas[s.update.vma.address.raw], let step = openSteps[known.vma.number], openSteps.count == 1,
      let children = s.update.children, let active = s.update.active,
      let anonVMA = graph.anonVMA(s.anonVMA), anonVMA.birthWasSeen, let number = anonVMAs[s.anonVMA]
    else { return }
    result.sightings.append(
      RecordedWorkload.Sighting(
        step: step, anonVMA: number, children: children, active: active, treeIsEmpty: s.update.treeIsEmpty,
        isSteady: anonVMA.root == s.update.root && anonVMA.parent == s.update.parent, event: s.stamp.ordinal))
  }

  mutating func willRemoveAVC(_ s: borrowing TreeSituation, in graph: borrowing RmapGraph) {
    let view = s.update.vma
    guard let known = vmas[view.address.raw] else { return }
    if s.operation?.kind == .unlink, s.operation?.vma == view.address {
      if known.isAttached {
        detach(view)
        add(.unlink(known.vma), s.stamp)
      }
    } else {
      tasks[s.stamp.pid, default: Pending()].parked += 1
    }
  }

  mutating func didUnlinkAnonVMAs(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {
    guard let known = vmas[s.view.address.raw], known.isAttached else { return }
    detach(s.view)
    add(.unlink(known.vma), s.stamp)
  }

  mutating func willFreeVMA(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {
    guard let known = vmas.removeValue(forKey: s.view.address.raw) else { return }
    add(.free(known.vma), s.stamp)
  }

  mutating func willFreeAnonVMA(_ s: borrowing PutSituation, in graph: borrowing RmapGraph) {
    guard let number = anonVMAs.removeValue(forKey: s.anonVMA) else { return }
    result.isDead[Int(number)] = true
  }

  // MARK: Range changes

  private mutating func putBack(_ view: VMAView, _ pid: Int32, _ stamp: EventStamp) {
    guard let known = vmas[view.address.raw], tasks[pid]?.parked ?? 0 > 0 else { return }
    if !(tasks[pid]?.resized.contains { $0.vma == known.vma } ?? true) {
      tasks[pid]?.resized.append((known.vma, Workload.Span(view)))
      moveEdges(view)
    }
    tasks[pid]?.parked -= 1
    if tasks[pid]?.parked == 0 { endResize(pid, stamp) }
  }

  private mutating func endResize(_ pid: Int32, _ stamp: EventStamp) {
    let changed = tasks[pid]?.resized ?? []
    tasks[pid]?.parked = 0
    tasks[pid]?.resized = []
    if !changed.isEmpty { add(.resize(spans: result.workload.addSpans(changed)), stamp) }
  }

  // MARK: Prepare

  private mutating func prepare(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph) {
    let view = s.update.vma
    guard vmas[view.address.raw]?.isAttached != true else { return }
    var lineage: UInt32?
    var offered: (next: Workload.VMA?, previous: Workload.VMA?) = (nil, nil)
    if s.anonVMAIsNew {
      offered = otherNeighbours(of: view, graph)
    } else if let (id, isNext) = sharer(s, graph) {
      let neighbour = met(graph.vma(id).view, id, s.stamp)
      lineage = self.lineage(of: graph.vma(id).view)
      if isNext { offered.next = neighbour } else { offered.previous = neighbour }
    }
    let vma = addPrepare(view, s.vma, offered, lineage: lineage, s.stamp)
    let isKnown = graph.anonVMA(s.anonVMA)?.birthWasSeen ?? false
    let anonVMA = number(s.anonVMA)
    result.chains.append(anonVMA)
    observePrepare(vma, own: anonVMA, count: 1, isKnown: isKnown)
  }

  private mutating func addPrepare(
    _ view: VMAView, _ id: VMAID, _ offered: (next: Workload.VMA?, previous: Workload.VMA?), lineage: UInt32?,
    _ stamp: EventStamp
  ) -> Workload.VMA {
    let known: KnownVMA
    if let old = vmas[view.address.raw], lineage == nil || lineage == old.lineage {
      known = old
      add(.update(known.vma, Workload.Span(view)), stamp)
    } else {
      forget(view.address, stamp)
      known = enroll(view, id, lineage: lineage ?? newLineage())
      add(.map(known.vma, known.mm, known.span), stamp)
    }
    add(.prepare(known.vma, next: offered.next, previous: offered.previous), stamp)
    attach(view)
    return known.vma
  }

  private mutating func observePrepare(_ vma: Workload.VMA, own: UInt32?, count: Int, isKnown: Bool) {
    result.observations.append(
      RecordedWorkload.Observation(
        kind: .prepare, step: result.workload.steps.count - 1, vma: vma, isKnown: isKnown, own: own,
        chain: result.chains.count - count..<result.chains.count))
  }

  /// __anon_vma_prepare that says it has succeeded and has linked nothing: the VMA was faulted in all the same.
  mutating func didPrepareAnonVMA(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
    let view = s.operation.entry.vma
    guard !s.result.failed, graph.chainCount(of: s.vma) == 0,
      vmas[view.address.raw]?.isAttached != true
    else { return }
    let vma = addPrepare(view, s.vma, (nil, nil), lineage: nil, s.stamp)
    observePrepare(vma, own: nil, count: 0, isKnown: graph.chainIsKnown(of: s.vma))
  }

  /// The neighbour whose anon_vma the recorded kernel took.
  private func sharer(
    _ s: borrowing TreeSituation, _ graph: borrowing RmapGraph
  ) -> (VMAID, isNext: Bool)? {
    let (view, address) = (s.update.vma, s.update.anonVMA)
    var found: (VMAID, isNext: Bool)?
    graph.forEachAVC(in: s.anonVMA) { _, avc in
      let other = graph.vma(avc.vma).view
      guard other.anonVMA == address, other.mm == view.mm, other.address != view.address else { return true }
      if other.start == view.end || other.end == view.start { found = (avc.vma, other.start == view.end) }
      return found == nil
    }
    return found
  }

  /// Neighbours that the recorded kernel refused because fork had made their chains, as far as is known, and that a
  /// policy with shorter chains would take. Those with a singular chain it refused for a reason that is not recorded.
  private func otherNeighbours(
    of view: VMAView, _ graph: borrowing RmapGraph
  ) -> (next: Workload.VMA?, previous: Workload.VMA?) {
    let next = starting[Edge(mm: view.mm.raw, page: view.end.page)].flatMap { vmas[$0] }
    let previous = ending[Edge(mm: view.mm.raw, page: view.start.page)].flatMap { vmas[$0] }
    let span = Workload.Span(view)
    return (
      next.flatMap { isCandidate($0, span.last &+ 1 == $0.span.pgoff, view, graph) ? $0.vma : nil },
      previous.flatMap {
        isCandidate($0, $0.span.last &+ 1 == span.pgoff, view, graph) ? $0.vma : nil
      }
    )
  }

  /// mm/vma.c:anon_vma_compatible, without policy and file.
  private func isCandidate(
    _ known: KnownVMA, _ isContinuous: Bool, _ view: VMAView, _ graph: borrowing RmapGraph
  ) -> Bool {
    let mayDiffer: VMFlags = [.access, .softDirty]
    let differing = VMFlags(rawValue: known.span.flags).symmetricDifference(view.flags)
    return isContinuous && mayDiffer.isSuperset(of: differing) && graph.chainCount(of: known.id) > 1
  }

  // MARK: Fork

  private mutating func beginFork(_ id: VMAID, _ stamp: EventStamp, _ graph: borrowing RmapGraph) {
    guard let entry = tasks[stamp.pid]?.fork, !entry.source.anonVMA.isNull,
      let source = graph.vma(at: entry.source.address),
      vmas[entry.vma.address.raw] == nil
    else { return }
    let parent = met(entry.source, source, stamp)
    let child = enroll(entry.vma, id, lineage: lineage(of: entry.source))
    add(.fork(child: child.vma, child.mm, parent: parent), stamp)
    attach(entry.vma)
    openSteps[child.vma.number] = result.workload.steps.count - 1
  }

  mutating func didForkAnonVMA(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
    let entry = s.operation.entry
    if !s.result.failed { beginFork(s.vma, s.stamp, graph) }  // It has linked nothing at all.
    guard let known = vmas[entry.vma.address.raw], let step = openSteps.removeValue(forKey: known.vma.number)
    else { return }
    if s.result.failed {
      result.failedForks += 1
      return
    }
    let isKnown = s.source.map { graph.chainIsKnown(of: $0) } ?? false
    observe(.fork, step: step, known.vma, s.vma, own: graph.vma(s.vma).forkedAnonVMA, isKnown: isKnown, graph)
    vmas[entry.vma.address.raw]?.unsighted = result.observations.count - 1
  }

  mutating func didSeeForkedAnonVMA(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {
    guard let index = vmas[s.view.address.raw]?.unsighted else { return }
    vmas[s.view.address.raw]?.unsighted = nil
    if let id = graph.anonVMA(at: s.view.anonVMA) { result.observations[index].own = number(id) }
  }

  // MARK: Split, merge, mremap

  private mutating func beginCopy(_ id: VMAID, _ stamp: EventStamp, _ graph: borrowing RmapGraph) {
    guard let entry = tasks[stamp.pid]?.clone, graph.vma(at: entry.vma.address) == id,
      !entry.source.anonVMA.isNull, let source = graph.vma(at: entry.source.address),
      vmas[entry.vma.address.raw]?.isAttached != true
    else { return }
    let original = met(entry.source, source, stamp)
    let isFresh = tasks[stamp.pid]?.lastCopy == entry.vma.address
    if isFresh, vmas[entry.vma.address.raw] == nil {
      let new = enroll(entry.vma, id, lineage: lineage(of: entry.source))
      add(.copy(new.vma, of: original, new.span), stamp)
    } else {
      let kept: KnownVMA
      if let old = vmas[entry.vma.address.raw] {
        kept = old
      } else {
        kept = enroll(entry.vma, id, lineage: lineage(of: entry.source))
        add(.map(kept.vma, kept.mm, kept.span), stamp)
      }
      add(.adopt(kept: kept.vma, removed: original), stamp)
    }
    attach(entry.vma)
    if let known = vmas[entry.vma.address.raw] {
      openSteps[known.vma.number] = result.workload.steps.count - 1
    }
  }

  mutating func didCloneAnonVMAs(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
    let entry = s.operation.entry
    if s.outer?.kind != .fork, !s.result.failed { beginCopy(s.vma, s.stamp, graph) }  // It has linked nothing.
    guard s.outer?.kind != .fork, let known = vmas[entry.vma.address.raw],
      let step = openSteps.removeValue(forKey: known.vma.number), !s.result.failed
    else { return }
    let isKnown = s.source.map { graph.chainIsKnown(of: $0) } ?? false
    observe(
      .copy, step: step, known.vma, s.vma, own: graph.anonVMA(at: entry.vma.anonVMA), isKnown: isKnown, graph)
  }

  // MARK: What does not concern the workload
}
