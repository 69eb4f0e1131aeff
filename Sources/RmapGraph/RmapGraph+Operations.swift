import RmapEvents

extension RmapGraph {
  // MARK: Entry

  mutating func enter<Observer: GraphObserver & ~Copyable>(
    _ entry: OperationEntry, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    let task = work.task(stamp.pid)
    noteActing(entry, stamp, task)
    forgetStaleOperations(task, before: entry.kind)
    tellStranded(task, stamp, &observer)
    let isClear = work.tasks[task].isClear || !work.tasks[task].operations.isEmpty
    _ = work.tasks[task].operations.append { place in
      place.initialize(to: Operation(entry: entry, stamp: stamp, isClear: isClear))
      return true
    }
    tellEntering(task, stamp, &observer)
    if entry.kind == .mmExit { mms.exiting.set(entry.mm.raw, to: 0) }
    let vma: VMAID?
    var source: VMAID?
    switch entry.kind {
    case .prepare:
      // Of two that race, the slower one's event may show what the faster one has set.
      if let slot = vmaOf[entry.vma.address.raw] { vmas[slot].isFresh = false }
      let met = meet(entry.vma, &observer)
      vma = met
      // exec's new stack (fs/exec.c:bprm_mm_init).
      if entry.vma.isTemporaryStack { noteBirth(of: entry.vma.mm) }
      // anon_vma == NULL means an empty chain; the probe fires only on that path.
      if entry.vma.anonVMA.isNull, vmas[met.slot].chainCount == 0 { vmas[met.slot].chainIsKnown = true }
    case .fork:
      if entry.vma.mm != entry.source.mm { noteBirth(of: entry.vma.mm) }
      // The child's VMA is fresh from vm_area_dup, which empties its chain.
      if let slot = vmaOf[entry.vma.address.raw], vmas[slot].chainCount > 0 {
        removeVMA(entry.vma.address)
      }
      let met = meet(entry.vma, &observer)
      vma = met
      vmas[met.slot].chainIsKnown = true
      vmas[met.slot].view.anonVMA = .null
      source = entry.source.anonVMA.isNull ? self.vma(at: entry.source.address) : meet(entry.source, &observer)
    case .clone:
      // A merge gives the survivor its anon_vma right before the clone (mm/vma.c:dup_anon_vma).
      if let slot = vmaOf[entry.vma.address.raw] {
        vmas[slot].anonVMAIsSettled = false
        vmas[slot].isFresh = false
      }
      vma = meet(entry.vma, &observer)
      source = meet(entry.source, &observer)
    case .unlink, .split:
      vma = meetIfKnown(entry.vma, &observer)
    case .copyVMA:
      vma = meetIfKnown(entry.vma, &observer)
      source = self.vma(at: entry.source.address)
    case .copyRange:
      let met = meet(entry.vma, &observer)
      vma = met
      source = meet(entry.source, &observer)
      sightFork(met, entry.vma, stamp, &observer)
      paging.activeCopies.append(ActiveCopy(pid: stamp.pid, source: entry.source, destination: entry.vma))
    case .moveTables:
      vma = meetIfKnown(entry.vma, &observer)
      source = self.vma(at: entry.source.address)
      paging.activeMoves.append(ActiveMove(pid: stamp.pid, entry: entry))
    default: return
    }
    tellEntered(task, entry, vma, source, stamp, &observer)
  }

  /// Notes what an entry tells of the task and of the mms that it is at work in.
  @inline(__always) private mutating func noteActing(_ entry: OperationEntry, _ stamp: EventStamp, _ task: UInt32) {
    if entry.kind == .fork || entry.kind == .copyRange {
      noteFork(into: entry.vma.mm, isWhole: work.tasks[task].isClear)
    }
    if entry.kind == .fork || entry.kind == .copyRange { mms.silence.noteForking(entry, stamp) }
    if !mms.silence.isEmpty {
      // exec makes an mm as well.
      if entry.kind == .prepare, entry.vma.isTemporaryStack { mms.silence.lose(entry.vma.mm) }
      mms.silence.noteActing(
        stamp.pid, in: entry.kind == .mmExit ? entry.mm : entry.vma.mm, isTakingDown: entry.kind == .mmExit)
      if entry.kind == .fork || entry.kind == .vmaDup { mms.silence.noteActing(stamp.pid, in: entry.source.mm) }
    }
    if entry.kind.isOutermost { work.markClear(task) } else { clarify(task, by: entry.vma.mm) }
  }

