import RmapEvents
import RmapGraph

extension Invariant {
  static let reach = Invariant(
    name: "reach", number: 15,
    statement: """
      The rmap walk finds every mapping of every anonymous page: the VMA that maps it is in the tree of the anon_vma \
      that folio->mapping points to, and the page's offset is linear in that VMA.
      """,
    source: """
      mm/rmap.c: rmap_walk_anon, __page_check_anon_rmap, folio_get_anon_vma; include/linux/rmap.h, struct \
      anon_vma
      """,
    kernels: "2.6.34 and later",
    exceptions: """
      The stack that exec is moving (VM_STACK_INCOMPLETE_SETUP); folios that are not mapped; KSM pages, which are \
      found by other means (walk-coverage). hugetlbfs pages are judged when they are mapped, inherited or moved; \
      whether one is left when its VMA goes is not. Their offsets count huge pages before 6.7, and in recordings \
      without hugetlb's own events the unit is not known.
      """,
    needs: .graphChanges + .pageChanges,
    judgesDesigns: true,
    accuses: .membership,
    checks: [.didSeeFolio(judgeFolio), .didChangeVMAOfPage(judgePage)])
}

private let rule = """
  The anon_vma that a page points to must reach every VMA that maps the page, at the page's offset \
  (mm/rmap.c, rmap_walk_anon).
  """

private func judgeFolio(_ s: borrowing FolioSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let event = s.event
  guard !event.vma.isTemporaryStack else { return }
  guard event.indexIsKnown else { return ledger.cannotTell(.unitUnknown) }
  // It may be UFFDIO_MOVE, which sets the index for the new place only after this.
  if event.step == .move, s.folio == nil { return ledger.cannotTell(.predatesRecording) }
  // On older kernels the mapping is set behind the probe: judge what the model predicts.
  let folio = s.folio
  let mapping = event.mapping.isAnonymous ? event.mapping : folio.map { graph[$0].mapping } ?? event.mapping
  let index =
    event.mapping.isAnonymous && (event.isAfter || event.step != .new)
    ? event.index : folio.map { graph[$0].index } ?? event.index
  guard mapping.isAnonymous else { return }
  let first = index + UInt64(event.subpage)
  // Only of a move by UFFDIO_MOVE is the address known: which VMA the page goes to is its choice.
  if event.step == .move, let address = event.address, !event.vma.contains(address) {
    return broken(
      s, "UFFDIO_MOVE gives a page to a VMA that it does not go to.",
      [.init("F goes to \(address)", s.stamp)], .init("V does not hold \(address)", s.stamp),
      by: .kind(.userfaultMove), graph, &ledger)
  }
  if event.step != .remove, let address = event.address,
    event.vma.index(of: address) != first
  {
    return broken(
      s, "A page is mapped at an address that its offset does not lead to.",
      [.init("F is mapped at \(address), which is offset \(event.vma.index(of: address)) in V", s.stamp)],
      .init("F's page has offset \(first)", s.stamp), doer: whoSet(s, graph), graph, &ledger)
  }
  let last = first + UInt64(event.pages - min(event.pages, 1))
  if !event.vma.holds(first, last) {
    return broken(
      s, "A page is mapped in a VMA that does not hold its offset.",
      [.init("V holds the offsets \(pages(event.vma.firstIndex, event.vma.lastIndex))", s.stamp)],
      .init("F's page has offset \(first)", s.stamp), doer: whoSet(s, graph), graph, &ledger)
  }
  judgeMembership(s, mapping, graph, &ledger)
}

private func judgeMembership(
  _ s: borrowing FolioSituation, _ mapping: FolioMapping, _ graph: borrowing RmapGraph,
  _ ledger: inout Ledger
) {
  guard let vma = s.vma else { return ledger.cannotTell(.predatesRecording) }
  let inRangeChange = s.isInRangeChange
  if let folio = s.folio, let owner = graph[folio].anonVMA, !graph.lives(owner) {
    return broken(
      s, "A mapped page points to an anon_vma that was freed.",
      [.init("F points to anon_vma \(mapping.anonVMA)", graph[folio].stamp)],
      .init("that anon_vma was freed while V maps F", s.stamp), graph, &ledger)
  }
  let isOwn = mapping.anonVMA == s.event.vma.anonVMA
  if let id = isOwn ? s.ownMembership : graph.membership(of: vma, in: mapping.anonVMA) {
    if graph[id].isLinked || inRangeChange {
      // Another anon_vma may have lived at the address when the folio was given to it.
      let isWhole = s.folio.map { graph.birthWasSeen(of: $0) } ?? false
      return ledger.decide(if: isWhole)
    }
    return broken(
      s, "A page is mapped by a VMA that is out of its anon_vma's tree.",
      [.init("V's AVC was removed from A's tree and not put back", graph[id].stamp)],
      .init("V maps F, which points to A = anon_vma \(mapping.anonVMA)", s.stamp), doer: .step(graph[id].stamp), graph,
      &ledger
    )
  }
  guard graph[vma].chainIsKnown else { return ledger.cannotTell(.predatesRecording) }
  // __anon_vma_prepare publishes vma->anon_vma before it links the AVC: another thread may map a page in between.
  guard graph.openOperations(on: vma) == 0 else { return ledger.cannotTell(.contended) }
  let owner = graph.describe(anonVMAAt: mapping.anonVMA)
  var since = s.stamp
  if let folio = s.folio { since = graph[folio].stamp }
  broken(
    s, "A page is mapped by a VMA that its anon_vma does not reach.",
    [
      .init("F points to A = \(owner)", since),
      .init("V's chain has \(counted(graph[vma].chainCount, "AVC")), none for A", graph[vma].chainStamp),
    ],
    .init("V maps F", s.stamp), doer: whoParted(s, vma, graph), graph, &ledger)
}

