import RmapEvents
import RmapGraph

extension Invariant {
  static let intervalKey = Invariant(
    name: "interval-key", number: 5,
    statement: """
      While an AVC is in a tree, its VMA's vm_pgoff and length are those it was inserted with: the tree's key is not \
      stored but computed from the VMA. A range change keeps each address's page offset.
      """,
    source: """
      mm/interval_tree.c: avc_start_pgoff, avc_last_pgoff, anon_vma_interval_tree_verify (CONFIG_DEBUG_VM_RB); \
      since 3.7
      """,
    kernels: "3.7 and later",
    exceptions: """
      Between anon_vma_interval_tree_pre_update_vma and post_update_vma the AVCs are in no tree. exec moves a \
      stack under construction (VM_STACK_INCOMPLETE_SETUP) without its offsets.
      """,
    needs: .graphChanges,
    accuses: .avc,
    checks: [.willInsertAVC(judgeInsertion), .willRemoveAVC(judgeRemoval), .didSeeFolio(judgeFolio)])
}

/// An AVC comes back after a range change: start and vm_pgoff have moved together, if at all.
private func judgeInsertion(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard s.avc != nil, let old = graph.linkedView(of: s.vma) else { return }
  let view = s.update.vma
  if view.indexShift == old.indexShift || old.isTemporaryStack || view.isTemporaryStack {
    return ledger.holds()
  }
  let (stamp, since) = (s.stamp, s.avc.map { graph[$0].stamp })
  // Before 7.3 a merge has other names.
  let merge = view.vmPgoff == view.anonPgoff ? nil : merging(s, old)
  ledger.broken(key: view.address.raw, in: graph) {
    Finding(
      what: "A range change gives a VMA's addresses other page offsets.",
      function: merge ?? function(of: s), stamp: stamp,
      doer: merge == nil ? since.map { .between($0, stamp) } : nil, objects: [("V", describe(view))],
      established: [.init("V mapped \(old.start) at offset \(old.firstIndex)", since)],
      contradiction: .init(
        "V's vm_start \(view.start) and vm_pgoff \(view.firstIndex) give it the offset "
          + "\(view.index(of: old.start))", stamp),
      rule: "vm_start and vm_pgoff of a VMA with pages change together (mm/vma.c, vma_set_range).")
  }
}

private func judgeRemoval(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let id = s.avc, let start = graph[id].keyStart else {
    return ledger.cannotTell(.predatesRecording)
  }
  let view = s.update.vma
  if view.firstIndex == start, view.lastIndex == graph[id].keyLast { return ledger.holds() }
  let avc = graph[id]
  let (stamp, name) = (s.stamp, function(of: s))
  ledger.broken(key: view.address.raw, in: graph) {
    finding(view, stamp, name, pages(start, avc.keyLast), avc.stamp)
  }
}

private func judgeFolio(_ s: borrowing FolioSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let id = s.vma, let linked = graph[id].linkedView, graph[id].parkedCount == 0 else {
    return
  }
  let view = s.event.vma
  if view.firstIndex == linked.firstIndex, view.pages == linked.pages { return ledger.holds() }
  let stamp = s.stamp
  var since = graph[id].chainStamp
  graph.forEachAVC(of: id) { _, avc in
    since = avc.stamp
    return false
  }
  let name = kernelFunction(s.event)
  ledger.broken(key: view.address.raw, in: graph) {
    finding(view, stamp, name, pages(linked.firstIndex, linked.lastIndex), since)
  }
}

private func finding(
  _ view: VMAView, _ stamp: EventStamp, _ function: KernelFunction, _ key: String, _ inserted: EventStamp
) -> Finding {
  Finding(
    what: "A VMA's range has changed while its AVCs are in their trees.", function: function,
    stamp: stamp, doer: .between(inserted, stamp), objects: [("V", describe(view))],
    established: [.init("V's AVCs were inserted under the key \(key)", inserted)],
    contradiction: .init("V's range gives the key \(pages(view.firstIndex, view.lastIndex))", stamp),
    rule: """
      The key of an AVC in a tree must not change; the range is changed between \
      anon_vma_interval_tree_pre_update_vma and post_update_vma (mm/interval_tree.c).
      """)
}
