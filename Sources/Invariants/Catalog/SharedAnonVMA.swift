import RmapEvents
import RmapGraph

extension Invariant {
  static let sharedAnonVMA = Invariant(
    name: "shared-anon-vma", number: 6,
    statement: """
      All VMAs with the same vma->anon_vma belong to one mm and are in the same trees. Merge relies on it.
      """,
    source: """
      mm/rmap.c: anon_vma_clone, reusable_anon_vma; include/linux/rmap.h: anon_vma_merge; commits d0e9fe1758f2 \
      ("every vma that shares the same anon_vma will always also have the same chain"), 2555283eb40d \
      (CVE-2022-42703)
      """,
    kernels: """
      2.6.34 and later, except 5.5 with 4e4a9eb92133; 3.19 to 5.19 break it without 2555283eb40d: that is the bug
      """,
    exceptions: """
      A VMA from vm_area_dup holds a copied pointer until it is cloned or forked. Judged when a VMA gets its \
      anon_vma: by prepare, clone or fork.
      """,
    needs: .graphChanges + [.copyRange],
    judgesDesigns: true,
    accuses: .membership,
    checks: [.willInsertAVC(judgeInsertion), .didCloneAnonVMAs(judgeCloned), .didSeeForkedAnonVMA(judgeForked)])
}

/// __anon_vma_prepare gives the VMA a neighbour's anon_vma, which is then all of its chain.
private func judgeInsertion(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard s.operation?.kind == .prepare, !s.anonVMAIsNew, let operation = s.operation,
    operation.vma == s.update.vma.address
  else { return }
  guard let other = sharer(of: s.anonVMA, besides: s.vma, graph) else {
    return ledger.cannotTell(.predatesRecording)
  }
  let node = graph[other]
  if node.view.mm == s.update.vma.mm, node.chainCount == 1 { return ledger.holds() }
  let contradiction =
    node.view.mm == s.update.vma.mm
    ? "W is a member of \(node.chainCount) anon_vmas, V of A alone" : "W belongs to another mm"
  broken(s.update.vma, other, s.anonVMA, contradiction, s.stamp, .kind(.prepare), graph, &ledger)
}

/// Split, merge and mremap: whether the chains are the same is copy-closure's rule.
private func judgeCloned(_ s: borrowing OperationSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let entry = s.operation.entry
  guard s.outer?.kind != .fork, !s.result.failed, !entry.vma.anonVMA.isNull,
    entry.vma.anonVMA == entry.source.anonVMA
  else { return }
  if entry.vma.mm == entry.source.mm { return ledger.holds() }
  guard let source = s.source, let anonVMA = graph.anonVMA(at: entry.vma.anonVMA) else {
    return ledger.cannotTell(.predatesRecording)
  }
  broken(
    entry.vma, source, anonVMA, "W belongs to another mm", s.operation.stamp,
    .kind(s.outer?.kind ?? .clone), graph, &ledger)
}

/// Fork gives the child an anon_vma of its own, or one that no VMA uses.
private func judgeForked(_ s: borrowing VMASituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let anonVMA = graph.anonVMA(at: s.view.anonVMA) else { return }
  guard let other = sharer(of: anonVMA, besides: s.vma, graph) else {
    let isWhole = graph.birthWasSeen(at: s.view.anonVMA)
    return ledger.decide(if: isWhole)
  }
  broken(
    s.view, other, anonVMA, "W uses A already", s.stamp, .kind(.fork),
    what: "Fork gives a VMA an anon_vma that another VMA uses.", graph, &ledger)
}

/// Another VMA in the anon_vma's tree that has it as its own.
private func sharer(of anonVMA: AnonVMAID, besides vma: VMAID, _ graph: borrowing RmapGraph) -> VMAID? {
  guard let address = graph.anonVMA(anonVMA)?.address else { return nil }
  var found: VMAID?
  graph.forEachAVC(in: anonVMA) { _, avc in
    if avc.vma != vma, graph[avc.vma].view.anonVMA == address { found = avc.vma }
    return found == nil
  }
  return found
}

private func broken(
  _ view: VMAView, _ other: VMAID, _ anonVMA: AnonVMAID, _ contradiction: String,
  _ stamp: EventStamp, _ function: KernelFunction,
  what: String = "Two VMAs have the same anon_vma, but not the same mm and chain.", _ graph: borrowing RmapGraph,
  _ ledger: inout Ledger
) {
  let (node, object) = (graph[other], graph.describe(anonVMA))
  ledger.broken(key: view.address.raw ^ node.view.address.raw, in: graph) {
    Finding(
      what: what, function: function, stamp: stamp,
      objects: [("A", object), ("V", describe(view)), ("W", describe(node.view))],
      established: [.init("W's anon_vma is A", node.chainStamp), .init("V's anon_vma is A", stamp)],
      contradiction: .init(contradiction, stamp),
      rule: """
        VMAs with the same anon_vma are of one mm and have the same chain (commits d0e9fe1758f2, 2555283eb40d).
        """)
  }
}
