extension EventDeclaration {
  /// What maps, unmaps and moves anonymous pages: folio_* functions since 6.7, page_* functions before.
  static let pages: [EventDeclaration] =
    [
      EventDeclaration(
        .folioNew, .folioNew, of: ["folio_add_new_anon_rmap"], in: "mm/rmap.c",
        "A new folio has got its first mapping (recorded at the return).", folio + .vma + [.address],
        optional: .vmaOffset + [.rmapFlags, .exclusive]),
      EventDeclaration(
        .folioAdd, .folioAdd, of: ["folio_add_anon_rmap_ptes"], in: "mm/rmap.c",
        "`nr` pages from `page` on are mapped by page table entries.", folio + [.page, .pages] + .vma + [.address],
        optional: .vmaOffset + [.rmapFlags, .exclusive]),
      EventDeclaration(
        .folioAddPMD, .folioAddPMD, of: ["folio_add_anon_rmap_pmd"], in: "mm/rmap.c", "A folio is mapped by a PMD.",
        folio + [.page] + .vma + [.address], optional: .vmaOffset + [.rmapFlags]),
      EventDeclaration(
        .folioRemove, .folioRemove, of: ["folio_remove_rmap_ptes"], in: "mm/rmap.c",
        "`nr` mappings go; file pages pass here too.", folio + [.page, .pages] + .vma,
        optional: .vmaOffset + [.exclusive]
      ),
      EventDeclaration(
        .folioRemovePMD, .folioRemovePMD, of: ["folio_remove_rmap_pmd"], in: "mm/rmap.c", "A mapping by a PMD goes.",
        folio + [.page] + .vma, optional: .vmaOffset),
      EventDeclaration(
        .folioMove, .folioMove, of: ["folio_move_anon_rmap"], in: "mm/rmap.c",
        "An exclusive folio has got the VMA's own anon_vma (recorded at the return).", folio + .vma,
        optional: .vmaOffset + [.exclusive]),
      EventDeclaration(
        .folioNewEntry, .folioNew, of: ["folio_add_new_anon_rmap"], in: "mm/rmap.c",
        "As folio_new, at the entry (before 6.9): mapping is not set yet.", folio + .vma + [.address],
        optional: .vmaOffset + [.rmapFlags, .exclusive]),
      EventDeclaration(
        .folioMoveEntry, .folioMove, of: ["folio_move_anon_rmap"], in: "mm/rmap.c",
        "As folio_move, at the entry (before 6.9): mapping is the old one.", folio + .vma,
        optional: .vmaOffset + [.exclusive]),

      EventDeclaration(
        .pageNew, .folioNew, of: ["page_add_new_anon_rmap"], in: "mm/rmap.c",
        "As folio_new, at the entry: mapping is not set yet.", page + .vma + [.address], optional: pageOptions),
      EventDeclaration(
        .pageAdd, .folioAdd, .folioAddPMD, of: ["page_add_anon_rmap", "do_page_add_anon_rmap"], in: "mm/rmap.c",
        "A page, or a huge one, is mapped once more.", page + .vma + [.address, .rmapFlags], optional: pageOptions),
      EventDeclaration(
        .pageRemove, .folioRemove, .folioRemovePMD, of: ["page_remove_rmap"], in: "mm/rmap.c",
        "A mapping goes; file pages pass here too. Before 5.18 without the VMA: the last in_* event of the task tells it.",
        page + [.compound], optional: .vma + pageOptions),
      EventDeclaration(
        .pageMove, .folioMove, of: ["page_move_anon_rmap"], in: "mm/rmap.c",
        "As folio_move, at the entry: mapping is the old one.", page + .vma, optional: pageOptions),

      EventDeclaration(
        .lruAdd, .folioSeen, of: ["folio_add_lru_vma", "lru_cache_add_inactive_or_unevictable"], in: "mm/swap.c",
        "A new page is mapped, and its mapping is set.", folio + .vma, optional: .vmaOffset + [.exclusive]),
      userfaultMove, EventDeclaration(.userfaultMoveReturn, returnOf: userfaultMove, [.result]),
      userfaultMovePMD, EventDeclaration(.userfaultMovePMDReturn, returnOf: userfaultMovePMD, [.result]),

      EventDeclaration(
        .hugetlbNew, .hugetlbNew, of: ["hugetlb_add_new_anon_rmap"], in: "mm/rmap.c",
        "A folio of hugetlbfs has got its first mapping (recorded at the return).", folio + .vma + [.address],
        optional: hugetlbOptions),
      EventDeclaration(
        .hugetlbNewEntry, .hugetlbNew, of: ["hugetlb_add_new_anon_rmap", "hugepage_add_new_anon_rmap"], in: "mm/rmap.c",
        "As hugetlb_new, at the entry (6.3 to 6.8): mapping is not set yet.", folio + .vma + [.address],
        optional: hugetlbOptions),
      EventDeclaration(
        .hugetlbAdd, .hugetlbAdd, of: ["hugetlb_add_anon_rmap", "hugepage_add_anon_rmap"], in: "mm/rmap.c",
        "A folio of hugetlbfs that migration has made takes the old one's place.", folio + .vma + [.address],
        optional: hugetlbOptions + [.rmapFlags]),
      EventDeclaration(
        .hugetlbUnmap, .hugetlbUnmap, of: ["__unmap_hugepage_range"], in: "mm/hugetlb.c",
        "A VMA of hugetlbfs loses what it maps in a range.", .vma + [.address, .end, .refcount], optional: .vmaOffset,
        instead: [.refcount: (.word, "the one folio that is to go, or NULL")]),
      EventDeclaration(
        .hugepageNew, .hugetlbNew, of: ["hugepage_add_new_anon_rmap"], in: "mm/rmap.c",
        "A page of hugetlbfs gets its first mapping (before 6.3).", page + .vma + [.address], optional: hugepageOptions),
      EventDeclaration(
        .hugepageAdd, .hugetlbAdd, of: ["hugepage_add_anon_rmap"], in: "mm/rmap.c",
        "A page of hugetlbfs is mapped once more (before 6.7).", page + .vma + [.address],
        optional: hugepageOptions + [.rmapFlags]),
    ] + unmappers

