import RmapEvents

/// Where the pages of folios are mapped.
extension RmapGraph {
  /// Where the folio's page is mapped if its offset is linear in the VMA (mm/internal.h:vma_address).
  func linearAddress(_ event: FolioEvent) -> UserAddress {
    event.vma.address(of: event.firstIndex)
  }

  mutating func map<Observer: GraphObserver & ~Copyable>(
    _ slot: UInt32, _ event: FolioEvent, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard let address = event.address else { return }
    paging.folios[slot].changeStamp = stamp
    for offset in 0..<UInt64(event.pages) {
      let page = address.page + offset
      guard PageTables.canHold(page) else { continue }
      let entry = PageTables.Entry(
        folio: slot, subpage: UInt16(truncatingIfNeeded: UInt64(event.subpage) + offset),
        isPMD: event.isPMD)
      // Count first: replacing the folio's own entry must not make it look unmapped for a moment.
      countMapping(1, slot)
      var isTold = false
      if !walking.left.isEmpty, event.step == .add, !event.mapping.isKSM,
        let known = paging.tables.entry(mm: event.vma.mm.raw, page: page)
      {
        isTold = tellLeft(known.folio, event.vma.mm, page, stamp, &observer)
      }
      if let old = paging.tables.set(mm: event.vma.mm.raw, page: page, to: entry) {
        if old.bits == entry.bits, !isTold { tell(.mappedTwice, event, stamp, folio: slot, &observer) }
        let isSplit = old.folio == slot && old.isPMD && !entry.isPMD
        if isSplit || old.folio != slot && isReplacement(of: old.folio, by: event) {
          noteOwed(
            old: paging.folios[old.folio].address, new: slot, isPMD: isSplit, event.vma.mm, address.ofPage(page), stamp)
        }
        displace(old, by: slot, event.vma.mm, page)
      }
      noteUncertain(event.vma.mm, page)
    }
  }

  /// Where the tables hold the event's first page, if it is at an address.
  func place(_ mm: KernelAddress, _ page: UInt64, holding slot: UInt32, _ subpage: UInt32) -> PageTables.Place? {
    guard let place = paging.tables.place(mm: mm.raw, page: page), let entry = paging.tables[place],
      entry.folio == slot,
      UInt32(entry.subpage) == subpage
    else { return nil }
    return place
  }

  func place(of slot: UInt32, _ event: FolioEvent, at address: UserAddress) -> PageTables.Place? {
    place(event.vma.mm, address.page, holding: slot, event.subpage)
  }

  mutating func unmap<Observer: GraphObserver & ~Copyable>(
    _ slot: UInt32?, _ event: FolioEvent, at address: UserAddress, _ first: PageTables.Place?, _ stamp: EventStamp,
    _ observer: inout Observer
  ) {
    let mm = event.vma.mm
    if let slot {
      paging.folios[slot].changeStamp = stamp
      if !walking.left.isEmpty { removeLeft(slot, mm) }
    }
    for offset in 0..<UInt64(event.pages) {
      let page = address.page &+ offset
      noteUncertain(mm, page)
      guard let slot else {
        statistics.unpredictedUnmaps += 1
        tell(.noPage, event, stamp, folio: nil, &observer)
        continue
      }
      let subpage = event.subpage + UInt32(offset)
      guard let place = offset == 0 && first != nil ? first : place(of: slot, subpage, mm, page),
        let entry = paging.tables[place]
      else {
        if removeDisplaced(slot, UInt16(truncatingIfNeeded: subpage), mm, page) { continue }
        if !event.isPMD {
          statistics.unpredictedUnmaps += 1
          tell(.noPage, event, stamp, folio: nil, &observer)
        }
        continue
      }
      // A split adds the PTE mappings before it removes the PMD's: they stay.
      if event.isPMD && !entry.isPMD { continue }
      statistics.predictedUnmaps += 1
      paging.tables.remove(place)
      countMapping(-1, slot)
    }
  }

  /// Where the tables hold a folio's page: at its linear address, or while mremap moves it, at the other end.
  func place(
    of slot: UInt32, _ subpage: UInt32, _ mm: KernelAddress, _ page: UInt64
  ) -> PageTables.Place? {
    if let place = place(mm, page, holding: slot, subpage) { return place }
    for move in paging.activeMoves where move.entry.source.mm == mm {
      let shift = move.entry.address.page &- move.entry.sourceAddress.page
      if let place = place(mm, page &- shift, holding: slot, subpage) { return place }
      if let place = place(mm, page &+ shift, holding: slot, subpage) { return place }
    }
    return nil
  }

  /// A new page takes the place of another: a COW fault maps the copy first and tells of the old page's removal
  /// afterwards (mm/memory.c:wp_page_copy), so the old page stays mapped a little longer.
  mutating func displace(
    _ old: PageTables.Entry, by slot: UInt32, _ mm: KernelAddress, _ page: UInt64
  ) {
    // hugetlb_wp takes the old page's mapping away before it adds the new one, and by an inline function.
    guard old.folio != slot, !paging.folios[old.folio].address.isNull, !paging.folios[old.folio].isHugetlb else {
      return countMapping(-1, old.folio)
    }
    if paging.displaced.count == Self.displacedKept {
      doubtPages(of: paging.folios[paging.displaced[0].entry.folio].anonVMA)
      countMapping(-1, paging.displaced.removeFirst().entry.folio)
    }
    paging.displaced.append(DisplacedPage(mm: mm, page: page, entry: old))
  }

  mutating func removeDisplaced(
    _ slot: UInt32, _ subpage: UInt16, _ mm: KernelAddress, _ page: UInt64
  ) -> Bool {
    let found = paging.displaced.firstIndex {
      $0.entry.folio == slot && $0.entry.subpage == subpage && $0.mm == mm && $0.page == page
    }
    guard let found else { return false }
    paging.displaced.remove(at: found)
    statistics.predictedUnmaps += 1
    countMapping(-1, slot)
    return true
  }

  mutating func noteUncertain(_ mm: KernelAddress, _ page: UInt64) {
    guard !paging.activeCopies.isEmpty else { return }
    for index in paging.activeCopies.indices
    where paging.activeCopies[index].source.mm == mm || paging.activeCopies[index].destination.mm == mm {
      guard paging.activeCopies[index].uncertainPages.count < ActiveCopy.uncertainPagesKept else { continue }
      paging.activeCopies[index].uncertainPages.append(page)
    }
  }

  /// Pages of an anon_vma may be mapped where the model does not have them.
  mutating func doubtPages(of id: AnonVMAID?) {
    guard let id, lives(id) else { return }
    anonVMAs[id.slot].mayHaveMorePages = true
  }

  /// Pages that a VMA maps may be mapped elsewhere too.
  mutating func doubtPages(of view: VMAView) {
    guard let slot = vmaOf[view.address.raw] else { return }
    var avc = vmas[slot].firstInChain
    while avc != .max {
      anonVMAs[avcs[avc].anonVMA.slot].mayHaveMorePages = true
      avc = avcs[avc].nextInVMA
    }
  }

  /// Removes the tables' reference to a folio page whose fate was decided without an event of its own.
  mutating func removeEntry(_ entry: PageTables.Entry) { countMapping(-1, entry.folio) }

  mutating func shareEntry(_ entry: PageTables.Entry) { countMapping(1, entry.folio) }
}
