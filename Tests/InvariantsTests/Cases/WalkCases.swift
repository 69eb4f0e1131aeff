import RmapEvents
import RmapTestSupport

/// The histories of the invariants that judge the kernel's own walks, and what must happen to pages on their way.
extension InvariantCases {
  static let walks = [ksmOffset, walkOrder, migration, walkCoverage, walkUnmaps, replacement]

  static let ksmOffset = InvariantCases("ksm-offset")
    .holds("a page of KSM is looked for at one offset", .lookedForKSM)
    .breaks(
      at: "walk visit",
      History.lookedForKSM.replacingWalk("walk visit") { event in
        guard case .visit(var visit) = event else { return event }
        visit.address = UserAddress(0x12000)
        return .visit(visit)
      },
      """
      A walk for a page of KSM visits an address of another offset. (event 20) in rmap_walk_ksm
      Let F = folio 0xffff888005000000
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then the walk looks for the offset 0x11 (event 20)
      However it visits V at 0x12000, which is offset 0x12 (event 20)
      A KSM walk's address is that of its rmap_item's linear_page_index (mm/ksm.c, rmap_walk_ksm).
      """)

  static let walkOrder = InvariantCases("walk-order")
    .holds("a fork under a walk", .lookedFor)
    .holds("a move", .mremap)
    .breaks(
      at: "enter copyRange", History.lookedFor.insertedAgain(before: "enter copyRange"),
      """
      Pages go to a VMA that the rmap walk visits before the one that they come from. (event 16) in copy_page_range
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
      Let W = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Let A = anon_vma 0xffff888002000000 (born at event 3)
      Then V's AVC was inserted into A's tree under the key 0x10-0x13 (event 11)
      Then W's AVC was inserted under the key 0x10-0x13, and stands behind V's (event 15)
      However pages go from W to V without the rmap's locks (event 16)
      Without the rmap's locks, only the order of the walk keeps a page from being missed while it moves (mm/mremap.c, move_ptes).
      """)

  static let migration = InvariantCases("migration")
    .holds("a page that is migrated", .unmappedAndMigrated)
    .breaks(
      at: "walk visit", -2, History.restoring { $0.index = PgOff(17) },
      """
      A migrated page does not belong where the old one did. (event 46) in remove_migration_pte
      Let O = folio 0xffff888005000100, which is replaced
      Let F = folio 0xffff888005000200, which replaces it
      Then O points to anon_vma 0xffff888002000000, index 0x12 (event 46)
      However F points to anon_vma 0xffff888002000000, index 0x11 (event 46)
      A migrated folio takes over mapping and index (mm/migrate.c, folio_migrate_mapping), and the migration pins the anon_vma.
      """
    )
    .breaks(
      wrongPlace, "F points to anon_vma 0xffff88800bad0000, index 0x12", in: "remove_migration_pte",
      at: "walk visit", -2, History.restoring { $0.mapping = FolioMapping(anonVMA: .elsewhere) }
    )
    .breaks(
      wrongPlace, "O and F point to anon_vma 0xffff88800bad0000, index 0x12", in: "remove_migration_pte",
      at: "walk visit", -2,
      History.restoring {
        $0.mapping = FolioMapping(anonVMA: .elsewhere)
        $0.sourceMapping = $0.mapping
      })

  private static let wrongPlace = "A migrated page does not belong where the old one did."

  static let walkCoverage = InvariantCases("walk-coverage")
    .holds("a page that two VMAs share is looked for", .lookedFor)
    .holds("one page is unmapped and one is migrated", .unmappedAndMigrated)
    .breaks(
      at: "walk found", 2,
      History.lookedFor.dropping("walk found", 2, through: "walk next", 2),
      """
      An rmap walk leaves out a VMA. (event 23) in rmap_walk_anon
      Let F = folio 0xffff888005000000, index 0x11
      Let A = anon_vma 0xffff888002000000 (born at event 3)
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
      Then the AVC 0xffff888003000100 of V was inserted into A's tree under the key 0x10-0x13 (event 11)
      Then the walk began in A's tree, for the offsets 0x11-0x11 (event 18)
      Then V maps F at 0x11000 (event 16)
      However the walk was given 1 of 2 AVCs, and V's is not among them (event 23)
      A walk visits every VMA in the folio's anon_vma that overlaps the folio's offsets, or has a reason to stop (mm/rmap.c, rmap_walk_anon).
      """
    )
    .breaks(
      "An rmap walk leaves out a VMA.", "the walk was given 0 of 2 AVCs, and V's is not among them",
      in: "rmap_walk_anon",
      at: "walk found", History.lookedFor.dropping("walk found", 1, through: "walk next", 2)
    )
    .breaks(
      "An rmap walk looks for a page at another address than its offset's.", "the walk looks for F at 0x12000",
      in: "try_to_unmap_one", at: "walk visit",
      History.unmappedAndMigrated.replacingWalk("walk visit") { event in
        guard case .visit(var visit) = event else { return event }
        visit.address = UserAddress(0x12000)
        return .visit(visit)
      }
    )
    .breaks(
      "An rmap walk ends although nothing asked it to.", "the walk ended after 1 AVC", in: "rmap_walk_anon",
      at: "walk end", History.lookedFor.dropping("walk next", 1, through: "walk found", 3))

