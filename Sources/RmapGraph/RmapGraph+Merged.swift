import RmapEvents

/// Pages that KSM has merged. Where they are mapped is known by their additions; their removals do not say the place,
/// and it does not follow from an offset.
extension RmapGraph {
  /// The model's folio for an event that shows a page of KSM. An anonymous page becomes one without an event
  /// (mm/ksm.c:folio_set_stable_node), and stays mapped where it was.
  mutating func meetMerged(_ event: FolioEvent, _ stamp: EventStamp) -> UInt32 {
    guard let slot = paging.folioOf[event.folio.raw] else {
      return makeFolio(event, event.mapping, index: event.index, predicted: false, stamp)
    }
    paging.folios[slot].placeIsUncertain = false
    if paging.folios[slot].mapping != event.mapping { setMapping(slot, event.mapping, predicted: false, stamp) }
    return slot
  }

  mutating func removeMerged<Observer: GraphObserver & ~Copyable>(
    _ event: FolioEvent, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    let slot = paging.folioOf[event.folio.raw] == nil ? nil : meetMerged(event, stamp)
    tell(
      event, stamp, folio: slot, vma: vmaOf[event.vma.address.raw].map(VMAID.init), prior: nil, &observer)
    guard let slot, removeMerged(slot, event.vma, visitedPage(event)) else {
      // ksmd has put it in some page's place unseen (a recording of other tasks): which ones are still there is not known.
      if slot == nil { tell(.noPage, event, stamp, folio: nil, &observer) }
      forgetPages(of: event.vma.mm, event.vma.start, event.vma.end)
      return statistics.unpredictedUnmaps += 1
    }
    statistics.predictedUnmaps += 1
    paging.folios[slot].changeStamp = stamp
    countMapping(-1, slot)
  }

  /// The page that a walk's callback of the task is at: try_to_unmap_one and try_to_migrate_one take away what is mapped
  /// there. rmap_walk_ksm calls them for each rmap_item, in the order of the stable node's list.
  private func visitedPage(_ event: FolioEvent) -> UInt64? {
    guard walking.walkers.count > 0, let visit = mergedVisit(of: now.pid), visit.folio == event.folio,
      visit.vma == event.vma.address
    else { return nil }
    return visit.address.page
  }

  /// Takes one mapping of a page out of a VMA's tables: where a walk is (`visited`), where a copy has just taken its place
  /// (a write fault), or the first one (munmap goes upwards).
  private mutating func removeMerged(_ slot: UInt32, _ view: VMAView, _ visited: UInt64?) -> Bool {
    if let visited {
      guard paging.tables.entry(mm: view.mm.raw, page: visited)?.folio == slot else { return false }
      noteUncertain(view.mm, visited)
      paging.tables.set(mm: view.mm.raw, page: visited, to: nil)
      return true
    }
    let displaced = paging.displaced.lastIndex {
      $0.entry.folio == slot && $0.mm == view.mm && view.contains(view.start.ofPage($0.page))
    }
    if let displaced {
      paging.displaced.remove(at: displaced)
      return true
    }
    let range = view.start.page..<max(view.start.page, view.end.page)
    guard let page = paging.tables.firstPage(of: slot, mm: view.mm.raw, pages: range) else { return false }
    noteUncertain(view.mm, page)
    paging.tables.set(mm: view.mm.raw, page: page, to: nil)
    return true
  }
}
