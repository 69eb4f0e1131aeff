import RmapEvents
import RmapGraph

extension Invariant {
  static let walkUnmaps = Invariant(
    name: "walk-unmaps", number: 29,
    statement: """
      When try_to_unmap_one or try_to_migrate_one lets the walk continue, its VMA no longer maps the folio, and \
      the mapping that it removed was taken from the folio's mapcount.
      """,
    source: """
      mm/rmap.c: try_to_unmap_one, try_to_migrate_one (a swap or migration entry takes the page's place, and behind \
      it folio_remove_rmap_pte; 6.1: page_remove_rmap; both under the page table's lock)
      """,
    kernels: "4.13 and later",
    exceptions: """
      Another thread may be removing the mapping at the same time (zap_pte_range, wp_page_copy) and report it after \
      the callback has returned: that nobody did is proved only when a swap-in or the end of a migration maps the \
      place anew. Folios of one page whose first mapping is in the recording; not KSM, not hugetlbfs; not in an mm \
      in which mremap is moving pages. Pages that are left when the VMA goes are the business of reach and \
      anon-vma-death.
      """,
    needs: .graphChanges + .pageChanges + [.walk, .walkUnmap, .walkMigrate],
    checks: [.didTryToUnmap(judge)])
}

private func judge(_ s: borrowing UnmapSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  if !s.isLeft { return ledger.holds() }
  let (purpose, folio, address, stamp, returned) = (s.purpose, s.folio, s.address, s.stamp, s.returned)
  let view = graph[s.vma].view
  ledger.broken(key: folio.raw ^ view.address.raw, in: graph) {
    Finding(
      what: "A walk's callback has unmapped a page without telling the rmap.", function: .kind(purpose.kind),
      stamp: stamp, doer: .step(returned),
      objects: [("F", "folio \(folio)"), ("V", describe(view))],
      established: [
        .init("V mapped F at \(address); the callback was called for F and V and returned true", returned),
        .init("no mapping of F in V was taken from the rmap"),
      ],
      contradiction: .init("\(address) had no page any more, and is mapped anew", stamp),
      rule: "Each mapping that a walk takes away is taken from the folio's mapcount (mm/rmap.c, try_to_unmap_one).")
  }
}
