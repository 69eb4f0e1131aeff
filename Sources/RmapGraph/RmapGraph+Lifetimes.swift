import RmapEvents

extension RmapGraph {
  // MARK: VMAs

  /// The model's VMA for a view, made if it was never met, with the view taken over.
  mutating func meet<Observer: GraphObserver & ~Copyable>(_ view: VMAView, _ observer: inout Observer) -> VMAID {
    guard let slot = vmaOf[view.address.raw] else {
      observer.willMeetVMA(view, as: nil, at: now, in: self)
      let vma = newVMA(view, birth: .beforeRecording, chainIsKnown: false)
      vmas[vma.slot].viewOrdinal = now.ordinal
      return vma
    }
    let isOther = vmas[slot].view.mm != view.mm
    if isOther || vmas[slot].view.anonVMA != view.anonVMA || !isLinked(slot, as: view) {
      observer.willMeetVMA(view, as: VMAID(slot: slot), at: now, in: self)
      if hasUnseenAnonVMA(VMAID(slot: slot), view) { vmas[slot].chainIsKnown = false }
    }
    vmas[slot].anonVMAIsSettled = vmas[slot].openOperations == 0 && vmas[slot].chainIsKnown
    if vmas[slot].view.mm.isNull { countVMA(1, of: view.mm) }
    vmas[slot].view = view
    vmas[slot].viewOrdinal = now.ordinal
    if isOther { regroup(slot) }
    return VMAID(slot: slot)
  }

  /// Whether a VMA that vm_area_alloc has made shows an anon_vma that was never seen, though nothing gave it one: another
  /// thread's __anon_vma_prepare was not recorded.
  @inline(never) public func hasUnseenAnonVMA(_ vma: VMAID, _ view: VMAView) -> Bool {
    vmas[vma.slot].isFresh && !view.anonVMA.isNull && vmas[vma.slot].openOperations == 0
      && vmas[vma.slot].chainIsKnown && vmas[vma.slot].chainCount == 0 && anonVMAOf[view.anonVMA.raw] == nil
  }

  /// Whether the VMA has the range that it had when its AVCs were put into their trees, if they were.
  @inline(__always) func isLinked(_ slot: UInt32, as view: VMAView) -> Bool {
    guard let linked = vmas[slot].linkedView else { return true }
    return linked.hasRange(of: view)
  }

  mutating func newVMA(_ view: VMAView, birth: EventStamp, chainIsKnown: Bool) -> VMAID {
    let slot = vmas.insert(
      VMA(view: view, birth: birth, chainIsKnown: chainIsKnown, chainStamp: birth))
    vmaOf.set(view.address.raw, to: slot)
    deadVMAs.remove(view.address.raw)
    if !view.mm.isNull { countVMA(1, of: view.mm) }
    return VMAID(slot: slot)
  }

  /// vm_area_alloc or vm_area_dup has returned a VMA: whatever lived at its address is gone.
  mutating func vmaBorn(
    at address: KernelAddress, _ origin: OffsetOrigin, isFresh: Bool, _ stamp: EventStamp
  ) {
    guard address.isKernel else { return }
    removeVMA(address)
    var view = VMAView.none
    view.address = address
    let vma = newVMA(view, birth: stamp, chainIsKnown: true)
    vmas[vma.slot].offsetOrigin = origin
    vmas[vma.slot].isFresh = isFresh && !allTasksAreRecorded
  }

  mutating func free<Observer: GraphObserver & ~Copyable>(
    _ free: VMAFree, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    observer.willApply(free, at: stamp, in: self)
    deadVMAs.set(free.vma.raw, to: 0)
    guard let slot = vmaOf[free.vma.raw] else { return }
    var view = vmas[slot].view
    view.address = free.vma
    view.mm = free.mm
    view.anonVMA = free.anonVMA
    observer.willFreeVMA(
      VMASituation(vma: VMAID(slot: slot), view: view, stamp: stamp, function: .vmaFree), in: self)
    removeVMA(free.vma)
  }

  /// Removes a VMA, with any AVC that was left behind.
  mutating func removeVMA(_ address: KernelAddress) {
    guard let slot = vmaOf[address.raw] else { return }
    while vmas[slot].firstInChain != .max { removeAVC(vmas[slot].firstInChain) }
    vmaOf.remove(address.raw)
    if !vmas[slot].view.mm.isNull { countVMA(-1, of: vmas[slot].view.mm) }
    vmas.remove(slot)
  }

