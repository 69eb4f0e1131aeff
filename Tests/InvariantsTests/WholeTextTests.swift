import Invariants
import RmapEvents
import RmapTestSupport
import Testing

/// Goal: what a finding says is what was meant, word for word. Method: one bad history of each invariant, its
/// whole explanation pinned.
@Suite struct WholeTextTests {
  @Test func everyInvariantIsPinned() {
    #expect(Self.pinned.map(\.name) == Invariant.all.map(\.name))
  }

  @Test(arguments: Self.pinned)
  func saysWhatWasMeant(_ pinned: Pinned) throws {
    let cases = try #require(InvariantCases.all.first { $0.name == pinned.name })
    let bad = cases.bad[pinned.index]
    let finding = try #require(bad.history.judged().ledger(pinned.name).findings.first)
    #expect(text(finding) == pinned.text)
  }

  /// A bad history, and all that is said of it.
  struct Pinned: Sendable, CustomTestStringConvertible {
    let name: String
    let index: Int
    let text: String

    init(_ name: String, _ index: Int, _ text: String) {
      (self.name, self.index, self.text) = (name, index, text)
    }

    var testDescription: String { name }
  }

  private func text(_ finding: Finding) -> String {
    func event(_ stamp: EventStamp?) -> String { stamp.map { " (event \($0.ordinal))" } ?? "" }
    var lines = ["\(finding.what)\(event(finding.stamp)) in \(finding.function)"]
    lines += finding.objects.map { "Let \($0.name) = \($0.description)" }
    lines += finding.established.map { "Then \($0.text)\(event($0.stamp))" }
    lines.append("However \(finding.contradiction.text)\(event(finding.contradiction.stamp))")
    return (lines + [finding.rule]).joined(separator: "\n")
  }

  private static let pinned: [Pinned] = [
    Pinned(
      "avc-link", 2,
      """
      A VMA becomes a member of an anon_vma for the second time. (event 4) in \
      anon_vma_interval_tree_insert
      Let C = AVC 0xffff88800bad0000
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Let A = anon_vma 0xffff888002000000
      Then V is a member of A through AVC 0xffff888003000000 (event 3)
      However V is linked to A again, through C (event 4)
      An AVC stands in exactly one tree, that of avc->anon_vma (mm/rmap.c, struct anon_vma_chain).
      """),
    Pinned(
      "lock-root", 2,
      """
      A VMA links anon_vmas with different roots. (event 13) in anon_vma_fork
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
      Let A = anon_vma 0xffff888002000100
      Then V is linked to anon_vma 0xffff888002000000, whose root is 0xffff888002000000 (event 11)
      However V's link to A has root 0xffff88800bad0000 (event 13)
      All anon_vmas on one same_vma list share a root, which is its own root and never changes \
      (mm/rmap.c, lock_anon_vma_root).
      """),
    Pinned(
      "root-locked", 0,
      """
      A tree is changed without its root's lock. (event 11) in anon_vma_clone
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
      Let A = anon_vma 0xffff888002000000
      Let R = anon_vma 0xffff888002000000, A's root
      Then pid 101 changes A's tree (event 11)
      However R's rwsem is not write-held (count 0x100) (event 11)
      The trees of a root are changed under the root's lock only (include/linux/rmap.h).
      """),
    Pinned(
      "interval-key", 2,
      """
      A VMA's range has changed while its AVCs are in their trees. (event 9) in folio_remove_rmap
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then V's AVCs were inserted under the key 0x10-0x15 (event 8)
      However V's range gives the key 0x10-0x13 (event 9)
      The key of an AVC in a tree must not change; the range is changed between \
      anon_vma_interval_tree_pre_update_vma and post_update_vma (mm/interval_tree.c).
      """),
    Pinned(
      "fork-closure", 9,
      """
      A forked VMA uses an anon_vma in whose tree it does not stand. (event 45) in anon_vma_fork
      Let V = vma 0xffff888001000300, mm 0xffff888004000300, 0x10000-0x14000, pgoff 0x10
      Then the fork made no anon_vma for V (event 44)
      However V's anon_vma is 0xffff88800bad0000, not one of its chain (event 45)
      An existing anon_vma is used again at fork only if it has no VMA and at most one child, \
      and is not the root (mm/rmap.c, anon_vma_clone; commit 2555283eb40d).
      """),
    Pinned(
      "copy-closure", 2,
      """
      A copied VMA is missing from a tree in which its source stands. (event 11) in copy_vma
      Let V = vma 0xffff888001000100, mm 0xffff888004000000, 0x40000-0x44000, pgoff 0x10
      Let P = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then P is in the tree of anon_vma 0xffff888002000000 (born at event 3) (event 3)
      However anon_vma_clone returned without linking V to it (event 11)
      Split, merge and mremap make an exact copy of the source's chain (mm/rmap.c, \
      anon_vma_clone).
      """),
    Pinned(
      "counters", 0,
      """
      num_children of an anon_vma is 7, and must be 1. (event 11) in anon_vma_clone
      Let A = anon_vma 0xffff888002000000
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
      Then A has num_children 1, num_active_vmas 1 (event 3)
      However A shows num_children 7, num_active_vmas 1 (event 11)
      The counters follow from the recorded operations on A (mm/rmap.c; include/linux/rmap.h, \
      struct anon_vma).
      """),
    Pinned(
      "anon-vma-death", 2,
      """
      An anon_vma is freed that is still in use. (event 29) in __put_anon_vma
      Let A = anon_vma 0xffff888002000000 (born at event 3)
      Then A is the root of 1 living anon_vma(s) (event 3)
      However A is freed, and the lock with it (event 29)
      An anon_vma lives as long as a VMA, a child or a mapped page needs it (mm/rmap.c, \
      __put_anon_vma).
      """),
    Pinned(
      "vma-death", 0,
      """
      A VMA is freed while a tree still leads to it. (event 8) in vm_area_free
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Let C = AVC 0xffff888003000000
      Let A = anon_vma 0xffff888002000000 (born at event 3)
      Then C links V to A (event 3)
      However V is freed, and C was not removed (event 8)
      A VMA leaves its anon_vmas before it is freed (mm/memory.c, free_pgtables).
      """),
    Pinned(
      "reach", 8,
      """
      A page is mapped where its anon_vma does not lead. (event 21) in unlink_anon_vmas
      Let F = folio 0xffff888005000000, index 0x11
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
      Then F points to A = anon_vma 0xffff888002000000 (born at event 3), page offset 0x11 \
      (event 5)
      However V left its anon_vmas while the page was mapped at 0x11000 (event 21)
      The anon_vma that a page points to must reach every VMA that maps the page, at the page's \
      offset (mm/rmap.c, rmap_walk_anon).
      """),
    Pinned(
      "page-owner", 0,
      """
      A page points to another anon_vma than the rule gives it. (event 17) in \
      folio_add_new_anon_rmap
      Let F = folio 0xffff888005000100, index 0x11
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x10
      Then F was mapped in V, and belongs to anon_vma 0xffff888002000100 (event 17)
      However F points to anon_vma 0xffff888002000000 (event 17)
      New exclusive pages belong to vma->anon_vma, others to its root (mm/rmap.c, \
      __folio_set_anon; commit ea90002b0fa7).
      """),
  ]
}