  private mutating func meetIfKnown<Observer: GraphObserver & ~Copyable>(
    _ view: VMAView, _ observer: inout Observer
  ) -> VMAID? {
    vmaOf[view.address.raw] == nil ? nil : meet(view, &observer)
  }

  @inline(__always) private mutating func tellEntering<Observer: GraphObserver & ~Copyable>(
    _ task: UInt32, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    let last = work.tasks[task].operations.count - 1
    observer.willEnter(
      EnteringSituation(
        operationPlace: work.tasks[task].operations.address(of: last),
        outerPlace: last > 0 ? work.tasks[task].operations.address(of: last - 1) : nil, stamp: stamp), in: self)
    if last > 0, work.tasks[task].operations[last].kind == .unlink,
      work.tasks[task].operations[last - 1].kind == .mmExit
    {
      work.tasks[task].operations[last - 1].unlinkedUpTo = work.tasks[task].operations[last].entry.vma.end
    }
  }

  /// fork fills a new mm. A task that has been seen outside of it before, and now for the first time in it, makes all of
  /// the mm within the recording.
  private mutating func noteFork(into mm: KernelAddress, isWhole: Bool) {
    guard mms.known[mm.raw] == nil, mms.forked[mm.raw] == nil, mms.vmaCountOf[mm.raw] == nil else { return }
    if isWhole { mms.known.set(mm.raw, to: 0) } else { mms.forked.set(mm.raw, to: 0) }
  }

  private mutating func tellEntered<Observer: GraphObserver & ~Copyable>(
    _ task: UInt32, _ entry: OperationEntry, _ vma: VMAID?, _ source: VMAID?, _ stamp: EventStamp,
    _ observer: inout Observer
  ) {
    let last = work.tasks[task].operations.count - 1
    let outer = work.tasks[task].outer(of: last)
    observer.didEnter(
      EntrySituation(
        operationPlace: work.tasks[task].operations.address(of: last), outer: outer, stamp: stamp, vma: vma,
        source: source),
      in: self)
    switch entry.kind {
    case .prepare, .clone, .fork, .unlink:
      guard let vma else { return }
      work.tasks[task].operations[last].subject = vma
      vmas[vma.slot].openOperations += 1
      vmas[vma.slot].anonVMAIsSettled = false
      // The first clone is the operation's own; another one is that of a merge, after a return that was missed.
      if entry.kind == .clone, last > 0, work.tasks[task].operations[last - 1].copy == nil {
        work.tasks[task].operations[last - 1].copy = vma
      }
    default: break
    }
  }

  /// The operation is over: its VMA's chain and anon_vma may be trusted again.
  private mutating func release(_ subject: VMAID?, at address: KernelAddress) {
    guard let subject, vmaOf[address.raw] == subject.slot, vmas[subject.slot].openOperations > 0 else { return }
    vmas[subject.slot].openOperations -= 1
  }

  /// Which anon_vma a fork gave the child is shown only later, when an event carries the child's VMA.
  mutating func sightFork<Observer: GraphObserver & ~Copyable>(
    _ vma: VMAID, _ view: VMAView, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard vmas[vma.slot].forkAwaitsSight else { return }
    vmas[vma.slot].forkAwaitsSight = false
    observer.didSeeForkedAnonVMA(
      VMASituation(vma: vma, view: view, stamp: stamp, function: .fork), in: self)
  }

