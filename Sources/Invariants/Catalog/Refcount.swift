import RmapEvents
import RmapGraph

extension Invariant {
  static let refcount = Invariant(
    name: "refcount", number: 12,
    statement: """
      An anon_vma whose tree is in use has a reference; a root has one for its own tree and one for each anon_vma \
      below it.
      """,
    source: """
      mm/rmap.c: anon_vma_alloc, anon_vma_fork ("The root anon_vma needs to be pinned until this anon_vma is \
      freed, because the lock lives in the root"), __put_anon_vma
      """,
    kernels: "2.6.36 and later",
    exceptions: """
      KSM, migration, huge-page splits and rmap walks take references of their own: the count is a lower bound. An \
      anon_vma below the root is counted while a VMA is in its tree, so one that another task is about to free does \
      not matter.
      """,
    needs: .graphChanges + [.put],
    judgesDesigns: true,
    checks: [.willInsertAVC(judgeTree), .willRemoveAVC(judgeTree), .willFreeAnonVMA(judgePut)])
}

private func judgeTree(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let needed = graph.referencesNeeded(byRootAt: s.update.root)
  if s.update.refcount >= 1, let needed, Int(s.update.rootRefcount) >= needed {
    return ledger.decide(if: graph.birthWasSeen(at: s.update.root))  // More may need it than the model knows.
  }
  let update = s.update
  let (stamp, name) = (s.stamp, KernelFunction.kind(s.operation?.kind ?? s.stamp.function ?? .insert))
  if update.refcount < 1 {
    return ledger.broken(key: update.anonVMA.raw, in: graph) {
      finding(
        "An anon_vma in use has no reference.", update.anonVMA, name, stamp,
        [.init("V = \(describe(update.vma)) is a member of A", stamp)],
        .init("A's refcount is \(update.refcount)", stamp))
    }
  }
  guard let root = graph.anonVMANode(at: update.root) else {
    return ledger.cannotTell(.predatesRecording)
  }
  let seen = graph.lastSeen(rootAt: update.root)
  ledger.broken(key: update.root.raw, in: graph) {
    finding(
      "A root has fewer references than the anon_vmas that need it.", update.root, name, stamp,
      [
        .init(
          "A's tree has \(counted(root.memberCount, "VMA")), and \(counted(root.usedUnder, "anon_vma")) in use below A",
          root.birth)
      ],
      .init("A's refcount is \(update.rootRefcount)", stamp), .between(seen, stamp))
  }
}

/// The dying anon_vma still holds its reference to the root. That its own count is 0 is anon-vma-death's rule.
private func judgePut(_ s: borrowing PutSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard !s.isImplicitRoot, s.put.root != s.put.anonVMA else { return }
  if s.put.rootRefcount >= 1 { return ledger.holds() }
  let (put, stamp, seen) = (s.put, s.stamp, graph.lastSeen(rootAt: s.put.root))
  ledger.broken(key: put.root.raw, in: graph) {
    finding(
      "A root has no reference while an anon_vma below it is freed.", put.root, .kind(.put), stamp,
      [.init("anon_vma \(put.anonVMA) names A as its root", stamp)],
      .init("A's refcount is \(put.rootRefcount)", stamp), .between(seen, stamp))
  }
}

private func finding(
  _ what: String, _ anonVMA: KernelAddress, _ function: KernelFunction, _ stamp: EventStamp,
  _ established: [Finding.Fact], _ contradiction: Finding.Fact, _ doer: Finding.Doer? = nil
) -> Finding {
  Finding(
    what: what, function: function, stamp: stamp, doer: doer, objects: [("A", "anon_vma \(anonVMA)")],
    established: established, contradiction: contradiction,
    rule: """
      A used tree and every anon_vma below a root hold a reference (mm/rmap.c, anon_vma_fork, __put_anon_vma).
      """)
}
