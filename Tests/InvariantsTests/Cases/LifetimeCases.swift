import RmapEvents
import RmapTestSupport

/// The histories of the invariants that judge deaths.
extension InvariantCases {
  static let lifetimes = [anonVMADeath, vmaDeath]

  private static let inUse = "An anon_vma is freed that is still in use."

  static let anonVMADeath = deathFields(
    InvariantCases("anon-vma-death")
      .holds("a VMA comes and goes", .lifetime)
      .holds("a root that dies with its last child", .pinned)
      .breaks(
        inUse, "A is freed", in: "__put_anon_vma", at: "put", .lifetime.dropping("remove")
      )
      .breaks(inUse, "A is freed", in: "__put_anon_vma", at: "put", .putInRangeChange)
      .breaks(
        at: "put", .forkAndExit.dropping("put"),
        """
        An anon_vma is freed that is still in use. (event 29) in __put_anon_vma
        Let A = anon_vma 0xffff888002000000 (born at event 3)
        Then A is the root of 1 living anon_vma (event 3)
        However A is freed, and the lock with it (event 29)
        An anon_vma lives as long as a VMA, a child or a mapped page needs it (mm/rmap.c, \
        __put_anon_vma).
        """
      )
      .breaks(
        inUse, "A is freed: the page's mapping dangles", in: "__put_anon_vma", at: "put",
        .lifetime.dropping("folio remove")))

  private static func deathFields(_ cases: InvariantCases) -> InvariantCases {
    func altered(_ change: (inout AnonVMAPut) -> Void) -> History {
      .lifetime.alteringPut(1, change)
    }
    let put = "__put_anon_vma"
    return
      cases
      .breaks(inUse, "A's refcount is 1", in: put, at: "put", altered { $0.refcount = 1 })
      .breaks(inUse, "A's tree is not empty", in: put, at: "put", altered { $0.treeIsEmpty = false })
      .breaks(inUse, "A's num_active_vmas is 1", in: put, at: "put", altered { $0.active = 1 })
      .breaks(inUse, "A's num_children is 2", in: put, at: "put", altered { $0.children = 2 })
  }

  static let vmaDeath = InvariantCases("vma-death")
    .holds("a VMA comes and goes", .lifetime)
    .holds("a fork, and both exit", .forkAndExit)
    .breaks(
      at: "free", .lifetime.withoutCleanup,
      """
      A VMA is freed while a tree still leads to it. (event 8) in free_pgtables
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Let C = AVC 0xffff888003000000
      Let A = anon_vma 0xffff888002000000 (born at event 3)
      Then C links V to A (event 3)
      However V is freed, and C was not removed (event 8)
      A VMA leaves its anon_vmas before it is freed (mm/memory.c, free_pgtables).
      """)
}

extension History {
  /// The anon_vma is freed while its only AVC is out of its tree.
  fileprivate static let putInRangeChange: History = {
    let put = resize.steps[resize.number("put") - 1]
    return resize.inserting(put, at: resize.number("insert", 2))
  }()

  /// The child's anon_vma is pinned when both processes exit; the root is freed with it.
  static let pinned = History {
    $0.fault()
    $0.fork("p", "c")
    $0.pin("c.V")
    $0.exit("p")
    $0.exit("c")
    $0.unpin("c.V")
  }
}
