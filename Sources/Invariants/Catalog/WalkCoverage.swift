import RmapEvents
import RmapGraph

extension Invariant {
  static let walkCoverage = Invariant(
    name: "walk-coverage", number: 25,
    statement: """
      The kernel's own rmap walk searches the tree of the folio's anon_vma for the folio's offsets and visits every \
      VMA whose AVC overlaps them, in the tree's order, each once and at the address that the offset leads to; it \
      ends early only if its callback asks for it or the folio is no longer mapped.
      """,
    source: """
      mm/rmap.c: rmap_walk_anon; mm/interval_tree.c, include/linux/interval_tree_generic.h: iter_first, iter_next
      """,
    kernels: "3.7 and later",
    exceptions: """
      invalid_vma may skip VMAs, but the walk still steps over them; that of try_to_migrate skips only a temporary \
      stack. A walker without the folio's lock (folio_referenced, page_idle, up to 6.18) may walk an anon_vma that \
      the folio has just left. KSM searches all offsets (since 7.3 one at a time), in several anon_vmas; in which \
      ones is not decided (ksm-walks). After `done`, only the model knows whether the folio was still mapped: \
      decided if it knows all mappings of a folio of one page. In a tree older than the recording, only VMAs that \
      entered it within the recording must be visited.
      """,
    needs: .graphChanges + [.walk, .walkFirst, .walkNext] + .walkVisits,
    accuses: .avc,
    checks: [.didEndWalk(judge), .willVisitVMA(judgePlace)])
}

private func judge(_ s: borrowing WalkSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard s.walk.isWhole else { return ledger.cannotTell(.notRecorded) }
  guard isAimedRight(s, graph, &ledger) else { return }
  switch s.ending {
  case .exhausted, .refused: judgeVisits(s, graph, &ledger)
  case .left: judgeEnd(s, graph, &ledger)
  }
}

// MARK: The right tree, the right offsets

/// Whether the walk looks for its folio where it belongs; if not, the ledger has been told.
private func isAimedRight(_ s: borrowing WalkSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) -> Bool {
  let start = s.walk.start
  if let frame = s.frame, frame.isKSM {
    return looksForMerged(s, ofOneIndex: frame.isOfOneIndex, graph, &ledger)
  }
  guard let frame = s.frame, frame.mapping.isAnonymous else { return true }
  guard frame.mapping.anonVMA == start.anonVMA else {
    // Without the folio's lock it may have been given to another anon_vma since.
    guard frame.folioIsLocked else {
      ledger.cannotTell(.contended)
      return false
    }
    broken(
      s, "An rmap walk looks in another anon_vma's tree than its folio's.",
      [.init("F points to \(graph.describe(anonVMAAt: frame.mapping.anonVMA))", s.walk.stamp)],
      .init("the walk looks in A's tree", s.walk.stamp), graph, &ledger)
    return false
  }
  guard let pages = frame.pages else {
    ledger.cannotTell(.notRecorded)
    return false
  }
  let last = frame.index + (pages - 1)
  if start.first <= frame.index, start.last >= last { return true }
  // 6.1: a huge page's index counts in its own size (include/linux/pagemap.h:folio_pgoff).
  if pages > 1, start.first.raw == frame.index.raw &* pages {
    if let id = graph.folio(at: frame.folio), graph[id].isHugetlb { return true }
    ledger.cannotTell(.unitUnknown)
    return false
  }
  guard frame.folioIsLocked else {
    ledger.cannotTell(.contended)
    return false
  }
  broken(
    s, "An rmap walk looks for other offsets than its folio's.",
    [.init("F has the offsets \(RangeText(frame.index, last))", s.walk.stamp)],
    .init("the walk looks for \(RangeText(start.first, start.last))", s.walk.stamp), graph, &ledger)
  return false
}

/// mm/ksm.c:rmap_walk_ksm: a page that KSM merged lies anywhere in the trees of those who had it; since 7.3 each rmap_item
/// says at which index.
private func looksForMerged(
  _ s: borrowing WalkSituation, ofOneIndex: Bool, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) -> Bool {
  let start = s.walk.start
  if ofOneIndex ? start.first == start.last : start.first.raw == 0 && start.last.raw == .max { return true }
  broken(
    s,
    ofOneIndex
      ? "A walk for a page of KSM looks for more than one offset."
      : "A walk for a page of KSM does not look for all offsets.", [],
    .init("the walk looks for \(RangeText(start.first, start.last))", s.walk.stamp), graph, &ledger)
  return false
}

