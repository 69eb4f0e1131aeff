import RmapEvents

/// mm/rmap.c, function by function.
extension Kernel {
  /// anon_vma_chain_link: a new AVC, on the VMA's chain and in the tree.
  func link(_ vma: VMA, _ anonVMA: AnonVMA, by process: String) {
    let avc = AVC(take(.avc), vma, anonVMA)
    vma.chain.insert(avc, at: 0)
    insert(avc, by: process)
  }

  /// __anon_vma_prepare: a VMA's first anon_vma, a neighbour's or one of its own.
  func prepare(_ vma: VMA) {
    guard vma.anonVMA == nil else { return }
    let process = vma.mm.process
    enter(.prepare, vma)
    let anonVMA = mergeableAnonVMA(vma) ?? newRoot()
    vma.anonVMA = anonVMA
    link(vma, anonVMA, by: process)
    if !fires(.prepareCountsNoVMA) { anonVMA.active &+= 1 }
    leave(.prepare, by: process)
  }

  private func newRoot() -> AnonVMA {
    let root = AnonVMA(take(.anonVMA))
    root.children = 1  // Its link to itself.
    return root
  }

  /// find_mergeable_anon_vma: the next VMA first, then the previous one.
  private func mergeableAnonVMA(_ vma: VMA) -> AnonVMA? {
    if let stranger = stranger(to: vma), fires(.prepareTakesStranger) { return stranger }
    let next = vma.mm.vmas.first { $0.pages.lowerBound == vma.pages.upperBound }
    if let next, isContiguous(vma, next), isSimple(next.chain) { return next.anonVMA }
    let previous = vma.mm.vmas.first { $0.pages.upperBound == vma.pages.lowerBound }
    if let previous, isContiguous(previous, vma), isSimple(previous.chain) {
      return previous.anonVMA
    }
    return nil
  }

  /// list_is_singular.
  private func isSimple(_ chain: [AVC]) -> Bool {
    chain.count == 1 || chain.count > 1 && fires(.prepareTakesForked)
  }

  func isContiguous(_ left: VMA, _ right: VMA) -> Bool {
    left.pages.upperBound == right.pages.lowerBound && left.flags == right.flags
      && left.pgoff &+ UInt64(left.pages.count) == right.pgoff
  }

  /// A first fault on which another thread has begun as well: it loses the race in __anon_vma_prepare and frees
  /// the anon_vma that it has made for nothing.
  public func write(_ name: String, _ page: UInt64, overtaking loser: String) {
    visitor = loser
    enter(.prepare, vma(name))
    visitor = nil
    write(name, page)
    visitor = loser
    put(newRoot(), by: loser)
    leave(.prepare, by: loser)
    visitor = nil
  }

  /// The next clone runs out of memory after `count` links.
  public func failClone(after count: Int) { cloneFailure = count }

  /// get_anon_vma by KSM or migration: the anon_vma outlives its tree.
  public func pin(_ name: String) {
    guard let anonVMA = vma(name).anonVMA else { return }
    anonVMA.refcount += 1
    pinned[name] = anonVMA
  }

  /// put_anon_vma for ``pin(_:)``.
  public func unpin(_ name: String) {
    if let anonVMA = pinned.removeValue(forKey: name) { put(anonVMA, by: "ksmd") }
  }

  /// anon_vma_clone: dst joins every tree of src, the oldest first.
  @discardableResult
  func clone(
    _ copy: VMA, _ source: VMA, by process: String, missingOne missed: (AVC) -> Bool = { _ in false }
  ) -> Bool {
    enter(.clone, copy, source: source, by: process)
    for (count, avc) in source.chain.reversed().enumerated() {
      if count == cloneFailure {
        cloneFailure = nil
        copy.anonVMA = nil
        unlink(copy, by: process)
        leave(.clone, -12, by: process)
        return false
      }
      if missed(avc) { continue }
      let anonVMA = avc.anonVMA
      link(copy, anonVMA, by: process)
      if copy.anonVMA == nil, source.anonVMA != nil, isReusable(anonVMA) {
        copy.anonVMA = anonVMA
      }
    }
    if let anonVMA = copy.anonVMA, !fires(.cloneCountsNoVMA) { anonVMA.active &+= 1 }
    leave(.clone, by: process)
    return true
  }

  /// Whether fork may use an anon_vma again: nobody's, and with at most one child.
  private func isReusable(_ anonVMA: AnonVMA) -> Bool {
    let isRoot = anonVMA.root === anonVMA
    if isRoot, anonVMA.active == 0, fires(.forkReusesRoot) { return true }
    if !isRoot, anonVMA.active == 0, anonVMA.children >= 2, fires(.forkReusesParent) { return true }
    if !isRoot, anonVMA.active > 0, anonVMA.children < 2, fires(.forkReusesActive) { return true }
    return anonVMA.children < 2 && anonVMA.active == 0
  }