  private mutating func countVMA(_ change: Int, of mm: KernelAddress) {
    mms.vmaCountOf.add(change, to: mm.raw)
  }

  // MARK: anon_vmas

  mutating func birth(
    _ address: KernelAddress, root: KernelAddress, parent: KernelAddress, stamp: EventStamp
  ) -> AnonVMAID {
    // A non-root pins its root, so the root lives even if it was never seen.
    if root != address, anonVMAOf[root.raw] == nil, root.isKernel {
      _ = birth(root, root: root, parent: root, stamp: .beforeRecording)
    }
    var node = AnonVMA(
      address: address, birth: stamp, root: root, parent: parent, serial: nextSerial)
    nextSerial &+= 1
    deadAnonVMAs.remove(address.raw)
    if let root = anonVMAOf[root.raw] {
      anonVMAs[root].rootedCount += 1
      node.knownInEpoch = anonVMAs[root].counterEpoch
    }
    let slot = anonVMAs.insert(node)
    anonVMAOf.set(address.raw, to: slot)
    return AnonVMAID(slot: slot, serial: node.serial)
  }

  /// Removes an anon_vma, with whatever AVCs still name it.
  mutating func removeAnonVMA(_ id: AnonVMAID) {
    guard let node = anonVMA(id) else { return }
    while anonVMAs[id.slot].firstInTree != .max { removeAVC(anonVMAs[id.slot].firstInTree) }
    if anonVMAs[id.slot].parkedCount > 0 { removeParkedAVCs(of: id) }
    if !node.isRoot, let root = anonVMAOf[node.root.raw] { anonVMAs[root].rootedCount -= 1 }
    if anonVMAOf[node.address.raw] == id.slot { anonVMAOf.remove(node.address.raw) }
    anonVMAs[id.slot].remove()
    anonVMAs.remove(id.slot)
  }

  private mutating func removeParkedAVCs(of id: AnonVMAID) {
    var parked: [UInt32] = []
    avcOf.forEach { if avcs[$0].anonVMA == id { parked.append($0) } }
    for slot in parked { removeAVC(slot) }
  }

  /// Whether what is freed is the anon_vma that anon_vma_fork allocates in advance and puts again where the clone has
  /// chosen another one, or failed (7.0, "mm: clean up anon_vma implementation"): it was in no tree, and is nobody's root.
  public func isSpare(_ put: AnonVMAPut, ofTask pid: Int32) -> Bool {
    knownTask(pid).map { isSpare(put, $0) } ?? false
  }

  private func isSpare(_ put: AnonVMAPut, _ task: UInt32) -> Bool {
    work.tasks[task].innermost?.kind == .fork && put.root == put.anonVMA && put.parent ?? put.anonVMA == put.anonVMA
      && put.refcount == 0 && put.treeIsEmpty
  }

  /// Whether the model's anon_vma at the address of a spare is a root that has died since: a root counts itself as a child.
  private func hadDiedUnseen(_ id: AnonVMAID, _ put: AnonVMAPut) -> Bool {
    anonVMAs[id.slot].isUnneededRoot && put.children == 0 && put.active == 0
  }

  mutating func put<Observer: GraphObserver & ~Copyable>(
    _ put: AnonVMAPut, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    observer.willApply(put, at: stamp, in: self)
    let task = work.task(stamp.pid)
    settleUnlink(task, stamp)
    let known = anonVMA(at: put.anonVMA)
    if let known, isSpare(put, task), hadDiedUnseen(known, put), let last = work.tasks[task].last {
      removeAnonVMA(known)
      work.tasks[task].operations[last].sparesPut += 1
    } else if let dying = known {
      tell(put, dying, implicit: false, task, stamp, &observer)
      removeAnonVMA(dying)
      deadAnonVMAs.set(put.anonVMA.raw, to: 0)
    } else if isSpare(put, task), let last = work.tasks[task].last {
      work.tasks[task].operations[last].sparesPut += 1
    }
    // mm/rmap.c:__put_anon_vma frees a root with its last child, without a call of its own.
    if put.root != put.anonVMA, put.rootRefcount == 1, let root = anonVMA(at: put.root) {
      tell(put, root, implicit: true, task, stamp, &observer)
      removeAnonVMA(root)
    }
    work.rest(task)
  }

