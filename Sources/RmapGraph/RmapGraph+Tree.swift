import RmapEvents

extension RmapGraph {
  // MARK: An AVC enters its tree

  mutating func insert<Observer: GraphObserver & ~Copyable>(
    _ update: TreeUpdate, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    let task = work.task(stamp.pid)
    if isUnclear(task) { clarify(task, by: update.vma.mm) }
    forgetStaleOperations(task, beforeInsertionOf: update)
    let vma = meet(update.vma, &observer)
    let operation = work.tasks[task].innermost
    var stamp = stamp
    stamp.function = work.tasks[task].outermost ?? .insert
    let avc = avcOf[update.avc.raw]
    let isRelink = avc.map { !avcs[$0].isLinked && avcs[$0].vma == vma } ?? false
    let (anonVMA, isNew) = anonVMAForInsert(update, operation, isRelink: isRelink, stamp)
    let contended = hold(rootOf: anonVMA, by: task)
    withUnsafePointer(to: update) { update in
      observer.willInsertAVC(
        TreeSituation(
          updatePlace: update, stamp: stamp, isInsertion: true, vma: vma, anonVMA: anonVMA,
          avc: avc.map(AVCID.init), operation: operation, operationPlace: work.tasks[task].innermostPlace,
          anonVMAIsNew: isNew, isContended: contended), in: self)
    }

    learnProtection(update, stamp)
    if isRelink { work.relinkedBy.set(taskKey(stamp.pid), to: vma.slot) }
    learnCounters(of: anonVMA, from: update, contended, stamp)
    link(update, vma, anonVMA, stamp, task: task)
    if isUnclear(task) { noteUnclear(vma, anonVMA) }
    countInsertion(update, anonVMA, task: task, stamp)
    settleParked(task, stamp, &observer)
    work.rest(task)
  }

  /// The anon_vma of an insertion, which may be new with it: `anon_vma_alloc` is inlined and has no probe.
  ///
  /// An insertion into an empty tree that is not the end of a range change can only be an anon_vma's first:
  /// the kernel never uses one again whose tree ran empty (mm/rmap.c:unlink_anon_vmas frees it).
  private mutating func anonVMAForInsert(
    _ update: TreeUpdate, _ operation: OuterOperation?, isRelink: Bool, _ stamp: EventStamp
  ) -> (AnonVMAID, isNew: Bool) {
    let isBirth =
      update.treeIsEmpty && !isRelink && (operation?.kind == .prepare || operation?.kind == .fork)
    if let known = anonVMA(at: update.anonVMA) {
      if !isBirth || anonVMAs[known.slot].memberCount > 0 {
        return (known, false)
      }
      removeAnonVMA(known)  // Its last put was not seen.
    }
    let id = birth(
      update.anonVMA, root: update.root, parent: update.parent,
      stamp: isBirth ? stamp : .beforeRecording)
    if isBirth {
      // mm/rmap.c:__anon_vma_prepare raises num_children of a new root at once and num_active_vmas after the
      // insertion; anon_vma_fork raises num_active_vmas before it.
      anonVMAs[id.slot].children = operation?.kind == .prepare ? 1 : 0
      anonVMAs[id.slot].active = operation?.kind == .prepare ? 0 : 1
      anonVMAs[id.slot].counterStamp = stamp
    }
    return (id, isBirth)
  }

  private mutating func link(
    _ update: TreeUpdate, _ vma: VMAID, _ anonVMA: AnonVMAID, _ stamp: EventStamp, task: UInt32
  ) {
    let previous = vmas[vma.slot].linkedView
    var slot: UInt32
    if let known = avcOf[update.avc.raw], avcs[known].vma == vma, avcs[known].anonVMA == anonVMA {
      slot = known
      if avcs[slot].isLinked {
        removeFromTree(slot)
      } else {
        unparkCounts(slot)
        if let index = work.tasks[task].parked.firstIndex(of: update.avc) {
          work.tasks[task].parked.remove(at: index)
          work.parkedAVCs -= 1
        }
      }
    } else {
      slot = newAVC(update, vma, anonVMA, stamp)
      vmas[vma.slot].chainStamp = stamp
    }
    avcs[slot].isLinked = true
    avcs[slot].keyStart = update.vma.firstIndex
    avcs[slot].keyLast = update.vma.lastIndex
    avcs[slot].stamp = stamp
    avcs[slot].childrenAtLink = update.children
    avcs[slot].activeAtLink = update.active
    pushOnTree(slot, anonVMA)
    anonVMAs[anonVMA.slot].shifts |= AnonVMA.bit(ofShift: update.vma.indexShift)
    vmas[vma.slot].linkedView = update.vma
    // An unclear task's removals were not taken for the beginning of a range change, so its end is not known.
    if let previous, previous != update.vma, !isUnclear(task) {
      noteGivenUp(previous, update.vma, task: task)
    }
  }

