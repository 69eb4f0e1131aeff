import Invariants
import RmapEvents
import RmapTestSupport
import Testing

/// Goal: what a finding says is what was meant, word for word. Method: one bad history of each invariant, its
/// whole explanation pinned.
@Suite struct WholeTextTests {
  @Test func everyInvariantIsPinned() {
    #expect(Set(Self.pinned.map(\.name) + WalkTests.invariants) == Set(Invariant.all.map(\.name)))
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
    var lines = ["\(finding.what)\(event(finding.stamp)) in \(FunctionNames()[finding.function])"]
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
      A VMA's range has changed while its AVCs are in their trees. (event 9) in folio_remove_rmap_ptes
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then V's AVCs were inserted under the key 0x10-0x15 (event 8)
      However V's range gives the key 0x10-0x13 (event 9)
      The key of an AVC in a tree must not change; the range is changed between \
      anon_vma_interval_tree_pre_update_vma and post_update_vma (mm/interval_tree.c).
      """),
    Pinned(
      "prepare-closure", 1,
      """
      A VMA gets an existing anon_vma that no neighbour offers. (event 9) in __anon_vma_prepare
      Let V = vma 0xffff888001000100, mm 0xffff888004000000, 0x12000-0x14000, pgoff 0x99
      Let A = anon_vma 0xffff888002000000
      Then A's tree holds 1 AVC(s) (event 4)
      However none is of a VMA next to V that stands in A's tree alone, and V is linked to A \
      (event 9)
      A VMA's first anon_vma is a new root, or that of a neighbour with a singular chain \
      (mm/rmap.c, __anon_vma_prepare; commit d0e9fe1758f2).
      """),
    Pinned(
      "fork-closure", 11,
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
      Split, merge and mremap make an exact copy of the source's chain, and keep the page \
      offsets (mm/rmap.c, anon_vma_clone).
      """),
    Pinned(
      "merge-closure", 0,
      """
      A merge drops a VMA whose trees the survivor does not stand in. (event 15) in \
      unlink_anon_vmas
      Let K = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x18000, pgoff 0x10
      Let V = vma 0xffff888001000100, mm 0xffff888004000000, 0x14000-0x18000, pgoff 0x14
      Let A = anon_vma 0xffff888002000100 (born at event 9)
      Then V is in A's tree (event 9)
      Then K's chain has no AVC for A (event 3)
      However K covers V's range, and V leaves its trees (event 15)
      Whoever takes over a VMA's pages must stand in its trees (mm/vma.c, dup_anon_vma; \
      include/linux/rmap.h, anon_vma_merge).
      """),
    Pinned(
      "vma-state", 1,
      """
      vma->anon_vma is NULL although the chain is not empty. (event 8) in unlink_anon_vmas
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then V's chain has 1 AVC(s) (event 3)
      However V's anon_vma is NULL (event 8)
      A VMA has an anon_vma exactly when its chain has it (mm/rmap.c, unlink_anon_vmas).
      """),
    Pinned(
      "shared-anon-vma", 2,
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
      """),
    Pinned(
      "parent-closure", 0,
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
      "refcount", 1,
      """
      A root has fewer references than the anon_vmas that need it. (event 20) in unlink_anon_vmas
      Let A = anon_vma 0xffff888002000000
      Then 2 VMA(s) stand in A's tree, and 1 anon_vma(s) below A are in use (event 3)
      However A's refcount is 1 (event 20)
      A used tree and every anon_vma below a root hold a reference (mm/rmap.c, anon_vma_fork, \
      __put_anon_vma).
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
      "reach", 7,
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
    Pinned(
      "index-fixed", 1,
      """
      A mapped folio's anon_vma has changed without a move. (event 7) in folio_remove_rmap_ptes
      Let F = folio 0xffff888005000000, page 0
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then F pointed to anon_vma 0xffff888002000000 (born at event 3) (event 5)
      However F points to anon_vma 0xffff88800bad0000 (never seen in a tree) (event 7)
      A mapped folio keeps its index, and its anon_vma but for folio_move_anon_rmap (mm/rmap.c).
      """),
    Pinned(
      "page-exclusive", 0,
      """
      A page that is mapped more than once is marked exclusive. (event 18) in folio_remove_rmap_ptes
      Let F = folio 0xffff888005000000, index 0x11
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then F is mapped 2 times (event 16)
      However F is marked PageAnonExclusive (event 18)
      An exclusive page has one mapping (include/linux/rmap.h; commit 6c287605fd56).
      """),
    Pinned(
      "mremap-lock", 0,
      """
      mremap moves page tables without the rmap locks into a VMA that walks visit first. (event \
      33) in move_page_tables
      Let K = vma 0xffff888001000200, mm 0xffff888004000000, 0x3e000-0x42000, pgoff 0x10
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x12000, pgoff 0x10
      Then copy_vma merged the destination with K (event 20)
      Then K's vm_pgoff 0x10 is not above V's, 0x10 (event 33)
      However need_rmap_locks is false (event 33)
      A walk may visit a merged destination before the source and miss a page on its way \
      (mm/vma.c, copy_vma; mm/mremap.c, move_ptes).
      """),
    Pinned(
      "prepare-lock", 0,
      """
      A VMA gets its anon_vma while nobody holds mmap_lock. (event 2) in __anon_vma_prepare
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      Then pid 101 looks for an anon_vma among V's neighbours (event 2)
      However mmap_lock of V's mm has count 0x6 (event 2)
      The neighbours of a VMA are stable under mmap_lock only (mm/memory.c, __vmf_anon_prepare).
      """),
    Pinned(
      "unfaulted-pgoff", 0,
      """
      An unfaulted anonymous VMA does not have the offset of its address. (event 2) in \
      __anon_vma_prepare
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x99
      Then V has no anon_vma, no operations and no file (event 1)
      However V's vm_pgoff is 0x99, and vm_start >> PAGE_SHIFT is 0x10 (event 2)
      Unfaulted anonymous VMAs have vm_pgoff == vm_start >> PAGE_SHIFT (mm/mremap.c, move_vma).
      """),
    Pinned(
      "unfaulted-anon", 0,
      """
      An unfaulted VMA does not have the anonymous offset of its address. (event 2) in __anon_vma_prepare
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x100
      Then V has no anon_vma (event 1)
      However V's anon_pgoff is 0x99, and vm_start >> PAGE_SHIFT is 0x10 (event 2)
      anon_pgoff of an unfaulted VMA is vm_start >> PAGE_SHIFT (mm/vma.c, __mmap_region, copy_vma).
      """),
    Pinned(
      "offset-pair", 0,
      """
      A VMA's two offsets have moved apart. (event 8) in anon_vma_interval_tree_insert
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0xe000-0x14000, pgoff 0x99
      Then V had vm_pgoff 0x100 and anon_pgoff 0x10 (event 7)
      However V has vm_pgoff 0x99 and anon_pgoff 0xe (event 8)
      vm_pgoff and anon_pgoff of a VMA with pages change together (include/linux/mm.h, vma_add_pgoff, vma_sub_pgoff).
      """),
    Pinned(
      "pure-anon-pgoff", 0,
      """
      An anonymous VMA has two offsets. (event 2) in __anon_vma_prepare
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x99
      Then V has no operations and no file (event 2)
      However V's vm_pgoff is 0x99, its anon_pgoff 0x10 (event 2)
      vm_pgoff of a purely anonymous VMA is its anon_pgoff (include/linux/pagemap.h, linear_anon_page_index).
      """),
    Pinned(
      "file-merge", 0,
      """
      VMAs have merged of which one offset does not go on. (event 18) in unlink_anon_vmas
      Let K = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x100
      Let V = vma 0xffff888001000100, mm 0xffff888004000000, 0x12000-0x14000, pgoff 0x150
      Then V maps 0x12000 at vm_pgoff 0x150, anon_pgoff 0x12 (event 18)
      However K covers V's range, and maps it at vm_pgoff 0x102, anon_pgoff 0x12 (event 18)
      Both offsets of merged VMAs are contiguous (mm/vma.c, needs_adjacent_anon_pgoff).
      """),
    Pinned(
      "fork-offset", 0,
      """
      A forked VMA has another offset than its parent's. (event 15) in copy_page_range
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x100
      Let P = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x100
      Then P has vm_pgoff 0x100 and anon_pgoff 0x10 (event 15)
      However V has vm_pgoff 0x100 and anon_pgoff 0x99 (event 15)
      vm_area_dup copies both offsets (mm/vma_init.c, vm_area_init_from).
      """),
    Pinned(
      "remap-reset", 0,
      """
      MREMAP_DONTUNMAP leaves a VMA with the anonymous offset of what it mapped. (event 19) in __anon_vma_prepare
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x100
      Then V left its anon_vmas and stayed (event 18)
      However V's anon_pgoff is 0x99, and vm_start >> PAGE_SHIFT is 0x10 (event 19)
      The source of MREMAP_DONTUNMAP gets anon_pgoff = vm_start >> PAGE_SHIFT (mm/mremap.c, dontunmap_complete).
      """),
    Pinned(
      "spare-anon-vma", 0,
      """
      A fork does not put the anon_vma that it has not used. (event 44) in anon_vma_fork
      Let V = vma 0xffff888001000300, mm 0xffff888004000300, 0x10000-0x14000, pgoff 0x10
      Then V got no anon_vma of its own (event 44)
      However anon_vma_fork has put 0 anon_vma(s) that were in no tree (event 44)
      The spare is put if the clone has reused another anon_vma or failed (mm/rmap.c, anon_vma_fork).
      """),
    Pinned(
      "hugetlb-range", 0,
      """
      Huge pages are unmapped at addresses that are not the VMA's. (event 7) in __unmap_hugepage_range
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      However 0x20000-0x24000 is to be unmapped from V (event 7)
      A range that is unmapped lies in its VMA (mm/hugetlb.c, unmap_ref_private: vma_hugecache_offset).
      """),
    Pinned(
      "visible-attr", 0,
      """
      A VMA enters a tree with a vm_page_prot that does not fit its vm_flags. (event 8) in \
      anon_vma_interval_tree_insert
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x16000, pgoff 0x10
      Then vm_flags with the access rights 0 go with vm_page_prot 0x8000000000000025 (event 3)
      However V has vm_flags 0x0 and vm_page_prot 0x8000000000000027 (event 8)
      vm_page_prot follows from vm_flags (mm/mmap.c, vma_set_page_prot; commit e86f15ee64d8).
      """),
  ]
}
