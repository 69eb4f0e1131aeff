import RmapEvents
import RmapGraph

extension Invariant {
  static let vmaDeath = Invariant(
    name: "vma-death", number: 14,
    statement: "When a VMA is freed its chain is empty: no tree holds an AVC that leads to it.",
    source: "kernel/fork.c: vm_area_free; mm/memory.c: free_pgtables calls unlink_anon_vmas first",
    kernels: "2.6.34 and later",
    exceptions: "A VMA that fork failed to set up may be freed with a copied anon_vma pointer, but without a chain.",
    needs: .graphChanges + [.vmaFree],
    judgesDesigns: true,
    accuses: .avc,
    checks: [.willFreeVMA(judge)])
}

private func judge(_ s: borrowing VMASituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let vma = graph[s.vma]
  if vma.chainCount == 0 {
    return ledger.decide(if: vma.chainIsKnown)
  }
  var left: AVC?
  graph.forEachAVC(of: s.vma) { _, avc in
    left = avc
    return false
  }
  guard let left else { return }
  let (view, stamp, owner) = (s.view, s.stamp, graph.describe(left.anonVMA))
  let name = whoseDuty(s, graph)
  ledger.broken(key: view.address.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: "A VMA is freed while a tree still leads to it.", function: name, stamp: stamp,
      objects: [("V", describe(view)), ("C", "AVC \(left.address)"), ("A", owner)],
      established: [.init("C links V to A", left.stamp)],
      contradiction: .init("V is freed, and C was not removed", stamp),
      rule: "A VMA leaves its anon_vmas before it is freed (mm/memory.c, free_pgtables).")
  }
}

/// Which function should have taken the VMA out of its trees: the merge that it went into, or the one that frees the page
/// tables of what is unmapped. Neither has events of its own, and the merge has another name on most lines
/// (__vma_adjust, vma_complete, anon_vma_merge): what they share is that they call vm_area_free next.
private func whoseDuty(_ s: borrowing VMASituation, _ graph: borrowing RmapGraph) -> KernelFunction {
  if graph[s.vma].wasUnlinked { return .kind(.unlink) }
  guard let survivor = graph.lastRelinked(by: s.stamp.pid), survivor != s.vma, !graph.isInExit(task: s.stamp.pid),
    let (range, own) = graph.linkedView(of: survivor).flatMap({ new in graph.linkedView(of: s.vma).map { (new, $0) } }),
    range.mm == own.mm, range.start <= own.start, own.end <= range.end
  else { return .named("free_pgtables") }
  return .named("the caller of vm_area_free")
}
