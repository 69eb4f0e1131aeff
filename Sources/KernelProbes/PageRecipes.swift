import Vocabulary

/// The events that map, unmap and move anonymous pages.
///
/// From 6.3 to 6.8 the kernel went from page_* functions, which get a subpage, to folio_* ones.
/// Each job is chosen for itself, since the kernels between have some of both. They can't read $argN at a return
/// (6.9 can): there folio_add_new_anon_rmap and folio_move_anon_rmap are probed at the entry, as the page_* functions.
extension EventRecipe {
  static let pages: [EventChoice] =
    [
      EventChoice([folioNew], [pageNew]),
      EventChoice([folioAdd, folioAddPMD], [pageAdd]),
      EventChoice([folioRemove, folioRemovePMD], [pageRemove]),
      EventChoice([folioMove], [pageMove]),
    ] + unmappers + [
      EventChoice([lruAdd]),
      EventChoice([userfaultMove], [userfaultMoveTable, userfaultMovePMD]),
      EventChoice([hugepageNew, hugepageAdd], [hugetlbNew, hugetlbAdd, hugetlbUnmap]),
    ]

  // MARK: Folios

  static let folio = Base(.pointer(to: "folio"))

  static let folioFields: [Part] =
    [pointer(.folio, to: "folio")] + folioFieldsWithoutPointer

  /// The fields of a folio in the events that say how it is mapped.
  private static let mappedFolioFields = folioFields + [exclusive(folio)]

  private static let folioAndPageFields: [Part] =
    [pointer(.folio, to: "folio"), pointer(.page, to: "page")]

  private static let folioFieldsWithoutPointer: [Part] =
    pageFields(folio) + [
      folioPages, pageSize,
    ]

  static let folioPages = folioPages(folio)

  /// Until folios (5.16) a compound page's size stood in its second page.
  static func folioPages(_ subject: Base) -> Part {
    .optional([Field(.folioPages, .path(subject, ["_nr_pages", "_folio_nr_pages", "[1].compound_nr"], .unsigned))])
  }

  private static let address = argument(.address, "address", "addr", "haddr")
  private static let rmapFlags = argument(.rmapFlags, "flags", style: .unsigned)
  private static let pageCount = argument(.pages, "nr_pages", "nr", style: .number)

  /// `mm/rmap.c:folio_add_new_anon_rmap`: a new folio is mapped for the first time. At the return,
  /// when mapping and index are set.
  static let folioNew = EventRecipe(
    .folioNew, .exitWithArguments, shapes: newFolioShapes,
    otherwise: EventRecipe(.folioNewEntry, shapes: newFolioShapes))

  private static let newFolioShapes: [[Part]] = [
    mappedFolioFields + [vmaFields(nth: 1), address, rmapFlags],
    mappedFolioFields + [vmaFields(nth: 1), address],
  ]

  /// `mm/rmap.c:folio_add_anon_rmap_ptes`: nr pages from page on are mapped by page table entries.
  static let folioAdd = EventRecipe(
    .folioAdd,
    shapes: [
      folioAndPageFields + [pageCount] + folioFieldsWithoutPointer
        + [exclusive(page), vmaFields(nth: 1), address, rmapFlags]
    ])

  /// `mm/rmap.c:folio_add_anon_rmap_pmd`: a folio is mapped by one entry of a middle directory.
  static let folioAddPMD = EventRecipe(
    .folioAddPMD,
    shapes: [
      folioAndPageFields + folioFieldsWithoutPointer + [vmaFields(nth: 1), address, rmapFlags]
    ])

  /// `mm/rmap.c:folio_remove_rmap_ptes`: nr mappings go. File pages pass here too.
  static let folioRemove = EventRecipe(
    .folioRemove,
    shapes: [
      folioAndPageFields + [pageCount] + folioFieldsWithoutPointer
        + [exclusive(page), vmaFields(nth: 1)]
    ])

  /// `mm/rmap.c:folio_remove_rmap_pmd`: a mapping by a middle directory's entry goes.
  static let folioRemovePMD = EventRecipe(
    .folioRemovePMD,
    shapes: [folioAndPageFields + folioFieldsWithoutPointer + [vmaFields(nth: 1)]])