// MARK: The right place

/// mm/internal.h:vma_address: where the folio would be in the VMA; of one that begins before it, the VMA's start.
private func judgePlace(_ s: borrowing WalkVisitSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  // What is not known of the VMA, the walk's own end says.
  guard let vma = s.vma, let view = graph.linkedView(of: vma) else { return }
  let (frame, address) = (s.frame, s.visit.address)
  if frame.isKSM {
    if view.contains(address) { return ledger.holds() }
    return brokenPlace(s, "V does not cover \(address)", view, graph, &ledger)
  }
  // Without the folio's lock UFFDIO_MOVE may give it another index meanwhile.
  guard frame.mapping.isAnonymous, frame.folioIsLocked else { return }
  var index = frame.index
  if let id = graph.folio(at: frame.folio), graph.folio(id).isHugetlb { index = graph.folio(id).index }
  let right =
    index >= view.firstIndex ? view.address(of: index) : view.start
  if address == right { return ledger.holds() }
  // 6.1: the index of a huge page of hugetlbfs that the model does not know counts in its own size.
  if view.isHugetlb { return ledger.cannotTell(.unitUnknown) }
  brokenPlace(s, "F's offset \(index) is at \(right) in V", view, graph, &ledger)
}

private func brokenPlace(
  _ s: borrowing WalkVisitSituation, _ fact: String, _ view: VMAView, _ graph: borrowing RmapGraph,
  _ ledger: inout Ledger
) {
  let (visit, stamp) = (s.visit, s.stamp)
  let object = "folio \(s.frame.folio), index \(s.frame.index)"
  ledger.broken(key: view.address.raw ^ s.frame.folio.raw, in: graph) {
    Finding(
      what: "An rmap walk looks for a page at another address than its offset's.",
      function: .kind(visit.purpose.kind), stamp: stamp,
      objects: [("F", object), ("V", describe(view))], established: [.init(fact, stamp)],
      contradiction: .init("the walk looks for F at \(visit.address)", stamp),
      rule: "The walk's address is that of the folio's offset in the VMA (mm/internal.h, vma_address).")
  }
}

// MARK: Whom it visits

/// What the tree's order is made of: the key's start; among equals, the insertion.
private struct Place: Comparable {
  let start: PgOff
  let insertion: UInt64

  static func < (left: Place, right: Place) -> Bool {
    left.start == right.start ? left.insertion < right.insertion : left.start < right.start
  }
}

/// The root is still locked: the tree is as the walk saw it.
private func judgeVisits(_ s: borrowing WalkSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let start = s.walk.start
  guard let tree = graph.anonVMA(at: start.anonVMA), let node = graph.anonVMA(tree),
    node.parkedCount == 0
  else { return ledger.cannotTell(.predatesRecording) }
  var latest: Place?
  var known = 0
  for address in s.walk.visited {
    guard let id = graph.avc(at: address), graph[id].isLinked, graph[id].anonVMA == tree,
      let key = graph[id].keyStart
    else {
      // An AVC from before the recording, unless there can be none.
      if node.birthWasSeen { return brokenStranger(s, address, graph, &ledger) }
      continue
    }
    let avc = graph[id]
    guard overlaps(avc, start) else { return brokenStranger(s, address, graph, &ledger) }
    let place = Place(start: key, insertion: avc.stamp.ordinal)
    if let latest, place <= latest { return brokenOrder(s, avc, graph, &ledger) }
    latest = place
    known += 1
  }
  // Up to where the walk has come: to the end, or to the AVC at which it was told to stop.
  let limit = s.ending == .exhausted ? nil : latest
  if s.ending == .refused, latest == nil { return ledger.cannotTell(.predatesRecording) }
  var due = 0
  graph.forEachAVC(in: tree) { _, avc in
    if isDue(avc, start, upTo: limit) { due += 1 }
    return true
  }
  if due > known { return brokenOmission(s, tree, upTo: limit, known: known, due: due, graph, &ledger) }
  if let avc = firstIgnored(s, graph) { return brokenIgnorance(s, avc, graph, &ledger) }
  ledger.decide(if: node.birthWasSeen)
}

