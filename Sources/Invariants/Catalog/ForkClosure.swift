import RmapEvents
import RmapGraph

extension Invariant {
  static let forkClosure = Invariant(
    name: "fork-closure", number: 8,
    statement: """
      After anon_vma_fork the child's VMA is in every tree that the parent's VMA is in, and either also in the tree \
      of one new anon_vma (root: the parent's root; parent: the parent VMA's anon_vma), or it reuses an anon_vma of \
      the chain that has no VMA, has at most one child and is not the root. All of this precedes the copy of the \
      page tables, and both VMAs have the same range and offsets. An anon_vma's parent never changes.
      """,
    source: "mm/rmap.c: anon_vma_fork, anon_vma_clone; commits 5beb49305251, 7a3ef208e662, 2555283eb40d",
    kernels: "2.6.34 and later; reuse at fork 3.19 and later, by the counters of 6.0 (backported to stable kernels)",
    exceptions: """
      A parent without an anon_vma leaves the child without one. A failed fork leaves no AVC. VMAs with \
      MADV_WIPEONFORK or MADV_DONTFORK are not forked.
      """,
    needs: .graphChanges + [.copyRange],
    judgesDesigns: true,
    accuses: .membership,
    checks: [
      .didForkAnonVMA(judgeForked), .didSeeForkedAnonVMA(judgeSight), .didEnter([.copyRange], judgeCopy),
      .willInsertAVC(judgeParent), .willRemoveAVC(judgeParent),
    ])
}

private let rule = """
  The child's VMA must stand in every tree in which its parent's VMA stands, and in one anon_vma of its own \
  (mm/rmap.c, anon_vma_fork).
  """

private func judgeForked(_ s: borrowing OperationSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let entry = s.operation.entry
  if s.result.failed || entry.source.anonVMA.isNull {
    if graph[s.vma].chainCount == 0 {
      if s.result.failed { ledger.holds() }
      return
    }
    let why = s.result.failed ? "anon_vma_fork failed" : "the parent's VMA has no anon_vma"
    return broken(
      s, "A child's VMA has AVCs although it must have none.", [.init(why, s.stamp)],
      .init("V is a member of \(counted(graph[s.vma].chainCount, "anon_vma"))", s.stamp), graph, &ledger)
  }
  if let contradiction = ownAnonVMA(s, graph) {
    return broken(
      s, "A forked VMA's own anon_vma is wrong.", [.init("V was forked from P", s.operation.stamp)],
      contradiction, graph, &ledger)
  }
  guard let source = s.source, graph[source].chainIsKnown, graph[source].parkedCount == 0,
    graph.birthWasSeen(at: entry.source.anonVMA)
  else { return ledger.cannotTell(.predatesRecording) }
  if let missing = graph.firstAVC(of: source, missingFrom: s.vma).map({ graph[$0] }) {
    return broken(
      s, "A forked VMA is missing from a tree in which its parent stands.",
      [.init("P is in the tree of \(graph.describe(missing.anonVMA))", missing.stamp)],
      .init("anon_vma_fork returned without linking V to it", s.stamp), graph, &ledger)
  }
  let own = graph[s.vma].forkedAnonVMA
  if let extra = graph.firstAVC(of: s.vma, missingFrom: source, except: own).map({ graph[$0] }) {
    return broken(
      s, "A forked VMA is in a tree in which its parent does not stand.",
      [.init("P is not in the tree of \(graph.describe(extra.anonVMA))", graph[source].chainStamp)],
      .init("V was linked to it", extra.stamp), graph, &ledger)
  }
  ledger.holds()
}

/// The fields of the anon_vma that the fork made, if it made one.
private func ownAnonVMA(_ s: borrowing OperationSituation, _ graph: borrowing RmapGraph) -> Finding.Fact? {
  guard let id = graph[s.vma].forkedAnonVMA, let own = graph.anonVMA(id) else { return nil }
  let source = s.operation.entry.source
  if own.parent != source.anonVMA {
    return .init(
      "its parent is anon_vma \(own.parent), not P's anon_vma \(source.anonVMA)", own.birth)
  }
  if let parent = graph.anonVMA(at: source.anonVMA), own.root != graph[parent].root {
    return .init(
      "its root is anon_vma \(own.root), not that of P's anon_vma, \(graph[parent].root)", own.birth)
  }
  if own.linkedCount != 1 {
    return .init("its tree holds \(own.linkedCount) AVCs, not one", own.birth)
  }
  return nil
}

/// `->parent` is set once, by anon_vma_fork or, to itself, by anon_vma_alloc.
private func judgeParent(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard !s.anonVMAIsNew, graph.lives(s.anonVMA) else { return }
  // Not counted: a fork is what this invariant decides, and there may be none.
  if s.update.parent == graph[s.anonVMA].parent { return }
  let (update, stamp, name) = (s.update, s.stamp, function(of: s))
  let (node, seen) = (graph[s.anonVMA], graph.lastSeen(s.anonVMA))
  ledger.broken(key: update.anonVMA.raw, in: graph) {
    Finding(
      what: "An anon_vma's parent has changed while it lives.", function: name, stamp: stamp,
      doer: .between(seen, stamp),
      objects: [("A", "anon_vma \(update.anonVMA)"), ("V", describe(update.vma))],
      established: [.init("A's parent was anon_vma \(node.parent)", node.birth)],
      contradiction: .init("A's parent is anon_vma \(update.parent)", stamp),
      rule: "anon_vma_fork sets ->parent once (mm/rmap.c, anon_vma_fork).")
  }
}

