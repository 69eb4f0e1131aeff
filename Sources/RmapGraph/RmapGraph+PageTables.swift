import RmapEvents

extension RmapGraph {
  // MARK: Pages that change hands without an event of their own

  /// copy_page_range has returned: what the parent mapped, the child maps now, except for pages that changed
  /// meanwhile; they may have been copied before or after (mm/memory.c:copy_present_ptes has no probe).
  mutating func inherit<Observer: GraphObserver & ~Copyable>(
    _ entry: OperationEntry, failed: Bool, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard let index = paging.activeCopies.lastIndex(where: { $0.pid == stamp.pid }) else { return }
    let copy = paging.activeCopies.remove(at: index)
    if failed || !copy.uncertainPages.isEmpty { doubtPages(of: entry.source) }
    guard !failed, let child = vmaOf[entry.vma.address.raw] else { return }
    // copy_page_range copies page tables of file VMAs too, but anonymous pages only under an anon_vma.
    guard copy.uncertainPages.count < ActiveCopy.uncertainPagesKept else { return }
    let uncertain = Set(copy.uncertainPages)
    collect(mm: entry.source.mm, entry.source.start, entry.source.end)
    for index in 0..<paging.scratch.count {
      let (page, source) = (paging.scratch[index].page, paging.scratch[index].entry)
      if uncertain.contains(page) { continue }
      guard paging.tables.insert(source, mm: entry.vma.mm.raw, page: page) else { continue }
      shareEntry(source)
      paging.folios[source.folio].changeStamp = stamp
      statistics.inheritedPages += 1
      tellPage(
        .inherited, page, source, VMAID(slot: child), entry.vma, stamp, .copyRange, &observer)
    }
  }

  /// move_page_tables has returned the length that it moved.
  mutating func move<Observer: GraphObserver & ~Copyable>(
    _ entry: OperationEntry, bytes result: OperationReturn, _ stamp: EventStamp,
    _ observer: inout Observer
  ) {
    paging.activeMoves.removeAll { $0.pid == stamp.pid }
    guard !result.failed else { return }
    let bytes = min(UInt64(bitPattern: result.value), entry.length)
    let from = entry.sourceAddress
    let end = from.advanced(byBytes: bytes)
    guard end > from else { return }
    collect(mm: entry.source.mm, from, end)
    // Source and destination may overlap when exec moves a stack: take all out before putting any back.
    for index in 0..<paging.scratch.count {
      paging.tables.set(mm: entry.source.mm.raw, page: paging.scratch[index].page, to: nil)
    }
    for index in 0..<paging.scratch.count {
      let source = paging.scratch[index].entry
      let target = paging.scratch[index].page &- from.page &+ entry.address.page
      guard PageTables.canHold(target) else {
        removeEntry(source)
        continue
      }
      if let old = paging.tables.set(mm: entry.vma.mm.raw, page: target, to: source) { removeEntry(old) }
    }
    guard !entry.vma.isTemporaryStack, let vma = vmaOf[entry.vma.address.raw] else { return }
    for index in 0..<paging.scratch.count {
      let source = paging.scratch[index].entry
      let target = paging.scratch[index].page &- from.page &+ entry.address.page
      tellPage(
        .moved, target, source, VMAID(slot: vma), entry.vma, stamp, .moveTables, &observer)
    }
  }

  /// What was unmapped in an mm that was seen to be made counts a second time: all of its mappings are in the recording.
  mutating func countUnmaps(in mm: KernelAddress, since before: (predicted: UInt64, unpredicted: UInt64)) {
    if mms.lastUnmapped.mm != mm { mms.lastUnmapped = (mm, mms.born[mm.raw] != nil) }
    guard mms.lastUnmapped.isBorn else { return }
    statistics.predictedUnmapsOfBorn += statistics.predictedUnmaps - before.predicted
    statistics.unpredictedUnmapsOfBorn += statistics.unpredictedUnmaps - before.unpredicted
  }

  /// fork or exec is making an mm.
  mutating func noteBirth(of mm: KernelAddress) {
    if mms.lastUnmapped.mm == mm, mms.lastUnmapped.isBorn { return }
    mms.born.set(mm.raw, to: 0)
    mms.lastUnmapped = (mm, true)
  }

  /// An mm is gone: what its tables still hold was unmapped without an event.
  mutating func removePages(of mm: KernelAddress) {
    forgetPages(of: mm, UserAddress(0), UserAddress(.max))
    for page in paging.displaced where page.mm == mm { removeEntry(page.entry) }
    paging.displaced.removeAll { $0.mm == mm }
    paging.owed.removeAll { $0.mm == mm }
    paging.tables.remove(mm: mm.raw)
    mms.born.remove(mm.raw)
    mms.lastUnmapped = (mm, false)
  }

