import RmapEvents
import RmapTestSupport

/// The histories of the invariants that judge pages.
extension InvariantCases {
  static let pages = [reach, indexFixed, pageExclusive, pageOwner]

  static let reach = reachOfMovedPages(
    InvariantCases("reach")
      .holds("a page comes and goes", .lifetime)
      .holds("a child inherits a page", .forkAndExit)
      .holds("a page moves", .mremap)
      .holds("a page beyond the split", .splitPages)
      .holds("pages of hugetlbfs", .hugetlb())
      .holds("pages of hugetlbfs on 6.1", .hugetlb(.v6_1))
      .breaks(
        "A page is mapped at an address that its offset does not lead to.",
        "F's page has offset 0x12", in: "folio_add_new_anon_rmap", at: "folio new",
        .fault.alteringFolio("folio new") { $0.index = PgOff(18) }
      )
      .breaks(
        "A page is mapped in a VMA that does not hold its offset.", "F's page has offset 0x99",
        in: "folio_remove_rmap_ptes", at: "folio remove",
        History.lifetime.dropping("folio new").dropping("folio seen")
          .alteringFolio("folio remove") { $0.index = PgOff(0x99) }
      )
      .breaks(
        "A page is mapped by a VMA that is out of its anon_vma's tree.",
        "V maps F, which points to A = anon_vma 0xffff888002000000", in: "folio_add_lru_vma",
        at: "folio seen", 2, pageInRangeChange(pid: 7)
      )
      .breaks(
        "A page is mapped by a VMA that its anon_vma does not reach.", "V maps F",
        in: "folio_add_new_anon_rmap", at: "folio new",
        .fault.alteringFolio("folio new") { $0.mapping = FolioMapping(anonVMA: .elsewhere) }
      )
      .breaks(
        "A mapped page points to an anon_vma that was freed.",
        "that anon_vma was freed while V maps F", in: "folio_remove_rmap_ptes", at: "folio remove",
        .lifetime.moving("put", before: "folio remove")))

  private static func reachOfMovedPages(_ cases: InvariantCases) -> InvariantCases {
    let lost = "A page is mapped where its anon_vma does not lead."
    return
      cases
      .breaks(
        lost, "fork gave V the page at 0x11000", in: "copy_page_range", at: "leave copyRange",
        .fork.dropping("insert", 2)
      )
      .breaks(
        lost, "mremap moved the page to 0x41000 in V", in: "move_page_tables",
        at: "leave moveTables", .mremap.dropping("insert", 2)
      )
      .breaks(
        at: "leave unlink",
        History {
          $0.fault()
          $0.fork("p", "c")
          $0.munmap("c.V")
        }.dropping("folio remove"),
        """
        A page is mapped where its anon_vma does not lead. (event 21) in unlink_anon_vmas
        Let F = folio 0xffff888005000000, index 0x11
        Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
        Then F points to A = anon_vma 0xffff888002000000 (born at event 3), page offset 0x11 \
        (event 5)
        However V left its anon_vmas while the page was mapped at 0x11000 (event 21)
        The anon_vma that a page points to must reach every VMA that maps the page, at the page's \
        offset (mm/rmap.c, rmap_walk_anon).
        """
      )
      .breaks(
        lost, "V no longer covers 0x11000 at the page's offset, and no other VMA does",
        in: "anon_vma_interval_tree_insert", at: "insert", 2,
        History {
          $0.fault()
          $0.resize("p.V", to: 16..<17)
        }
      )
      .breaks(
        "A page is mapped at an address that its offset does not lead to.",
        "F's page has offset 0x3", in: "hugetlb_add_new_anon_rmap", at: "folio new",
        History.hugetlb().alteringFolio("folio new") { $0.index = PgOff(3) }
      )
  }

  /// Another event of the page while its VMA is out of the trees.
  static func pageInRangeChange(pid: Int32) -> History {
    let history = History.resize
    let seen = history.steps[history.number("folio seen") - 1].event
    return history.inserting(.init(seen, pid: pid), at: history.number("insert", 2))
  }

