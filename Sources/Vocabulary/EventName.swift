/// The name of an event in a recording, without its group.
public enum EventName: String, CaseIterable, Sendable {
  case avcInsert = "avc_insert"
  case avcRemove = "avc_remove"
  case prepare
  case prepareReturn = "prepare_ret"
  case clone
  case cloneReturn = "clone_ret"
  case fork
  case forkReturn = "fork_ret"
  case unlink
  case unlinkReturn = "unlink_ret"
  case put = "av_put"
  case vmaAllocReturn = "vma_alloc_ret"
  case vmaDup = "vma_dup"
  case vmaDupReturn = "vma_dup_ret"
  case vmaFree = "vma_free"
  case vmaRelease = "vma_release"
  case copyRange = "copy_range"
  case copyRangeReturn = "copy_range_ret"
  case moveTables = "move_tables"
  case moveTablesReturn = "move_tables_ret"
  case split
  case splitReturn = "split_ret"
  case copyVMA = "copy_vma"
  case copyVMAReturn = "copy_vma_ret"
  case mmExit = "mm_exit"
  case mmExitReturn = "mm_exit_ret"

  case folioNew = "folio_new"
  case folioAdd = "folio_add"
  case folioAddPMD = "folio_add_pmd"
  case folioRemove = "folio_remove"
  case folioRemovePMD = "folio_remove_pmd"
  case folioMove = "folio_move"
  case folioNewEntry = "folio_new_entry"
  case folioMoveEntry = "folio_move_entry"
  case pageNew = "page_new"
  case pageAdd = "page_add"
  case pageRemove = "page_remove"
  case pageMove = "page_move"
  case inRange = "in_range"
  case inSplit = "in_split"
  case inWalk = "in_walk"
  case inWriteFault = "in_wp"
  case inMerge = "in_merge"
  case inBalancing = "in_numa"
  case inHugetlbRange = "in_hugetlb"
  case inHugetlbFault = "in_hugetlb_wp"
  case inCollapse = "in_collapse"
  case inUprobe = "in_uprobe"
  case lruAdd = "lru_add"
  case userfaultMove = "uffd_move"
  case userfaultMoveReturn = "uffd_move_ret"
  case userfaultMovePMD = "uffd_move_pmd"
  case userfaultMovePMDReturn = "uffd_move_pmd_ret"
  case hugetlbNew = "hugetlb_new"
  case hugetlbNewEntry = "hugetlb_new_entry"
  case hugetlbAdd = "hugetlb_add"
  case hugetlbUnmap = "hugetlb_unmap"
  case hugepageNew = "hugepage_new"
  case hugepageAdd = "hugepage_add"

  case walk
  case walkReturn = "walk_ret"
  case walkLocked = "walk_locked"
  case walkLockedReturn = "walk_locked_ret"
  case walkKSM = "walk_ksm"
  case walkKSMReturn = "walk_ksm_ret"
  case walkFirst = "walk_first"
  case walkFirstReturn = "walk_first_ret"
  case walkNext = "walk_next"
  case walkNextReturn = "walk_next_ret"
  case oneReferenced = "one_referenced"
  case oneReferencedReturn = "one_referenced_ret"
  case oneUnmap = "one_unmap"
  case oneUnmapReturn = "one_unmap_ret"
  case oneMigrate = "one_migrate"
  case oneMigrateReturn = "one_migrate_ret"
  case oneRestore = "one_restore"
  case oneRestoreReturn = "one_restore_ret"

  /// The event at the return of a call whose entry is this one.
  public var ofReturn: EventName {
    guard let name = EventName(rawValue: rawValue + "_ret") else { preconditionFailure("\(self) has no return") }
    return name
  }

  /// What the vocabulary says of it.
  public var declaration: EventDeclaration {
    guard let declaration = EventDeclaration.byName[self] else { preconditionFailure("\(self) is not declared") }
    return declaration
  }
}
