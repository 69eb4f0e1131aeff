import Vocabulary

extension KnownLaw {
  /// What the law was read against: the sources of 5.10, 6.1, 6.12, 7.2 and 7.3, and the types of 6.16, 6.17 and 6.18, as
  /// Debian builds them (cloud, amd64, rt); for other configurations, the sources.
  package static let all = KnownLaw(
    version: UnreadLaw.newestKernelRead,
    structures: [vma, anonVMA, chain, folio, page, walkControl, mappedWalk] + itemsOfKSM,
    functions: functions(prototypes), enumerations: enumerations)

  private static let vma = Structure(
    "vm_area_struct",
    """
    unsigned long vm_start
    unsigned long vm_end
    struct mm_struct *vm_mm
    pgprot_t vm_page_prot
    unsigned long vm_flags
    vm_flags_t vm_flags
    vm_flags_t __vm_flags
    vma_flags_t flags
    struct list_head anon_vma_chain
    struct anon_vma *anon_vma
    struct vm_operations_struct *vm_ops
    unsigned long vm_pgoff
    struct file *vm_file
    unsigned int __vm_anon_pgoff_lo
    unsigned int __vm_anon_pgoff_hi
    """,
    besides: """
      vm_next vm_prev vm_rb rb_subtree_gap: the mm's list and tree of VMAs, before the maple tree
      shared: the file's tree
      vm_private_data: the file system's or driver's
      vm_region: no MMU
      vm_policy numab_state: NUMA
      swap_readahead_info: swap
      vm_userfaultfd_ctx: userfaultfd
      anon_name: CONFIG_ANON_VMA_NAME
      vm_rcu vm_freeptr: after it was freed
      detached vm_lock vm_lock_seq vm_refcnt vmlock_dep_map: per-VMA locks
      pfnmap_track_ctx: memory types of PFN mappings
      android_* rh_* suse_kabi_padding: padding of vendors
      """)

  private static let anonVMA = Structure(
    "anon_vma",
    """
    struct anon_vma *root
    struct rw_semaphore rwsem
    atomic_t refcount
    unsigned int degree
    unsigned long num_children
    unsigned long num_active_vmas
    struct anon_vma *parent
    struct rb_root_cached rb_root
    """)

  private static let chain = Structure(
    "anon_vma_chain",
    """
    struct vm_area_struct *vma
    struct anon_vma *anon_vma
    struct list_head same_vma
    struct rb_node rb
    unsigned long rb_subtree_last
    """,
    besides: """
      cached_vma_start cached_vma_last: CONFIG_DEBUG_VM_RB
      """)

  private static let folio = Structure(
    "folio", words: ["flags", "mapping", "index"],
    """
    unsigned long flags
    memdesc_flags_t flags
    struct address_space *mapping
    unsigned long index
    """,
    besides: """
      page: the same as a page
      share: DAX
      """)

  private static let page = Structure(
    "page", words: ["flags", "mapping", "index"],
    """
    unsigned long flags
    memdesc_flags_t flags
    struct address_space *mapping
    unsigned long index
    """,
    besides: """
      __folio_index: the index, for whoever still reads it of a page
      share: DAX
      slab_cache freelist: slab
      compound_nr deferred_list compound_pincount hpage_pinned_refcount _compound_pad_2: tail pages
      pt_mm pt_frag_refcount pt_share_count _pt_pad_2: page tables
      _pp_mapping_pad dma_addr: page pools
      _private_1: huge pages of hugetlbfs
      """)

  private static let walkControl = Structure(
    "rmap_walk_control",
    """
    void *arg
    bool try_lock
    bool contended
    void *rmap_one
    void *done
    void *anon_lock
    void *invalid_vma
    """)

  private static let mappedWalk = Structure(
    "page_vma_mapped_walk",
    """
    struct page *page
    unsigned long pfn
    unsigned long nr_pages
    unsigned long pgoff
    bool pgoff_is_anon
    struct vm_area_struct *vma
    unsigned long address
    unsigned int flags
    """,
    besides: """
      pmd pte ptl: where the walk stands
      """)

  /// `struct rmap_item` until 6.0.
  private static let itemsOfKSM = ["rmap_item", "ksm_rmap_item"].map { name in
    Structure(
      name,
      """
      struct anon_vma *anon_vma
      struct mm_struct *mm
      unsigned long address
      unsigned long linear_page_index
      """,
      besides: """
        nid: NUMA
        rmap_list node head hlist: lists and trees of ksmd
        oldchecksum age remaining_skips: whether a page is worth merging
        """)
  }

