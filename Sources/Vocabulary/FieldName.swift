/// The name of a field in a recording's events: the same on every kernel.
///
/// A name says what the field usually is. Where an event uses it for something else, its ``EventDeclaration`` says so.
public enum FieldName: String, CaseIterable, Sendable {
  // The VMA that an event is about, and a second one.
  case vma
  case vmStart = "vm_start"
  case vmEnd = "vm_end"
  case vmMM = "vm_mm"
  case vmFlags = "vm_flags"
  case vmAnon = "vm_anon"
  case vmPgoff = "vm_pgoff"
  case vmAnonPgoffLow = "vm_anon_pgoff_lo"
  case vmAnonPgoffHigh = "vm_anon_pgoff_hi"
  case source = "src"
  case sourceStart = "src_start"
  case sourceEnd = "src_end"
  case sourceMM = "src_mm"
  case sourceFlags = "src_flags"
  case sourceAnon = "src_anon"
  case sourcePgoff = "src_pgoff"
  case sourceAnonPgoffLow = "src_anon_pgoff_lo"
  case sourceAnonPgoffHigh = "src_anon_pgoff_hi"
  case vmProtection = "vm_prot"
  case vmOperations = "vm_ops"
  case vmFile = "vm_file"
  case mmapLock = "mmap_lock"

  // AVCs, anon_vmas and their locks.
  case avc
  case node
  case tree = "rb"
  case treeOffset = "rb_off"
  case treeNode = "rb_node"
  case anonVMA = "av"
  case root
  case rootOfRoot = "root_root"
  case parent
  case refcount = "ref"
  case rootRefcount = "root_ref"
  case children
  case active
  case lock
  case lockPID = "lock_pid"

  // Operations.
  case mm
  case address = "addr"
  case sourceAddress = "src_addr"
  case end
  case length = "len"
  case locks
  case result = "ret"

  // Folios and pages.
  case folio
  case page
  case mapping
  case index
  case sourceMapping = "src_mapping"
  case sourceIndex = "src_index"
  case large
  case folioPages = "folio_nr"
  case pageSize = "page_size"
  case pages = "nr"
  case rmapFlags = "rmap_flags"
  case compound
  case exclusive
  case compoundHead = "compound_head"
  case headMapping = "head_mapping"
  case headIndex = "head_index"
  case unitHuge = "unit_huge"
  case unitPage = "unit_page"
  case pages4K = "pages_4k"
  case pages16K = "pages_16k"
  case pages64K = "pages_64k"

  // Walks.
  case callback = "rmap_one"
  case done
  case anonLock = "anon_lock"
  case invalidVMA = "invalid_vma"
  case first
  case last
  case oneIndex = "ksm_one_index"
  case cloneOperation = "vma_op"
  case unmapFlags = "ttu_flags"
}

/// How a field lies in a record.
public enum FieldWidth: Sendable, Hashable {
  /// 64 bits: addresses, offsets, flags, and counters that are `unsigned long`.
  case word
  /// Whatever the kernel's type has, or a byte for a constant; the record's format says which.
  case number
}

extension FieldName {
  /// How it lies in a record.
  public var width: FieldWidth {
    switch self {
    case .treeOffset, .refcount, .rootRefcount, .lockPID, .locks, .result, .large, .folioPages, .pageSize, .pages,
      .rmapFlags, .compound, .exclusive, .unitHuge, .unitPage, .pages4K, .pages16K, .pages64K, .vmAnonPgoffLow,
      .vmAnonPgoffHigh, .sourceAnonPgoffLow,
      .sourceAnonPgoffHigh, .oneIndex, .cloneOperation:
      .number
    default: .word
    }
  }

