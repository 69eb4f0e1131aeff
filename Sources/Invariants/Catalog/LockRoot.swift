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
    exceptions: "An address used again by another anon_vma may have another root: identity is the birth.",
    needs: .graphChanges,
    checks: [.linking(judgeLinking), .unlinking(judgeUnlinking)])
}

private let rule = """
  All anon_vmas on one same_vma list share a root, which is its own root and never changes \
  (mm/rmap.c, lock_anon_vma_root).
  """

private func judgeLinking(
  _ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) { judge(s, graph, function(of: s, insertion: true), &ledger) }

private func judgeUnlinking(
  _ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) { judge(s, graph, function(of: s, insertion: false), &ledger) }

private func judge(
  _ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ function: String, _ ledger: inout Ledger
) {
  let (update, stamp) = (s.update, s.stamp)
  if update.rootOfRoot != update.root {
    return ledger.broken(key: update.anonVMA.raw) {
      finding(
        "The root of an anon_vma is not its own root.", update, stamp, function,
        [.init("A names R = anon_vma \(update.root) as its root", stamp)],
        .init("R names anon_vma \(update.rootOfRoot) as its root", stamp))
    }
  }
  if let node = graph.anonVMA(s.anonVMA), node.root != update.root {
    return ledger.broken(key: update.anonVMA.raw) {
      finding(
        "An anon_vma's root has changed while it lives.", update, stamp, function,
        [.init("A's root was anon_vma \(node.root)", node.birth)],
        .init("A's root is anon_vma \(update.root)", stamp))
    }
  }
  var other: (AVC, AnonVMA)?
  graph.forEachAVC(of: s.vma) { _, avc in
    if let node = graph.anonVMA(avc.anonVMA), node.address != update.anonVMA { other = (avc, node) }
    return other == nil
  }
  if let (avc, node) = other, node.root != update.root {
    return ledger.broken(key: update.anonVMA.raw) {
      finding(
        "A VMA links anon_vmas with different roots.", update, stamp, function,
        [.init("V is linked to anon_vma \(node.address), whose root is \(node.root)", avc.stamp)],
        .init("V's link to A has root \(update.root)", stamp))
    }
  }
  let isBorn = s.anonVMAIsNew
  let isWhole = graph.chainIsKnown(of: s.vma) && (isBorn || graph.birthWasSeen(at: update.anonVMA))
  if isWhole { ledger.holds() } else { ledger.cannotTell(.predatesRecording) }
}

private func finding(
  _ what: String, _ update: TreeUpdate, _ stamp: EventStamp, _ function: String,
  _ established: [Finding.Fact], _ contradiction: Finding.Fact
) -> Finding {
  Finding(
    what: what, function: function, stamp: stamp,
    objects: [("V", describe(update.vma)), ("A", "anon_vma \(update.anonVMA)")],
    established: established, contradiction: contradiction, rule: rule)
}