/// `vma->anon_vma` of the child, at the first event that shows it.
private func judgeSight(_ s: borrowing VMASituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let vma = graph[s.vma]
  let given = s.view.anonVMA
  if let own = vma.forkedAnonVMA {
    guard let node = graph.anonVMA(own) else { return ledger.cannotTell(.predatesRecording) }
    if node.address == given { return ledger.holds() }
    return brokenSight(
      s, vma, "A forked VMA does not use the anon_vma that was made for it.",
      [.init("the fork made anon_vma \(node.address) for V", node.birth)],
      .init("V's anon_vma is \(given)", s.stamp), graph, &ledger)
  }
  guard let id = graph.membership(of: s.vma, in: given) else {
    return brokenSight(
      s, vma, "A forked VMA uses an anon_vma in whose tree it does not stand.",
      [.init("the fork made no anon_vma for V", vma.forkStamp)],
      .init("V's anon_vma is \(given), not one of its chain", s.stamp), graph, &ledger)
  }
  let avc = graph[id]
  guard let children = avc.childrenAtLink, let active = avc.activeAtLink else {
    return ledger.cannotTell(.notRecorded)
  }
  let isRoot = graph.anonVMA(avc.anonVMA)?.isRoot ?? false
  if active == 0, children < 2, !isRoot { return ledger.holds() }
  brokenSight(
    s, vma, "A forked VMA uses an anon_vma again that is not free for it.",
    [
      .init(
        "A = anon_vma \(given) had num_active_vmas \(active), num_children \(children)"
          + (isRoot ? " and is the root" : ""), avc.stamp)
    ],
    .init("V's anon_vma is A", s.stamp), graph, &ledger)
}

/// copy_page_range has been entered: from now on the child maps its parent's pages.
private func judgeCopy(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let child = s.vma, let parent = s.source else { return }
  let entry = s.operation.entry
  let (new, old) = (entry.vma, entry.source)
  if !new.hasRange(of: old) || new.mm == old.mm {
    let other = Finding.Fact("V does not map P's range at P's offsets in an mm of its own", s.stamp)
    return brokenCopy(s, other, .kind(.copyRange), graph, &ledger)
  }
  guard !old.anonVMA.isNull else { return }
  if new.anonVMA.isNull {
    return brokenCopy(s, .init("P has an anon_vma, and V has none", s.stamp), whoJoins(child, graph), graph, &ledger)
  }
  guard let missing = graph.firstAVC(of: parent, missingFrom: child).map({ graph[$0] }) else {
    return ledger.decide(if: graph.chainIsKnown(of: parent))
  }
  guard graph[child].chainIsKnown else { return ledger.cannotTell(.predatesRecording) }
  let tree = graph.describe(missing.anonVMA)
  let missed = Finding.Fact("P is in the tree of \(tree), and V is not", missing.stamp)
  brokenCopy(s, missed, whoJoins(child, graph), graph, &ledger)
}

/// Who had to take a child's VMA into its parent's trees before the page tables are copied: where nobody has called
/// anon_vma_fork for it, that is dup_mmap's fault, which calls copy_page_range, too.
private func whoJoins(_ child: VMAID, _ graph: borrowing RmapGraph) -> KernelFunction {
  graph[child].birth.isRecorded && graph[child].forkStamp == nil ? .named("dup_mmap") : .kind(.copyRange)
}

private func brokenCopy(
  _ s: borrowing EntrySituation, _ contradiction: Finding.Fact, _ function: KernelFunction,
  _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let (entry, stamp) = (s.operation.entry, s.stamp)
  ledger.broken(key: entry.vma.address.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: "fork copies page tables to a VMA that the rmap does not find as it finds the parent's.",
      function: function, stamp: stamp,
      objects: [("V", describe(entry.vma)), ("P", describe(entry.source))],
      established: [.init("V is to map the pages of P", stamp)], contradiction: contradiction, rule: rule)
  }
}

private func broken(
  _ s: borrowing OperationSituation, _ what: String, _ established: [Finding.Fact],
  _ contradiction: Finding.Fact, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let (entry, stamp, since) = (s.operation.entry, s.stamp, s.operation.stamp)
  ledger.broken(key: entry.vma.address.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: what, function: .kind(.fork), stamp: stamp, operation: since,
      objects: [("V", describe(entry.vma)), ("P", describe(entry.source))],
      established: established, contradiction: contradiction, rule: rule)
  }
}

private func brokenSight(
  _ s: borrowing VMASituation, _ vma: VMA, _ what: String, _ established: [Finding.Fact],
  _ contradiction: Finding.Fact, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let (view, stamp) = (s.view, s.stamp)
  ledger.broken(key: view.address.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: what, function: .kind(.fork), stamp: stamp, doer: vma.forkStamp.map { .step($0) },
      objects: [("V", describe(view))],
      established: established, contradiction: contradiction,
      rule: """
        An existing anon_vma is used again at fork only if it has no VMA and at most one child, and is not the \
        root (mm/rmap.c, anon_vma_clone; commit 2555283eb40d).
        """)
  }
}
