import RmapEvents
public import RmapGraph

/// What events say of folios, against what is known of them.
extension RecordingAudit {
  /// See ``RmapGraph/GraphObserver``.
  @inline(__always) public mutating func didSeeFolio(
    _ s: borrowing FolioSituation, in graph: borrowing RmapGraph
  ) {
    if s.differs || s.event.step == .seen || graph.hasWalkers { expectStep(s, graph) }
  }

  private mutating func expectStep(_ s: borrowing FolioSituation, _ graph: borrowing RmapGraph) {
    guard s.event.indexIsKnown else { return }
    switch s.event.step {
    case .new, .move: break
    case .add:
      if graph.hasWalkers { expectRestored(s.event, graph, s.stamp) }
      expectSize(s, graph)
    case .remove:
      guard s.event.mapping.isAnonymous else { return }
      if graph.hasWalkers { expectInCallback(s.event, graph, s.stamp) }
      if let vma = s.vma { expectRange(s.event.vma, of: vma, graph, s.stamp) } else { expectUnknownVMA(s, graph) }
      expectSize(s, graph)
    case .seen:
      expectMapper(s, graph)
      expectSize(s, graph)
    }
  }

  @inline(__always) private mutating func expectSize(
    _ s: borrowing FolioSituation, _ graph: borrowing RmapGraph
  ) {
    guard let folio = s.folio, graph[folio].isLarge != s.event.isLarge, s.event.mapping.isAnonymous else { return }
    noteSize(s.event, folio, graph, s.stamp)
  }

  private mutating func noteSize(
    _ event: FolioEvent, _ folio: FolioID, _ graph: borrowing RmapGraph, _ stamp: EventStamp
  ) {
    note(
      .pageMapping, .folio(event.folio), .isLarge, was: .number(graph[folio].isLarge ? 1 : 0),
      now: .number(event.isLarge ? 1 : 0), since: graph[folio].stamp.ordinal, stamp)
  }

  /// A page is unmapped from a VMA that the graph does not have.
  private mutating func expectUnknownVMA(_ s: borrowing FolioSituation, _ graph: borrowing RmapGraph) {
    if s.wasPredicted || birthsAreRecorded && graph.beganWithinRecording(mm: s.event.vma.mm) {
      note(.vmaView, .vma(s.event.vma.address), .allocation, now: .missing, s.stamp)
    }
  }

