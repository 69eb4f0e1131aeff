import RmapEvents
import RmapGraph

extension Invariant {
  static let mergeClosure = Invariant(
    name: "merge-closure", number: 10,
    statement: """
      A VMA that takes over another one's range is in every tree that the other one is in, before a merged VMA \
      leaves its trees and before mremap moves pages into a destination. A merge keeps each address's page offset.
      """,
    source: """
      mm/vma.c: vma_complete, dup_anon_vma ("Easily overlooked"), can_vma_merge_before, can_vma_merge_after; \
      mm/mmap.c (6.1): __vma_adjust; include/linux/rmap.h: anon_vma_merge; commits 287d97ac0321, 61f67c230a5e (CVE-2026-23077)
      """,
    kernels: "2.6.34 and later",
    exceptions: """
      A VMA that leaves its trees because it is unmapped, or because an operation failed, is not taken over. A merge \
      is recognized by its survivor: the task has just put it back into its trees with a range that covers the other \
      one's. A survivor without any AVC is not recognized that way; vma-state and copy-closure judge it.
      """,
    needs: .graphChanges, needsWithPages: .pageChanges,
    judgesDesigns: true,
    accuses: .membership,
    checks: [.didEnter([.unlink, .moveTables], judge)])
}

private func judge(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let vma = s.vma else { return }
  let isInner = s.outer != nil
  switch s.operation.kind {
  case .unlink where !isInner:
    guard let survivor = graph.lastRelinked(by: s.stamp.pid), survivor != vma,
      let range = graph.linkedView(of: survivor), let own = graph.linkedView(of: vma),
      range.mm == own.mm, range.start <= own.start, own.end <= range.end
    else { return }
    if range.index(of: own.start) != own.firstIndex, !range.isTemporaryStack, !own.isTemporaryStack {
      return brokenOffset(s, own, range, graph, &ledger)
    }
    judgeChains(from: vma, to: survivor, s, graph, &ledger)
  case .moveTables:
    guard let source = s.source, source != vma, !s.operation.entry.source.anonVMA.isNull else { return }
    judgeChains(from: source, to: vma, s, graph, &ledger)
  default: return
  }
}

private func judgeChains(
  from old: VMAID, to new: VMAID, _ s: borrowing EntrySituation, _ graph: borrowing RmapGraph,
  _ ledger: inout Ledger
) {
  guard let missing = graph.firstAVC(of: old, missingFrom: new).map({ graph[$0] }) else {
    return ledger.decide(if: graph.chainIsKnown(of: old))
  }
  guard graph.chainIsKnown(of: new) else { return ledger.cannotTell(.predatesRecording) }
  let (stamp, kind) = (s.stamp, s.operation.kind)
  let (oldView, newView) = (graph[old].view, graph[new].view)
  let (tree, since) = (graph.describe(missing.anonVMA), graph[new].chainStamp)
  ledger.broken(key: newView.address.raw ^ oldView.address.raw, in: graph) {
    Finding(
      what: kind == .unlink
        ? "A merge drops a VMA whose trees the survivor does not stand in."
        : "mremap moves pages into a VMA that does not stand in the source's trees.",
      function: .kind(kind), stamp: stamp,
      objects: [("K", describe(newView)), ("V", describe(oldView)), ("A", tree)],
      established: [
        .init("V is in A's tree", missing.stamp), .init("K's chain has no AVC for A", since),
      ],
      contradiction: .init(
        kind == .unlink ? "K covers V's range, and V leaves its trees" : "V's pages move into K", stamp),
      rule: """
        A VMA that takes over another one's pages must stand in its trees (mm/vma.c, dup_anon_vma; 6.1: mm/mmap.c, \
        __vma_adjust).
        """)
  }
}

private func brokenOffset(
  _ s: borrowing EntrySituation, _ old: VMAView, _ new: VMAView, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let stamp = s.stamp
  ledger.broken(key: new.address.raw ^ old.address.raw, in: graph) {
    Finding(
      what: "A merge gives the addresses that it takes over other page offsets.",
      function: .kind(.unlink), stamp: stamp,
      objects: [("K", describe(new)), ("V", describe(old))],
      established: [.init("V maps \(old.start) at offset \(old.firstIndex)", stamp)],
      contradiction: .init("K covers V's range, and maps it at offset \(new.index(of: old.start))", stamp),
      rule: "VMAs merge only where vm_pgoff goes on (mm/vma.c, can_vma_merge_after).")
  }
}