  static let indexFixed = InvariantCases("index-fixed")
    .holds("a page comes and goes", .lifetime)
    .holds("a page that a child is the last to use", .writeReuse)
    .holds("pages of hugetlbfs", .hugetlb(.v6_1))
    .breaks(
      "A mapped folio's index has changed.", "F's index is 0x12", in: "folio_remove_rmap_ptes",
      at: "folio remove", .lifetime.alteringFolio("folio remove") { $0.index = PgOff(18) }
    )
    .breaks(
      at: "folio remove", .lifetime.alteringFolio("folio remove") { $0.mapping = FolioMapping(anonVMA: .elsewhere) },
      """
      A mapped folio's anon_vma has changed without a move. (event 7) in folio_remove_rmap_ptes
      Let F = folio 0xffff888005000000, page 0
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then F pointed to anon_vma 0xffff888002000000 (born at event 3) (event 5)
      However F points to anon_vma 0xffff88800bad0000 (never seen in a tree) (event 7)
      A mapped folio keeps its index, and its anon_vma but for folio_move_anon_rmap (mm/rmap.c).
      """
    )
    .breaks(
      "A mapped folio's index has changed.", "F's index is 0x5", in: "folio_remove_rmap_ptes",
      at: "folio remove", History.hugetlb(.v6_1).alteringFolio("folio remove") { $0.index = PgOff(5) })

  static let pageExclusive = InvariantCases("page-exclusive")
    .holds("a copy for the child", .copyOnWrite)
    .holds("a page that a child is the last to use", .writeReuse)
    .holds("a page that KSM merges", .sameMerged)
    .breaks(
      at: "folio remove", .forkAndExit.alteringFolio("folio remove") { $0.isPageExclusive = true },
      """
      A page that is mapped more than once is marked exclusive. (event 18) in folio_remove_rmap_ptes
      Let F = folio 0xffff888005000000, index 0x11
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then F is mapped 2 times (event 16)
      However F is marked PageAnonExclusive (event 18)
      An exclusive page has one mapping (include/linux/rmap.h; commit 6c287605fd56).
      """
    )
    .breaks(
      "A page that is mapped more than once is given to one VMA's anon_vma.",
      "F is given to V's anon_vma", in: "folio_move_anon_rmap", at: "folio move",
      .writeReuse.dropping("folio remove")
    )
    .breaks(
      "A page that is mapped elsewhere is mapped as exclusive.", "F is mapped in V as RMAP_EXCLUSIVE",
      in: "folio_add_anon_rmap_ptes", at: "folio add",
      .swap.alteringFolio("folio add") { $0.isExclusive = true }
    )
    .breaks(
      "A page has become exclusive without being given to its VMA's anon_vma.", "F is marked PageAnonExclusive",
      in: "folio_remove_rmap_ptes", at: "folio remove", -1, .writeReuse.dropping("folio move")
    )
    .breaks(
      "A KSM page is marked exclusive.", "F is marked PageAnonExclusive", in: "folio_add_anon_rmap_ptes",
      at: "folio add", .sameMerged.alteringFolio("folio add") { $0.isPageExclusive = true })

  private static let wrongOwner = "A page points to another anon_vma than the rule gives it."

