import RmapEvents
import RmapTestSupport

/// The histories of the invariants that judge whole operations.
extension InvariantCases {
  static let operations = [forkClosure, copyClosure, prepareClosure, mergeClosure, mremapLock]

  static let forkClosure = forkSights(
    forkMembers(
      InvariantCases("fork-closure")
        .holds("a fork", .fork)
        .holds("an anon_vma used again", .reuse)
        .holds("a fork that fails", .failingFork)
        .breaks(
          lateSight, "V does not map P's range at P's offsets in an mm of its own",
          in: "copy_page_range", at: "enter copyRange",
          .fork.alteringEntry("enter copyRange") { $0.vma.offset = PgOff(0x99) }
        )
        .breaks(
          lateSight, "P has an anon_vma, and V has none", in: "dup_mmap",
          at: "enter copyRange",
          History.fork.dropping(
            History.fork.number("enter fork")...History.fork.number("leave fork")
          ).alteringEntry("enter copyRange") { $0.vma.anonVMA = .null }
        )
        .breaks(
          "An anon_vma's parent has changed while it lives.",
          "A's parent is anon_vma 0xffff88800bad0000", in: "anon_vma_clone", at: "insert", 2,
          .fork.alteringTree("insert", 2) { $0.parent = .elsewhere }
        )
        .breaks(
          "A child's VMA has AVCs although it must have none.", "V is a member of 1 anon_vma",
          in: "anon_vma_fork", at: "leave fork", 2, .failingFork.withoutCleanup
        )
        .breaks(
          "A child's VMA has AVCs although it must have none.", "V is a member of 2 anon_vmas",
          in: "anon_vma_fork", at: "leave fork",
          .fork.alteringEntry("enter fork") { $0.source.anonVMA = .null })))

  private static let lateSight =
    "fork copies page tables to a VMA that the rmap does not find as it finds the parent's."

  private static func forkMembers(_ cases: InvariantCases) -> InvariantCases {
    let own = "A forked VMA's own anon_vma is wrong."
    let fork = "anon_vma_fork"
    return
      cases
      .breaks(
        own, "its parent is anon_vma 0xffff88800bad0000, not P's anon_vma 0xffff888002000000",
        in: fork, at: "leave fork", .fork.alteringTree("insert", 3) { $0.parent = .elsewhere }
      )
      .breaks(
        own,
        "its root is anon_vma 0xffff88800bad0000, not that of P's anon_vma, 0xffff888002000000",
        in: fork, at: "leave fork",
        .fork.alteringTree("insert", 3) { ($0.root, $0.rootOfRoot) = (.elsewhere, .elsewhere) }
      )
      .breaks(
        own, "its tree holds 2 AVCs, not one", in: fork, at: "leave fork",
        .fork.repeating("insert", 3).alteringTree("insert", 4) {
          $0.avc = .elsewhere
          $0.vma = History.fork.tree("insert").vma
          $0.treeIsEmpty = false
        }
      )
      .breaks(
        "A forked VMA is missing from a tree in which its parent stands.",
        "anon_vma_fork returned without linking V to it", in: fork, at: "leave fork",
        .fork.dropping("insert", 2)
      )
      .breaks(
        "A forked VMA is in a tree in which its parent does not stand.", "V was linked to it",
        in: fork, at: "leave fork", strayLink(after: 5))
  }

