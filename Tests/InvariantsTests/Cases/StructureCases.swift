import RmapEvents
import RmapTestSupport

/// The histories of the invariants that judge single tree updates.
extension InvariantCases {
  static let structure = [avcLink, lockRoot, rootLocked, intervalKey, counters]

  static let avcLink = avcLinkRemovals(
    InvariantCases("avc-link")
      .holds("a VMA comes and goes", .lifetime)
      .holds("a range change", .resize)
      .breaks(
        "An AVC enters the tree of another anon_vma than its own.",
        "the tree is that of anon_vma 0xffff88800bad0000", in: "anon_vma_interval_tree_insert",
        at: "insert", .fault.alteringTree("insert") { $0.treeOwner = .elsewhere }
      )
      .breaks(
        "An AVC that is in a tree is inserted again.", "C is inserted without having been removed",
        in: "anon_vma_interval_tree_insert", at: "insert", 2, .fault.repeating("insert")
      )
      .breaks(
        at: "insert", 2,
        .fault.repeating("insert").alteringTree("insert", 2) {
          $0.avc = .elsewhere
          $0.treeIsEmpty = false
        },
        """
        A VMA becomes a member of an anon_vma for the second time. (event 4) in \
        anon_vma_interval_tree_insert
        Let C = AVC 0xffff88800bad0000
        Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
        Let A = anon_vma 0xffff888002000000
        Then V is a member of A through AVC 0xffff888003000000 (event 3)
        However V is linked to A again, through C (event 4)
        An AVC stands in exactly one tree, that of avc->anon_vma (mm/rmap.c, struct anon_vma_chain).
        """
      )
      .breaks(
        "A tree has lost its AVCs without a removal.", "A's tree is empty",
        in: "anon_vma_interval_tree_insert", at: "insert", 2,
        .split.alteringTree("insert", 2) { $0.treeIsEmpty = true }
      )
      .breaks(
        "A tree holds an AVC that should have left it.", "A's tree is not empty",
        in: "anon_vma_interval_tree_insert", at: "insert", 2,
        .resize.alteringTree("insert", 2) { $0.treeIsEmpty = false }
      )
      .breaks(
        "An AVC is not put back into its tree after a range change.",
        "the task goes on to its next operation without putting C back",
        in: "anon_vma_interval_tree_post_update_vma", at: "enter unlink",
        .resize.dropping("insert", 2)))

  private static func avcLinkRemovals(_ cases: InvariantCases) -> InvariantCases {
    let remove = "anon_vma_interval_tree_remove"
    let other = History.split.tree("insert").avc
    return
      cases
      .breaks(
        "An AVC is removed from the tree of another anon_vma than its own.",
        "the tree is that of anon_vma 0xffff88800bad0000", in: remove, at: "remove",
        .lifetime.alteringTree("remove") { $0.treeOwner = .elsewhere }
      )
      .breaks(
        "An AVC is removed from an empty tree.", "A's tree is empty when C is taken out of it",
        in: remove, at: "remove", .lifetime.alteringTree("remove") { $0.treeIsEmpty = true }
      )
      .breaks(
        "An AVC is removed that was never inserted.", "C is removed from A's tree", in: remove,
        at: "remove", .lifetime.alteringTree("remove") { $0.avc = .elsewhere }
      )
      .breaks(
        "An AVC is removed from its tree twice.", "C is removed again", in: remove, at: "remove", 2,
        .resize.repeating("remove")
      )
      .breaks(
        "An AVC in a tree has changed its VMA or its anon_vma.",
        "C links V and A when it is removed", in: remove, at: "remove", -1,
        History {
          $0.fault()
          $0.split("p.V", at: 18, "p.W")
          $0.munmap("p.W")
        }.alteringTree("remove", -1) { $0.avc = other }
      )
      .breaks(
        "unlink_anon_vmas leaves an AVC of the VMA behind.",
        "unlink_anon_vmas(V) returned without removing C", in: "unlink_anon_vmas",
        at: "leave unlink",
        History {
          $0.fault()
          $0.fork("p", "c")
          $0.munmap("c.V")
        }.dropping("remove", 2))
  }