  static let pageOwner = pageOwnerOn6_1(
    InvariantCases("page-owner")
      .holds("a new page", .fault)
      .holds("a copy for the child", .copyOnWrite)
      .holds("a page that a child is the last to use", .writeReuse)
      .holds("a page from swap", .swap)
      .holds("pages of hugetlbfs", .hugetlb())
      .breaks(
        at: "folio new", 2, .copyOnWrite.alteringFolio("folio new", 2) { $0.pointToRoot() },
        """
        A page points to another anon_vma than the rule gives it. (event 17) in \
        folio_add_new_anon_rmap
        Let F = folio 0xffff888005000100, index 0x11
        Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
        Then F was mapped in V, and belongs to anon_vma 0xffff888002000100 (event 17)
        However F points to anon_vma 0xffff888002000000 (event 17)
        New exclusive pages belong to vma->anon_vma, others to its root (mm/rmap.c, \
        __folio_set_anon; commit ea90002b0fa7).
        """
      )
      .breaks(
        wrongOwner, "F points to anon_vma 0xffff888002000100", in: "folio_add_new_anon_rmap",
        at: "folio new", 2,
        .swap.alteringFolio("folio new", 2) { $0.mapping = FolioMapping(anonVMA: $0.vma.anonVMA) }
      )
      .breaks(
        wrongOwner, "F points to anon_vma 0xffff888002000000", in: "folio_move_anon_rmap",
        at: "folio move", .writeReuse.alteringFolio("folio move") { $0.pointToRoot() }))

  private static func pageOwnerOn6_1(_ cases: InvariantCases) -> InvariantCases {
    let older = History(.v6_1) { $0.copyOnWrite() }
    let swap = History(.v6_1) { $0.swap() }
    return
      cases
      .holds("a copy for the child, on 6.1", older)
      .holds("a page from swap, on 6.1", swap)
      .holds("a page that a child is the last to use, on 6.1", History(.v6_1) { $0.writeReuse() })
      .breaks(
        wrongOwner, "F points to anon_vma 0xffff888002000000", in: "folio_add_lru_vma",
        at: "folio seen", 2, older.alteringFolio("folio seen", 2) { $0.pointToRoot() }
      )
      .breaks(
        wrongOwner, "F points to anon_vma 0xffff888002000100", in: "folio_add_lru_vma",
        at: "folio seen", 2,
        swap.alteringFolio("folio seen", 2) { $0.mapping = FolioMapping(anonVMA: $0.vma.anonVMA) }
      )
      .breaks(
        wrongOwner, "F points to anon_vma 0xffff888002000000", in: "hugetlb_add_new_anon_rmap",
        at: "folio new", 2, History.hugetlb().alteringFolio("folio new", 2) { $0.pointToRoot() }
      )
  }
}

extension FolioEvent {
  /// The mistake of CVE-class: the page is given to the first anon_vma instead of its VMA's own.
  fileprivate mutating func pointToRoot() {
    mapping = FolioMapping(anonVMA: History.fault.tree("insert").anonVMA)
  }
}

extension Kernel {
  func copyOnWrite() {
    fault()
    fork("p", "c")
    write("c.V", 17)
  }

  func writeReuse() {
    fault()
    fork("p", "c")
    munmap("p.V")
    write("c.V", 17)
    munmap("c.V")
  }

  func swap() {
    fault()
    fork("p", "c")
    swapOut("p.V", 17)
    swapIn("c.V", 17)
    swapIn("p.V", 17)
  }
}

extension History {
  static let copyOnWrite = History { $0.copyOnWrite() }
  static let writeReuse = History { $0.writeReuse() }
  static let swap = History { $0.swap() }

  /// A VMA of hugetlbfs whose child copies one page and inherits another.
  static func hugetlb(_ version: Kernel.Version = .v6_12) -> History {
    History(version) {
      $0.mmapHugetlb("p.V", 16..<20, pgoff: 0)
      $0.write("p.V", 17)
      $0.fork("p", "c")
      $0.write("c.V", 17)
      $0.write("p.V", 17)
      $0.exit("c")
      $0.mremap("p.V", to: 64, "p.W")
      $0.munmap("p.W")
    }
  }

  static let sameMerged = History {
    $0.fault()
    $0.write("p.V", 18)
    $0.mergeSame("p.V", 17, "p.V", 18)
  }

  /// Pages on both sides of a split, of a shifted boundary and of a merge.
  static let splitPages = History {
    $0.fault()
    $0.write("p.V", 19)
    $0.split("p.V", at: 18, "p.W")
    $0.shiftBoundary("p.V", "p.W", to: 19)
    $0.merge("p.V", "p.W")
    $0.munmap("p.V")
  }
}