  private mutating func learnProtection(_ update: TreeUpdate, _ stamp: EventStamp) {
    if let raw = update.protection { protections.learn(raw, of: update.vma, stamp) }
  }

  /// After a range change: which addresses the VMA no longer covers, or covers under another offset.
  private mutating func noteGivenUp(_ old: VMAView, _ new: VMAView, task: UInt32) {
    guard !new.isTemporaryStack, !old.isTemporaryStack, old.mm == new.mm else { return }
    let shifted = old.indexShift != new.indexShift
    if shifted || new.start >= old.end || new.end <= old.start {
      work.tasks[task].givenUp.append(GivenUpRange(vma: old, start: old.start, end: old.end))
      return
    }
    if old.start < new.start {
      work.tasks[task].givenUp.append(GivenUpRange(vma: old, start: old.start, end: new.start))
    }
    if new.end < old.end {
      work.tasks[task].givenUp.append(GivenUpRange(vma: old, start: new.end, end: old.end))
    }
  }

  /// The last parked AVC is back: the pages of given-up addresses must belong to somebody by now.
  private mutating func settleParked<Observer: GraphObserver & ~Copyable>(
    _ task: UInt32, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard work.tasks[task].parked.isEmpty, !work.tasks[task].givenUp.isEmpty else { return }
    let ranges = work.tasks[task].givenUp
    work.tasks[task].givenUp.removeAll(keepingCapacity: true)
    for range in ranges {
      guard let vma = vmaOf[range.vma.address.raw] else { continue }
      tellPages(
        .givenUp, mm: range.vma.mm, start: range.start, end: range.end, VMAID(slot: vma), range.vma,
        stamp, .insert, &observer)
    }
  }

  /// What the kernel's rules do to the counters right after an insertion.
  private mutating func countInsertion(
    _ update: TreeUpdate, _ anonVMA: AnonVMAID, task: UInt32, _ stamp: EventStamp
  ) {
    guard let last = work.tasks[task].last else { return }
    work.tasks[task].operations[last].linked += 1
    switch work.tasks[task].operations[last].kind {
    case .prepare where work.tasks[task].operations[last].entry.vma.address == update.vma.address:
      addActive(1, anonVMA, stamp)
    case .fork:
      if let parent = self.anonVMA(at: update.parent), parent != anonVMA {
        addChildren(1, parent, stamp)
      }
    case .clone:
      // include: !dst->anon_vma && src->anon_vma && num_children < 2 && num_active_vmas == 0
      if work.tasks[task].operations[last].reuse == nil, work.tasks[task].operations[last].entry.vma.anonVMA.isNull,
        !work.tasks[task].operations[last].entry.source.anonVMA.isNull, let children = update.children,
        let active = update.active, children < 2, active == 0
      {
        work.tasks[task].operations[last].reuse = anonVMA
      }
    default: break
    }
  }

  // MARK: An AVC leaves its tree

  mutating func remove<Observer: GraphObserver & ~Copyable>(
    _ update: TreeUpdate, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    let task = work.task(stamp.pid)
    if isUnclear(task) { clarify(task, by: update.vma.mm) }
    forgetStaleOperations(task, beforeRemovalOf: update)
    let operation = work.tasks[task].innermost
    var stamp = stamp
    stamp.function = work.tasks[task].outermost ?? .remove
    let vma = meet(update.vma, &observer)
    let known = self.anonVMA(at: update.anonVMA)
    let isAnother = known.map { self.isAnother($0, for: update, vma, task) } ?? false
    let anonVMA: AnonVMAID
    if let known, !isAnother {
      anonVMA = known
    } else {
      if let known { removeAnonVMA(known) }
      anonVMA = birth(
        update.anonVMA, root: update.root, parent: update.parent, stamp: .beforeRecording)
    }
    let contended = hold(rootOf: anonVMA, by: task)
    let avc = avcOf[update.avc.raw].map(AVCID.init)
    withUnsafePointer(to: update) { update in
      observer.willRemoveAVC(
        TreeSituation(
          updatePlace: update, stamp: stamp, isInsertion: false, vma: vma, anonVMA: anonVMA, avc: avc,
          operation: operation, operationPlace: work.tasks[task].innermostPlace, anonVMAIsNew: isAnother,
          isContended: contended),
        in: self)
    }

    learnCounters(of: anonVMA, from: update, contended, stamp)
    if isUnclear(task) {
      // The end of an unlink, or a range change: either way the AVC is out of its tree, and will be met again
      // if it comes back.
      if let avc = avcOf[update.avc.raw] { removeAVC(avc) }
      vmas[vma.slot].linkedView = nil
      noteUnclear(vma, anonVMA)
      work.rest(task)
      return
    }
    let isFinal = operation?.kind == .unlink && operation?.vma == update.vma.address
    if isFinal {
      if let avc = avcOf[update.avc.raw] { removeAVC(avc) }
      vmas[vma.slot].chainStamp = stamp
      countRemoval(anonVMA, stamp)
      noteDue(update, anonVMA, task: task)
    } else {
      parkRemoved(update, vma, anonVMA, stamp, task: task)
    }
    work.rest(task)
  }