  /// `mm/rmap.c:folio_move_anon_rmap`: an exclusive folio now belongs to the VMA's own anon_vma.
  /// At the return, when mapping is set.
  static let folioMove = EventRecipe(
    .folioMove, .exitWithArguments, shapes: [mappedFolioFields + [vmaFields(nth: 1)]],
    otherwise: EventRecipe(.folioMoveEntry, shapes: [mappedFolioFields + [vmaFields(nth: 1)]]))

  // MARK: Pages

  static let page = Base(.pointer(to: "page"))

  /// The page, which may be any of a compound page's, and what its head says. The head's fields
  /// hold only if bit 0 of compound_head is set; the reader of the recording looks.
  static let subpageFields = subpageFieldsAlone + [exclusive(page), vmaFields(nth: 1)]

  private static let subpageFieldsAlone: [Part] =
    [pointer(.page, to: "page")] + pageFields(page) + [
      .optional([Field(.folioPages, .path(page, ["(folio)_folio_nr_pages", "[1].compound_nr"], .unsigned))]), pageSize,
      .required([
        Field(.compoundHead, .path(page, ["compound_head"], .hex)),
        Field(.headMapping, .path(page, ["compound_head->(page)mapping"], .hex, untag: 1)),
        Field(.headIndex, .path(page, ["compound_head->(page)index"], .hex, untag: 1)),
      ]),
    ]

  /// `mm/rmap.c:page_add_new_anon_rmap`: as `folioNew`, at the entry: mapping is not set yet.
  static let pageNew = EventRecipe(
    .pageNew, shapes: [subpageFields + [address]])

  /// `mm/rmap.c:page_add_anon_rmap`: one page, or a huge one, is mapped once more. Until f1e2db12e45b ("mm/rmap: remove
  /// do_page_add_anon_rmap()", 5.19) it was told of no flags, and do_page_add_anon_rmap did its work.
  static let pageAdd = EventRecipe(
    .pageAdd, shapes: [subpageFields + [address, rmapFlags]])

  /// `mm/rmap.c:page_remove_rmap`: one mapping goes. File pages pass here too. Before 5.18 it was not told of which VMA:
  /// see `unmappers`.
  static let pageRemove = EventRecipe(
    .pageRemove,
    shapes: [
      subpageFields + [argument(.compound, "compound", style: .unsigned)],
      subpageFieldsAlone + [exclusive(page), argument(.compound, "compound", style: .unsigned)],
    ])

  /// `mm/rmap.c:page_move_anon_rmap`: as `folioMove`, at the entry: mapping is the old one.
  static let pageMove = EventRecipe(.pageMove, shapes: [subpageFields])

  // MARK: Both

  /// `mm/swap.c:folio_add_lru_vma`: right after a new page is mapped, with its mapping set. Before folios (5.18)
  /// lru_cache_add_inactive_or_unevictable, which is given the head page.
  static let lruAdd = EventRecipe(
    .lruAdd,
    shapes: [
      mappedFolioFields + [vmaFields(nth: 1)],
      [pointer(.folio, to: "page")] + pageFields(page) + [
        folioPages(page), pageSize, exclusive(page), vmaFields(nth: 1),
      ],
    ])

  /// `mm/userfaultfd.c:move_pages` (UFFDIO_MOVE, 6.8+): pages get another place and another index; without it
  /// the moves within could be taken for those of write faults.
  static let userfaultMove = EventRecipe(
    .userfaultMove, of: "move_pages",
    shapes: [
      [.required([Field(.mm, .path(Base(.pointer(to: "userfaultfd_ctx")), ["mm"], .hex))])] + moved,
      [pointer(.mm, to: "mm_struct")] + moved,
    ], onReturn: moveResult, isSupplement: true)

  /// Where it is inlined (7.2): what it calls for the page table entries under each PMD.
  static let userfaultMoveTable = EventRecipe(
    .userfaultMove, of: "move_pages_ptes", shapes: [[pointer(.mm, to: "mm_struct")] + moved], onReturn: moveResult,
    isSupplement: true)

  /// And for a PMD that maps a folio: `mm/huge_memory.c:move_pages_huge_pmd`.
  static let userfaultMovePMD = EventRecipe(
    .userfaultMovePMD, shapes: [[pointer(.mm, to: "mm_struct")] + places], onReturn: moveResult, isSupplement: true)

  private static let places = [
    argument(.address, "dst_start", "dst_addr"), argument(.sourceAddress, "src_start", "src_addr"),
  ]
  private static let moved = places + [argument(.length, "len")]
  private static let moveResult = [Field(.result, .returnValue(.number))]
}