  /// Forgets operations that cannot enclose the next one: their return was not recorded.
  private mutating func forgetStaleOperations(_ task: UInt32, before kind: EventKind) {
    while let last = work.tasks[task].innermost, !last.kind.mayEnclose(kind) { forgetLastOperation(task) }
  }

  /// An AVC leaves a tree only in unlink_anon_vmas or for a range change, and that within a split, within copy_vma,
  /// or within nothing.
  mutating func forgetStaleOperations(_ task: UInt32, beforeRemovalOf update: TreeUpdate) {
    while let last = work.tasks[task].innermost, last.kind != .split, last.kind != .copyVMA {
      if last.kind == .unlink, last.vma == update.vma.address { return }
      forgetLastOperation(task)
    }
  }

  /// A clone inserts where its source stands. Within a fork an insertion into the tree of a new anon_vma comes
  /// after the clone.
  mutating func forgetStaleOperations(_ task: UInt32, beforeInsertionOf update: TreeUpdate) {
    guard update.treeIsEmpty else { return }
    let last = work.tasks[task].operations.count - 1
    guard last > 0, work.tasks[task].operations[last].kind == .clone,
      work.tasks[task].operations[last - 1].kind == .fork,
      (anonVMA(at: update.anonVMA).map { anonVMAs[$0.slot].linkedCount } ?? 0) == 0
    else { return }
    forgetLastOperation(task)
  }

  /// Forgets the innermost operation: its return was not recorded.
  private mutating func forgetLastOperation(_ task: UInt32) {
    guard let index = work.tasks[task].last else { return }
    let last = work.tasks[task].operations[index]
    work.tasks[task].operations.removeLast()
    statistics.missingReturns += 1
    forgetOperation(last, task)
  }

  /// No operation begins while AVCs are out of their trees for a range change: those that still are will not
  /// come back.
  private mutating func tellStranded<Observer: GraphObserver & ~Copyable>(
    _ task: UInt32, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard !work.tasks[task].parked.isEmpty || !work.tasks[task].givenUp.isEmpty else { return }
    let parked = work.tasks[task].parked
    work.parkedAVCs -= parked.count
    work.tasks[task].parked.removeAll(keepingCapacity: true)
    work.tasks[task].givenUp.removeAll(keepingCapacity: true)
    for address in parked {
      guard let slot = avcOf[address.raw], !avcs[slot].isLinked else { continue }
      observer.didStrandAVC(StrandedSituation(avc: AVCID(slot: slot), stamp: stamp), in: self)
    }
  }

  /// An operation whose end is unknown: what it would have counted is uncertain for its root's whole graph.
  private mutating func forgetOperation(_ operation: Operation, _ task: UInt32) {
    release(operation.root)
    release(operation.subject, at: operation.entry.vma.address)
    let pid = work.tasks[task].pid
    // The root is noted on the outermost operation that changes its graph.
    var root = operation.root
    for index in 0..<work.tasks[task].operations.count where root == nil {
      root = work.tasks[task].operations[index].root
    }
    if let root, lives(root) { anonVMAs[root.slot].counterEpoch &+= 1 }
    paging.activeCopies.removeAll { $0.pid == pid }
    paging.activeMoves.removeAll { $0.pid == pid }
    let entry = operation.entry
    switch entry.kind {
    case .copyRange: doubtPages(of: entry.source)
    case .moveTables:
      let end = entry.sourceAddress.advanced(byBytes: entry.length)
      forgetPages(of: entry.source.mm, entry.sourceAddress, end)
    case .mmExit:
      removePages(of: entry.mm)
      mms.exiting.remove(entry.mm.raw)
    default: break
    }
  }

  // MARK: Return

