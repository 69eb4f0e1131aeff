import RmapEvents
import RmapTestSupport

/// The histories of the invariants that judge what operations leave behind.
extension InvariantCases {
  static let states = [vmaState, sharedAnonVMA, parentClosure, refcount, prepareLock, unfaultedPgoff, visibleAttr]

  static let vmaState = InvariantCases("vma-state")
    .holds("a VMA's life", .lifetime)
    .holds("an anon_vma used again", .reuse)
    .holds("a move that keeps its source", .keptSource)
    .breaks(
      "vma->anon_vma is set although the chain is empty.",
      "V's anon_vma is anon_vma 0xffff888002000000 (born at event 3)", in: "__split_vma",
      at: "enter split",
      History.splitOfKeptSource.alteringEntry("enter split") {
        $0.vma.anonVMA = History.fault.tree("insert").anonVMA
      }
    )
    .breaks(
      at: "enter unlink", .lifetime.alteringEntry("enter unlink") { $0.vma.anonVMA = .null },
      """
      vma->anon_vma is NULL although the chain is not empty. (event 8) in unlink_anon_vmas
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then V's chain has 1 AVC (event 3)
      However V's anon_vma is NULL (event 8)
      A VMA has an anon_vma exactly when its chain has it (mm/rmap.c, unlink_anon_vmas).
      """
    )
    .breaks(
      "vma->anon_vma names an anon_vma that is not on the VMA's chain.",
      "V's anon_vma is anon_vma 0xffff88800bad0000 (never seen in a tree)", in: "copy_page_range",
      at: "enter copyRange", .fork.alteringEntry("enter copyRange") { $0.vma.anonVMA = .elsewhere })

  static let sharedAnonVMA = InvariantCases("shared-anon-vma")
    .holds("a neighbour's anon_vma", .neighbours)
    .holds("a split", .split)
    .holds("an anon_vma used again", .reuse)
    .breaks(
      twoSharers, "W belongs to another mm", in: "__anon_vma_prepare", at: "insert", 2,
      .neighbours.alteringTree("insert", 2) { $0.vma.mm = .elsewhere }
    )
    .breaks(
      twoSharers, "W belongs to another mm", in: "__split_vma", at: "enter clone",
      .split.alteringEntry("enter clone") { $0.vma.mm = .elsewhere }
    )
    .breaks(
      at: "enter copyRange", .fork.alteringEntry("enter copyRange") { $0.vma.anonVMA = $0.source.anonVMA },
      """
      Fork gives a VMA an anon_vma that another VMA uses. (event 15) in anon_vma_fork
      Let A = anon_vma 0xffff888002000000 (born at event 3)
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
      Let W = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then W's anon_vma is A (event 3)
      Then V's anon_vma is A (event 15)
      However W uses A already (event 15)
      VMAs with the same anon_vma are of one mm and have the same chain (commits d0e9fe1758f2, \
      2555283eb40d).
      """)

  private static let twoSharers = "Two VMAs have the same anon_vma, but not the same mm and chain."

  static let parentClosure = InvariantCases("parent-closure")
    .holds("a fork", .fork)
    .holds("an anon_vma used again", .reuse)
    .breaks(
      at: "leave fork", .fork.dropping("insert", 2),
      """
      A VMA stands in the tree of an anon_vma, but not in that of its parent. (event 13) in \
      anon_vma_fork
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
      Let A = anon_vma 0xffff888002000100 (born at event 12)
      Let P = anon_vma 0xffff888002000000 (born at event 3)
      Then A's parent is P (event 12)
      Then V is in A's tree (event 12)
      However anon_vma_fork returned and V is not in P's tree (event 13)
      The tree of a parent holds the VMAs of its children (mm/rmap.c, anon_vma_fork).
      """
    )
    .breaks(
      "A VMA stands in the tree of an anon_vma, but not in that of its parent.",
      "anon_vma_clone returned and V is not in P's tree", in: "anon_vma_clone", at: "leave clone", 2,
      History {
        $0.fault()
        $0.fork("p", "c")
        $0.split("c.V", at: 18, "c.W")
      }.dropping("insert", 4))

  static let refcount = InvariantCases("refcount")
    .holds("a fork and both exits", .forkAndExit)
    .holds("an anon_vma used again", .reuse)
    .breaks(
      "An anon_vma in use has no reference.", "A's refcount is 0", in: "unlink_anon_vmas",
      at: "remove", .lifetime.alteringTree("remove") { $0.refcount = 0 }
    )
    .breaks(
      at: "remove", .forkAndExit.alteringTree("remove") { $0.rootRefcount = 1 },
      """
      A root has fewer references than the anon_vmas that need it. (event 20) in unlink_anon_vmas
      Let A = anon_vma 0xffff888002000000
      Then A's tree has 2 VMAs, and 1 anon_vma in use below A (event 3)
      However A's refcount is 1 (event 20)
      A used tree and every anon_vma below a root hold a reference (mm/rmap.c, anon_vma_fork, \
      __put_anon_vma).
      """
    )
    .breaks(
      "A root has no reference while an anon_vma below it is freed.", "A's refcount is 0",
      in: "__put_anon_vma", at: "put", .forkAndExit.alteringPut { $0.rootRefcount = 0 })
}