  /// Whether the anon_vma at an address is another one than the model's, whose end was not seen: a VMA older than the
  /// recording is in its tree by an AVC that was never inserted, and the model has seen all that were.
  private func isAnother(_ id: AnonVMAID, for update: TreeUpdate, _ vma: VMAID, _ task: UInt32) -> Bool {
    !vmas[vma.slot].chainIsKnown && anonVMAs[id.slot].birthWasSeen && !isUnclear(task)
      && avcOf[update.avc.raw].map { avcs[$0].anonVMA != id } ?? true
  }

  /// Whether the task changes a tree in the middle of an operation whose entry was not recorded.
  private func isUnclear(_ task: UInt32) -> Bool {
    work.tasks[task].operations.isEmpty && !work.tasks[task].isClear
  }

  /// What such an operation does to chain and counters is not known.
  private mutating func noteUnclear(_ vma: VMAID, _ anonVMA: AnonVMAID) {
    vmas[vma.slot].chainIsKnown = false
    if let root = anonVMAOf[anonVMAs[anonVMA.slot].root.raw] {
      anonVMAs[root].counterEpoch &+= 1
    }
  }

  /// A removal outside unlink_anon_vmas: the VMA's range is about to change
  /// (mm/vma.c:anon_vma_interval_tree_pre_update_vma), the same AVC comes back under the same lock.
  private mutating func parkRemoved(
    _ update: TreeUpdate, _ vma: VMAID, _ anonVMA: AnonVMAID, _ stamp: EventStamp, task: UInt32
  ) {
    var slot: UInt32
    if let known = avcOf[update.avc.raw], avcs[known].vma == vma, avcs[known].anonVMA == anonVMA {
      slot = known
      if !avcs[slot].isLinked { return }
      park(slot)
    } else {
      slot = newAVC(update, vma, anonVMA, stamp)
      vmas[vma.slot].parkedCount += 1
      anonVMAs[anonVMA.slot].parkedCount += 1
    }
    avcs[slot].stamp = stamp
    if vmas[vma.slot].linkedView == nil { vmas[vma.slot].linkedView = update.vma }
    work.tasks[task].parked.append(update.avc)
    work.parkedAVCs += 1
  }

  /// The task has removed an anon_vma's last AVC, and nobody else holds a reference: unlink_anon_vmas frees it before
  /// it returns.
  private mutating func noteDue(_ update: TreeUpdate, _ anonVMA: AnonVMAID, task: UInt32) {
    guard update.refcount == 1, anonVMAs[anonVMA.slot].emptied != nil, anonVMAs[anonVMA.slot].birthWasSeen,
      let last = work.tasks[task].last
    else { return }
    work.tasks[task].operations[last].due = anonVMA
  }

  /// unlink_anon_vmas: an anon_vma whose tree has become empty is no longer its parent's child.
  private mutating func countRemoval(_ anonVMA: AnonVMAID, _ stamp: EventStamp) {
    guard anonVMAs[anonVMA.slot].memberCount == 0 else { return }
    anonVMAs[anonVMA.slot].emptied = stamp
    guard let parent = self.anonVMA(at: anonVMAs[anonVMA.slot].parent) else { return }
    if anonVMAs[anonVMA.slot].birthWasSeen {
      addChildren(-1, parent, stamp)
    } else {
      anonVMAs[parent.slot].children = nil  // Its tree may hold AVCs that were never seen.
    }
  }

  // MARK: Lists

  /// An AVC that was never met, on its VMA's chain and in no tree yet; it replaces whatever the model took for it.
  private mutating func newAVC(
    _ update: TreeUpdate, _ vma: VMAID, _ anonVMA: AnonVMAID, _ stamp: EventStamp
  ) -> UInt32 {
    if let stale = avcOf[update.avc.raw] { removeAVC(stale) }
    if let twin = linkOf[linkKey(vma.slot, anonVMA.slot)] { removeAVC(twin) }
    let slot = avcs.insert(
      AVC(
        address: update.avc, vma: vma, anonVMA: anonVMA, isLinked: false, keyStart: nil,
        keyLast: update.vma.lastIndex, stamp: stamp))
    avcOf.set(update.avc.raw, to: slot)
    linkOf.set(linkKey(vma.slot, anonVMA.slot), to: slot)
    pushOnChain(slot, vma)
    return slot
  }