  mutating func leave<Observer: GraphObserver & ~Copyable>(
    _ result: OperationReturn, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    if result.kind == .vmaAlloc || result.kind == .vmaDup {
      observer.willAllocateVMA(result, at: stamp, in: self)
      let origin = result.kind == .vmaAlloc ? OffsetOrigin.own : offsetOriginOfCopy(by: stamp.pid)
      vmaBorn(at: KernelAddress(UInt64(bitPattern: result.value)), origin, isFresh: result.kind == .vmaAlloc, stamp)
    }
    guard result.kind != .vmaAlloc else { return }
    let task = work.task(stamp.pid)
    defer { work.rest(task) }
    let isEntered = work.tasks[task].isIn(result.kind)
    while isEntered, let inner = work.tasks[task].innermost, inner.kind != result.kind { forgetLastOperation(task) }
    let last = work.tasks[task].operations.count - 1
    observer.willLeave(
      LeavingSituation(
        operationPlace: isEntered ? work.tasks[task].operations.address(of: last) : nil, isOutermost: last == 0,
        taskIsClear: work.tasks[task].isClear, result: result, stamp: stamp), in: self)
    guard isEntered else { return }
    finish(task, result, stamp, &observer)
    release(work.tasks[task].operations[last].root)
    release(work.tasks[task].operations[last].subject, at: work.tasks[task].operations[last].entry.vma.address)
    work.tasks[task].operations.removeLast()
  }

  /// The copy that the task's vm_area_dup makes has its offset from the same place as the VMA that it copies.
  private func offsetOriginOfCopy(by pid: Int32) -> OffsetOrigin {
    guard let task = work.taskOf[taskKey(pid)], let last = work.tasks[task].last,
      work.tasks[task].operations[last].kind == .vmaDup
    else { return .unknown }
    if work.tasks[task].operations[last].entry.source.isWipedOnFork { return .wiped }
    return vmaOf[work.tasks[task].operations[last].entry.source.address.raw].map { vmas[$0].offsetOrigin } ?? .unknown
  }

  private mutating func finish<Observer: GraphObserver & ~Copyable>(
    _ task: UInt32, _ result: OperationReturn, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    let last = work.tasks[task].operations.count - 1
    // Where it lies: the lane neither grows nor shrinks until `leave` takes the operation off; fields may change in place.
    let operation = work.tasks[task].operations.address(of: last)
    let vma = vmaOf[operation.pointee.entry.vma.address.raw].map(VMAID.init)
    switch operation.pointee.kind {
    case .clone:
      if !result.failed { countClone(operation.pointee.entry, reuse: operation.pointee.reuse, stamp) }
      lend(task, result, vma, stamp) { observer.didCloneAnonVMAs($0, in: $1) }
    case .fork:
      if let vma, !result.failed, !operation.pointee.entry.source.anonVMA.isNull {
        vmas[vma.slot].forkAwaitsSight = true
        vmas[vma.slot].forkedAnonVMA = ownAnonVMA(vma, since: operation.pointee.stamp)
        vmas[vma.slot].forkStamp = stamp
      }
      lend(task, result, vma, stamp) { observer.didForkAnonVMA($0, in: $1) }
    case .unlink:
      settleUnlink(task, stamp)
      if let vma { endUnlink(vma, operation.pointee.entry.vma, stamp, &observer) }
    case .prepare: lend(task, result, vma, stamp) { observer.didPrepareAnonVMA($0, in: $1) }
    case .split: lend(task, result, vma, stamp) { observer.didSplitVMA($0, in: $1) }
    case .copyVMA:
      let made = KernelAddress(UInt64(bitPattern: result.value))
      noteCopy(made, copy: operation.pointee.copy, since: operation.pointee.stamp)
    case .copyRange: inherit(operation.pointee.entry, failed: result.failed, stamp, &observer)
    case .moveTables: move(operation.pointee.entry, bytes: result, stamp, &observer)
    case .mmExit: end(operation.pointee.entry.mm)
    default: break
    }
  }

  /// exit_mmap has returned.
  private mutating func end(_ mm: KernelAddress) {
    removePages(of: mm)
    mms.known.set(mm.raw, to: 0)
    mms.forked.remove(mm.raw)
    mms.exiting.remove(mm.raw)
  }

