import RmapEvents
import RmapGraph

extension Invariant {
  static let replacement = Invariant(
    name: "replacement", number: 30,
    statement: """
      A task that maps a page over an existing mapping, or the pages of a folio over its PMD mapping, must remove \
      the old mapping before it touches another folio.
      """,
    source: """
      mm/memory.c: wp_page_copy (folio_add_new_anon_rmap, and behind set_pte_at folio_remove_rmap_pte of the old page); \
      mm/ksm.c: replace_page; mm/huge_memory.c: __split_huge_pmd_locked (folio_add_anon_rmap_ptes, then \
      folio_remove_rmap_pmd); all under the page table's lock
      """,
    kernels: "2.6.34 and later; that a PMD goes, as an event, 6.7 and later",
    exceptions: """
      hugetlbfs, which removes the old mapping first, and inline. Judged at the task's next event for a folio; if \
      there is none, when the anon_vma dies (anon-vma-death). Not decided: PMD splits on 6.1, where \
      __split_huge_pmd_locked counts the PTEs inline. A fault on both kernel lines shows that a wrong wp_page_copy \
      is found; the evidence for wrong splits and for a wrong replace_page is one recording of a 6.12 with changed \
      lines, and for splits model histories as well.
      """,
    needs: .graphChanges + .pageChanges,
    checks: [.didReplaceMapping(judge)])
}

private func judge(_ s: borrowing ReplacementSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  if !s.isLeft { return ledger.holds() }
  let (old, new, isPMD, address, mm) = (s.old, s.new, s.isPMD, s.address, s.mm)
  let (added, stamp) = (s.added, s.stamp)
  let name = isPMD ? "__split_huge_pmd_locked" : added.function == .folioNew ? "wp_page_copy" : "replace_page"
  ledger.broken(key: old.raw ^ mm.raw, in: graph) {
    Finding(
      what: isPMD
        ? "A PMD's mapping is split and not taken away." : "A page is replaced and its mapping not taken away.",
      function: .named(name), stamp: stamp, doer: .step(added),
      objects: [("O", "folio \(old)"), ("F", "folio \(new)"), ("M", "mm \(mm)")],
      established: [.init("O was mapped at \(address) in M, and F is mapped there", added)],
      contradiction: .init("the task goes on to another step, and O was not unmapped", stamp),
      rule: "A mapping that another one replaces is taken from its folio's mapcount (mm/memory.c, wp_page_copy).")
  }
}