  /// A new folio goes to the LRU lists right after its first mapping, before the page table's lock is let go: by the task
  /// that has mapped it (folio_add_lru_vma's callers in mm/memory.c, mm/huge_memory.c, mm/khugepaged.c, mm/userfaultfd.c).
  private mutating func expectMapper(_ s: borrowing FolioSituation, _ graph: borrowing RmapGraph) {
    guard let folio = s.folio, graph[folio].birthWasSeen else { return }
    let mapped = graph[folio].changeStamp
    if mapped.pid != s.stamp.pid {
      note(
        .pageMapping, .folio(s.event.folio), .mapper, was: .number(Int64(mapped.pid)), now: .number(Int64(s.stamp.pid)),
        since: mapped.ordinal, s.stamp)
    }
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func didEncounterFolio(_ s: borrowing EncounterSituation, in graph: borrowing RmapGraph) {
    switch s.encounter {
    case .noPage: expectUnknownPage(s.event, graph, s.stamp)
    case .unknownMove: expectUnknownMove(s, graph)
    case .move: if let folio = s.folio { expectMove(s.event, of: folio, graph, s.stamp) }
    case .notAnonymous: if let folio = s.folio { expectNoAnonymousFolio(s.event, folio, graph, s.stamp) }
    case .mappedTwice:
      note(.pageMapping, .folio(s.event.folio), .mapped, now: .again, s.stamp)
    }
  }

  /// A page is unmapped, or looked at, that the graph has not mapped there.
  private mutating func expectUnknownPage(_ event: FolioEvent, _ graph: borrowing RmapGraph, _ stamp: EventStamp) {
    if event.mapping.isKSM { return expectKSM(event, graph, stamp) }
    guard !event.isLarge, let anonVMA = graph.anonVMA(at: event.mapping.anonVMA),
      graph[anonVMA].birthWasSeen, !graph[anonVMA].mayHaveMorePages
    else { return }
    // copy_page_range has given the child the page, and reclaim has found it there, before it returned.
    if graph.isCopying(into: event.vma.mm) { return }
    note(.pageMapping, .folio(event.folio), .mapped, now: .missing, stamp)
  }

  private mutating func expectKSM(_ event: FolioEvent, _ graph: borrowing RmapGraph, _ stamp: EventStamp) {
    guard event.step == .remove, let own = graph.anonVMA(at: event.vma.anonVMA), graph[own].birthWasSeen,
      let root = graph.anonVMA(at: graph[own].root), graph[root].birthWasSeen
    else { return }
    noteLeftOut(.ksmPage, stamp)
  }

  /// No other folios than anonymous ones go to the LRU lists by folio_add_lru_vma, and no page of a file is unmapped where
  /// the graph has an anonymous page at that page's address.
  private mutating func expectNoAnonymousFolio(
    _ event: FolioEvent, _ folio: FolioID, _ graph: borrowing RmapGraph, _ stamp: EventStamp
  ) {
    guard graph[folio].birthWasSeen, !graph[folio].placeIsUncertain else { return }
    if event.step == .remove {
      guard !event.isLarge, let vma = graph.vma(at: event.vma.address), graph[vma].view.mm == event.vma.mm,
        graph.mappedAddress(of: folio, in: vma) != nil
      else { return }
    }
    note(
      .pageMapping, .folio(event.folio), .mapping, was: .word(graph[folio].mapping.raw), now: .word(event.mapping.raw),
      since: graph[folio].stamp.ordinal, stamp)
  }

  /// A write fault has found a page where the graph has another one, which was put there for certain.
  private mutating func expectUnknownMove(_ s: borrowing EncounterSituation, _ graph: borrowing RmapGraph) {
    guard let address = s.address, s.event.vma.contains(address), !s.event.isLarge,
      let folio = graph.folio(mappedAt: address, in: s.event.vma.mm), !graph[folio].address.isNull,
      graph[folio].birthWasSeen, !graph[folio].placeIsUncertain, graph[folio].index == s.event.index, !graph.isCopying
    else { return }
    note(
      .pageMapping, .folio(graph[folio].address), .folio, was: .kernel(graph[folio].address),
      now: .kernel(s.event.folio),
      since: graph[folio].changeStamp.ordinal, s.stamp)
  }

  /// A write fault leaves a folio's index alone, and UFFDIO_MOVE changes it after this event
  /// (mm/userfaultfd.c:move_present_pte).
  private mutating func expectMove(
    _ event: FolioEvent, of folio: FolioID, _ graph: borrowing RmapGraph, _ stamp: EventStamp
  ) {
    guard graph[folio].birthWasSeen else { return }
    if graph[folio].index != event.index {
      note(
        .pageMapping, .folio(event.folio), .index, was: .pages(graph[folio].index), now: .pages(event.index),
        since: graph[folio].stamp.ordinal, stamp)
    } else if graph[folio].isLarge != event.isLarge {
      noteSize(event, folio, graph, stamp)
    }
  }

  // MARK: Within walks

  /// A walk takes pages away in its callbacks, and nowhere else.
  private mutating func expectInCallback(_ event: FolioEvent, _ graph: borrowing RmapGraph, _ stamp: EventStamp) {
    guard let walker = graph.walker(ofTask: stamp.pid), let last = walker.pointee.walk?.lastVisit, last != .entered,
      let callback = walker.pointee.frame?.callback, graph.purpose(ofCallback: callback) != nil
    else { return }
    note(.walkStep, .callback(callback), .entry, now: .missing, stamp)
  }

  /// mm/migrate.c:remove_migration_pte maps the folio that took the other one's place, which is locked, and no other.
  private mutating func expectRestored(_ event: FolioEvent, _ graph: borrowing RmapGraph, _ stamp: EventStamp) {
    guard !event.isLarge, let walker = graph.walker(ofTask: stamp.pid), walker.pointee.walk?.lastVisit == .entered,
      let visit = walker.pointee.restoring
    else { return }
    if event.folio != visit.folio {
      note(.walkStep, .task(stamp.pid), .folio, was: .kernel(visit.folio), now: .kernel(event.folio), stamp)
    } else if let mapping = visit.migration?.mapping, event.mapping != mapping {
      note(.walkStep, .folio(event.folio), .mapping, was: .word(mapping.raw), now: .word(event.mapping.raw), stamp)
    } else if event.vma.address != visit.vma {
      note(.walkStep, .folio(event.folio), .vma, was: .kernel(visit.vma), now: .kernel(event.vma.address), stamp)
    }
  }
}