  private static func forkSights(_ cases: InvariantCases) -> InvariantCases {
    let again = "A forked VMA uses an anon_vma again that is not free for it."
    let insertions = History.reuse
    let root = insertions.tree("insert").anonVMA
    let taken = insertions.tree("insert", 6).anonVMA
    let (fork, sight) = ("anon_vma_fork", "enter copyRange")
    return
      cases
      .breaks(
        "A forked VMA does not use the anon_vma that was made for it.",
        "V's anon_vma is 0xffff88800bad0000", in: fork, at: sight,
        .fork.alteringEntry(sight) { $0.vma.anonVMA = .elsewhere }
      )
      .breaks(
        at: sight, 3, .reuse.alteringEntry(sight, 3) { $0.vma.anonVMA = .elsewhere },
        """
        A forked VMA uses an anon_vma in whose tree it does not stand. (event 45) in anon_vma_fork
        Let V = vma 0xffff888001000300, mm 0xffff888004000300, 0x10000-0x14000, pgoff 0x10
        Then the fork made no anon_vma for V (event 44)
        However V's anon_vma is 0xffff88800bad0000, not one of its chain (event 45)
        An existing anon_vma is used again at fork only if it has no VMA and at most one child, \
        and is not the root (mm/rmap.c, anon_vma_clone; commit 2555283eb40d).
        """
      )
      .breaks(
        again, "V's anon_vma is A", in: fork, at: sight, 3,
        .reuse.alteringEntry(sight, 3) { $0.vma.anonVMA = root }
      )
      .breaks(
        again, "V's anon_vma is A", in: fork, at: sight, 3,
        .reuse.alteringEntry(sight, 3) { $0.vma.anonVMA = taken })
  }

  static let copyClosure = splitRanges(
    InvariantCases("copy-closure")
      .holds("a split", .split)
      .holds("a move", .mremap)
      .holds("a split that fails", .failingSplit)
      .holds(
        "a merge into a VMA that was never written to",
        History {
          $0.mmap("p.V", 16..<18)
          $0.mmap("p.W", 18..<20)
          $0.write("p.W", 18)
          $0.merge("p.V", "p.W")
        }
      )
      .breaks(
        "A clone that failed has left AVCs.", "V is a member of 1 anon_vma", in: "__split_vma",
        at: "leave clone", 2, .failingSplit.withoutCleanup
      )
      .breaks(
        "A copied VMA has another anon_vma than its source.",
        "V's anon_vma is 0xffff88800bad0000", in: "copy_vma", at: "leave clone",
        .mremap.alteringEntry("enter clone") { $0.vma.anonVMA = .elsewhere }
      )
      .breaks(
        at: "leave clone", .mremap.dropping("insert", 2),
        """
        A copied VMA is missing from a tree in which its source stands. (event 11) in copy_vma
        Let V = vma 0xffff888001000100, mm 0xffff888004000000, 0x40000-0x44000, pgoff 0x10
        Let P = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
        Then P is in the tree of anon_vma 0xffff888002000000 (born at event 3) (event 3)
        However anon_vma_clone returned without linking V to it (event 11)
        Split, merge and mremap make an exact copy of the source's chain, and keep the page \
        offsets (mm/rmap.c, anon_vma_clone).
        """
      )
      .breaks(
        "A copied VMA is in a tree in which its source does not stand.", "V was linked to it",
        in: "__split_vma", at: "leave clone", strayLink(after: 3)))

  private static func splitRanges(_ cases: InvariantCases) -> InvariantCases {
    let broken = "A split has broken the linearity of page offsets."
    return
      cases
      .breaks(
        "The parts of a split, as they stand in their trees, do not make up the VMA that was split.",
        "V is what is left of P in its trees, and W the new part", in: "__split_vma",
        at: "leave split",
        .split.alteringTree("insert", 3) { $0.vma.end = UserAddress(17 << 12) }
      )
      .breaks(
        "mremap moves pages to addresses that have other offsets.",
        "0x4000 bytes move to 0x40000, which V maps at offset 0x11", in: "move_page_tables",
        at: "enter moveTables",
        .mremap.alteringEntry("enter moveTables") { $0.vma.offset = PgOff(17) }
      )
      .breaks(
        "mremap moves pages from or to addresses outside of their VMA.",
        "0x5000 bytes move to 0x40000, which V maps at offset 0x10", in: "move_page_tables",
        at: "enter moveTables",
        .mremap.alteringEntry("enter moveTables") { $0.length = 5 << 12 }
      )
      .breaks(
        broken, "V's range is not within P's", in: "__split_vma", at: "leave clone",
        .split.alteringEntry("enter clone") { $0.vma.end = UserAddress(21 << 12) }
      )
      .breaks(
        broken, "V maps 0x12000 at offset 0x10, not 0x12", in: "__split_vma", at: "leave clone",
        .split.alteringEntry("enter clone") { $0.vma.offset = PgOff(16) })
  }

