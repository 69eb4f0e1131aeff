/// A rule of the kernel's rmap, or a way to break it, that no recording of ours can decide.
///
/// Listed so that "every invariant holds" is not read as more than it is.
public struct Undecidable: Sendable {
  /// Its short name.
  public let name: String
  /// What cannot be decided.
  public let statement: String
  /// Why not.
  public let reason: String

  /// All of them, in the order of reports.
  public static let all: [Undecidable] = [
    Undecidable(
      name: "tree-shape",
      statement: """
        An anon_vma that is not the root has a VMA or at least two children, so that there are at most twice as \
        many anon_vmas as VMAs (I26).
        """,
      reason: """
        A claim about numbers, not a rule: anon_vmas are used again at fork only, and may break it for as long as \
        nobody forks (commit 7a3ef208e662).
        """),
    Undecidable(
      name: "overlap",
      statement: "Two VMAs of one mm do not overlap in page offsets within one tree (I27).",
      reason: """
        No invariant: split, merge and mremap overlap for a while, and after MREMAP_DONTUNMAP of a part or a \
        failed unmap both VMAs keep the same offsets for good.
        """),
    Undecidable(
      name: "chain-order",
      statement: "A VMA's chain is ordered from newest to oldest, the root last.",
      reason: """
        Insertions into trees are recorded, not the list. The order of both differs between 6.18 and the kernels \
        of 2026, and a recording does not say which rule its kernel has.
        """),
    Undecidable(
      name: "merged-flags",
      statement: "The survivor of a merge has the vm_flags that the absorbed range is to have (the rest of I28).",
      reason: """
        What mprotect or mlock wants the flags to be is in no event; visible-attr decides that vm_page_prot fits \
        the flags.
        """),
    Undecidable(
      name: "page-tables",
      statement: """
        The entries of the page tables: their access bits, that a table is not freed or moved while a walk is in \
        it (CVE-2026-31398, CVE-2024-50066, CVE-2020-29369, CVE-2023-52935).
        """,
      reason: "Page table entries and the lifetime of page tables are not recorded; the graph may be right."),
    Undecidable(
      name: "fork-skips-tables",
      statement: "Fork copies the page tables of each VMA that needs it (mm/memory.c: vma_needs_copy).",
      reason: """
        copy_page_range has an event, what it copies has none: a page that it left out is a page the child does not \
        have, as if it had been discarded.
        """),
    Undecidable(
      name: "table-move-locks",
      statement: "mremap moves whole PMDs and PUDs under the rmap locks, merged or not (commit 97113eb39fa7, 5.14).",
      reason: """
        move_pgt_entry asks for them itself, without an event; mremap-lock decides need_rmap_locks, which is for PTEs. \
        The harm, a stale TLB entry, leaves no trace either.
        """),
    Undecidable(
      name: "tlb",
      statement: "A page is not used through a stale TLB entry after it was unmapped or moved (CVE-2018-18281).",
      reason: "Flushes are not recorded, and a stale entry leaves no trace in the graph."),
    Undecidable(
      name: "walk-locks",
      statement: """
        A walk that locks an anon_vma unlocks the same rwsem, and looks at the mapping again after it has the lock \
        (commits f18194275c39, eee0f252c653).
        """,
      reason: "Who locks and unlocks a rwsem is not recorded; tree changes show the lock's state only."),
    Undecidable(
      name: "migration-entries",
      statement: """
        Every migration entry is replaced when the migration ends, wherever it has got to meanwhile (the rest of \
        I24).
        """,
      reason: """
        Entries are copied by fork, moved by mremap and removed by munmap without an event. That the walk which \
        replaces them visits every VMA is decided (walk-coverage), and that the new page belongs where the old one \
        did (migration).
        """),
    Undecidable(
      name: "end-of-walk",
      statement: "A walk that ends because the folio is no longer mapped ends for that reason.",
      reason: """
        `done` reads the folio's mapcount, which is not recorded. Where the model knows all mappings of a folio of one \
        page, and one is left in a VMA that the walk did not come to, the end is refuted (walk-coverage); of large \
        folios, and of those that are older than the recording, it is not decided.
        """),
    Undecidable(
      name: "exact-refcount",
      statement: "An anon_vma's refcount is exactly the number of its users; none is leaked.",
      reason: """
        KSM, migration, huge-page splits and walks take and drop references inline. A reference too few is decided \
        (refcount, anon-vma-death), one too many is not.
        """),
    Undecidable(
      name: "mapcount",
      statement: "A folio's mapcount is the number of its mappings.",
      reason: """
        The words that it is made of differ from kernel to kernel and are not recorded: how often a folio is mapped is \
        known by the calls that count. A mapping that is taken away without such a call is decided (reach, \
        anon-vma-death, walk-unmaps); what the call itself does to the counter is not.
        """),
    Undecidable(
      name: "overlooked-page",
      statement: "A walk's callback finds the folio wherever its VMA maps it.",
      reason: """
        page_vma_mapped_walk may legally miss an entry that mprotect or NUMA balancing has taken out for a moment \
        (ptep_modify_prot_start), unless it is asked to wait (PVMW_SYNC): that the folio is still mapped after a callback's \
        return proves nothing. What it has unmapped it must have told of (walk-unmaps).
        """),
    Undecidable(
      name: "clone-mmap-lock",
      statement: """
        The source's mm is write-locked in anon_vma_clone (asserted since 2026: check_anon_vma_clone, \
        mmap_assert_write_locked(src->vm_mm)).
        """,
      reason: """
        The entry of anon_vma_clone is recorded without mmap_lock; that of __anon_vma_prepare has it (prepare-lock). The \
        other asserts there, on anon_vma and chain of both VMAs, are those of copy-closure, fork-closure and vma-state.
        """),
    Undecidable(
      name: "use-after-free",
      statement: "Nobody uses an anon_vma, an AVC or a VMA after it was freed (commit 624483f3ea82).",
      reason: "Reads leave no event. What would be found dangling is decided (anon-vma-death, vma-death); else KASAN."),
    Undecidable(
      name: "publication",
      statement: """
        A reader that sees vma->anon_vma sees an initialised anon_vma behind it; folio->mapping is not torn \
        (commit 414e2fb8ce5a, and the barrier that 6.1.192 and 6.12.113 got).
        """,
      reason: "Events are ordered by a clock; what another CPU would have read in between is not recorded."),
    Undecidable(
      name: "huge-subpages",
      statement: "Each page of a large folio is mapped as often as its mapcount says; its PageAnonExclusive is right.",
      reason: """
        A huge page's mapping is split and counted inline, on some kernels without an event for each page; reach \
        decides the mappings that have events.
        """),
    Undecidable(
      name: "hugetlb",
      statement: "No page of hugetlbfs is left mapped when its VMA goes; none is exclusive to two.",
      reason: """
        hugetlb_remove_rmap and hugetlb_try_dup_anon_rmap are inline (6.8): what is unmapped is known by the range \
        that __unmap_hugepage_range is given, not page by page. Where each such page is mapped, inherited and moved \
        is decided (reach, page-owner, index-fixed).
        """),
    Undecidable(
      name: "ksm-walks",
      statement: "A walk for a page that KSM has merged comes to every VMA that maps it.",
      reason: """
        rmap_walk_ksm goes by the rmap_items, which come and go without events: replace_page maps the page before \
        stable_tree_append makes its item; ksmd frees the item of an address whose page it finds not present, or \
        whose mm has ended although a child still has the page. Each of its walks through one tree is decided \
        (walk-coverage), the page's exclusive mark (page-exclusive), and what a write fault makes of it (page-owner).
        """),
    Undecidable(
      name: "memory-ranges",
      statement: "VMAs that were never in a tree: their ranges, flags and fate.",
      reason: "Only VMAs that take part in the rmap graph are recorded."),
  ]
}