  private mutating func pushOnChain(_ slot: UInt32, _ vma: VMAID) {
    let first = vmas[vma.slot].firstInChain
    avcs[slot].nextInVMA = first
    if first != .max { avcs[first].previousInVMA = slot }
    vmas[vma.slot].firstInChain = slot
    vmas[vma.slot].chainCount += 1
    let anonVMA = avcs[slot].anonVMA
    if anonVMAs[anonVMA.slot].memberCount == 0 { countUse(1, of: anonVMA) }
  }

  private mutating func pushOnTree(_ slot: UInt32, _ anonVMA: AnonVMAID) {
    let first = anonVMAs[anonVMA.slot].firstInTree
    avcs[slot].nextInTree = first
    avcs[slot].previousInTree = .max
    if first != .max { avcs[first].previousInTree = slot }
    anonVMAs[anonVMA.slot].firstInTree = slot
    anonVMAs[anonVMA.slot].linkedCount += 1
    joinPart(slot)
  }

  /// Puts an AVC that is in its tree beside those of the same mm.
  private mutating func joinPart(_ slot: UInt32) {
    let mm = vmas[avcs[slot].vma.slot].view.mm
    let key = treePartKey(avcs[slot].anonVMA.slot, mm)
    let first = treePartOf[key] ?? .max
    avcs[slot].mm = mm
    avcs[slot].nextOfMM = first
    avcs[slot].previousOfMM = .max
    if first != .max { avcs[first].previousOfMM = slot }
    treePartOf.set(key, to: slot)
  }

  private mutating func leavePart(_ slot: UInt32) {
    let (previous, next) = (avcs[slot].previousOfMM, avcs[slot].nextOfMM)
    if next != .max { avcs[next].previousOfMM = previous }
    if previous != .max {
      avcs[previous].nextOfMM = next
      return
    }
    let key = treePartKey(avcs[slot].anonVMA.slot, avcs[slot].mm)
    if next != .max { treePartOf.set(key, to: next) } else { treePartOf.remove(key) }
  }

  /// A VMA's mm does not change; but one that was met again after its end was missed may be of another.
  mutating func regroup(_ vma: UInt32) {
    var slot = vmas[vma].firstInChain
    while slot != .max {
      if avcs[slot].isLinked {
        leavePart(slot)
        joinPart(slot)
      }
      slot = avcs[slot].nextInVMA
    }
  }

  private mutating func removeFromTree(_ slot: UInt32) {
    let (anonVMA, previous, next) = (avcs[slot].anonVMA, avcs[slot].previousInTree, avcs[slot].nextInTree)
    if previous == .max { anonVMAs[anonVMA.slot].firstInTree = next } else { avcs[previous].nextInTree = next }
    if next != .max { avcs[next].previousInTree = previous }
    anonVMAs[anonVMA.slot].linkedCount -= 1
    leavePart(slot)
  }

  private mutating func park(_ slot: UInt32) {
    removeFromTree(slot)
    avcs[slot].isLinked = false
    vmas[avcs[slot].vma.slot].parkedCount += 1
    anonVMAs[avcs[slot].anonVMA.slot].parkedCount += 1
  }

  private mutating func unparkCounts(_ slot: UInt32) {
    vmas[avcs[slot].vma.slot].parkedCount -= 1
    anonVMAs[avcs[slot].anonVMA.slot].parkedCount -= 1
  }

  /// Removes an AVC: out of its tree, off its chain.
  mutating func removeAVC(_ slot: UInt32) {
    if avcs[slot].isLinked { removeFromTree(slot) } else { unparkCounts(slot) }
    let (vma, anonVMA) = (avcs[slot].vma, avcs[slot].anonVMA)
    let (previous, next) = (avcs[slot].previousInVMA, avcs[slot].nextInVMA)
    if previous == .max { vmas[vma.slot].firstInChain = next } else { avcs[previous].nextInVMA = next }
    if next != .max { avcs[next].previousInVMA = previous }
    vmas[vma.slot].chainCount -= 1
    avcOf.remove(avcs[slot].address.raw)
    linkOf.remove(linkKey(vma.slot, anonVMA.slot))
    avcs.remove(slot)
    if anonVMAs[anonVMA.slot].memberCount == 0 { countUse(-1, of: anonVMA) }
  }

  /// An anon_vma has got its first VMA or lost its last one: as long as it has one, it pins its root.
  private mutating func countUse(_ change: Int, of id: AnonVMAID) {
    let node = anonVMAs[id.slot]
    guard !node.isRoot, let root = anonVMAOf[node.root.raw] else { return }
    anonVMAs[root].usedUnder += change
  }
}