  static let prepareClosure = InvariantCases("prepare-closure")
    .holds("a new root", .fault)
    .holds("a neighbour's anon_vma", .neighbours)
    .breaks(
      "__anon_vma_prepare links a VMA to an anon_vma that is no root.",
      "A's root is anon_vma 0xffff88800bad0000", in: "__anon_vma_prepare", at: "insert",
      .fault.alteringTree("insert") { $0.root = .elsewhere }
    )
    .breaks(
      at: "insert", 2, .neighbours.alteringTree("insert", 2) { $0.vma.offset = PgOff(0x99) },
      """
      A VMA gets an existing anon_vma that no neighbour offers. (event 9) in __anon_vma_prepare
      Let V = vma 0xffff888001000100, mm 0xffff888004000000, 0x12000-0x14000, pgoff 0x99
      Let A = anon_vma 0xffff888002000000
      Then A's tree holds 1 AVC (event 4)
      However none is of a VMA next to V that stands in A's tree alone, and V is linked to A \
      (event 9)
      A VMA's first anon_vma is a new root, or that of a neighbour with a singular chain \
      (mm/rmap.c, __anon_vma_prepare; commit d0e9fe1758f2).
      """
    )
    .breaks(
      "__anon_vma_prepare succeeded, and the VMA has no anon_vma.",
      "__anon_vma_prepare returned 0, having linked 0 AVCs", in: "__anon_vma_prepare",
      at: "leave prepare", .fault.dropping("insert")
    )
    .breaks(
      "__anon_vma_prepare failed, and has linked the VMA.",
      "__anon_vma_prepare returned -12, having linked 1 AVC", in: "__anon_vma_prepare",
      at: "leave prepare", .fault.returning(-12, "leave prepare")
    )
    .breaks(
      "__anon_vma_prepare links a VMA that has anon_vmas already.", "V is linked to A",
      in: "__anon_vma_prepare", at: "insert", 2,
      .fault.repeating("insert").alteringTree("insert", 2) { $0.avc = .elsewhere })

  static let mergeClosure = InvariantCases("merge-closure")
    .holds("a merge", .splitPages)
    .holds("a move", .mremap)
    .breaks(
      at: "enter unlink", .mergeOfStrangers,
      """
      A merge drops a VMA whose trees the survivor does not stand in. (event 15) in \
      unlink_anon_vmas
      Let K = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x18000, pgoff 0x10
      Let V = vma 0xffff888001000100, mm 0xffff888004000000, 0x14000-0x18000, pgoff 0x14
      Let A = anon_vma 0xffff888002000100 (born at event 9)
      Then V is in A's tree (event 9)
      Then K's chain has no AVC for A (event 3)
      However K covers V's range, and V leaves its trees (event 15)
      A VMA that takes over another one's pages must stand in its trees (mm/vma.c, dup_anon_vma; 6.1: \
      mm/mmap.c, __vma_adjust).
      """
    )
    .breaks(
      "A merge gives the addresses that it takes over other page offsets.",
      "K covers V's range, and maps it at offset 0x14", in: "unlink_anon_vmas", at: "enter unlink", 3,
      .mergeAcrossOffsets
    )
    .breaks(
      "mremap moves pages into a VMA that does not stand in the source's trees.",
      "V's pages move into K", in: "move_page_tables", at: "enter moveTables",
      .mremap.dropping("insert", 2))