  private static let folio: [FieldName] = [.folio, .mapping, .index, .large, .folioPages, .pageSize]
  private static let page: [FieldName] = [
    .page, .mapping, .index, .large, .pageSize, .compoundHead, .headMapping, .headIndex,
  ]
  private static let pageOptions: [FieldName] = .vmaOffset + [.folioPages, .exclusive]
  /// A mark says what the index counts (until a08c7193e4f1, 6.7: huge pages).
  private static let hugepageOptions: [FieldName] = pageOptions + [.unitHuge, .unitPage]
  private static let hugetlbOptions: [FieldName] = .vmaOffset + [.unitHuge, .unitPage]

  private static let userfaultMove = EventDeclaration(
    .userfaultMove, .userfaultMove, role: .entry, of: ["move_pages", "move_pages_ptes"], in: "mm/userfaultfd.c",
    "UFFDIO_MOVE (6.8+): pages get another place and another index.", [.mm, .address, .sourceAddress, .length])
  private static let userfaultMovePMD = EventDeclaration(
    .userfaultMovePMD, .userfaultMove, role: .entry, of: ["move_pages_huge_pmd"], in: "mm/huge_memory.c",
    "The same of a folio that a PMD maps, where move_pages is inlined (7.2).", [.mm, .address, .sourceAddress])
}

/// Who takes mappings away, where page_remove_rmap is not told of which VMA (before 5.18, cea86fe246b6): recorded at the
/// entry; all that the task takes away from then on is in this VMA, until the next such event.
extension EventDeclaration {
  fileprivate static let unmappers: [EventDeclaration] = [
    unmapper(.inRange, "unmap_page_range", "mm/memory.c", "munmap, exit, truncate or MADV_DONTNEED is about to unmap"),
    unmapper(.inSplit, "__split_huge_pmd", "mm/huge_memory.c", "A PMD's mapping is about to become its pages'"),
    unmapper(.inWalk, "try_to_unmap_one", "mm/rmap.c", "A walk's callback is about to unmap"),
    unmapper(.inWriteFault, "wp_page_copy", "mm/memory.c", "A write fault is about to replace a page"),
    unmapper(.inMerge, "try_to_merge_one_page", "mm/ksm.c", "ksmd is about to replace a page"),
    unmapper(
      .inBalancing, "migrate_misplaced_transhuge_page", "mm/migrate.c", "NUMA balancing is about to replace a huge page"
    ),
    unmapper(.inHugetlbRange, "__unmap_hugepage_range", "mm/hugetlb.c", "A range of hugetlbfs is about to be unmapped"),
    unmapper(.inHugetlbFault, "hugetlb_cow", "mm/hugetlb.c", "A write fault is about to replace a page of hugetlbfs"),
    EventDeclaration(
      .inCollapse, .unmapIn, of: ["collapse_huge_page", "hugepage_vma_revalidate"], in: "mm/khugepaged.c",
      "khugepaged is about to replace the pages below a PMD; the VMA is looked up later.", [.mm, .address]),
    EventDeclaration(
      .inUprobe, .unmapIn, of: ["uprobe_write_opcode"], in: "kernel/events/uprobes.c",
      "A uprobe is about to replace a page; the VMA is looked up later.", [.mm, .address]),
  ]

  private static func unmapper(_ name: EventName, _ function: String, _ file: String, _ what: String)
    -> EventDeclaration
  {
    EventDeclaration(name, .unmapIn, of: [function], in: file, "\(what) (before 5.18).", .vma, optional: .vmaOffset)
  }
}
