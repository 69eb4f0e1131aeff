import RmapEvents
import RmapGraph
import Vocabulary

extension Invariant {
  static let hugetlbUnmapRange = Invariant(
    name: "hugetlb-range", number: 39,
    statement: """
      What is unmapped of a VMA of hugetlbfs lies in that VMA.
      """,
    source: "mm/hugetlb.c: __unmap_hugepage_range, unmap_ref_private",
    kernels: "6.8 and later; 7.3.4 has the fix for unmap_ref_private, which gave other VMAs its own address",
    exceptions: """
      None.
      """,
    needs: [.hugetlbUnmap], marker: .end, isOccasional: true,
    checks: [.willUnmapHugetlb(judge)])
}

private func judge(_ s: borrowing HugetlbSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let (unmap, view, stamp) = (s.unmap, s.unmap.vma, s.stamp)
  if unmap.start >= view.start, unmap.start <= unmap.end, unmap.end <= view.end { return ledger.holds() }
  // The range is its caller's. Only unmap_ref_private names a folio; zapping and truncation unmap all that is there.
  let caller = unmap.only.isNull ? "the caller of __unmap_hugepage_range" : "unmap_ref_private"
  let asked = unmap.only.isNull ? [] : [Finding.Fact("folio \(unmap.only) alone is to be unmapped", stamp)]
  ledger.broken(key: view.address.raw, in: graph) {
    Finding(
      what: "Huge pages are unmapped at addresses that are not the VMA's.", function: .named(caller), stamp: stamp,
      objects: [("V", describe(view))], established: asked,
      contradiction: .init("\(unmap.start)-\(unmap.end) is to be unmapped from V", stamp),
      rule: "A range that is unmapped lies in its VMA (mm/hugetlb.c, unmap_ref_private: vma_hugecache_offset).")
  }
}
