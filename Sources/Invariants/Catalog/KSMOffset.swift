import RmapEvents
import RmapGraph
import Vocabulary

extension Invariant {
  static let ksmOffset = Invariant(
    name: "ksm-offset", number: 36,
    statement: """
      A walk for a page of KSM visits each VMA at the address whose anonymous offset it looks for, or where a VMA with that \
      offset once was.
      """,
    source: "mm/ksm.c: rmap_walk_ksm, try_to_merge_with_ksm_page (linear_page_index)",
    kernels: "7.3 and later",
    exceptions: """
      mremap takes pages of KSM out of what it moves, but their rmap_items stay until ksmd's next pass: a VMA that has \
      come to lie at such an item's address, with another offset, is visited in vain. Nothing is decided where a VMA with the \
      offset that is looked for, at that address, may ever have been in the tree. Which offsets a walk ought to look for is not \
      decided (ksm-walks).
      """,
    needs: .graphChanges + [.walk, .walkFirst, .walkNext] + .walkVisits, marker: .oneIndex, isOccasional: true,
    checks: [.willVisitVMA(judge)])
}

private func judge(_ s: borrowing WalkVisitSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard s.frame.isOfOneIndex else { return }
  guard let start = s.start, let vma = s.vma, let view = graph.linkedView(of: vma) else {
    return ledger.cannotTell(.predatesRecording)
  }
  let (visit, stamp, index) = (s.visit, s.stamp, view.index(of: s.visit.address))
  if view.contains(visit.address), index == start.first { return ledger.holds() }
  if view.contains(visit.address), mayBeOfAStaleItem(visit.address, start, graph) {
    return ledger.cannotTell(.notRecorded)
  }
  ledger.broken(key: view.address.raw ^ visit.folio.raw, in: graph) {
    Finding(
      what: "A walk for a page of KSM visits an address of another offset.", function: .named("rmap_walk_ksm"),
      stamp: stamp, objects: [("F", "folio \(visit.folio)"), ("V", describe(view))],
      established: [.init("the walk looks for the offset \(start.first)", stamp)],
      contradiction: .init("it visits V at \(visit.address), which is offset \(index)", stamp),
      rule: "A KSM walk's address is that of its rmap_item's linear_page_index (mm/ksm.c, rmap_walk_ksm).")
  }
}

/// Whether the address may be of an rmap_item that outlived its page (mm/ksm.c, break_ksm): then a VMA of its anon_vma had
/// the item's offset there.
private func mayBeOfAStaleItem(_ address: UserAddress, _ start: WalkStart, _ graph: borrowing RmapGraph) -> Bool {
  guard let id = graph.anonVMA(at: start.anonVMA), graph[id].birthWasSeen else { return true }
  return graph[id].mayHaveHeld(shift: start.first.raw &- address.page)
}