/// An AVC for whose VMA the callback was not called, and no `invalid_vma` of the walk's kind excuses it.
private func firstIgnored(_ s: borrowing WalkSituation, _ graph: borrowing RmapGraph) -> AVCID? {
  guard let frame = s.frame, !frame.isKSM, let purpose = s.purpose else { return nil }
  for address in s.walk.passedOver {
    guard let avc = graph.avc(at: address) else { continue }
    // mm/rmap.c:invalid_migration_vma; that of folio_referenced looks at the memory cgroup and the VMA's use.
    let isExcused =
      frame.passesOver
      && (purpose != .migrate || graph.vma(graph.avc(avc).vma).view.isTemporaryStack)
    if !isExcused { return avc }
  }
  return nil
}

private func brokenIgnorance(
  _ s: borrowing WalkSituation, _ avc: AVCID, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  broken(
    s, "An rmap walk comes to a VMA and does not look into it.",
    [.init("the walk was given V's AVC \(graph.avc(avc).address)", s.walk.stamp)],
    .init("the walk went on without a call of its callback for V", s.stamp), graph, &ledger,
    vma: graph.vma(graph.avc(avc).vma).view)
}

private func overlaps(_ avc: AVC, _ start: WalkStart) -> Bool {
  guard let key = avc.keyStart else { return false }
  return key <= start.last && avc.keyLast >= start.first
}

private func isDue(_ avc: AVC, _ start: WalkStart, upTo limit: Place?) -> Bool {
  guard overlaps(avc, start), let key = avc.keyStart else { return false }
  guard let limit else { return true }
  return Place(start: key, insertion: avc.stamp.ordinal) <= limit
}

private func brokenOmission(
  _ s: borrowing WalkSituation, _ tree: AnonVMAID, upTo limit: Place?, known: Int, due: Int,
  _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let (start, visited) = (s.walk.start, s.walk.visited)
  var missed: AVC?
  graph.forEachAVC(in: tree) { _, avc in
    guard isDue(avc, start, upTo: limit), !visited.contains(avc.address) else { return true }
    if missed.map({ avc.stamp.ordinal < $0.stamp.ordinal }) ?? true { missed = avc }
    return true
  }
  guard let missed, let key = missed.keyStart else { return ledger.cannotTell(.predatesRecording) }
  let view = graph[missed.vma].view
  var facts: [Finding.Fact] = [
    .init(
      "the AVC \(missed.address) of V was inserted into A's tree under the key "
        + "\(RangeText(key, missed.keyLast))", missed.stamp),
    .init(
      "the walk began in A's tree, for the offsets \(RangeText(start.first, start.last))",
      s.walk.stamp),
  ]
  if let frame = s.frame, let folio = graph.folio(at: frame.folio),
    let address = graph.mappedAddress(of: folio, in: missed.vma)
  {
    facts.append(.init("V maps F at \(address)", graph[folio].changeStamp))
  }
  broken(
    s, "An rmap walk leaves out a VMA.", facts,
    .init("the walk was given \(known) of \(due) AVCs, and V's is not among them", s.stamp), graph,
    &ledger, vma: view)
}

private func brokenOrder(
  _ s: borrowing WalkSituation, _ avc: AVC, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  broken(
    s, "An rmap walk does not keep the tree's order.",
    [.init("V's AVC \(avc.address) was inserted into A's tree", avc.stamp)],
    .init("the walk was given it after one that stands behind it", s.stamp), graph, &ledger,
    vma: graph[avc.vma].view)
}

private func brokenStranger(
  _ s: borrowing WalkSituation, _ address: KernelAddress, _ graph: borrowing RmapGraph,
  _ ledger: inout Ledger
) {
  let start = s.walk.start
  broken(
    s, "An rmap walk visits an AVC that does not belong to it.",
    [
      .init(
        "the walk began in A's tree, for the offsets \(RangeText(start.first, start.last))",
        s.walk.stamp)
    ],
    .init("it was given the AVC \(address), which is not in A's tree at these offsets", s.stamp),
    graph, &ledger, vma: graph.avc(at: address).map { graph[graph[$0].vma].view })
}

// MARK: How it ends

