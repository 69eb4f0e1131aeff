import RmapEvents
import RmapGraph

extension Invariant {
  static let counters = Invariant(
    name: "counters", number: 11,
    statement: """
      num_active_vmas counts the VMAs whose anon_vma is this one; num_children counts the anon_vmas with a non-empty \
      tree whose parent is this one, including a root's link to itself. Each operation changes them as its code \
      says, and nothing else does.
      """,
    source: """
      include/linux/rmap.h, struct anon_vma; mm/rmap.c: __anon_vma_prepare, anon_vma_clone, anon_vma_fork, \
      unlink_anon_vmas; commit 2555283eb40d (6.0, backported)
      """,
    kernels: "6.0 and later, and stable kernels with 2555283eb40d",
    exceptions: """
      The counters change under the root's lock, but an operation's return is recorded after the lock was released: \
      while another task is inside an operation on the same root, nothing is decided. Kernels that count `degree` \
      (3.19 to 5.19) are not decided.
      """,
    needs: .graphChanges,
    fields: [.counters],
    judgesDesigns: true,
    checks: [.willInsertAVC(judge), .willRemoveAVC(judge)])
}

private func judge(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let children = s.update.children, let active = s.update.active else {
    return ledger.cannotTell(.notRecorded)
  }
  guard !s.isContended else { return ledger.cannotTell(.contended) }
  guard graph.lives(s.anonVMA), let knownChildren = graph[s.anonVMA].children,
    let knownActive = graph[s.anonVMA].active, graph.countersAreKnown(s.anonVMA)
  else { return ledger.cannotTell(.predatesRecording) }
  if Int64(bitPattern: children) == knownChildren, Int64(bitPattern: active) == knownActive {
    return ledger.holds()
  }
  let (update, stamp, name) = (s.update, s.stamp, function(of: s))
  let (changed, seen) = (graph[s.anonVMA].counterStamp, graph.lastSeen(s.anonVMA))
  // Right before this operation began, wrong within it.
  let handled = s.operation.flatMap { $0.stamp.ordinal > seen.ordinal ? $0.stamp : nil }
  let isActive = Int64(bitPattern: active) != knownActive
  let field = isActive ? "num_active_vmas" : "num_children"
  ledger.broken(key: update.anonVMA.raw, in: graph) {
    Finding(
      what: "\(field) of an anon_vma is \(isActive ? active : children), and must be "
        + "\(isActive ? knownActive : knownChildren).",
      function: name, stamp: stamp,
      doer: seen.ordinal > changed.ordinal ? .between(seen, stamp, handled: handled) : .step(changed),
      objects: [("A", "anon_vma \(update.anonVMA)"), ("V", describe(update.vma))],
      established: [
        .init(
          "A has num_children \(knownChildren), num_active_vmas \(knownActive)", changed)
      ],
      contradiction: .init("A shows num_children \(children), num_active_vmas \(active)", stamp),
      rule: """
        The counters follow from the recorded operations on A (mm/rmap.c; include/linux/rmap.h, struct \
        anon_vma).
        """)
  }
}