  private mutating func tell<Observer: GraphObserver & ~Copyable>(
    _ put: AnonVMAPut, _ id: AnonVMAID, implicit: Bool, _ task: UInt32, _ stamp: EventStamp,
    _ observer: inout Observer
  ) {
    let contended = isContended(id, by: task)
    observer.willFreeAnonVMA(
      PutSituation(
        put: put, stamp: stamp, anonVMA: id, isFreedByLastMember: isFreedByLastMember(id, task),
        isImplicitRoot: implicit, isContended: contended), in: self)
  }

  private func isFreedByLastMember(_ id: AnonVMAID, _ task: UInt32) -> Bool {
    guard let emptied = anonVMAs[id.slot].emptied, let operation = work.tasks[task].innermost,
      operation.kind == .unlink
    else { return false }
    return emptied.pid == work.tasks[task].pid && emptied.ordinal > operation.stamp.ordinal
  }

  // MARK: Counters

  mutating func addActive(_ change: Int64, _ id: AnonVMAID, _ stamp: EventStamp) {
    guard let active = anonVMAs[id.slot].active else { return }
    anonVMAs[id.slot].active = active &+ change
    anonVMAs[id.slot].counterStamp = stamp
  }

  mutating func addChildren(_ change: Int64, _ id: AnonVMAID, _ stamp: EventStamp) {
    guard let children = anonVMAs[id.slot].children else { return }
    anonVMAs[id.slot].children = children &+ change
    anonVMAs[id.slot].counterStamp = stamp
  }

  /// Takes over the counters that an event shows, unless another task may be about to change them.
  mutating func learnCounters(
    of id: AnonVMAID, from update: TreeUpdate, _ contended: Bool, _ stamp: EventStamp
  ) {
    guard !contended, let children = update.children, let active = update.active else { return }
    let isKnown = countersAreKnown(id)
    if isKnown, anonVMAs[id.slot].children == Int64(bitPattern: children),
      anonVMAs[id.slot].active == Int64(bitPattern: active)
    {
      return
    }
    anonVMAs[id.slot].children = Int64(bitPattern: children)
    anonVMAs[id.slot].active = Int64(bitPattern: active)
    anonVMAs[id.slot].counterStamp = stamp
    if let root = anonVMAOf[anonVMAs[id.slot].root.raw] {
      anonVMAs[id.slot].knownInEpoch = anonVMAs[root].counterEpoch
    }
  }

  // MARK: Who is at work on a root

  /// The model's root of an anon_vma, where it has one.
  func knownRoot(of id: AnonVMAID) -> AnonVMAID? {
    if let known = anonVMAs[id.slot].rootID, lives(known) { return known }
    return anonVMA(at: anonVMAs[id.slot].root)
  }

  /// The same, or the anon_vma itself; found at once the next time.
  private mutating func rootID(of id: AnonVMAID) -> AnonVMAID {
    guard let root = knownRoot(of: id) else { return id }
    anonVMAs[id.slot].rootID = root
    return root
  }

  private func holder(_ task: UInt32) -> Int? {
    for index in 0..<work.tasks[task].operations.count {
      switch work.tasks[task].operations[index].kind {
      case .prepare, .clone, .fork, .unlink: return index
      default: continue
      }
    }
    return nil
  }

  /// Notes that the task's operation changes this root's graph; returns whether another task is at it too.
  ///
  /// The counters change under the root's lock, but an operation's return is recorded after it has let go
  /// of the lock: between the two, another task sees counters that the model has not yet changed.
  mutating func hold(rootOf id: AnonVMAID, by task: UInt32) -> Bool {
    let root = rootID(of: id)
    guard let holder = holder(task) else { return anonVMAs[root.slot].openOperations > 0 }
    if work.tasks[task].operations[holder].root == nil {
      work.tasks[task].operations[holder].root = root
      anonVMAs[root.slot].openOperations += 1
    }
    return anonVMAs[root.slot].openOperations - (work.tasks[task].operations[holder].root == root ? 1 : 0) > 0
  }

  mutating func isContended(_ id: AnonVMAID, by task: UInt32) -> Bool {
    let root = rootID(of: id)
    let own = holder(task).map { work.tasks[task].operations[$0].root == root } ?? false
    return anonVMAs[root.slot].openOperations - (own ? 1 : 0) > 0
  }

  mutating func release(_ root: AnonVMAID?) {
    guard let root, lives(root) else { return }
    anonVMAs[root.slot].openOperations -= 1
  }
}
