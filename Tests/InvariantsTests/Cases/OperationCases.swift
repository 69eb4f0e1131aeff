import RmapEvents
import RmapTestSupport

/// The histories of the invariants that judge whole operations.
extension InvariantCases {
  static let forkClosure = forkSights(
    forkMembers(
      InvariantCases("fork-closure")
        .holds("a fork", .fork)
        .holds("an anon_vma used again", .reuse)
        .holds("a fork that fails", .failingFork)
        .breaks(
          "An anon_vma's parent has changed while it lives.",
          "A's parent is anon_vma 0xffff88800bad0000", in: "anon_vma_clone", at: "insert", 2,
          .fork.alteringTree("insert", 2) { $0.parent = .elsewhere }
        )
        .breaks(
          "A child's VMA has AVCs although it must have none.", "V is a member of 1 anon_vma(s)",
          in: "anon_vma_fork", at: "leave fork", 2, .failingFork.withoutCleanup
        )
        .breaks(
          "A child's VMA has AVCs although it must have none.", "V is a member of 2 anon_vma(s)",
          in: "anon_vma_fork", at: "leave fork",
          .fork.alteringEntry("enter fork") { $0.source.anonVMA = .null })))

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
        "A forked VMA uses an anon_vma in whose tree it does not stand.",
        "V's anon_vma is 0xffff88800bad0000, not one of its chain", in: fork, at: sight, 3,
        .reuse.alteringEntry(sight, 3) { $0.vma.anonVMA = .elsewhere }
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
        "A clone that failed has left AVCs.", "V is a member of 1 anon_vma(s)", in: "__split_vma",
        at: "leave clone", 2, .failingSplit.withoutCleanup
      )
      .breaks(
        "A copied VMA has another anon_vma than its source.",
        "V's anon_vma is 0xffff88800bad0000", in: "copy_vma", at: "leave clone",
        .mremap.alteringEntry("enter clone") { $0.vma.anonVMA = .elsewhere }
      )
      .breaks(
        "A copied VMA is missing from a tree in which its source stands.",
        "anon_vma_clone returned without linking V to it", in: "copy_vma", at: "leave clone",
        .mremap.dropping("insert", 2)
      )
      .breaks(
        "A copied VMA is in a tree in which its source does not stand.", "V was linked to it",
        in: "__split_vma", at: "leave clone", strayLink(after: 3)))

  private static func splitRanges(_ cases: InvariantCases) -> InvariantCases {
    let broken = "A split has broken the linearity of page offsets."
    return
      cases
      .breaks(
        broken, "V's range is not within P's", in: "__split_vma", at: "leave clone",
        .split.alteringEntry("enter clone") { $0.vma.end = UserAddress(21 << 12) }
      )
      .breaks(
        broken, "V maps 0x12000 at offset 0x10, not 0x12", in: "__split_vma", at: "leave clone",
        .split.alteringEntry("enter clone") { $0.vma.pgoff = PgOff(16) })
  }

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

  /// Without the unlink_anon_vmas by which a failing clone cleans up.
  var withoutCleanup: History { dropping(number("enter unlink")...number("leave unlink")) }
}
