import RmapEvents
import RmapGraph
import Vocabulary

extension Invariant {
  static let remapReset = Invariant(
    name: "remap-reset", number: 38,
    statement: """
      A VMA that MREMAP_DONTUNMAP has left behind is unfaulted, and has the anonymous offset of its own address again.
      """,
    source: "mm/mremap.c: dontunmap_complete",
    kernels: "7.3 and later",
    exceptions: """
      Judged when it is faulted again or split.
      """,
    needs: .graphChanges, marker: .vmAnonPgoffLow, isOccasional: true,
    checks: [.didEnter([.prepare, .split], judge)])
}

private func judge(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let vma = s.vma, graph[vma].wasUnlinked, graph[vma].chainCount == 0 else { return }
  let (view, stamp, since, kind) = (s.operation.entry.vma, s.stamp, graph[vma].chainStamp, s.operation.kind)
  guard view.anonVMA.isNull, !view.isTemporaryStack else { return }
  if view.indexShift == 0 { return ledger.holds() }
  // As long as its range is the one that it was left with, nobody else has had to touch its offset.
  let isAsLeft = graph[vma].unlinkedRange.map { $0.start == view.start && $0.end == view.end } ?? false
  ledger.broken(key: view.address.raw, in: graph) {
    Finding(
      what: "MREMAP_DONTUNMAP leaves a VMA with the anonymous offset of what it mapped.",
      function: isAsLeft ? .named("dontunmap_complete") : .kind(kind), stamp: stamp,
      doer: isAsLeft ? nil : .between(since, stamp), objects: [("V", describe(view))],
      established: [.init("V left its anon_vmas and stayed", since)],
      contradiction: .init(
        "V's anon_pgoff is \(view.anonPgoff), and vm_start >> PAGE_SHIFT is \(PgOff(view.start.page))", stamp),
      rule: "The source of MREMAP_DONTUNMAP gets anon_pgoff = vm_start >> PAGE_SHIFT (mm/mremap.c, dontunmap_complete)."
    )
  }
}