  /// What the kernel has there, with its unit, for people.
  public var meaning: String {
    switch self {
    case .vma: "the VMA (struct vm_area_struct *)"
    case .vmStart: "vma->vm_start, bytes"
    case .vmEnd: "vma->vm_end, bytes"
    case .vmMM: "vma->vm_mm"
    case .vmFlags: "vma->vm_flags"
    case .vmAnon: "vma->anon_vma"
    case .vmPgoff: "vma->vm_pgoff, pages"
    case .vmAnonPgoffLow: "vma->__vm_anon_pgoff_lo (7.3), the low 32 bits of anon_pgoff, pages"
    case .vmAnonPgoffHigh: "vma->__vm_anon_pgoff_hi (7.3), the high 32 bits"
    case .source: "the VMA that is copied, forked or moved from"
    case .sourceStart: "src->vm_start, bytes"
    case .sourceEnd: "src->vm_end, bytes"
    case .sourceMM: "src->vm_mm"
    case .sourceFlags: "src->vm_flags"
    case .sourceAnon: "src->anon_vma"
    case .sourcePgoff: "src->vm_pgoff, pages"
    case .sourceAnonPgoffLow: "src->__vm_anon_pgoff_lo (7.3)"
    case .sourceAnonPgoffHigh: "src->__vm_anon_pgoff_hi (7.3)"
    case .vmProtection: "vma->vm_page_prot"
    case .vmOperations: "vma->vm_ops"
    case .vmFile: "vma->vm_file"
    case .mmapLock: "vma->vm_mm->mmap_lock.count"
    case .avc: "the anon_vma_chain"
    case .node: "the anon_vma_chain that the walk goes on from"
    case .tree: "the tree's rb_root_cached; from 7.3 on the anon_vma itself"
    case .treeOffset: "offsetof(struct anon_vma, rb_root), or 0 where `rb` is the anon_vma; bytes"
    case .treeNode: "anon_vma->rb_root.rb_root.rb_node: 0 while the tree is empty"
    case .anonVMA: "the anon_vma"
    case .root: "anon_vma->root"
    case .rootOfRoot: "anon_vma->root->root"
    case .parent: "anon_vma->parent"
    case .refcount: "anon_vma->refcount"
    case .rootRefcount: "anon_vma->root->refcount"
    case .children: "anon_vma->num_children"
    case .active: "anon_vma->num_active_vmas"
    case .lock: "anon_vma->root->rwsem.count"
    case .lockPID: "anon_vma->root->rwsem.owner->pid"
    case .mm: "the mm_struct"
    case .address: "the address, bytes"
    case .sourceAddress: "where a move starts, bytes"
    case .end: "where the range ends, exclusive, bytes"
    case .length: "how much is moved, bytes"
    case .locks: "need_rmap_locks"
    case .result: "what the function returns"
    case .folio: "the folio"
    case .page: "the page"
    case .mapping: "folio->mapping, with its flag bits"
    case .index: "folio->index, pages"
    case .sourceMapping: "the old folio's mapping"
    case .sourceIndex: "the old folio's index, pages"
    case .large: "PG_head of its flags"
    case .folioPages: "folio->_nr_pages; means something where `large` is set"
    case .pageSize: "sizeof(struct page), bytes"
    case .pages: "how many pages are mapped or unmapped"
    case .rmapFlags: "RMAP_EXCLUSIVE (1), RMAP_COMPOUND (2)"
    case .compound: "whether a PMD maps it"
    case .exclusive: "PG_anon_exclusive of its flags"
    case .compoundHead: "page->compound_head: its head, plus 1, if it is a tail"
    case .headMapping: "the head's mapping; means something for tails only"
    case .headIndex: "the head's index; means something for tails only"
    case .unitHuge: "a mark: the index of a page of hugetlbfs counts huge pages"
    case .unitPage: "a mark: the index of a page of hugetlbfs counts pages of the page size"
    case .pages4K: "a mark: PAGE_SIZE is 4 KiB; this mark and the next two are not in recordings before December 2026"
    case .pages16K: "a mark: PAGE_SIZE is 16 KiB"
    case .pages64K: "a mark: PAGE_SIZE is 64 KiB"
    case .callback: "rwc->rmap_one"
    case .done: "rwc->done"
    case .anonLock: "rwc->anon_lock"
    case .invalidVMA: "rwc->invalid_vma"
    case .first: "the first index that is looked for, pages"
    case .last: "the last index that is looked for, pages"
    case .oneIndex: "a mark: a walk for a page of KSM looks for the index of one rmap_item (7.3)"
    case .cloneOperation: "what the clone is for, enum vma_operation (7.0)"
    case .unmapFlags:
      "flags of try_to_unmap_one (before 5.18): TTU_MIGRATION (1) and TTU_SPLIT_FREEZE (0x100) make it a migration"
    }
  }
}

/// The names of a VMA's fields: of the one that an event is about, or of the one that it copies.
public struct VMAFieldNames: Sendable {
  public let address, start, end, mm, flags, anonVMA, pgoff, anonPgoffLow, anonPgoffHigh: FieldName

  /// The VMA that an event is about.
  public static let vma = VMAFieldNames(
    address: .vma, start: .vmStart, end: .vmEnd, mm: .vmMM, flags: .vmFlags, anonVMA: .vmAnon, pgoff: .vmPgoff,
    anonPgoffLow: .vmAnonPgoffLow, anonPgoffHigh: .vmAnonPgoffHigh)
  /// The VMA that is copied, forked or moved from.
  public static let source = VMAFieldNames(
    address: .source, start: .sourceStart, end: .sourceEnd, mm: .sourceMM, flags: .sourceFlags, anonVMA: .sourceAnon,
    pgoff: .sourcePgoff, anonPgoffLow: .sourceAnonPgoffLow, anonPgoffHigh: .sourceAnonPgoffHigh)

  /// Those that every recording has.
  public var required: [FieldName] { [address, start, end, mm, flags, anonVMA, pgoff] }
  /// Those that a recording of 7.3 has beside.
  public var optional: [FieldName] { [anonPgoffLow, anonPgoffHigh] }
}
