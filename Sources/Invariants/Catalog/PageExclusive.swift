import RmapEvents
import RmapGraph

extension Invariant {
  static let pageExclusive = Invariant(
    name: "page-exclusive", number: 18,
    statement: """
      A page is marked PageAnonExclusive, mapped as RMAP_EXCLUSIVE, or given to its VMA's anon_vma only while it is \
      mapped once; fork clears the mark when it shares the page; a KSM page never has it. A page that has lost the \
      mark gets it back only by such a mapping, or by being given to its VMA's anon_vma.
      """,
    source: """
      include/linux/rmap.h: folio_try_dup_anon_rmap_pte, page_try_dup_anon_rmap; mm/memory.c: do_wp_page, \
      do_swap_page; mm/ksm.c: write_protect_page; commit 6c287605fd56 (5.19)
      """,
    kernels: "5.19 and later; that only a page mapped once is moved: 2.6.34 and later",
    exceptions: """
      Before 5.19 there is no such mark: what is left is that a page that is given to a VMA's anon_vma is mapped once, \
      which a workload on 5.10 may have no occasion for. Pages of large folios are not judged: their mappings are counted per folio. A page that fork copies because \
      it may be pinned stays exclusive to the parent.
      """,
    needs: .graphChanges + .pageChanges,
    fields: [.pageExclusive], isOccasional: true,
    checks: [.didSeeFolio(judge)])
}

private func judge(_ s: borrowing FolioSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard !s.event.isLarge, !s.event.isHugetlb else { return }
  if s.event.mapping.isKSM {
    if s.event.step == .add, s.event.isExclusive {
      return broken(
        s, "A KSM page is mapped as exclusive.", .init("F is a KSM page", s.stamp), by: whoMerges(s, graph), graph,
        &ledger)
    }
    guard let isExclusive = s.event.isPageExclusive else {
      if s.event.kernelMarksExclusive { ledger.cannotTell(.notRecorded) }
      return
    }
    if !isExclusive { return ledger.holds() }
    let since = s.folio.flatMap { graph.folio($0).sharedSince }
    return broken(
      s, "A KSM page is marked exclusive.", .init("F is a KSM page", s.stamp),
      doer: since.map { .between($0, s.stamp) }, graph, &ledger)
  }
  guard s.event.mapping.isAnonymous, let id = s.folio else { return }
  let count = graph.mappedPages(of: id)
  let (step, addsExclusive) = (s.event.step, s.event.isExclusive)
  // The model has no more than one mapping: there may be others if it has not seen the first.
  let mayBeShared = !graph.birthWasSeen(of: id)
  if step == .move || step == .add && addsExclusive {
    if count <= 1 { return ledger.decide(if: !mayBeShared) }
    return broken(
      s,
      step == .move
        ? "A page that is mapped more than once is given to one VMA's anon_vma."
        : "A page that is mapped elsewhere is mapped as exclusive.",
      .init("F is mapped \(count) times", graph[id].changeStamp), graph, &ledger)
  }
  guard let isExclusive = s.event.isPageExclusive else {
    if s.event.kernelMarksExclusive { ledger.cannotTell(.notRecorded) }
    return
  }
  if isExclusive, count <= 1, mayBeShared { return ledger.cannotTell(.predatesRecording) }
  if !isExclusive { return ledger.holds() }
  if let since = graph.folio(id).sharedSince {
    return broken(
      s, "A page has become exclusive without being given to its VMA's anon_vma.",
      .init("F was not exclusive", since), doer: .between(since, s.stamp), graph, &ledger)
  }
  if count <= 1 { return ledger.holds() }
  broken(
    s, "A page that is mapped more than once is marked exclusive.",
    .init("F is mapped \(count) times", graph[id].changeStamp), doer: .step(graph[id].changeStamp), graph, &ledger)
}

/// Who maps a page of KSM with RMAP_EXCLUSIVE: the caller chooses that. The only one that maps such a page over another
/// one is replace_page.
private func whoMerges(_ s: borrowing FolioSituation, _ graph: borrowing RmapGraph) -> KernelFunction? {
  graph.owesRemoval(since: s.stamp) ? .named("replace_page") : nil
}

private func broken(
  _ s: borrowing FolioSituation, _ what: String, _ established: Finding.Fact, doer: Finding.Doer? = nil,
  by caller: KernelFunction? = nil, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let (event, stamp) = (s.event, s.stamp)
  let function = caller ?? kernelFunction(event)
  let claim =
    switch event.step {
    case .move: "F is given to V's anon_vma"
    case .add where event.isExclusive: "F is mapped in V as RMAP_EXCLUSIVE"
    default: "F is marked PageAnonExclusive"
    }
  ledger.broken(key: event.folio.raw, in: graph) {
    Finding(
      what: what, function: function, stamp: stamp, doer: doer,
      objects: [("F", "folio \(event.folio), index \(event.index)"), ("V", describe(event.vma))],
      established: [established], contradiction: .init(claim, stamp),
      rule: "An exclusive page has one mapping (include/linux/rmap.h; commit 6c287605fd56).")
  }
}
