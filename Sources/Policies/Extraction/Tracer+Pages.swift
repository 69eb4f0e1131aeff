import RmapEvents
import RmapGraph

/// Pages, and what happens to whole ranges of them.
extension Tracer {
  mutating func didSeeFolio(_ s: borrowing FolioSituation, in graph: borrowing RmapGraph) {
    let event = s.event
    guard !event.vma.isHugetlb else { return }
    if event.step != .new { own(event, graph) }
    // KSM's pages belong to no anon_vma, and no design differs in how they are found.
    if event.mapping.isKSM { return forgetFolio(event.folio, s.stamp) }
    // The graph has lost sight of it: by a UFFDIO_MOVE without a probe, for one.
    if event.step == .remove ? s.folio == nil : s.priorIndex == nil && event.step == .add {
      forgetFolio(event.folio, s.stamp)
    }
    switch event.step {
    case .seen: return
    case .new, .add: if let id = s.vma { map(event, id, s.stamp, graph) }
    case .remove: remove(s, graph)
    case .move: if let id = s.vma { move(event, id, s.stamp) }
    }
  }

  private func folioSize(_ event: FolioEvent) -> UInt32 {
    max(event.isLarge ? pageSize.perPMD : 1, event.subpage + event.pages)
  }

  private mutating func enroll(_ event: FolioEvent) -> KnownFolio {
    let pages = folioSize(event)
    let folio = KnownFolio(
      first: result.workload.newPages(pages), pages: pages, lineage: lineage(of: event.vma))
    keep(folio, event)
    return folio
  }

  private mutating func keep(_ folio: KnownFolio, _ event: FolioEvent) {
    if folios[event.folio.raw].map({ $0.lineage == folio.lineage }) ?? true {
      folios[event.folio.raw] = folio
    } else {
      twins[Twin(folio: event.folio.raw, lineage: folio.lineage)] = folio
    }
  }

  /// The folio as the VMA's lineage has it.
  private func knownFolio(_ event: FolioEvent) -> KnownFolio? {
    let lineage = lineage(of: event.vma)
    if let folio = folios[event.folio.raw], folio.lineage == lineage { return folio }
    return twins.isEmpty ? nil : twins[Twin(folio: event.folio.raw, lineage: lineage)]
  }

  private mutating func map(
    _ event: FolioEvent, _ id: VMAID, _ stamp: EventStamp, _ graph: borrowing RmapGraph
  ) {
    guard let address = event.address, !event.vma.anonVMA.isNull else { return }
    let vma = met(event.vma, id, stamp)
    var fault = Workload.Fault.again
    var folio: KnownFolio
    if event.step == .new || !event.mapping.isAnonymous {
      forgetFolio(event.folio, stamp)
      fault = event.isExclusive ? .new : .swapIn
      folio = enroll(event)
    } else {
      folio = reappearing(event, graph)
      // __split_huge_pmd adds the page mappings before it removes the PMD's.
      if !event.isPMD { mappedByPMD.remove(Edge(mm: event.vma.mm.raw, page: address.page)) }
    }
    if event.isPMD { mappedByPMD.insert(Edge(mm: event.vma.mm.raw, page: address.page)) }
    if event.subpage + event.pages > folio.pages { folio = enroll(event) }
    let first = Workload.Page(number: folio.first.number + event.subpage)
    add(.fault(vma, page: address.page, first: first, count: event.pages, fault), stamp)
    if fault != .again {
      unowned[event.folio.raw] = (step: result.workload.steps.count - 1, page: first)
      own(event, graph)
    }
  }

  /// Notes whom a new page belongs to, as soon as an event shows it: the first mapping's own, or the next one about it.
  private mutating func own(_ event: FolioEvent, _ graph: borrowing RmapGraph) {
    guard event.isAfter || event.step != .new, event.mapping.isAnonymous,
      let new = unowned.removeValue(forKey: event.folio.raw), event.step != .move
    else { return }
    let owner = graph.anonVMA(at: event.mapping.anonVMA).flatMap { anonVMAs[$0] }
    result.ownerships.append(.init(step: new.step, page: new.page, owner: owner))
  }

  /// A folio that has its anon_vma already: it is mapped elsewhere, or nobody has mapped it for a while, or migration
  /// has put it in another's place.
  private mutating func reappearing(_ event: FolioEvent, _ graph: borrowing RmapGraph) -> KnownFolio {
    if let known = knownFolio(event) { return known }
    if let owner = graph.anonVMA(at: event.mapping.anonVMA) {
      let key = Reappearance(owner: owner, index: event.index.raw)
      if let old = waiting[key], old.pages >= event.subpage + event.pages, old.lineage == lineage(of: event.vma) {
        waiting[key] = nil
        keep(old, event)
        return old
      }
    }
    return enroll(event)
  }

  private mutating func remove(_ s: borrowing FolioSituation, _ graph: borrowing RmapGraph) {
    let event = s.event
    guard event.mapping.isAnonymous else { return forgetFolio(event.folio, s.stamp) }
    guard let address = s.removedFrom, let known = vmas[event.vma.address.raw] else { return }
    if event.isPMD, mappedByPMD.remove(Edge(mm: event.vma.mm.raw, page: address.page)) == nil { return }
    var only = Workload.Page.any
    if event.pages == 1, let folio = knownFolio(event), event.subpage < folio.pages {
      only = Workload.Page(number: folio.first.number + event.subpage)
    }
    add(.unmap(known.vma, page: address.page, count: UInt64(event.pages), of: only), s.stamp)
    if let id = s.folio, graph.mappedPages(of: id) <= Int(event.pages) { park(event, graph) }
  }

