import RmapEvents
import RmapGraph

extension Invariant {
  static let vmaState = Invariant(
    name: "vma-state", number: 2,
    statement: """
      vma->anon_vma is NULL exactly when the VMA's chain is empty; otherwise the anon_vma it points to is on the \
      chain.
      """,
    source: """
      mm/rmap.c: __anon_vma_prepare, anon_vma_fork, unlink_anon_vmas ("vma would still be needed after unlink"; \
      commit ee8ab1903e3d); asserted in 2026 kernels (check_anon_vma_clone)
      """,
    kernels: "2.6.34 and later; after MREMAP_DONTUNMAP 5.12 and later",
    exceptions: """
      While prepare, clone, fork or unlink is at work on the VMA. Two threads may enter prepare at once: the slower \
      one still sees NULL, or its event shows what the faster one has set in the meantime. A VMA from vm_area_dup \
      has a copied anon_vma and no chain until it is cloned or forked; one that fork failed to set up is freed in \
      that state.
      """,
    needs: .graphChanges,
    judgesDesigns: true,
    accuses: .membership,
    checks: [
      .didEnter([.prepare, .clone, .fork, .unlink, .copyRange, .moveTables, .split, .copyVMA], judgeEntry),
      .didSeeFolio(judgeFolio),
    ])
}

private func judgeEntry(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let (kind, outer) = (s.operation.kind, s.outer?.kind)
  switch kind {
  case .clone, .fork:  // The VMA itself is still being made.
    judge(s.operation.entry.source, s.source, s.stamp, kind, graph, &ledger)
  case .copyRange, .moveTables:
    judge(s.operation.entry.source, s.source, s.stamp, kind, graph, &ledger)
    judge(s.operation.entry.vma, s.vma, s.stamp, kind, graph, &ledger)
  case .unlink where outer == .clone || outer == .fork: return  // It undoes what failed half-way.
  default: judge(s.operation.entry.vma, s.vma, s.stamp, kind, graph, &ledger)
  }
}

private func judgeFolio(_ s: borrowing FolioSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let id = s.vma else { return }
  if s.ownMembership != nil { return ledger.holds() }
  guard graph.openOperations(on: id) == 0 else { return ledger.cannotTell(.contended) }
  contradiction(s.event.vma, id, s.stamp, kernelFunction(s.event), graph, &ledger)
}

private func judge(
  _ view: VMAView, _ vma: VMAID?, _ stamp: EventStamp, _ kind: EventKind,
  _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  guard let vma else {
    if !view.anonVMA.isNull { ledger.cannotTell(.predatesRecording) }
    return
  }
  let agrees =
    view.anonVMA.isNull
    ? graph.chainCount(of: vma) == 0 && graph.chainIsKnown(of: vma)
    : graph.membership(of: vma, in: view.anonVMA) != nil
  if agrees { return ledger.holds() }
  guard graph.openOperations(on: vma) == 0 else { return ledger.cannotTell(.contended) }
  if kind == .prepare, mayRaceWithAnother(view, graph[vma], stamp) { return ledger.cannotTell(.contended) }
  contradiction(view, vma, stamp, .kind(kind), graph, &ledger)
}

/// Threads fault side by side, and come to __anon_vma_prepare with `vma->anon_vma == NULL` read: it has no other callers.
/// One may have read the VMA before another one's prepare changed it, and its event come later: perf takes an event's
/// time after its fields. A prepare leaves a chain of one. Or its fields are read later than its event's time, which
/// ftrace takes first, and show what the other prepare, whose events come later, has set meanwhile.
private func mayRaceWithAnother(_ view: VMAView, _ node: VMA, _ stamp: EventStamp) -> Bool {
  view.anonVMA.isNull ? node.chainCount == 1 && node.chainStamp.pid != stamp.pid : node.chainCount == 0
}

/// The VMA does not agree with its chain as far as the model has it.
@inline(never) private func contradiction(
  _ view: VMAView, _ vma: VMAID, _ stamp: EventStamp, _ function: KernelFunction,
  _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let node = graph[vma]
  if view.anonVMA.isNull ? node.chainCount == 0 : !node.chainIsKnown {
    return ledger.cannotTell(.predatesRecording)
  }
  let what =
    if view.anonVMA.isNull {
      "vma->anon_vma is NULL although the chain is not empty."
    } else if node.chainCount == 0 {
      "vma->anon_vma is set although the chain is empty."
    } else {
      "vma->anon_vma names an anon_vma that is not on the VMA's chain."
    }
  ledger.broken(key: view.address.raw ^ view.anonVMA.raw, in: graph) {
    Finding(
      what: what, function: function, stamp: stamp, doer: .between(node.chainStamp, stamp),
      objects: [("V", describe(view))],
      established: [.init("V's chain has \(counted(node.chainCount, "AVC"))", node.chainStamp)],
      contradiction: .init(
        view.anonVMA.isNull
          ? "V's anon_vma is NULL" : "V's anon_vma is \(graph.describe(anonVMAAt: view.anonVMA))", stamp),
      rule: "A VMA has an anon_vma exactly when its chain has it (mm/rmap.c, unlink_anon_vmas).")
  }
}