  /// Pages whose place is no longer known.
  mutating func forgetPages(of mm: KernelAddress, _ start: UserAddress, _ end: UserAddress) {
    collect(mm: mm, start, end)
    for index in 0..<paging.scratch.count {
      let entry = paging.scratch[index].entry
      paging.tables.set(mm: mm.raw, page: paging.scratch[index].page, to: nil)
      doubtPages(of: paging.folios[entry.folio].anonVMA)
      removeEntry(entry)
      statistics.vanishedPages += 1
    }
  }

  /// Forgets what an event of a level can have changed: it was there, but made no sense.
  ///
  /// Walks change nothing that they look at, and what pages do changes no VMA, AVC or anon_vma.
  public mutating func forget(from level: RecordingLevel) {
    switch level {
    case .structure: reset()
    case .pages: forgetAllPages()
    case .walks: walking = WalkState()
    }
  }

  /// Nothing is known of any page any more, nor of the operations that copy or move some just now.
  private mutating func forgetAllPages() {
    paging.tables = PageTables()
    paging.folios = Slab<Folio>()
    paging.folioOf = SlotMap()
    paging.displaced.removeAll()
    paging.activeCopies.removeAll()
    paging.activeMoves.removeAll()
    paging.owed.removeAll()
    walking = WalkState()  // They remember which folio they are to unmap.
    anonVMAOf.forEach { slot in
      anonVMAs[slot].mappedPages = 0
      anonVMAs[slot].mayHaveMorePages = true
    }
  }

  /// hugetlb_remove_rmap is inline: what a VMA of hugetlbfs maps in a range goes with this one event.
  mutating func unmapHugetlb(_ event: HugetlbUnmap) {
    for copy in paging.activeCopies {
      collect(mm: copy.source.mm, event.start, event.end)
      for index in 0..<paging.scratch.count { noteUncertain(event.vma.mm, paging.scratch[index].page) }
    }
    let before = (statistics.predictedUnmaps, statistics.unpredictedUnmaps)
    defer { countUnmaps(in: event.vma.mm, since: before) }
    collect(mm: event.vma.mm, event.start, event.end)
    for index in 0..<paging.scratch.count {
      let (page, entry) = (paging.scratch[index].page, paging.scratch[index].entry)
      guard paging.folios[entry.folio].isHugetlb else { continue }
      guard event.only.isNull || paging.folios[entry.folio].address == event.only else { continue }
      paging.tables.set(mm: event.vma.mm.raw, page: page, to: nil)
      statistics.predictedUnmaps += 1
      removeEntry(entry)
    }
  }

  // MARK: Telling

  /// Tells the observer of every mapped page in a range, sweeping out those whose folio is stale.
  mutating func tellPages<Observer: GraphObserver & ~Copyable>(
    _ cause: PageSituation.Cause, mm: KernelAddress, start: UserAddress, end: UserAddress,
    _ vma: VMAID, _ view: VMAView, _ stamp: EventStamp, _ function: EventKind,
    _ observer: inout Observer
  ) {
    collect(mm: mm, start, end)
    for index in 0..<paging.scratch.count {
      tellPage(cause, paging.scratch[index].page, paging.scratch[index].entry, vma, view, stamp, function, &observer)
    }
  }

  private func tellPage<Observer: GraphObserver & ~Copyable>(
    _ cause: PageSituation.Cause, _ page: UInt64, _ entry: PageTables.Entry, _ vma: VMAID,
    _ view: VMAView, _ stamp: EventStamp, _ function: EventKind, _ observer: inout Observer
  ) {
    observer.didChangeVMAOfPage(
      PageSituation(
        cause: cause, folio: FolioID(slot: entry.folio), subpage: UInt32(entry.subpage),
        address: view.start.ofPage(page), vma: vma, view: view, stamp: stamp, function: function,
        placeIsUncertain: paging.folios[entry.folio].placeIsUncertain),
      in: self)
  }

  /// Fills the scratch list with the live mapped pages of a range, upwards, and sweeps out the stale ones.
  private mutating func collect(mm: KernelAddress, _ start: UserAddress, _ end: UserAddress) {
    paging.scratch.removeAll()
    guard start < end else { return }
    paging.tables.append(mm: mm.raw, pages: start.page..<max(start.page + 1, end.page), to: &paging.scratch)
    var kept = 0
    for index in 0..<paging.scratch.count {
      let (page, entry) = (paging.scratch[index].page, paging.scratch[index].entry)
      if paging.folios[entry.folio].address.isNull {
        paging.tables.set(mm: mm.raw, page: page, to: nil)
        removeEntry(entry)
      } else {
        if kept < index { paging.scratch[kept] = paging.scratch[index] }
        kept += 1
      }
    }
    paging.scratch.keepFirst(kept)
  }
}
