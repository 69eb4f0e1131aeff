import RmapEvents
import RmapTestSupport

/// The histories of the invariants that judge deaths.
extension InvariantCases {
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
        inUse, "A is freed, and the lock with it", in: "__put_anon_vma", at: "put",
        .forkAndExit.dropping("put")
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
      "A VMA is freed while a tree still leads to it.", "V is freed, and C was not removed",
      in: "vm_area_free", at: "free", .lifetime.withoutCleanup)
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
