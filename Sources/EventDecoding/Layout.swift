import RmapEvents

/// Where the fields of our events lie in their records.
enum Layout {
  /// How to lay out an event, and which kinds its presence makes observable.
  struct Recipe: Sendable {
    let kinds: [EventKind]
    /// The operation of which the event is the entry or the return: it is observable only with both.
    var half: (kind: EventKind, isReturn: Bool)?
    let make: @Sendable (inout FieldFinder) -> Shape
  }

  /// The kinds that an event of this name tells of, whole or in part.
  static func kinds(ofEvent name: String) -> [EventKind] {
    guard let recipe = recipes[name] else { return [] }
    return recipe.kinds + [recipe.half?.kind].compactMap { $0 }
  }

  /// The events of our vocabulary by name: the one table in which the recordings' dialects differ.
  static let recipes: [String: Recipe] = graphRecipes.merging(walkRecipes) { graph, _ in graph }

  private static let graphRecipes: [String: Recipe] = [
    "avc_insert": Recipe(kinds: [.insert]) { .tree(TreeLayout(&$0), isInsertion: true) },
    "avc_remove": Recipe(kinds: [.remove]) { .tree(TreeLayout(&$0), isInsertion: false) },
    "av_put": Recipe(kinds: [.put]) { .put(PutLayout(&$0)) },
    "vma_free": Recipe(kinds: [.vmaFree]) { .vmaFree(VMAFreeLayout(&$0)) },
    // 6.10+: exit frees its VMAs by this function, and munmap's RCU callback calls it once more.
    "vma_release": Recipe(kinds: [.vmaFree]) { .vmaFree(VMAFreeLayout(&$0)) },

    "prepare": entry(.prepare), "prepare_ret": leave(.prepare, "ret"),
    "clone": entry(.clone), "clone_ret": leave(.clone, "ret"),
    "fork": entry(.fork), "fork_ret": leave(.fork, "ret"),
    "unlink": entry(.unlink), "unlink_ret": leave(.unlink, nil),
    "copy_range": entry(.copyRange), "copy_range_ret": leave(.copyRange, "ret"),
    "move_tables": entry(.moveTables), "move_tables_ret": leave(.moveTables, "ret"),
    "split": entry(.split), "split_ret": leave(.split, "ret"),
    "copy_vma": entry(.copyVMA), "copy_vma_ret": leave(.copyVMA, "vma"),
    "uffd_move": entry(.userfaultMove), "uffd_move_ret": leave(.userfaultMove, "ret"),
    "mm_exit": entry(.mmExit), "mm_exit_ret": leave(.mmExit, nil),
    "vma_alloc_ret": leave(.vmaAlloc, "vma"),
    "vma_dup": entry(.vmaDup), "vma_dup_ret": leave(.vmaDup, "vma"),

    // 5.18 to 6.10: page_* functions are given a page, which may be a tail of its folio.
    "page_new": Recipe(kinds: [.folioNew]) { .page(PageLayout(&$0, .new)) },
    "page_add": Recipe(kinds: [.folioAdd, .folioAddPMD]) { .page(PageLayout(&$0, .add)) },
    "page_remove": Recipe(kinds: [.folioRemove, .folioRemovePMD]) { .page(PageLayout(&$0, .remove)) },
    "page_move": Recipe(kinds: [.folioMove]) { .page(PageLayout(&$0, .move)) },
    // 6.7 and later: folio_* functions.
    "folio_new": Recipe(kinds: [.folioNew]) { .folio(FolioLayout(&$0, .new, isPMD: false)) },
    "folio_add": Recipe(kinds: [.folioAdd]) { .folio(FolioLayout(&$0, .add, isPMD: false)) },
    "folio_add_pmd": Recipe(kinds: [.folioAddPMD]) { .folio(FolioLayout(&$0, .add, isPMD: true)) },
    "folio_remove": Recipe(kinds: [.folioRemove]) {
      .folio(FolioLayout(&$0, .remove, isPMD: false))
    },
    "folio_remove_pmd": Recipe(kinds: [.folioRemovePMD]) { .folio(FolioLayout(&$0, .remove, isPMD: true)) },
    "folio_move": Recipe(kinds: [.folioMove]) { .folio(FolioLayout(&$0, .move, isPMD: false)) },

    "hugepage_new": Recipe(kinds: [.hugetlbNew]) { .page(PageLayout(&$0, .new)) },
    "hugepage_add": Recipe(kinds: [.hugetlbAdd]) { .page(PageLayout(&$0, .add)) },
    "hugetlb_new": Recipe(kinds: [.hugetlbNew]) {
      .folio(FolioLayout(&$0, .new, isPMD: false, isHugetlb: true))
    },
    "hugetlb_add": Recipe(kinds: [.hugetlbAdd]) {
      .folio(FolioLayout(&$0, .add, isPMD: false, isHugetlb: true))
    },
    "hugetlb_unmap": Recipe(kinds: [.hugetlbUnmap]) { .hugetlbUnmap(HugetlbUnmapLayout(&$0)) },

    "lru_add": Recipe(kinds: [.folioSeen]) { .folio(FolioLayout(&$0, .seen, isPMD: false)) },
  ]

  private static func entry(_ kind: EventKind) -> Recipe {
    Recipe(kinds: [], half: (kind, isReturn: false)) { .entry(EntryLayout(&$0, kind)) }
  }

  private static func leave(_ kind: EventKind, _ value: String?) -> Recipe {
    Recipe(kinds: kind == .vmaAlloc ? [kind] : [], half: (kind, isReturn: true)) {
      .leave(LeaveLayout(&$0, kind, value))
    }
  }
}

/// The layouts of all events.
enum Shape: Sendable {
  case tree(TreeLayout, isInsertion: Bool)
  case put(PutLayout)
  case vmaFree(VMAFreeLayout)
  case entry(EntryLayout)
  case leave(LeaveLayout)
  case folio(FolioLayout)
  case page(PageLayout)
  case hugetlbUnmap(HugetlbUnmapLayout)
  case walk(WalkLayout)
}
