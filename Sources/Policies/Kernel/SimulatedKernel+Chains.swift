import RmapEvents
import RmapGraph

/// mm/rmap.c, as the policies have it.
extension SimulatedKernel {
  // MARK: What policies do

  /// anon_vma_clone: the copy joins the trees of the original that the policy wants, the oldest first.
  public mutating func clone(_ copy: Policy.VMA, from original: Policy.VMA) {
    record { $0.entry(.clone, copy, source: original) }
    costs.locked()
    var avc = vmas[original].oldest
    while avc != .max {
      let anonVMA = avcs[avc].anonVMA
      if policy.joins(self, anonVMA) { link(copy, anonVMA) }
      avc = avcs[avc].newer
    }
    if vmas[copy].anonVMA != .max { anonVMAs[vmas[copy].anonVMA].active += 1 }
    record { _ in .leave(OperationReturn(kind: .clone)) }
  }

  /// An existing anon_vma becomes the child's own.
  public mutating func use(_ anonVMA: AnonVMAHandle, by child: Policy.VMA) {
    vmas[child].anonVMA = anonVMA
    anonVMAs[anonVMA].active += 1
    costs.reuses += 1
    lastForkReused = true
  }

  /// anon_vma_fork, its second half: a new anon_vma of the child's own.
  public mutating func makeAnonVMA(for child: Policy.VMA, below parent: AnonVMAHandle) {
    costs.locked()
    let root = anonVMAs[parent].root
    let new = makeAnonVMA(root: root, parent: parent)
    anonVMAs[root].refcount += 1
    anonVMAs[new].active = 1
    vmas[child].anonVMA = new
    link(child, new)
    anonVMAs[parent].children += 1
  }

  // MARK: Parts

  mutating func makeAnonVMA(root: UInt32, parent: UInt32) -> UInt32 {
    let depth = parent == .max ? 1 : anonVMAs[parent].depth + 1
    let slot = anonVMAs.insert(
      AnonVMA(address: Address.anonVMA(births), serial: births, root: root, parent: parent, depth: depth))
    births += 1
    if root == .max { (anonVMAs[slot].root, anonVMAs[slot].parent) = (slot, slot) }
    costs.anonVMABorn(depth: depth)
    return slot
  }

  /// anon_vma_chain_link.
  mutating func link(_ vma: Policy.VMA, _ anonVMA: UInt32) {
    let avc = avcs.insert(AVC(address: Address.avc(links), vma: UInt32(vma), anonVMA: anonVMA))
    links += 1
    let newest = vmas[vma].newest
    avcs[avc].older = newest
    if newest == .max { vmas[vma].oldest = avc } else { avcs[newest].newer = avc }
    vmas[vma].newest = avc
    vmas[vma].chainLength += 1
    costs.linked(chainLength: vmas[vma].chainLength)
    insert(avc)
  }

  /// anon_vma_interval_tree_insert.
  mutating func insert(_ avc: UInt32) {
    let anonVMA = avcs[avc].anonVMA
    record { .insert($0.update(avc)) }
    let last = anonVMAs[anonVMA].lastInTree
    avcs[avc].previousInTree = last
    avcs[avc].nextInTree = .max
    if last == .max { anonVMAs[anonVMA].firstInTree = avc } else { avcs[last].nextInTree = avc }
    anonVMAs[anonVMA].lastInTree = avc
    anonVMAs[anonVMA].members += 1
  }

  /// anon_vma_interval_tree_remove.
  mutating func remove(_ avc: UInt32) {
    let anonVMA = avcs[avc].anonVMA
    record { .remove($0.update(avc)) }
    let (previous, next) = (avcs[avc].previousInTree, avcs[avc].nextInTree)
    if previous == .max { anonVMAs[anonVMA].firstInTree = next } else { avcs[previous].nextInTree = next }
    if next == .max { anonVMAs[anonVMA].lastInTree = previous } else { avcs[next].previousInTree = previous }
    anonVMAs[anonVMA].members -= 1
  }