  /// Nobody maps the folio any more. It may come back with the same owner and index, at this address or, migrated, at
  /// another one.
  private mutating func park(_ event: FolioEvent, _ graph: borrowing RmapGraph) {
    guard event.mapping.isAnonymous, let folio = folios.removeValue(forKey: event.folio.raw) else { return }
    if !twins.isEmpty { twins = twins.filter { $0.key.folio != event.folio.raw } }
    guard let owner = graph.anonVMA(at: event.mapping.anonVMA) else { return }
    if waiting.count == Self.waitingKept { waiting.removeAll(keepingCapacity: true) }
    waiting[Reappearance(owner: owner, index: event.index.raw)] = folio
  }

  mutating func forgetFolio(_ address: KernelAddress, _ stamp: EventStamp) {
    unowned[address.raw] = nil
    guard let folio = folios.removeValue(forKey: address.raw) else { return }
    forgetPages(folio, stamp)
    guard !twins.isEmpty else { return }
    for (twin, folio) in twins.filter({ $0.key.folio == address.raw }).sorted(by: { $0.key.lineage < $1.key.lineage }) {
      twins[twin] = nil
      forgetPages(folio, stamp)
    }
  }

  private mutating func forgetPages(_ folio: KnownFolio, _ stamp: EventStamp) {
    for number in 0..<folio.pages { add(.forget(Workload.Page(number: folio.first.number + number)), stamp) }
  }

  /// Reuse at a write fault; with an address it is UFFDIO_MOVE, and as good as a page of its own at the new place.
  private mutating func move(_ event: FolioEvent, _ id: VMAID, _ stamp: EventStamp) {
    guard event.mapping.isAnonymous, !event.vma.anonVMA.isNull else { return }
    if let target = event.address {
      let vma = met(event.vma, id, stamp)
      forgetFolio(event.folio, stamp)
      add(.fault(vma, page: target.page, first: enroll(event).first, count: 1, .new), stamp)
      return
    }
    let offset = event.firstIndex.raw &- event.vma.firstIndex.raw
    guard let folio = knownFolio(event), offset < event.vma.pages else { return }
    let vma = met(event.vma, id, stamp)
    for number in 0..<UInt64(folio.pages) where offset + number < event.vma.pages {
      add(.reuse(vma, page: event.vma.start.page + offset + number), stamp)
    }
  }

  mutating func didChangeVMAOfPage(_ s: borrowing PageSituation, in graph: borrowing RmapGraph) {
    guard s.cause == .inherited, tasks[s.stamp.pid]?.copiedRange != nil else { return }
    tasks[s.stamp.pid]?.inherit(s.address.page)
  }

  // MARK: Ranges

  /// Where a range may be mapped by PMDs.
  private func pmdPages(_ pages: Range<UInt64>) -> StrideTo<UInt64> {
    let size = UInt64(pageSize.perPMD)
    return stride(from: (pages.lowerBound + size - 1) / size * size, to: pages.upperBound, by: Int(size))
  }

  mutating func endCopy(_ outcome: OperationReturn, _ stamp: EventStamp) {
    guard let entry = tasks[stamp.pid]?.copiedRange, let runs = tasks[stamp.pid]?.runs else { return }
    tasks[stamp.pid]?.copiedRange = nil
    tasks[stamp.pid]?.runs = []
    guard let child = vmas[entry.vma.address.raw], let parent = vmas[entry.source.address.raw] else { return }
    for run in runs {
      for page in pmdPages(run) where mappedByPMD.contains(Edge(mm: entry.source.mm.raw, page: page)) {
        mappedByPMD.insert(Edge(mm: entry.vma.mm.raw, page: page))
      }
    }
    add(.copyPages(child: child.vma, parent: parent.vma, runs: result.workload.addRuns(runs)), stamp)
  }

  mutating func endMove(_ outcome: OperationReturn, _ stamp: EventStamp) {
    guard let entry = tasks[stamp.pid]?.move else { return }
    tasks[stamp.pid]?.move = nil
    let bytes = min(UInt64(bitPattern: outcome.value), entry.length)
    let (from, count) = (entry.sourceAddress.page, entry.sourceAddress.pages(inBytes: bytes))
    guard !outcome.failed, count > 0 else { return }
    for page in pmdPages(from..<from + count) {
      if mappedByPMD.remove(Edge(mm: entry.source.mm.raw, page: page)) != nil {
        mappedByPMD.insert(Edge(mm: entry.vma.mm.raw, page: page &- from &+ entry.address.page))
      }
    }
    guard let source = vmas[entry.source.address.raw],
      let target = vmas[entry.vma.address.raw]
    else { return }
    add(
      .movePages(
        from: source.vma, page: from, count: count, to: target.vma,
        target: entry.address.page), stamp)
  }

  mutating func endExit(_ stamp: EventStamp) {
    guard let address = tasks[stamp.pid]?.exiting else { return }
    tasks[stamp.pid] = nil
    if let mm = mms.removeValue(forKey: address.raw) { add(.exit(mm), stamp) }
  }

  mutating func walk(_ frame: WalkFrame, _ stamp: EventStamp) {
    guard !frame.isKSM else { return }
    guard let folio = folios[frame.folio.raw] else {
      result.unknownWalks += 1
      return
    }
    add(.walk(folio.first, count: UInt32(min(frame.pages ?? 1, UInt64(folio.pages)))), stamp)
  }
}
