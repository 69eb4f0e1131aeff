import RmapEvents
import RmapGraph

extension Invariant {
  static let anonVMADeath = Invariant(
    name: "anon-vma-death", number: 13,
    statement: """
      When an anon_vma is freed, its refcount is 0 and its tree is empty, no VMA uses it, no living anon_vma has it \
      as its root, and no mapped page points to it.
      """,
    source: """
      mm/rmap.c: __put_anon_vma, anon_vma_free (VM_BUG_ON(atomic_read(&anon_vma->refcount))), unlink_anon_vmas \
      (VM_WARN_ON(num_children), VM_WARN_ON(num_active_vmas))
      """,
    kernels: "2.6.36 and later; the counters 6.0 and later",
    exceptions: """
      Folios that are not mapped may keep a stale mapping. An anon_vma that lost the race in \
      __anon_vma_prepare dies without ever having had a tree. A root is freed in the same call as its last child.
      """,
    needs: .graphChanges + [.put], needsWithPages: .pageChanges,
    judgesDesigns: true,
    checks: [.willFreeAnonVMA(judge)])
}

private func judge(_ s: borrowing PutSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let node = graph.anonVMA(s.anonVMA) else { return }
  if !s.isFreedByLastMember, mayBeAnotherTenant(s.put, node) { return ledger.cannotTell(.contended) }
  if !s.isImplicitRoot, let fact = brokenFields(s.put, s.stamp) {
    // Outside of our operations, a reference that is none of a VMA's is put: of KSM's, or of a migration's.
    let isStrangers = s.put.refcount == 0 && !s.put.treeIsEmpty && graph.operation(ofTask: s.stamp.pid) == nil
    let doer = s.put.refcount == 0 ? whoCounted(node, s.put, s.stamp, graph) : nil
    var established = [Finding.Fact("A is freed", s.stamp)]
    if !s.put.treeIsEmpty, let left = leftAVC(s.anonVMA, graph) { established.append(left) }
    return broken(
      s, node, graph, established, fact, doer: doer,
      function: isStrangers ? .named("the caller of put_anon_vma") : .kind(.put), &ledger)
  }
  if node.linkedCount + node.parkedCount > 0 {
    let left = leftAVC(s.anonVMA, graph) ?? Finding.Fact("A's tree holds an AVC of a VMA whose range is changing")
    return broken(s, node, graph, [left], .init("A is freed", s.stamp), &ledger)
  }
  if node.isRoot, node.rootedCount > 0 {
    return broken(
      s, node, graph, [.init("A is the root of \(counted(node.rootedCount, "living anon_vma"))", node.birth)],
      .init("A is freed, and the lock with it", s.stamp), &ledger)
  }
  if node.mappedPages > 0, !ledger.isKnown(key: node.address.raw),
    let folio = graph.anyMappedFolio(of: s.anonVMA)
  {
    let mapped = Finding.Fact("\(graph.describe(folio)) is mapped and points to A", graph[folio].changeStamp)
    let zap = lastZap(folio, s.stamp, graph)
    return broken(
      s, node, graph, [mapped] + (zap.map { [$0] } ?? []), .init("A is freed: the page's mapping dangles", s.stamp),
      doer: .between(graph[folio].changeStamp, s.stamp, handled: unlinking(s.stamp, graph)),
      function: zap == nil ? .kind(.put) : .named("unmap_vmas"), &ledger)
  }
  ledger.decide(if: node.birthWasSeen)
}

/// An AVC that stands in an anon_vma's tree, and its VMA.
private func leftAVC(_ anonVMA: AnonVMAID, _ graph: borrowing RmapGraph) -> Finding.Fact? {
  var left: AVC?
  graph.forEachAVC(in: anonVMA) { _, avc in
    left = avc
    return false
  }
  return left.map { .init("A's tree holds an AVC of \(describe(graph[$0.vma].view))", $0.stamp) }
}

/// What is freed at the address of a root that died unseen may be an anon_vma that never had a tree: one that lost the race
/// in __anon_vma_prepare, or one of a fork that ran out of memory.
private func mayBeAnotherTenant(_ put: AnonVMAPut, _ node: AnonVMA) -> Bool {
  guard node.isUnneededRoot, put.root == put.anonVMA, let children = put.children, let active = put.active
  else { return false }
  return (children, active) == (1, 0) || (children, active) == (0, 1)
}

/// Of a counter that the model has otherwise: the last step that was to change it, which did not.
private func whoCounted(
  _ node: AnonVMA, _ put: AnonVMAPut, _ stamp: EventStamp, _ graph: borrowing RmapGraph
) -> Finding.Doer {
  let changed = node.counterStamp.ordinal < stamp.ordinal ? node.counterStamp : unlinking(stamp, graph)
  guard put.treeIsEmpty, node.active == 0, let changed else { return .between(node.counterStamp, stamp) }
  return .step(changed)
}

/// Whether the page is one of a VMA that exit_mmap or munmap unlinks: by then unmap_vmas has taken away all of them.
/// A merge unlinks a VMA, too; what shows a munmap is that the task has just taken away other pages of it.
private func lastZap(_ folio: FolioID, _ stamp: EventStamp, _ graph: borrowing RmapGraph) -> Finding.Fact? {
  guard let operation = graph.operation(ofTask: stamp.pid), operation.pointee.kind == .unlink,
    let vma = graph.vma(at: operation.pointee.entry.vma.address), graph.mappedAddress(of: folio, in: vma) != nil
  else { return nil }
  if graph.isInExit(task: stamp.pid) {
    return graph.operation(ofTask: stamp.pid, outward: 1).map { .init("exit_mmap has begun", $0.pointee.stamp) }
  }
  guard graph.operation(ofTask: stamp.pid, outward: 1) == nil else { return nil }
  return graph.lastZap(of: vma, task: stamp.pid, since: graph[folio].changeStamp)
    .map { .init("the task has taken other pages of the VMA away, and not this one", $0) }
}

/// The entry of the unlink_anon_vmas that a put is part of.
private func unlinking(_ stamp: EventStamp, _ graph: borrowing RmapGraph) -> EventStamp? {
  guard let operation = graph.operation(ofTask: stamp.pid), operation.pointee.kind == .unlink else { return nil }
  return operation.pointee.stamp
}

private func brokenFields(_ put: AnonVMAPut, _ stamp: EventStamp) -> Finding.Fact? {
  if put.refcount != 0 { return .init("A's refcount is \(put.refcount)", stamp) }
  if !put.treeIsEmpty { return .init("A's tree is not empty", stamp) }
  if let active = put.active, active != 0 { return .init("A's num_active_vmas is \(active)", stamp) }
  if let children = put.children, children != 0 {
    return .init("A's num_children is \(children)", stamp)
  }
  return nil
}

private func broken(
  _ s: borrowing PutSituation, _ node: AnonVMA, _ graph: borrowing RmapGraph,
  _ established: [Finding.Fact], _ contradiction: Finding.Fact, doer: Finding.Doer? = nil,
  function: KernelFunction = .kind(.put), _ ledger: inout Ledger
) {
  let (stamp, object) = (s.stamp, graph.describe(s.anonVMA))
  ledger.broken(key: node.address.raw, in: graph) {
    Finding(
      what: "An anon_vma is freed that is still in use.", function: function, stamp: stamp,
      doer: function == .kind(.put) ? doer : nil, objects: [("A", object)], established: established,
      contradiction: contradiction,
      rule: """
        An anon_vma lives as long as a VMA, a child or a mapped page needs it (mm/rmap.c, __put_anon_vma).
        """)
  }
}