  /// __anon_vma_prepare: a neighbour's anon_vma if the policy lets it, else a new root.
  mutating func prepare(_ vma: Policy.VMA, next: Policy.VMA?, previous: Policy.VMA?) {
    guard !vmas[vma].isFaulted else { return }
    vmas[vma].isFaulted = true
    let before = (costs.allocations, costs.locks)
    if let reverseMap {
      reverseMap.firstFault(vma, in: &self)
    } else {
      prepareAnonVMA(vma, next: next, previous: previous)
    }
    costs.firstFault(since: before)
  }

  mutating func prepareAnonVMA(_ vma: Policy.VMA, next: Policy.VMA?, previous: Policy.VMA?) {
    record { $0.entry(.prepare, vma) }
    var anonVMA = UInt32.max
    for case let neighbour? in [next, previous] where anonVMA == .max && offers(neighbour, to: vma) {
      anonVMA = vmas[neighbour].anonVMA
    }
    if anonVMA == .max {
      anonVMA = makeRoot()
    }
    costs.locked()
    vmas[vma].anonVMA = anonVMA
    link(vma, anonVMA)
    anonVMAs[anonVMA].active += 1
    record { _ in .leave(OperationReturn(kind: .prepare)) }
  }

  /// A new root.
  mutating func makeRoot() -> UInt32 {
    let anonVMA = makeAnonVMA(root: .max, parent: .max)
    anonVMAs[anonVMA].children = 1  // Its link to itself.
    return anonVMA
  }

  private func offers(_ neighbour: Policy.VMA, to vma: Policy.VMA) -> Bool {
    guard vmas[neighbour].isAlive, vmas[neighbour].anonVMA != .max, vmas[neighbour].mm == vmas[vma].mm
    else { return false }
    return policy.neighbours == .any || vmas[neighbour].chainLength == 1
  }

  /// The VMA leaves what it was faulted into, and its place.
  mutating func unlink(_ vma: Policy.VMA) {
    vacate(vma)
    if let reverseMap { reverseMap.unlink(vma, in: &self) } else { unlinkAnonVMAs(vma) }
    vmas[vma].isFaulted = false
    judgePages(of: vmas[vma].mm, vmas[vma].span)
  }

  /// unlink_anon_vmas: out of every tree, the newest first; anon_vmas without a tree are put after that.
  mutating func unlinkAnonVMAs(_ vma: Policy.VMA) {
    record { $0.entry(.unlink, vma) }
    var empty: ContiguousArray<UInt32> = []
    var avc = vmas[vma].newest
    while avc != .max {
      let (older, anonVMA) = (avcs[avc].older, avcs[avc].anonVMA)
      remove(avc)
      if anonVMAs[anonVMA].members == 0 {
        // Skipped copies may have let the parent die first; its slot then has another tenant or none.
        let parent = anonVMAs[anonVMA].parent
        if anonVMAs[parent].children > 0 { anonVMAs[parent].children -= 1 }
        empty.append(anonVMA)
      }
      avcs.remove(avc)
      costs.unlinked()
      avc = older
    }
    if !empty.isEmpty || vmas[vma].chainLength > 0 { costs.locked() }
    let own = vmas[vma].anonVMA
    if own != .max, anonVMAs[own].active > 0 { anonVMAs[own].active -= 1 }
    (vmas[vma].newest, vmas[vma].oldest, vmas[vma].chainLength) = (.max, .max, 0)
    vmas[vma].anonVMA = .max
    for anonVMA in empty { put(anonVMA) }
    record { _ in .leave(OperationReturn(kind: .unlink)) }
  }

  /// put_anon_vma: the last reference frees it, and its root if that was the root's last one.
  private mutating func put(_ anonVMA: UInt32) {
    anonVMAs[anonVMA].refcount -= 1
    guard anonVMAs[anonVMA].refcount == 0 else { return }
    record { .put($0.lastPut(anonVMA)) }
    let root = anonVMAs[anonVMA].root
    free(anonVMA)
    guard root != anonVMA else { return }
    anonVMAs[root].refcount -= 1
    if anonVMAs[root].refcount == 0 { free(root) }
  }

  private mutating func free(_ anonVMA: UInt32) {
    freed.append(anonVMAs[anonVMA].serial)
    anonVMAs[anonVMA].serial = .max
    anonVMAs.remove(anonVMA)
    costs.anonVMADied()
  }
}