  static let lockRoot = InvariantCases("lock-root")
    .holds("a fork", .forkAndExit)
    .breaks(
      "The root of an anon_vma is not its own root.",
      "R names anon_vma 0xffff88800bad0000 as its root", in: "anon_vma_clone", at: "insert", 2,
      .fork.alteringTree("insert", 2) { $0.rootOfRoot = .elsewhere }
    )
    .breaks(
      "An anon_vma's root has changed while it lives.", "A's root is anon_vma 0xffff88800bad0000",
      in: "anon_vma_interval_tree_remove", at: "remove",
      .resize.alteringTree("remove") { ($0.root, $0.rootOfRoot) = (.elsewhere, .elsewhere) }
    )
    .breaks(
      at: "insert", 3, .fork.alteringTree("insert", 3) { ($0.root, $0.rootOfRoot) = (.elsewhere, .elsewhere) },
      """
      A VMA links anon_vmas with different roots. (event 13) in anon_vma_fork
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
      Let A = anon_vma 0xffff888002000100
      Then V is linked to anon_vma 0xffff888002000000, whose root is 0xffff888002000000 (event 11)
      However V's link to A has root 0xffff88800bad0000 (event 13)
      All anon_vmas on one same_vma list share a root, which is its own root and never changes \
      (mm/rmap.c, lock_anon_vma_root).
      """)

  static let rootLocked = InvariantCases("root-locked")
    .holds("a fork", .forkAndExit)
    .holds(
      "a writer of 5.10 that has waited",
      .fork.alteringTree("insert", 2) { $0.lock = LockView(count: 1, ownerPID: 101 << 16) }
    )
    .breaks(
      at: "insert", 2, .fork.alteringTree("insert", 2) { $0.lock = LockView(count: 0x100, ownerPID: 101) },
      """
      A tree is changed without its root's lock. (event 11) in anon_vma_clone
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
      Let A = anon_vma 0xffff888002000000
      Let R = anon_vma 0xffff888002000000, A's root
      Then pid 101 changes A's tree (event 11)
      However R's rwsem is not write-held (count 0x100) (event 11)
      The trees of a root are changed under the root's lock only (include/linux/rmap.h).
      """
    )
    .breaks(
      "A tree is changed without its root's lock.",
      "R's rwsem is write-held by pid 7, not by pid 101", in: "anon_vma_interval_tree_remove",
      at: "remove",
      .resize.alteringTree("remove") { $0.lock = LockView(count: 1, ownerPID: 7) })

  static let intervalKey = InvariantCases("interval-key")
    .holds("a VMA comes and goes", .lifetime)
    .holds("a range change", .resize)
    .breaks(
      "A VMA's range has changed while its AVCs are in their trees.",
      "V's range gives the key 0x10-0x14", in: "unlink_anon_vmas", at: "remove",
      .lifetime.alteringTree("remove") { $0.vma.end = UserAddress(21 << 12) }
    )
    .breaks(
      "A VMA's range has changed while its AVCs are in their trees.",
      "V's range gives the key 0x11-0x14", in: "folio_add_new_anon_rmap", at: "folio new",
      .fault.alteringFolio("folio new") { $0.vma.offset = PgOff(17) }
    )
    .breaks(
      at: "folio remove", .resize.alteringFolio("folio remove") { $0.vma.end = UserAddress(20 << 12) },
      """
      A VMA's range has changed while its AVCs are in their trees. (event 9) in folio_remove_rmap_ptes
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then V's AVCs were inserted under the key 0x10-0x15 (event 8)
      However V's range gives the key 0x10-0x13 (event 9)
      The key of an AVC in a tree must not change; the range is changed between \
      anon_vma_interval_tree_pre_update_vma and post_update_vma (mm/interval_tree.c).
      """
    )
    .breaks(
      "A range change gives a VMA's addresses other page offsets.",
      "V's vm_start 0x10000 and vm_pgoff 0x11 give it the offset 0x11",
      in: "anon_vma_interval_tree_insert", at: "insert", 2,
      .resize.alteringTree("insert", 2) { $0.vma.offset = PgOff(17) })

  static let counters = InvariantCases("counters")
    .holds("a VMA comes and goes", .lifetime)
    .holds("a fork, and both exit", .forkAndExit)
    .holds("an anon_vma used again", .reuse)
    .breaks(
      at: "insert", 2, .fork.alteringTree("insert", 2) { $0.children = 7 },
      """
      num_children of an anon_vma is 7, and must be 1. (event 11) in anon_vma_clone
      Let A = anon_vma 0xffff888002000000
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
      Then A has num_children 1, num_active_vmas 1 (event 3)
      However A shows num_children 7, num_active_vmas 1 (event 11)
      The counters follow from the recorded operations on A (mm/rmap.c; include/linux/rmap.h, \
      struct anon_vma).
      """
    )
    .breaks(
      "num_active_vmas of an anon_vma is 0, and must be 1.",
      "A shows num_children 1, num_active_vmas 0", in: "unlink_anon_vmas", at: "remove",
      .lifetime.alteringTree("remove") { $0.active = 0 })
}
