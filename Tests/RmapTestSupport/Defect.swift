/// What can be wrong with a ``Kernel``: each is one small deviation in one of its functions, made wherever that
/// function comes to it.
public enum Defect: String, CaseIterable, Sendable {
  // MARK: anon_vma_fork
  /// The child does not join the root's tree.
  case forkSkipsRoot
  /// The child does not join the tree of its parent's own anon_vma.
  case forkSkipsParent
  /// The child joins the tree of an anon_vma that is not on its parent's chain.
  case forkLinksStranger
  /// A child's new anon_vma is its own root.
  case forkMakesRoot
  /// A child's new anon_vma has the root as its parent, whatever the parent's anon_vma is.
  case forkMistakesParent
  /// 2555283eb40d undone: an anon_vma that a VMA uses is used again.
  case forkReusesActive
  /// A root without a VMA is used again.
  case forkReusesRoot
  /// An anon_vma with two children is used again.
  case forkReusesParent
  /// The pages are shared before the child has joined any tree.
  case forkSharesFirst
  /// The pages stay exclusive to their parent.
  case forkKeepsExclusive

  // MARK: Counters
  /// anon_vma_clone does not count the copy.
  case cloneCountsNoVMA
  /// unlink_anon_vmas goes on counting the VMA.
  case unlinkCountsVMA
  /// anon_vma_fork does not count the child's anon_vma.
  case forkCountsNoChild
  /// unlink_anon_vmas goes on counting an empty anon_vma.
  case unlinkCountsChild
  /// __anon_vma_prepare does not count the VMA.
  case prepareCountsNoVMA
  /// A new anon_vma takes no reference to its root.
  case forkTakesNoReference
  /// An anon_vma that is freed drops two references to its root.
  case putDropsTwo

  // MARK: Copies of VMAs
  /// __split_vma forgets anon_vma_clone.
  case splitClonesNothing
  /// anon_vma_clone at a split misses the oldest AVC.
  case splitMissesOne
  /// The new part gets another anon_vma of the chain.
  case splitMistakesAnonVMA
  /// The upper part keeps the offset of the lower one.
  case splitKeepsPgoff
  /// copy_vma gives a VMA with pages the offset of its new address.
  case moveChangesPgoff
  /// anon_vma_clone at mremap misses the oldest AVC.
  case moveMissesOne
  /// MREMAP_DONTUNMAP leaves the old VMA its offset.
  case dontUnmapKeepsPgoff
  /// vma_merge sets the anon_vma and clones no chain.
  case mergeDropsChain
  /// vma_merge takes over nothing but the range.
  case mergeDropsAnonVMA

  // MARK: Ranges and trees
  /// The range changes under the AVCs.
  case rangeChangesInTree
  /// The oldest AVC is not put back.
  case rangeForgetsOne
  /// The offset goes astray.
  case rangeShiftsPgoff
  /// vm_page_prot is made of other flags than the VMA's.
  case rangeMistakesProtection
  /// An AVC goes into the root's tree instead of its own.
  case insertsElsewhere
  /// An AVC is inserted twice.
  case insertsTwice
  /// An AVC comes before those with the same key.
  case insertsInFront
  /// The root's lock is not taken.
  case locksNothing
  /// The root's lock is another task's.
  case locksTooLate
  /// The root's lock is taken for reading.
  case locksForReading

  // MARK: unlink_anon_vmas
  /// The oldest AVC is left behind.
  case unlinkLeavesOne
  /// The VMA is freed before its chain.
  case unlinkComesLate
  /// Only the first VMA of a process is unlinked at its exit.
  case exitUnlinksFirst

  // MARK: __anon_vma_prepare
  /// The anon_vma of a VMA that is no neighbour.
  case prepareTakesStranger
  /// The anon_vma of a neighbour that fork has made.
  case prepareTakesForked
  /// The mmap_lock is not held.
  case prepareLocksNothing

  // MARK: Pages
  /// A new page gets the root.
  case newPageGetsRoot
  /// A new page gets an anon_vma that its VMA does not know.
  case newPageGetsStranger
  /// A new page gets its address for an index.
  case newPageMistakesIndex
  /// A new page of hugetlbfs gets the next one's index.
  case hugetlbMistakesIndex
  /// A page that others may have as well gets the VMA's own anon_vma.
  case swapInGetsLeaf
  /// A page that is used again moves to an anon_vma that its VMA does not know.
  case reuseMovesToStranger
  /// A page that is used again stays where it is.
  case reuseMovesNothing
  /// A page that others have, too, is used again.
  case reuseTakesShared
  /// unmap_vmas leaves a page mapped.
  case zapLeavesOne
  /// move_page_tables is off by a page.
  case moveMistakesPlace
  /// The new folio has another index than the old one.
  case migrationChangesIndex
  /// The new folio belongs to the root.
  case migrationChangesOwner

  /// try_to_unmap_one takes a page away and does not tell the rmap.
  case unmapKeepsRmap

  // MARK: rmap_walk_anon
  /// The last VMA is left out.
  case walkLeavesOut
  /// A VMA is come to, but its page tables are not looked into.
  case walkLooksAway
  /// A walk that unmaps a page ends after its first VMA, whether or not others map the page.
  case walkStopsEarly
  /// The walk goes through the root's tree.
  case walkTakesRoot
  /// The walk takes no lock.
  case walkLocksNothing
}

extension Kernel {
  /// Whether to do what a defect does, here and now.
  func fires(_ defect: Defect, if differs: Bool = true) -> Bool {
    guard self.defect == defect, differs else { return false }
    defectFired += 1
    return true
  }

  /// An anon_vma, of any process, that is not on a VMA's chain.
  func stranger(to vma: VMA) -> AnonVMA? {
    let all = mms.values.sorted { $0.address < $1.address }.flatMap(\.vmas).compactMap(\.anonVMA)
    return all.first { anonVMA in !vma.chain.contains { $0.anonVMA === anonVMA } }
  }
}