  private static let enumerations = [
    Enumeration(name: "pgtable_level", read: ["PGD", "P4D", "PUD", "PMD", "PTE"].prefixed("PGTABLE_LEVEL_")),
    Enumeration(name: "rmap_level", read: ["PTE", "PMD", "PUD"].prefixed("RMAP_LEVEL_")),
    Enumeration(
      name: "ttu_flags",
      read: [
        "BATCH_FLUSH", "HWPOISON", "IGNORE_HWPOISON", "IGNORE_MLOCK", "MIGRATION", "MUNLOCK", "RMAP_LOCKED",
        "SPLIT_FREEZE", "SPLIT_HUGE_PMD", "SYNC", "USE_SHARED_ZEROPAGE",
      ].prefixed("TTU_")),
    Enumeration(name: "vma_operation", read: ["FORK", "MERGE_UNFAULTED", "REMAP", "SPLIT"].prefixed("VMA_OP_")),
  ]

  private static let prototypes = """
    __anon_vma_prepare(struct vm_area_struct *vma)
    __put_anon_vma(struct anon_vma *anon_vma)
    __split_huge_pmd(struct vm_area_struct *vma, pmd_t *pmd, unsigned long address, bool freeze, struct page *page)
    __split_vma(struct mm_struct *mm, struct vma_iterator *vmi, struct vm_area_struct *vma, unsigned long addr, int new_below)
    __unmap_hugepage_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start, unsigned long end, \
    struct page *ref_page, struct folio *folio, zap_flags_t zap_flags)
    __vm_area_free(struct vm_area_struct *vma)
    anon_rmap_tree_insert(struct anon_vma_chain *avc, struct anon_vma *anon_vma)
    anon_rmap_tree_iter_first(struct anon_vma *anon_vma, unsigned long pgoff_start, unsigned long pgoff_last)
    anon_rmap_tree_iter_next(struct anon_vma_chain *avc, unsigned long pgoff_start, unsigned long pgoff_last)
    anon_rmap_tree_remove(struct anon_vma_chain *avc, struct anon_vma *anon_vma)
    anon_vma_clone(struct vm_area_struct *dst, struct vm_area_struct *src, enum vma_operation operation)
    anon_vma_fork(struct vm_area_struct *vma, struct vm_area_struct *pvma)
    anon_vma_interval_tree_insert(struct anon_vma_chain *node, struct rb_root_cached *root)
    anon_vma_interval_tree_iter_first(struct rb_root_cached *root, unsigned long first, unsigned long last)
    anon_vma_interval_tree_iter_next(struct anon_vma_chain *node, unsigned long first, unsigned long last)
    anon_vma_interval_tree_remove(struct anon_vma_chain *node, struct rb_root_cached *root)
    collapse_huge_page(struct mm_struct *mm, unsigned long address, struct page **hpage, int node, int referenced, \
    int unmapped)
    copy_page_range(struct vm_area_struct *dst_vma, struct vm_area_struct *src_vma)
    copy_vma(struct vm_area_struct **vmap, unsigned long addr, unsigned long len, unsigned long pgoff, \
    unsigned long anon_pgoff, bool *need_rmap_locks, bool keep_source)
    do_page_add_anon_rmap(struct page *page, struct vm_area_struct *vma, unsigned long address, int flags)
    exit_mmap(struct mm_struct *mm)
    folio_add_anon_rmap_pmd(struct folio *folio, struct page *page, struct vm_area_struct *vma, \
    unsigned long address, rmap_t flags)
    folio_add_anon_rmap_ptes(struct folio *folio, struct page *page, int nr_pages, struct vm_area_struct *vma, \
    unsigned long address, rmap_t flags)
    folio_add_lru_vma(struct folio *folio, struct vm_area_struct *vma)
    folio_add_new_anon_rmap(struct folio *folio, struct vm_area_struct *vma, unsigned long address, rmap_t flags)
    folio_move_anon_rmap(struct folio *folio, struct vm_area_struct *vma)
    folio_referenced_one(struct folio *folio, struct vm_area_struct *vma, unsigned long address, void *arg)
    folio_remove_rmap_pmd(struct folio *folio, struct page *page, struct vm_area_struct *vma)
    folio_remove_rmap_ptes(struct folio *folio, struct page *page, int nr_pages, struct vm_area_struct *vma)
    hugepage_add_anon_rmap(struct page *page, struct folio *folio, struct vm_area_struct *vma, unsigned long address, \
    rmap_t flags)
    hugepage_add_new_anon_rmap(struct page *page, struct folio *folio, struct vm_area_struct *vma, unsigned long address)
    hugetlb_add_anon_rmap(struct folio *folio, struct vm_area_struct *vma, unsigned long address, rmap_t flags)
    hugetlb_add_new_anon_rmap(struct folio *folio, struct vm_area_struct *vma, unsigned long address)
    hugepage_vma_revalidate(struct mm_struct *mm, unsigned long address, struct vm_area_struct **vmap)
    hugetlb_cow(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address, pte_t *ptep, \
    struct page *pagecache_page, spinlock_t *ptl)
    lru_cache_add_inactive_or_unevictable(struct page *page, struct vm_area_struct *vma)
    migrate_misplaced_transhuge_page(struct mm_struct *mm, struct vm_area_struct *vma, pmd_t *pmd, pmd_t entry, \
    unsigned long address, struct page *page, int node)
    move_page_tables(struct pagetable_move_control *pmc, struct vm_area_struct *vma, unsigned long old_addr, \
    struct vm_area_struct *new_vma, unsigned long new_addr, unsigned long len, bool need_rmap_locks, bool for_stack)
    move_pages(struct userfaultfd_ctx *ctx, struct mm_struct *mm, unsigned long dst_start, unsigned long src_start, \
    unsigned long len, __u64 mode)
    move_pages_huge_pmd(struct mm_struct *mm, pmd_t *dst_pmd, pmd_t *src_pmd, pmd_t dst_pmdval, \
    struct vm_area_struct *dst_vma, struct vm_area_struct *src_vma, unsigned long dst_addr, unsigned long src_addr)
    move_pages_ptes(struct mm_struct *mm, pmd_t *dst_pmd, pmd_t *src_pmd, struct vm_area_struct *dst_vma, \
    struct vm_area_struct *src_vma, unsigned long dst_addr, unsigned long src_addr, unsigned long len, __u64 mode)
    page_add_anon_rmap(struct page *page, struct vm_area_struct *vma, unsigned long address, bool compound, rmap_t flags)
    page_add_new_anon_rmap(struct page *page, struct vm_area_struct *vma, unsigned long address, bool compound)
    page_move_anon_rmap(struct page *page, struct vm_area_struct *vma)
    page_referenced_one(struct page *page, struct vm_area_struct *vma, unsigned long address, void *arg)
    page_remove_rmap(struct page *page, struct vm_area_struct *vma, bool compound)
    remove_migration_pte(struct page *page, struct folio *folio, struct vm_area_struct *vma, unsigned long addr, \
    void *old, void *arg)
    rmap_walk(struct page *page, struct folio *folio, struct rmap_walk_control *rwc)
    rmap_walk_anon(struct page *page, struct folio *folio, struct rmap_walk_control *rwc, bool locked)
    rmap_walk_ksm(struct page *page, struct folio *folio, struct rmap_walk_control *rwc)
    rmap_walk_locked(struct page *page, struct folio *folio, struct rmap_walk_control *rwc)
    split_vma(struct mm_struct *mm, struct vma_iterator *vmi, struct vm_area_struct *vma, unsigned long addr, int new_below)
    try_to_merge_one_page(struct vm_area_struct *vma, struct page *page, struct page *kpage)
    try_to_migrate_one(struct page *page, struct folio *folio, struct vm_area_struct *vma, unsigned long address, void *arg)
    try_to_unmap_one(struct page *page, struct folio *folio, struct vm_area_struct *vma, unsigned long address, void *arg)
    uprobe_write_opcode(struct arch_uprobe *auprobe, struct mm_struct *mm, unsigned long vaddr, uprobe_opcode_t opcode)
    unlink_anon_vmas(struct vm_area_struct *vma)
    unmap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long addr, unsigned long end, \
    struct zap_details *details)
    unmap_vmas(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start_addr, unsigned long end_addr)
    vm_area_alloc(struct mm_struct *mm)
    vm_area_dup(struct vm_area_struct *orig)
    vm_area_free(struct vm_area_struct *vma)
    wp_page_copy(struct vm_fault *vmf)
    """
}

extension [String] {
  fileprivate func prefixed(_ prefix: String) -> Set<String> { Set(map { prefix + $0 }) }
}