  /// anon_vma_fork: a clone, then an anon_vma of the child's own unless an old one could be used again.
  func forkChain(_ child: VMA, _ parent: VMA, by process: String) -> Bool {
    enter(.fork, child, source: parent, by: process)
    guard let inherited = parent.anonVMA else {
      leave(.fork, by: process)
      return true
    }
    child.anonVMA = nil
    // 7.0: the anon_vma is allocated first, and put again if it is not used.
    let spare = version == .v7_3 ? AnonVMA(take(.anonVMA)) : nil
    guard clone(child, parent, by: process, missingOne: { forkMisses($0, parent) }) else {
      if let spare { put(spare, by: process) }
      leave(.fork, -12, by: process)
      return false
    }
    if let stranger = stranger(to: parent), fires(.forkLinksStranger) {
      link(child, stranger, by: process)
    }
    if child.anonVMA == nil {
      let isWrong = inherited.root !== inherited && fires(.forkMistakesParent)
      let own = AnonVMA(
        spare?.address ?? take(.anonVMA), root: fires(.forkMakesRoot) ? nil : inherited.root,
        parent: isWrong ? inherited.root : inherited)
      own.active = 1
      if !fires(.forkTakesNoReference) { own.root.refcount += 1 }
      child.anonVMA = own
      link(child, own, by: process)
      if !fires(.forkCountsNoChild) { own.parent.children &+= 1 }
    } else if let spare {
      put(spare, by: process)
    }
    leave(.fork, by: process)
    return true
  }

  private func forkMisses(_ avc: AVC, _ parent: VMA) -> Bool {
    avc.anonVMA.root === avc.anonVMA && fires(.forkSkipsRoot)
      || avc.anonVMA === parent.anonVMA && fires(.forkSkipsParent)
  }

  /// unlink_anon_vmas: out of every tree, the newest first; empty anon_vmas are put after the lock.
  func unlink(_ vma: VMA, by process: String) {
    enter(.unlink, vma, by: process)
    var empty: [AnonVMA] = []
    for avc in vma.chain {
      if avc === vma.chain.last, fires(.unlinkLeavesOne) { break }
      remove(avc, by: process)
      if avc.anonVMA.tree.isEmpty {
        if !fires(.unlinkCountsChild) { avc.anonVMA.parent.children &-= 1 }
        empty.append(avc.anonVMA)
      }
      give(back: avc.address, .avc)
    }
    vma.chain = []
    if let anonVMA = vma.anonVMA, !fires(.unlinkCountsVMA) { anonVMA.active &-= 1 }
    vma.anonVMA = nil
    for anonVMA in empty { put(anonVMA, by: process) }
    leave(.unlink, by: process)
  }

  /// put_anon_vma: the last reference frees it, and its root if that was the root's last one.
  func put(_ anonVMA: AnonVMA, by process: String) {
    anonVMA.refcount -= 1
    guard anonVMA.refcount == 0 else { return }
    let root = anonVMA.root
    emit(
      .put(
        AnonVMAPut(
          anonVMA: anonVMA.address, root: root.address, refcount: 0, rootRefcount: root.refcount,
          children: anonVMA.children, active: anonVMA.active, treeIsEmpty: anonVMA.tree.isEmpty)),
      by: process)
    give(back: anonVMA.address, .anonVMA)
    guard root !== anonVMA else { return }
    root.refcount -= fires(.putDropsTwo, if: root.refcount > 2) ? 2 : 1
    if root.refcount == 0 { give(back: root.address, .anonVMA) }
  }

  /// mm/vma.c: vma_prepare to vma_complete. Every AVC leaves its tree, the ranges change, every AVC comes back.
  func changeRanges(_ vmas: [VMA], _ change: () -> Void) {
    if vmas.contains(where: { !$0.chain.isEmpty }), fires(.rangeChangesInTree) { return change() }
    for vma in vmas { for avc in vma.chain { remove(avc, by: vma.mm.process) } }
    change()
    for vma in vmas where !vma.chain.isEmpty {
      if fires(.rangeShiftsPgoff) { vma.pgoff &+= 1 }
      if fires(.rangeMistakesProtection) { vma.protectionIsWrong = true }
    }
    for vma in vmas {
      for avc in vma.chain {
        if avc === vma.chain.last, fires(.rangeForgetsOne) { break }
        insert(avc, by: vma.mm.process)
      }
    }
  }
}
