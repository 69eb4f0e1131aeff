import RmapEvents
import RmapGraph

extension Invariant {
  static let prepareClosure = Invariant(
    name: "prepare-closure", number: 21,
    statement: """
      __anon_vma_prepare puts the VMA into one tree: that of a new root, or of the anon_vma of an adjacent VMA in \
      the same mm, at a contiguous offset, that is in that tree only. An existing anon_vma gets a VMA in no other \
      way than by clone in the same mm and by reuse at fork.
      """,
    source: """
      mm/rmap.c: __anon_vma_prepare; mm/vma.c (6.1: mm/mmap.c): find_mergeable_anon_vma, reusable_anon_vma, \
      anon_vma_compatible; commit d0e9fe1758f2
      """,
    kernels: "2.6.34-rc4 and later",
    exceptions: """
      A prepare that loses the race against another thread links nothing. Policy, file and flags of the adjacent VMA \
      are not recorded. Clone and fork have rules of their own (copy-closure, fork-closure).
      """,
    needs: .graphChanges,
    judgesDesigns: true,
    accuses: .membership,
    checks: [.willInsertAVC(judgeInsertion), .didPrepareAnonVMA(judgeReturn)])
}

private func judgeInsertion(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard s.operation?.kind == .prepare, let operation = s.operation,
    operation.vma == s.update.vma.address
  else { return }
  let (update, stamp) = (s.update, s.stamp)
  let node = graph[s.vma]
  if node.chainCount > 0, s.avc == nil {
    return broken(
      update.vma, update.anonVMA, stamp, "__anon_vma_prepare links a VMA that has anon_vmas already.",
      [.init("V's chain has \(counted(node.chainCount, "AVC"))", node.chainStamp)],
      .init("V is linked to A", stamp), graph, &ledger)
  }
  if update.root != update.anonVMA {
    return broken(
      update.vma, update.anonVMA, stamp, "__anon_vma_prepare links a VMA to an anon_vma that is no root.",
      [.init("V had no anon_vma", operation.stamp)],
      .init("A's root is anon_vma \(update.root)", stamp), graph, &ledger)
  }
  guard !s.anonVMAIsNew else { return ledger.holds() }
  let view = update.vma
  let offering = graph.firstVMA(of: view.mm, inTreeOf: s.anonVMA) { offers(graph[$0], update.anonVMA, to: view) }
  if offering != nil { return ledger.holds() }
  guard let anonVMA = graph.anonVMA(s.anonVMA), anonVMA.birthWasSeen else {
    return ledger.cannotTell(.predatesRecording)
  }
  broken(
    update.vma, update.anonVMA, stamp, "A VMA gets an existing anon_vma that no neighbour offers.",
    [.init("A's tree holds \(counted(anonVMA.linkedCount, "AVC"))", anonVMA.birth)],
    .init("none is of a VMA next to V that stands in A's tree alone, and V is linked to A", stamp), graph, &ledger)
}

/// Whether find_mergeable_anon_vma may take the anon_vma from this VMA, as far as it was recorded.
private func offers(_ neighbour: VMA, _ anonVMA: KernelAddress, to view: VMAView) -> Bool {
  guard let other = neighbour.linkedView, other.mm == view.mm, other.address != view.address,
    neighbour.view.anonVMA == anonVMA, neighbour.chainCount == 1
  else { return false }
  return other.end == view.start && other.index(of: view.start) == view.firstIndex
    || view.end == other.start && view.index(of: other.start) == other.firstIndex
}

private func judgeReturn(_ s: borrowing OperationSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let (linked, node) = (s.operation.linked, graph[s.vma])
  if s.result.failed ? linked == 0 : linked <= 1 && node.chainCount > 0 { return ledger.holds() }
  if linked == 0, !node.chainIsKnown { return ledger.cannotTell(.predatesRecording) }
  let view = s.operation.entry.vma
  let what =
    if s.result.failed {
      "__anon_vma_prepare failed, and has linked the VMA."
    } else if linked == 0 {
      "__anon_vma_prepare succeeded, and the VMA has no anon_vma."
    } else {
      "__anon_vma_prepare has linked the VMA more than once."
    }
  broken(
    view, view.anonVMA, s.stamp, what, [.init("V needs an anon_vma", s.operation.stamp)],
    .init("__anon_vma_prepare returned \(s.result.value), having linked \(counted(linked, "AVC"))", s.stamp), graph,
    &ledger)
}

private func broken(
  _ view: VMAView, _ anonVMA: KernelAddress, _ stamp: EventStamp, _ what: String,
  _ established: [Finding.Fact], _ contradiction: Finding.Fact, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  ledger.broken(key: view.address.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: what, function: .kind(.prepare), stamp: stamp,
      objects: [("V", describe(view))] + (anonVMA.isNull ? [] : [("A", "anon_vma \(anonVMA)")]),
      established: established, contradiction: contradiction,
      rule: """
        A VMA's first anon_vma is a new root, or that of a neighbour with a singular chain (mm/rmap.c, \
        __anon_vma_prepare; commit d0e9fe1758f2).
        """)
  }
}
