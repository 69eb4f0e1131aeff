import RmapEvents
import RmapGraph

extension Invariant {
  static let pageOwner = Invariant(
    name: "page-owner", number: 16,
    statement: """
      A new, exclusive page gets its VMA's anon_vma; a page that becomes anonymous by a mapping that may not be the \
      only one gets the oldest, the root; reuse at a write fault moves a page to its VMA's anon_vma.
      """,
    source: """
      mm/rmap.c: __folio_set_anon ("we must use the _oldest_ possible anon_vma"), folio_move_anon_rmap; \
      commit ea90002b0fa7 (2.6.34)
      """,
    kernels: "2.6.34-rc4 and later",
    exceptions: """
      A folio that is already anonymous (swap cache, migration) keeps its mapping. KSM replaces it. On kernels where \
      the probe fires before the mapping is set, the folio's next event decides.
      """,
    needs: .graphChanges + [.folioNew, .folioAdd, .folioRemove, .folioMove],
    judgesDesigns: true,
    checks: [.didSeeFolio(judge)])
}

private func judge(_ s: borrowing FolioSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let event = s.event
  guard event.mapping.isAnonymous, event.indexIsKnown else { return }
  if event.isAfter, event.step == .new || event.step == .move {
    var rightful = event.vma.anonVMA
    if event.step == .new, !event.isExclusive {
      guard let own = graph.anonVMA(at: rightful) else { return ledger.cannotTell(.predatesRecording) }
      rightful = graph[own].root
    }
    if event.mapping.anonVMA == rightful { return ledger.holds() }
    return broken(s, rightful, s.stamp, graph, &ledger)
  }
  // Probed before the mapping was set: this is the first event that shows it.
  guard let prior = s.priorMapping, s.priorWasPredicted, prior.isAnonymous else { return }
  if event.mapping == prior { return ledger.holds() }
  broken(s, prior.anonVMA, s.priorStamp, graph, &ledger)
}

private func broken(
  _ s: borrowing FolioSituation, _ rightful: KernelAddress, _ since: EventStamp,
  _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let (event, stamp) = (s.event, s.stamp)
  let function = kernelFunction(event)
  ledger.broken(key: event.folio.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: "A page points to another anon_vma than the rule gives it.", function: function,
      stamp: stamp, doer: .step(since),
      objects: [("F", "folio \(event.folio), index \(event.index)"), ("V", describe(event.vma))],
      established: [.init("F was mapped in V, and belongs to anon_vma \(rightful)", since)],
      contradiction: .init("F points to anon_vma \(event.mapping.anonVMA)", stamp),
      rule: """
        New exclusive pages belong to vma->anon_vma, others to its root (mm/rmap.c, __folio_set_anon; commit \
        ea90002b0fa7).
        """)
  }
}