  static let walkUnmaps = InvariantCases("walk-unmaps")
    .holds("a page that is swapped out and in", .swappedOutAndIn)
    .holds("a page that is migrated", .migrated)
    .breaks(
      at: "folio add",
      // The folio stays in the swap cache, and so keeps its anon_vma.
      History.swappedOutAndIn.dropping("folio remove").alteringFolio("folio new", 2) { $0.step = .add },
      """
      A walk's callback has unmapped a page without telling the rmap. (event 28) in try_to_unmap_one
      Let F = folio 0xffff888005000000
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then V mapped F at 0x11000; the callback was called for F and V and returned true (event 21)
      Then no mapping of F in V was taken from the rmap
      However 0x11000 had no page any more, and is mapped anew (event 28)
      Each mapping that a walk takes away is taken from the folio's mapcount (mm/rmap.c, try_to_unmap_one).
      """
    )
    .breaks(
      "A walk's callback has unmapped a page without telling the rmap.",
      "0x11000 had no page any more, and is mapped anew", in: "try_to_migrate_one", at: "folio add",
      History.migrated.dropping("folio remove"))

  static let replacement = InvariantCases("replacement")
    .holds("copies at a write fault", .copied)
    .holds("a PMD that is split", .splitPMD)
    .breaks(
      at: "folio new", 4, History.copied.dropping("folio remove"),
      """
      A page is replaced and its mapping not taken away. (event 21) in wp_page_copy
      Let O = folio 0xffff888005000000
      Let F = folio 0xffff888005000200
      Let M = mm 0xffff888004000100
      Then O was mapped at 0x11000 in M, and F is mapped there (event 19)
      However the task goes on to another step, and O was not unmapped (event 21)
      A mapping that another one replaces is taken from its folio's mapcount (mm/memory.c, wp_page_copy).
      """
    )
    .breaks(
      "A PMD's mapping is split and not taken away.",
      "the task goes on to another step, and O was not unmapped", in: "__split_huge_pmd_locked",
      at: "folio remove", History.splitPMD.dropping("folio remove"))
}

extension History {
  /// A page that parent and child share is looked for: two VMAs in the tree, and the child's own anon_vma beside.
  static let lookedFor = History {
    $0.recordsWalks = true
    $0.fault()
    $0.fork("p", "c")
    $0.look(for: "p.V", 17)
  }

  /// The same page is one of KSM's, whose walk goes by one offset.
  static let lookedForKSM: History = {
    var history = lookedFor.replacingWalk("walk begin") { event in
      guard case .begin(var frame) = event else { return event }
      (frame.isKSM, frame.isOfOneIndex, frame.mapping) = (true, true, FolioMapping(0xffff_8880_0600_0003))
      return .begin(frame)
    }
    history.marks.insert(.oneIndex)
    return history
  }()

  /// The same page is unmapped, which ends its walk, and another one is migrated.
  static let unmappedAndMigrated = History {
    $0.recordsWalks = true
    $0.fault()
    $0.write("p.V", 18)
    $0.fork("p", "c")
    $0.swapOut("p.V", 17)
    $0.migrate("p.V", 18)
  }

  /// The same page is unmapped, and its reader's fault brings it back.
  static let swappedOutAndIn = History {
    $0.recordsWalks = true
    $0.fault()
    $0.fork("p", "c")
    $0.swapOut("p.V", 17)
    $0.swapIn("p.V", 17)
  }

  /// The same page is migrated.
  static let migrated = History {
    $0.recordsWalks = true
    $0.fault()
    $0.fork("p", "c")
    $0.migrate("p.V", 17)
  }

  /// The child writes to two pages that it shares with its parent.
  static let copied = History {
    $0.fault()
    $0.write("p.V", 18)
    $0.fork("p", "c")
    $0.write("c.V", 17)
    $0.write("c.V", 18)
  }

  /// A huge page is split, and one of its pages discarded.
  static let splitPMD = History {
    $0.mmap("p.V", 512..<1024)
    $0.writeHuge("p.V", 512)
    $0.splitPMD("p.V", 512)
    $0.discard("p.V", 600)
  }

  /// The migration's second walk finds other things in the folios.
  static func restoring(_ change: (inout WalkVisit.Migration) -> Void) -> History {
    unmappedAndMigrated.replacingWalk("walk visit", -2) { event in
      guard case .visit(var visit) = event, var migration = visit.migration else { return event }
      change(&migration)
      visit.migration = migration
      return .visit(visit)
    }
  }

  /// The first AVC is inserted once more behind all others, as a range change would do it.
  func insertedAgain(before label: String) -> History {
    inserting(steps[number("insert", 1) - 1], at: number(label))
  }

  /// Without the events from one to another.
  func dropping(_ first: String, _ count: Int, through last: String, _ lastCount: Int) -> History {
    dropping(number(first, count)...number(last, lastCount))
  }
}
