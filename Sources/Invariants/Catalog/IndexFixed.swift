import RmapEvents
import RmapGraph

extension Invariant {
  static let indexFixed = Invariant(
    name: "index-fixed", number: 17,
    statement: """
      While a folio is mapped its index never changes, and its anon_vma changes only when folio_move_anon_rmap gives \
      it to the only VMA that maps it.
      """,
    source: """
      mm/rmap.c: folio_move_anon_rmap, __folio_set_anon; mm/migrate.c: folio_migrate_mapping ("Anonymous folios \
      must stay anonymous until freed")
      """,
    kernels: "2.6.34 and later",
    exceptions: """
      KSM replaces the mapping. UFFDIO_MOVE changes both while the page is not mapped. A split gives the tails the \
      head's mapping; from then on they are separate folios.
      """,
    needs: .graphChanges + .pageChanges,
    checks: [.didSeeFolio(judge)])
}

private func judge(_ s: borrowing FolioSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let index = s.priorIndex, s.event.mapping.isAnonymous else { return }
  // A KSM page has no index of its own; that the folio is none any more means that it was freed unseen.
  if let mapping = s.priorMapping, !mapping.isAnonymous { return }
  if index == s.event.index, s.priorMapping == nil { return ledger.holds() }
  let event = s.event
  // Where the probe fires before the function sets both, it is that function which set them.
  let doer: Finding.Doer? =
    if s.priorMapping != nil {
      s.priorWasPredicted
        ? .step(s.priorStamp) : .between(s.priorStamp, s.stamp, handled: graph.lastMapped(s, after: s.priorStamp))
    } else {
      s.folio.map { .between(graph[$0].stamp, s.stamp, handled: graph.lastMapped(s, after: graph[$0].stamp)) }
    }
  let since = s.priorMapping == nil ? s.folio.map { graph[$0].stamp } : s.priorStamp
  if index != event.index {
    return broken(
      s, "A mapped folio's index has changed.", [.init("F was mapped with index \(index)", since)],
      .init("F's index is \(event.index)", s.stamp), doer, graph, &ledger)
  }
  // A predicted mapping that was not met is page-owner's business.
  if let mapping = s.priorMapping, mapping.isAnonymous, !s.priorWasPredicted, mapping != event.mapping {
    return broken(
      s, "A mapped folio's anon_vma has changed without a move.",
      [.init("F pointed to \(graph.describe(anonVMAAt: mapping.anonVMA))", s.priorStamp)],
      .init("F points to \(graph.describe(anonVMAAt: event.mapping.anonVMA))", s.stamp), doer, graph, &ledger)
  }
  ledger.holds()
}

private func broken(
  _ s: borrowing FolioSituation, _ what: String, _ established: [Finding.Fact],
  _ contradiction: Finding.Fact, _ doer: Finding.Doer?, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let (event, stamp) = (s.event, s.stamp)
  let function = kernelFunction(event)
  ledger.broken(key: event.folio.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: what, function: function, stamp: stamp, doer: doer,
      objects: [("F", "folio \(event.folio), page \(event.subpage)"), ("V", describe(event.vma))],
      established: established, contradiction: contradiction,
      rule: """
        A mapped folio keeps its index, and its anon_vma but for folio_move_anon_rmap (mm/rmap.c).
        """)
  }
}