/// The walk of the folio has returned, and the tree had more to give.
private func judgeEnd(_ s: borrowing WalkSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let frame = s.frame, !s.walk.awaitsStep else { return ledger.cannotTell(.notRecorded) }
  let latest = s.walk.visited.last.flatMap { graph.avc(at: $0) }
  let view = latest.map { graph[graph[$0].vma].view }
  switch s.walk.lastVisit {
  case .entered: return ledger.cannotTell(.notRecorded)
  case .returned(goesOn: false): return ledger.holds()
  case .returned(goesOn: true) where frame.endsWhenUnmapped:
    guard let folio = graph.folio(at: frame.folio), graph[folio].mappedPages > 0 else {
      // Of a folio that the model did not know it can't say that no page is left.
      return ledger.decide(if: s.walk.folioWasKnown)
    }
    judgeDone(s, frame, folio, graph, &ledger)
  case .returned(goesOn: true):
    broken(
      s, "An rmap walk ends although nothing asked it to.",
      [.init("the callback for V wanted the walk to go on", s.walk.stamp)],
      .init("the walk ended after \(counted(s.walk.visited.count, "AVC"))", s.stamp), graph, &ledger,
      vma: view)
  case .passedOver:
    guard s.purpose != nil else { return ledger.cannotTell(.notRecorded) }
    broken(
      s, "An rmap walk ends although nothing asked it to.",
      [.init("the walk came to V's AVC and did not call its callback for it", s.walk.stamp)],
      .init("the walk ended after \(counted(s.walk.visited.count, "AVC"))", s.stamp), graph, &ledger,
      vma: view)
  }
}

/// A task that unmaps a folio holds its lock: the folio may lose mappings meanwhile, each with an event before it, and
/// gains none.
/// So one that the model still has in a VMA that the walk did not come to was there when `done` was asked.
private func judgeDone(
  _ s: borrowing WalkSituation, _ frame: WalkFrame, _ folio: FolioID, _ graph: borrowing RmapGraph,
  _ ledger: inout Ledger
) {
  let (start, visited) = (s.walk.start, s.walk.visited)
  guard frame.folioIsLocked, !frame.isKSM, frame.pages == 1, graph.birthWasSeen(of: folio),
    let tree = graph.anonVMA(at: start.anonVMA)
  else { return ledger.cannotTell(.contended) }
  var left: (vma: VMAID, address: UserAddress)?
  graph.forEachAVC(in: tree) { _, avc in
    guard overlaps(avc, start), !visited.contains(avc.address),
      let address = graph.mappedAddress(of: folio, in: avc.vma)
    else { return true }
    left = (avc.vma, address)
    return false
  }
  guard let left else { return ledger.cannotTell(.contended) }
  broken(
    s, "An rmap walk ends while its folio is still mapped.",
    [.init("V maps F at \(left.address)", graph[folio].changeStamp)],
    .init("the walk ended after \(counted(visited.count, "AVC")), and V's is not among them", s.stamp), graph, &ledger,
    vma: graph.vma(left.vma).view)
}

// MARK: Wording

private struct RangeText: CustomStringConvertible {
  let description: String

  init(_ first: PgOff, _ last: PgOff) { description = pages(first, last) }
}

private func broken(
  _ s: borrowing WalkSituation, _ what: String, _ established: [Finding.Fact],
  _ contradiction: Finding.Fact, _ graph: borrowing RmapGraph, _ ledger: inout Ledger,
  vma: VMAView? = nil
) {
  let (frame, stamp, anonVMA) = (s.frame, s.stamp, s.walk.start.anonVMA)
  let function =
    frame.map { $0.isKSM ? KernelFunction.named("rmap_walk_ksm") : .kind(.walk) } ?? .named("collect_procs")
  let tree = graph.describe(anonVMAAt: anonVMA)
  ledger.broken(key: anonVMA.raw ^ (frame?.folio.raw ?? 0), in: graph) {
    var objects = [(name: "A", description: tree)]
    if let frame {
      objects.insert(
        (name: "F", description: "folio \(frame.folio), index \(frame.index)"), at: 0)
    }
    if let vma { objects.append((name: "V", description: describe(vma))) }
    return Finding(
      what: what, function: function, stamp: stamp, objects: objects, established: established,
      contradiction: contradiction,
      rule: """
        A walk visits every VMA in the folio's anon_vma that overlaps the folio's offsets, or has a reason to stop \
        (mm/rmap.c, rmap_walk_anon).
        """)
  }
}
