import RmapEvents
import RmapGraph
import Vocabulary

extension Invariant {
  static let spareAnonVMA = Invariant(
    name: "spare-anon-vma", number: 37,
    statement: """
      anon_vma_fork puts the anon_vma that it has allocated in advance exactly when it does not use it: the clone has \
      chosen another one, or has failed.
      """,
    source: "mm/rmap.c: anon_vma_fork, maybe_reuse_anon_vma",
    kernels: "7.0 and later",
    exceptions: """
      A fork that fails before its clone may not have allocated any. A fork whose beginning was not seen. Assumed: no reader \
      holds the spare at the moment of its put, having found it by an address that it read before (SLAB_TYPESAFE_BY_RCU; it \
      lets go at once, since the page is not mapped any more): that reader's put would be the last.
      """,
    needs: .graphChanges + [.put], marker: .cloneOperation,
    checks: [.didForkAnonVMA(judge)])
}

private func judge(_ s: borrowing OperationSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let entry = s.operation.entry
  guard !entry.source.anonVMA.isNull else { return }
  guard s.operation.isClear else { return ledger.cannotTell(.predatesRecording) }
  let (put, own) = (s.operation.sparesPut, graph[s.vma].forkedAnonVMA)
  // Without memory for the anon_vma there was neither a clone nor a spare.
  if s.result.failed, put <= 1 { return ledger.holds() }
  if put == (own == nil ? 1 : 0) { return ledger.holds() }
  let stamp = s.stamp
  let outcome = own.map { "V got an anon_vma of its own, \(graph.describe($0))" } ?? "V got no anon_vma of its own"
  ledger.broken(key: entry.vma.address.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: own == nil
        ? "A fork does not put the anon_vma that it has not used." : "A fork puts an anon_vma besides using one.",
      function: .kind(.fork), stamp: stamp, objects: [("V", describe(entry.vma))],
      established: [.init(outcome, stamp)],
      contradiction: .init("anon_vma_fork has put \(counted(put, "anon_vma")) of no tree", stamp),
      rule: "The spare is put if the clone has reused another anon_vma or failed (mm/rmap.c, anon_vma_fork).")
  }
}
