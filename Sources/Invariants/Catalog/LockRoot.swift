import RmapEvents
import RmapGraph

extension Invariant {
  static let lockRoot = Invariant(
    name: "lock-root", number: 3,
    statement: """
      All anon_vmas on one VMA's chain have the same root; the root is its own root; an anon_vma's root never \
      changes while it lives. The lock of the whole structure is in the root.
      """,
    source: """
      mm/rmap.c: lock_anon_vma_root ("Such anon_vma's should have the same root", WARN_ON_ONCE), anon_vma_fork; \
      commit 5c341ee1dfc8 (2.6.36)
      """,
    kernels: "2.6.36 and later",
    exceptions: """
      If another anon_vma reuses an address, it may have another root: an anon_vma is identified by its birth.
      """,
    needs: .graphChanges,
    judgesDesigns: true,
    checks: [.willInsertAVC(judge), .willRemoveAVC(judge)])
}

private let rule = """
  All anon_vmas on one same_vma list share a root, which is its own root and never changes \
  (mm/rmap.c, lock_anon_vma_root).
  """

private func judge(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let root = s.update.root
  if s.update.rootOfRoot != root {
    return broken(
      s, "The root of an anon_vma is not its own root.",
      .init("A names R = anon_vma \(root) as its root", s.stamp),
      .init("R names anon_vma \(s.update.rootOfRoot) as its root", s.stamp), graph, &ledger)
  }
  if graph.lives(s.anonVMA), graph[s.anonVMA].root != root {
    return broken(
      s, "An anon_vma's root has changed while it lives.",
      .init("A's root was anon_vma \(graph[s.anonVMA].root)", graph[s.anonVMA].birth),
      .init("A's root is anon_vma \(root)", s.stamp), doer: .between(graph.lastSeen(s.anonVMA), s.stamp), graph, &ledger
    )
  }
  if let other = graph.firstAVC(of: s.vma, notIn: s.anonVMA), graph[graph[other].anonVMA].root != root {
    let node = graph[graph[other].anonVMA]
    return broken(
      s, "A VMA links anon_vmas with different roots.",
      .init("V is linked to anon_vma \(node.address), whose root is \(node.root)", graph[other].stamp),
      .init("V's link to A has root \(root)", s.stamp), graph, &ledger)
  }
  let isWhole =
    graph.chainIsKnown(of: s.vma) && (s.anonVMAIsNew || graph.birthWasSeen(at: s.update.anonVMA))
  ledger.decide(if: isWhole)
}

private func broken(
  _ s: borrowing TreeSituation, _ what: String, _ established: Finding.Fact,
  _ contradiction: Finding.Fact, doer: Finding.Doer? = nil, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let (update, stamp, function) = (s.update, s.stamp, function(of: s))
  ledger.broken(key: update.anonVMA.raw, in: graph) {
    Finding(
      what: what, function: function, stamp: stamp, doer: doer,
      objects: [("V", describe(update.vma)), ("A", "anon_vma \(update.anonVMA)")],
      established: [established], contradiction: contradiction, rule: rule)
  }
}