/// The step that gave the page the anon_vma or the index that this event shows; nil for the event's own function.
private func whoSet(_ s: borrowing FolioSituation, _ graph: borrowing RmapGraph) -> Finding.Doer? {
  if s.event.isAfter, s.event.step == .new || s.event.step == .move { return nil }
  if s.priorMapping != nil {
    return s.priorWasPredicted
      ? .step(s.priorStamp) : .between(s.priorStamp, s.stamp, handled: graph.lastMapped(s, after: s.priorStamp))
  }
  guard let folio = s.folio else { return nil }
  if let index = s.priorIndex, index != s.event.index {
    return .between(graph[folio].stamp, s.stamp, handled: graph.lastMapped(s, after: graph[folio].stamp))
  }
  return .step(graph[folio].stamp)
}

/// Of the page's anon_vma and the VMA's chain, what changed last has parted them.
private func whoParted(_ s: borrowing FolioSituation, _ vma: VMAID, _ graph: borrowing RmapGraph) -> Finding.Doer? {
  guard s.priorMapping == nil, let folio = s.folio, graph[folio].stamp.ordinal < graph[vma].chainStamp.ordinal
  else { return whoSet(s, graph) }
  return .step(graph[vma].chainStamp)
}

private func judgePage(_ s: borrowing PageSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let mapping = graph[s.folio].mapping
  guard mapping.isAnonymous else { return }
  let index = graph[s.folio].index + UInt64(s.subpage)
  switch s.cause {
  case .inherited, .moved:
    if let id = graph.membership(of: s.vma, in: mapping.anonVMA), s.view.index(of: s.address) == index {
      // Out of its tree it can only be since the copy: by the child, which changes the VMA's range.
      return graph[id].isLinked ? ledger.holds() : ledger.cannotTell(.contended)
    }
    guard graph[s.vma].chainIsKnown else { return ledger.cannotTell(.predatesRecording) }
  case .unlinked, .givenUp:
    guard let anonVMA = graph[s.folio].anonVMA, graph.lives(anonVMA) else {
      return ledger.cannotTell(.predatesRecording)
    }
    let found = graph.reachingVMA(
      mm: s.view.mm, address: s.address, anonVMA: anonVMA, index: index)
    if found != nil { return ledger.holds() }
    guard graph[anonVMA].birthWasSeen else { return ledger.cannotTell(.predatesRecording) }
  }
  brokenPage(s, graph[s.folio], index, graph, &ledger)
}

private func brokenPage(
  _ s: borrowing PageSituation, _ folio: Folio, _ index: PgOff, _ graph: borrowing RmapGraph,
  _ ledger: inout Ledger
) {
  let (view, stamp, address) = (s.view, s.stamp, s.address)
  let owner = graph.describe(anonVMAAt: folio.mapping.anonVMA)
  let how =
    switch s.cause {
    case .inherited: "fork gave V the page at \(address)"
    case .moved: "mremap moved the page to \(address) in V"
    case .unlinked: "V left its anon_vmas while the page was mapped at \(address)"
    case .givenUp: "V no longer covers \(address) at the page's offset, and no other VMA does"
    }
  let (object, name) = (graph.describe(s.folio), KernelFunction.kind(s.function))
  // What a VMA's end or its new range does to its pages is the outermost operation's doing.
  let began = s.cause == .unlinked || s.cause == .givenUp ? graph.outermostEntry(ofTask: stamp.pid) : nil
  ledger.broken(key: view.address.raw ^ folio.mapping.raw, in: graph) {
    Finding(
      what: "A page is mapped where its anon_vma does not lead.", function: name, stamp: stamp,
      doer: began.map { .step($0) }, operation: s.cause == .unlinked ? began : nil,
      objects: [("F", object), ("V", describe(view))],
      established: [.init("F points to A = \(owner), page offset \(index)", folio.stamp)],
      contradiction: .init(how, stamp), rule: rule)
  }
}

private func broken(
  _ s: borrowing FolioSituation, _ what: String, _ established: [Finding.Fact],
  _ contradiction: Finding.Fact, doer: Finding.Doer? = nil, by caller: KernelFunction? = nil,
  _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let (event, stamp) = (s.event, s.stamp)
  let function = caller ?? kernelFunction(event)
  ledger.broken(key: event.vma.address.raw ^ event.mapping.raw, in: graph) {
    Finding(
      what: what, function: function, stamp: stamp, doer: doer,
      objects: [
        ("F", "folio \(event.folio), index \(event.index), page \(event.subpage)"),
        ("V", describe(event.vma)),
      ],
      established: established, contradiction: contradiction, rule: rule)
  }
}
