import RmapEvents

/// What the model holds, as one number, for experiments that ask whether two recordings mean the same: two graphs that
/// a rule can tell apart have different ones, but for a chance of 1 in 2^64.
///
/// By addresses, not by slots, and without the places of events: a recording with one record less has the same graph.
extension RmapGraph {
  /// See ``Fingerprint``; equal only within one process.
  package func fingerprint() -> UInt64 {
    var sum = Fingerprint()
    anonVMAOf.forEach { add(anonVMAs[$0], &sum) }
    vmaOf.forEach { add(vmas[$0], &sum) }
    avcOf.forEach { add(avcs[$0], &sum) }
    paging.folioOf.forEach { add(paging.folios[$0], &sum) }
    paging.tables.forEach { mm, page, entry in
      sum.add(5, [mm, page, paging.folios[entry.folio].address.raw, entry.bits >> 33])
    }
    work.taskOf.forEach { if !work.tasks[$0].isIdle { add(work.tasks[$0], &sum) } }
    addWalks(&sum)
    addSets(&sum)
    addPending(&sum)
    return sum.value
  }

  private func address(of id: AnonVMAID?) -> UInt64 {
    id.flatMap { lives($0) ? anonVMAs[$0.slot].address.raw : 1 } ?? 0
  }

  private func address(of id: VMAID?) -> UInt64 { id.map { vmas[$0.slot].view.address.raw } ?? 0 }

  private func add(_ node: AnonVMA, _ sum: inout Fingerprint) {
    let root = anonVMAOf[node.root.raw]
    let countersAreKnown = root.map { anonVMAs[$0].counterEpoch == node.knownInEpoch } ?? false
    sum.add(
      1, [node.address.raw, node.root.raw, node.parent.raw], node.children, node.active, countersAreKnown,
      [node.linkedCount, node.parkedCount, node.mappedPages, node.usedUnder, node.rootedCount, node.openOperations],
      [node.birthWasSeen, node.mayHaveMorePages], node.emptied?.pid)
  }

  private func add(_ node: VMA, _ sum: inout Fingerprint) {
    sum.add(
      2, node.view, node.linkedView, [node.chainCount, node.parkedCount, node.openOperations], node.chainStamp.pid,
      [node.birth.isRecorded, node.chainIsKnown, node.forkAwaitsSight, node.unlinkStamp > 0, node.anonVMAIsSettled],
      address(of: node.forkedAnonVMA), [node.offsetOrigin], node.isMergedCopy)
  }

  private func add(_ node: AVC, _ sum: inout Fingerprint) {
    sum.add(
      3, [node.address.raw, address(of: node.vma), address(of: node.anonVMA)], node.isLinked, node.keyStart,
      node.keyLast, [node.childrenAtLink, node.activeAtLink], node.mm)
  }

  private func add(_ node: Folio, _ sum: inout Fingerprint) {
    sum.add(
      4, node.address, node.mapping, node.index, node.mappedPages, address(of: node.anonVMA),
      [
        node.isHugetlb, node.mappingIsPredicted, node.isLarge, node.birthWasSeen, node.placeIsUncertain,
        node.sharedSince != nil,
      ])
  }

  private func add(_ task: borrowing Task, _ sum: inout Fingerprint) {
    sum.add(6, task.pid, task.isClear, Array(task.parked), task.givenUp.map { [$0.start, $0.end] })
    for index in 0..<task.operations.count {
      let operation = task.operations[index]
      sum.add(
        7, [Int(task.pid), index, operation.linked], "\(operation.entry)",
        [address(of: operation.root), address(of: operation.reuse), address(of: operation.due)],
        [address(of: operation.subject), address(of: operation.copy)], [operation.isClear, operation.isSettled])
    }
  }

  private func addWalks(_ sum: inout Fingerprint) {
    walking.walkerOf.forEach { slot in
      let walker = walking.walkers[slot]
      sum.add(8, walker.pid, walker.isOpen, walker.restored, "\(walker.restoring as Any)", "\(walker.frame as Any)")
      guard let walk = walker.walk else { return }
      sum.add(
        9, walker.pid, "\(walk.start)", [walk.visited, walk.passedOver], walk.lastVisit, walk.isWhole,
        walk.awaitsReturn, walk.folioWasKnown
      )
    }
    walking.migratingOf.forEachPair { address, slot in
      let folio = walking.migrating[slot]
      sum.add(10, address, folio.mapping, folio.index, self.address(of: folio.anonVMA))
    }
    for callback in walking.callbacksSeen { sum.add(12, callback.address, callback.purpose) }
  }

  private func addSets(_ sum: inout Fingerprint) {
    work.clearTasks.forEachPair { key, _ in sum.add(13, key) }
    work.relinkedBy.forEachPair { pid, slot in sum.add(14, pid, vmas[slot].view.address) }
    deadAnonVMAs.forEachPair { address, _ in sum.add(15, address) }
    mms.known.forEachPair { address, _ in sum.add(16, address) }
    mms.exiting.forEachPair { address, _ in sum.add(17, address) }
    mms.forked.forEachPair { address, _ in sum.add(27, address) }
    deadVMAs.forEachPair { address, _ in sum.add(18, address) }
    mms.vmaCountOf.forEachPair { mm, count in sum.add(19, mm, count) }
  }

  private func addPending(_ sum: inout Fingerprint) {
    sum.add(20, protections.words)
    for copy in paging.activeCopies {
      sum.add(21, copy.pid, [copy.source, copy.destination], Array(copy.uncertainPages))
    }
    for move in paging.activeMoves { sum.add(22, move.pid, "\(move.entry)") }
    for page in paging.displaced {
      sum.add(23, page.mm, page.page, paging.folios[page.entry.folio].address, page.entry.bits >> 33)
    }
    for owed in paging.owed { sum.add(25, owed.pid, owed.old, owed.new, owed.isPMD, owed.mm, owed.place.page) }
    for left in walking.left { sum.add(26, left.mm, left.place.page, left.address) }
  }
}

/// A sum over parts in any order.
private struct Fingerprint {
  private(set) var value: UInt64 = 0

  mutating func add<each Part: Hashable>(_ kind: Int, _ part: repeat each Part) {
    var hasher = Hasher()
    hasher.combine(kind)
    repeat hasher.combine(each part)
    value &+= UInt64(bitPattern: Int64(hasher.finalize()))
  }
}