  /// Lends the situation at the return of the task's innermost operation.
  private func lend(
    _ task: UInt32, _ result: OperationReturn, _ vma: VMAID?, _ stamp: EventStamp,
    to observe: (borrowing OperationSituation, borrowing RmapGraph) -> Void
  ) {
    guard let vma else { return }
    let last = work.tasks[task].operations.count - 1
    let outer = work.tasks[task].outer(of: last)
    let source = vmaOf[work.tasks[task].operations[last].entry.source.address.raw].map(VMAID.init)
    observe(
      OperationSituation(
        operationPlace: work.tasks[task].operations.address(of: last), outer: outer, result: result, stamp: stamp,
        vma: vma,
        source: source), self)
  }

  /// copy_vma has returned the destination: a VMA of its own, or a neighbour that it merged with.
  private mutating func noteCopy(_ address: KernelAddress, copy: VMAID?, since began: EventStamp) {
    guard let vma = vmaOf[address.raw] else { return }
    vmas[vma].isMergedCopy = nil
    if copy == VMAID(slot: vma) {
      vmas[vma].isMergedCopy = false
    } else if vmas[vma].firstInChain != .max,
      avcs[vmas[vma].firstInChain].stamp.ordinal > began.ordinal
    {
      vmas[vma].isMergedCopy = true  // Its range has grown.
    }
  }

  /// The anon_vma that the fork made for the VMA: one that was born within the operation.
  private func ownAnonVMA(_ vma: VMAID, since stamp: EventStamp) -> AnonVMAID? {
    var found: AnonVMAID?
    forEachAVC(of: vma) { _, avc in
      if anonVMAs[avc.anonVMA.slot].birth.ordinal > stamp.ordinal { found = avc.anonVMA }
      return found == nil
    }
    return found
  }

  /// mm/rmap.c:anon_vma_clone, at its end: `if (dst->anon_vma) dst->anon_vma->num_active_vmas++`.
  private mutating func countClone(_ entry: OperationEntry, reuse: AnonVMAID?, _ stamp: EventStamp) {
    let named = anonVMA(at: entry.vma.anonVMA)
    if let target = named ?? reuse, lives(target) { addActive(1, target, stamp) }
  }

  /// The middle of unlink_anon_vmas: the VMA's AVCs are gone, its anon_vma's counter is lowered, and
  /// `vma->anon_vma` is NULL. The first recorded step after it is a put or the return.
  mutating func settleUnlink(_ task: UInt32, _ stamp: EventStamp) {
    guard let last = work.tasks[task].last,
      work.tasks[task].operations[last].kind == .unlink, !work.tasks[task].operations[last].isSettled
    else { return }
    work.tasks[task].operations[last].isSettled = true
    let view = work.tasks[task].operations[last].entry.vma
    if let anonVMA = anonVMA(at: view.anonVMA) { addActive(-1, anonVMA, stamp) }
    if let vma = vmaOf[view.address.raw] {
      vmas[vma].view.anonVMA = .null
      vmas[vma].unlinkStamp = stamp.ordinal
      vmas[vma].unlinkedRange = (view.start, view.end)
      vmas[vma].hadAnonVMA = !view.anonVMA.isNull
    }
  }

  private mutating func endUnlink<Observer: GraphObserver & ~Copyable>(
    _ vma: VMAID, _ view: VMAView, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    if view.isHugetlb {
      // Their removals may leave no event; what is left in the tables says nothing.
      forgetPages(of: view.mm, view.start, view.end)
    } else if !view.isTemporaryStack {
      tellPages(
        .unlinked, mm: view.mm, start: view.start, end: view.end, vma, view, stamp, .unlink,
        &observer)
    }
    observer.didUnlinkAnonVMAs(
      VMASituation(vma: vma, view: view, stamp: stamp, function: .unlink), in: self)
    while vmas[vma.slot].firstInChain != .max { removeAVC(vmas[vma.slot].firstInChain) }
    vmas[vma.slot].chainIsKnown = true
    vmas[vma.slot].chainStamp = stamp
    vmas[vma.slot].linkedView = nil
  }
}
