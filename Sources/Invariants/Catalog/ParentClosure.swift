import RmapEvents
import RmapGraph

extension Invariant {
  static let parentClosure = Invariant(
    name: "parent-closure", number: 7,
    statement: """
      A VMA that is in an anon_vma's tree is also in the tree of its parent, up to the root: an ancestor has at \
      least the VMAs of its children.
      """,
    source: """
      mm/rmap.c: anon_vma_fork (->parent is the parent VMA's anon_vma), anon_vma_clone; commit 5beb49305251
      """,
    kernels: "2.6.34 and later",
    exceptions: """
      Judged when clone and fork have returned: inside them, and while a range changes, the order of the steps is up \
      to the kernel (it differs between 6.18 and the kernels of 2026). The parent of an anon_vma whose tree is empty \
      may dangle.
      """,
    needs: .graphChanges,
    judgesDesigns: true,
    accuses: .membership,
    checks: [.didCloneAnonVMAs(judge), .didForkAnonVMA(judge)])
}

private func judge(_ s: borrowing OperationSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  // The clone inside a fork is judged when the fork is done.
  guard s.outer?.kind != .fork, !s.result.failed, graph.chainCount(of: s.vma) > 0 else { return }
  guard s.operation.isClear else { return ledger.cannotTell(.predatesRecording) }
  let vma = s.vma
  guard let id = graph.firstAVCWithoutParent(of: vma) else {
    return ledger.decide(if: graph.chainIsKnown(of: vma))
  }
  let orphan = graph[id]
  guard let node = graph.anonVMA(orphan.anonVMA) else { return }
  guard graph.chainIsKnown(of: vma) else { return ledger.cannotTell(.predatesRecording) }
  let (view, stamp) = (graph[vma].view, s.stamp)
  let (child, parent) = (graph.describe(orphan.anonVMA), graph.describe(anonVMAAt: node.parent))
  let function = KernelFunction.kind(s.operation.kind)
  ledger.broken(key: view.address.raw ^ node.address.raw, in: graph) {
    Finding(
      what: "A VMA stands in the tree of an anon_vma, but not in that of its parent.",
      function: function, stamp: stamp,
      objects: [("V", describe(view)), ("A", child), ("P", parent)],
      established: [.init("A's parent is P", node.birth), .init("V is in A's tree", orphan.stamp)],
      contradiction: .init("\(FunctionNames()[function]) returned and V is not in P's tree", stamp),
      rule: "The tree of a parent holds the VMAs of its children (mm/rmap.c, anon_vma_fork).")
  }
}