  static let mremapLock = InvariantCases("mremap-lock")
    .holds("a move to a VMA of its own", .mremap)
    .holds("a merging move under the locks", .mergingMove(takingLocks: true))
    .breaks(
      at: "enter moveTables", 2, .mergingMove(takingLocks: false),
      """
      mremap moves page tables without the rmap locks into a VMA that walks visit first. (event \
      33) in copy_vma
      Let K = vma 0xffff888001000200, mm 0xffff888004000000, 0x3e000-0x42000, pgoff 0x10
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x12000, pgoff 0x10
      Then copy_vma merged the destination with K (event 20)
      Then K's vm_pgoff 0x10 is not above V's, 0x10 (event 33)
      However need_rmap_locks is false (event 33)
      A walk may visit a merged destination before the source and miss a page on its way \
      (mm/vma.c, copy_vma; mm/mremap.c, move_ptes).
      """)

  /// The VMA of the insertion `count` joins the second root of ``History/twoRoots`` as well.
  private static func strayLink(after count: Int) -> History {
    let history = History.twoRoots
    var stray = history.tree("insert", 2)
    stray.avc = .elsewhere
    stray.vma = history.tree("insert", count).vma
    stray.treeIsEmpty = false
    return history.inserting(
      .init(.insert(stray), pid: 101), at: history.number("insert", count) + 1)
  }
}

extension History {
  /// The two parts of a VMA, which have the same anon_vma, are merged in the wrong order.
  static let mergeAcrossOffsets = History {
    $0.fault()
    $0.split("p.V", at: 18, "p.W")
    $0.mremap("p.V", to: 66, "p.X")
    $0.mremap("p.W", to: 64, "p.Y")
    $0.merge("p.Y", "p.X")
  }

  /// A fork whose clone runs out of memory after the first of two links.
  static let failingFork = History {
    $0.fault()
    $0.fork("p", "c")
    $0.failClone(after: 1)
    $0.fork("c", "d")
  }

  /// A split whose clone does.
  static let failingSplit = History {
    $0.fault()
    $0.fork("p", "c")
    $0.failClone(after: 1)
    $0.split("c.V", at: 18, "c.W")
  }

  /// A merge of two neighbours that have an anon_vma each.
  static let mergeOfStrangers = History {
    $0.fault()
    $0.mmap("p.W", 20..<24, flags: 8)
    $0.write("p.W", 21)
    $0.merge("p.V", "p.W")
  }

  /// mremap of the lower half of a VMA to below its upper half, which had moved before: the upper half grows down.
  ///
  ///     VVWW            VVWW            (pages 16 to 19, then 62 to 65)
  static func mergingMove(takingLocks: Bool) -> History {
    var (lower, upper) = (VMAView.none, VMAView.none)
    let history = History {
      $0.fault()
      $0.split("p.V", at: 18, "p.W")
      $0.mremap("p.W", to: 64, "p.X")
      lower = $0.view("p.V")
      $0.resize("p.X", to: 62..<66)
      upper = $0.view("p.X")
    }
    let address = UserAddress(62 << 12)
    let copy = OperationEntry(kind: .copyVMA, vma: lower, address: address, length: 2 << 12)
    let move = OperationEntry(
      kind: .moveTables, vma: upper, source: lower, address: address, sourceAddress: lower.start,
      length: 2 << 12, takesRmapLocks: takingLocks)
    var all = history.inserting(.init(.enter(copy), pid: 101), at: history.last - 1)
    all.steps += [
      .init(
        .leave(OperationReturn(kind: .copyVMA, value: Int64(bitPattern: upper.address.raw))), pid: 101),
      .init(.enter(move), pid: 101),
      .init(.leave(OperationReturn(kind: .moveTables, value: 2 << 12)), pid: 101),
    ]
    return all
  }

  /// Without the unlink_anon_vmas by which a failing clone cleans up.
  var withoutCleanup: History { dropping(number("enter unlink")...number("leave unlink")) }
}