/// The histories of the invariants that judge one event by its fields.
extension InvariantCases {
  static let prepareLock = InvariantCases("prepare-lock")
    .holds("a fault under a reader's lock", .fault)
    .breaks(
      at: "enter prepare", .fault.alteringEntry("enter prepare") { $0.mmapLockCount = 6 },
      """
      A VMA gets its anon_vma while nobody holds mmap_lock. (event 2) in the \
      caller of __anon_vma_prepare
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then pid 101 looks for an anon_vma among V's neighbours (event 2)
      However mmap_lock of V's mm has count 0x6 (event 2)
      The neighbours of a VMA are stable under mmap_lock only (mm/memory.c, __vmf_anon_prepare).
      """)

  static let unfaultedPgoff = InvariantCases("unfaulted-pgoff")
    .holds("a first fault", .fault)
    .holds("a first fault after MREMAP_DONTUNMAP", .writeToKeptSource)
    .holds("a child of a moved VMA that is wiped on fork", .wipedChild)
    .breaks(
      at: "enter prepare", .fault.alteringEntry("enter prepare") { $0.vma.offset = PgOff(0x99) },
      """
      An unfaulted anonymous VMA does not have the offset of its address. (event 2) in \
      __anon_vma_prepare
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x99
      Then V has no anon_vma, no operations and no file (event 1)
      However V's vm_pgoff is 0x99, and vm_start >> PAGE_SHIFT is 0x10 (event 2)
      Unfaulted anonymous VMAs have vm_pgoff == vm_start >> PAGE_SHIFT (mm/mremap.c, move_vma).
      """
    )
    .breaks(
      "An unfaulted anonymous VMA does not have the offset of its address.",
      "V's vm_pgoff is 0x10, and vm_start >> PAGE_SHIFT is 0x12", in: "__anon_vma_prepare",
      at: "enter prepare",
      .splitOfUnfaulted.alteringEntry("enter prepare") { $0.vma.offset = PgOff(0x10) }
    )

  static let visibleAttr = InvariantCases("visible-attr")
    .holds("a range that changes", .resize)
    .breaks(
      at: "insert", 2, .resize.alteringTree("insert", 2) { $0.protection = 0x8000_0000_0000_0027 },
      """
      A VMA enters a tree with a vm_page_prot that does not fit its vm_flags. (event 8) in \
      anon_vma_interval_tree_insert
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x16000, pgoff 0x10
      Then vm_flags with the access rights 0 go with vm_page_prot 0x8000000000000025 (event 3)
      However V has vm_flags 0x0 and vm_page_prot 0x8000000000000027 (event 8)
      vm_page_prot follows from vm_flags (mm/mmap.c, vma_set_page_prot; commit e86f15ee64d8).
      """)
}

extension History {
  /// mremap with MREMAP_DONTUNMAP: the source stays, without an anon_vma.
  static let keptSource = History { $0.keepSource() }

  /// And the source is written to again.
  static let writeToKeptSource = History {
    $0.keepSource()
    $0.write("p.V", 17)
  }

  /// And the source is split.
  static let splitOfKeptSource = History {
    $0.keepSource()
    $0.split("p.V", at: 18, "p.X")
  }

  /// A child's VMA with the offset of its parent's, which was moved, and without its pages; the advice is taken back,
  /// and a part of the VMA is split off, before it is written to.
  static let wipedChild = History {
    $0.fault()
    $0.mremap("p.V", to: 64, "p.W")
    $0.wipeOnFork("p.W")
    $0.fork("p", "c")
    $0.wipeOnFork("c.W", false)
    $0.split("c.W", at: 66, "c.X")
    $0.write("c.X", 66)
    $0.write("c.W", 64)
  }

  /// The upper part of a VMA that was split before its first fault is written to.
  static let splitOfUnfaulted = History {
    $0.mmap("p.V", 16..<20)
    $0.split("p.V", at: 18, "p.W")
    $0.write("p.W", 18)
  }

  /// Two VMAs that have no anon_vma yet; the second gets the first one's.
  static let neighbours = History {
    $0.mmap("p.V", 16..<18)
    $0.mmap("p.W", 18..<20)
    $0.write("p.V", 17)
    $0.write("p.W", 18)
  }
}

extension Kernel {
  fileprivate func keepSource() {
    fault()
    mremap("p.V", to: 64, "p.W", keepingSource: true)
  }
}
