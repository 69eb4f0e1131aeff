import RmapEvents

extension RmapGraph {
  /// Not inlined, so that the event stays where it lies.
  @inline(never) mutating func folio<Observer: GraphObserver & ~Copyable>(
    _ event: FolioEvent, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    if !mms.silence.isEmpty { mms.silence.noteActing(stamp.pid, in: event.vma.mm) }
    guard event.indexIsKnown else {
      return tell(event, stamp, folio: nil, vma: vmaOf[event.vma.address.raw].map(VMAID.init), prior: nil, &observer)
    }
    if !paging.owed.isEmpty { settleOwed(event, stamp, &observer) }
    switch event.step {
    case .new: newFolio(event, stamp, &observer)
    case .add: addMapping(event, stamp, &observer)
    case .remove where !event.mapping.isAnonymous && !event.mapping.isKSM:
      return removeFilePage(event, stamp, &observer)
    case .remove where event.vma.address.isNull: return removeSomewhere(event, stamp)
    case .remove:
      let before = (statistics.predictedUnmaps, statistics.unpredictedUnmaps)
      removeMapping(event, stamp, &observer)
      return countUnmaps(in: event.vma.mm, since: before)  // It has noted by itself what the page is marked as.
    case .move: moveFolio(event, stamp, &observer)
    case .seen: seeFolio(event, stamp, &observer)
    }
    noteExclusive(event, paging.folioOf[event.folio.raw], stamp)
  }

  /// mm/rmap.c, mm/memory.c:do_wp_page: what marks a page exclusive are new and exclusive mappings, and a move.
  private mutating func noteExclusive(_ event: FolioEvent, _ slot: UInt32?, _ stamp: EventStamp) {
    guard let slot, let isExclusive = event.isPageExclusive, !event.isLarge else { return }
    let makesExclusive = event.step == .move || event.isExclusive
    paging.folios[slot].sharedSince = makesExclusive || isExclusive ? nil : paging.folios[slot].sharedSince ?? stamp
  }

  // MARK: Steps

  /// A folio that was never mapped: any older tenant of its address has been freed.
  private mutating func newFolio<Observer: GraphObserver & ~Copyable>(
    _ event: FolioEvent, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    if let old = paging.folioOf[event.folio.raw] { forgetMappings(of: old) }
    let vma = meetMapped(event.vma, &observer)
    let mapping = event.isAfter ? event.mapping : predictedMapping(event, isNew: true)
    // mm/rmap.c:__folio_set_anon: index = linear_page_index(vma, address)
    let index = event.isAfter ? event.index : event.vma.index(of: event.address ?? event.vma.start)
    let folio = makeFolio(event, mapping, index: index, predicted: !event.isAfter, stamp)
    paging.folios[folio].birthWasSeen = true
    map(folio, event, stamp, &observer)
    tell(event, stamp, folio: folio, vma: vma, prior: nil, &observer)
  }

  /// One more mapping of a folio that has its anon_vma, or gets it now from a swap-in (6.1).
  private mutating func addMapping<Observer: GraphObserver & ~Copyable>(
    _ event: FolioEvent, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    let vma = meetMapped(event.vma, &observer)
    var prior: Prior?
    var slot: UInt32
    var priorIndex: PgOff?
    if event.mapping.isKSM {
      let slot = meetMerged(event, stamp)
      map(slot, event, stamp, &observer)
      return tell(event, stamp, folio: slot, vma: vma, prior: nil, &observer)
    }
    // A folio without an anon_vma (a swap-in on 6.1) has been freed since it was last mapped.
    if !event.mapping.isAnonymous, let old = paging.folioOf[event.folio.raw] { forgetMappings(of: old) }
    if let known = knownFolio(event) {
      slot = known
      priorIndex = paging.folios[slot].index
      prior = adopt(event, slot, stamp)
    } else {
      let isSet = event.mapping.isAnonymous
      let mapping = isSet ? event.mapping : predictedMapping(event, isNew: false)
      let first = event.vma.index(of: event.address ?? event.vma.start)
      let index = isSet ? event.index : PgOff(first.raw &- UInt64(event.subpage))
      slot = makeFolio(event, mapping, index: index, predicted: !isSet, stamp)
      paging.folios[slot].birthWasSeen = !isSet
    }
    map(slot, event, stamp, &observer)
    tell(event, stamp, folio: slot, vma: vma, prior: prior, priorIndex: priorIndex, &observer)
  }

  /// File pages pass page_remove_rmap too. An anonymous folio that the model has there is freed.
  private mutating func removeFilePage<Observer: GraphObserver & ~Copyable>(
    _ event: FolioEvent, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard let old = paging.folioOf[event.folio.raw] else { return }
    tell(.notAnonymous, event, stamp, folio: old, &observer)
    forgetMappings(of: old)
  }

  private mutating func removeMapping<Observer: GraphObserver & ~Copyable>(
    _ event: FolioEvent, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    if event.mapping.isKSM {
      removeMerged(event, stamp, &observer)
      return noteExclusive(event, paging.folioOf[event.folio.raw], stamp)
    }
    let vma = vmaOf[event.vma.address.raw]
    // A page in a VMA that nothing has given an anon_vma: that was not recorded.
    if let vma, vmas[vma].isFresh { _ = meet(event.vma, &observer) }
    let slot = knownFolio(event)
    let priorIndex = slot.map { paging.folios[$0].index }
    let prior = slot.map { adopt(event, $0, stamp) } ?? nil
    let address = linearAddress(event)
    let place = slot.flatMap { self.place(of: $0, event, at: address) }
    tell(
      event, stamp, folio: slot, vma: vma.map(VMAID.init), prior: prior, priorIndex: priorIndex, removedFrom: address,
      wasPredicted: place != nil, &observer)
    // While its slot is known: of a folio that the unmapping frees, nobody reads it.
    noteExclusive(event, slot, stamp)
    unmap(slot, event, at: address, place, stamp, &observer)
    if let vma { vmas[vma].lastUnmapped = (address.page, stamp) }
  }

  /// A kernel that does not say in which VMA it unmaps (before 5.18), in a task of which that is not known either. At most
  /// the mm and a range are: then the first place there is it. Otherwise it is not known any more where the folio is mapped.
  @inline(never) private mutating func removeSomewhere(_ event: FolioEvent, _ stamp: EventStamp) {
    let view = event.vma
    let before = (statistics.predictedUnmaps, statistics.unpredictedUnmaps)
    defer { countUnmaps(in: view.mm, since: before) }
    guard let slot = paging.folioOf[event.folio.raw] else { return statistics.unpredictedUnmaps += 1 }
    let range = view.start.page..<max(view.start.page, view.end.page)
    guard !view.mm.isNull, let page = paging.tables.firstPage(of: slot, mm: view.mm.raw, pages: range) else {
      forgetMappings(of: slot)
      return statistics.unpredictedUnmaps += 1
    }
    statistics.predictedUnmaps += 1
    paging.folios[slot].changeStamp = stamp
    noteUncertain(view.mm, page)
    paging.tables.set(mm: view.mm.raw, page: page, to: nil)
    countMapping(-1, slot)
  }

  /// wp-fault reuse: the folio goes to the VMA's own anon_vma, its index stays (mm/memory.c:do_wp_page).
  /// UFFDIO_MOVE calls the same function with another VMA and changes the index afterwards.
  private mutating func moveFolio<Observer: GraphObserver & ~Copyable>(
    _ event: FolioEvent, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard event.mapping.isAnonymous else { return }
    let vma = meetMapped(event.vma, &observer)
    if let move = userfaultMove(stamp.pid) { return relocate(event, move, vma, stamp, &observer) }
    let address = linearAddress(event)
    guard let slot = knownFolio(event) else {
      // It was mapped without our knowing, and now belongs to an anon_vma that may be new.
      doubtPages(of: anonVMA(at: event.vma.anonVMA))
      tell(.unknownMove, event, stamp, folio: nil, at: address, &observer)
      // Without a probe on UFFDIO_MOVE, it shows by an index that is not of this VMA.
      if event.indexMayFollow, !event.vma.contains(address) { return }
      tell(event, stamp, folio: nil, vma: vma, prior: nil, &observer)
      return
    }
    tell(.move, event, stamp, folio: slot, &observer)
    if !event.vma.contains(address) || place(of: slot, event, at: address) == nil {
      if !event.indexMayFollow { tell(.noPage, event, stamp, folio: nil, &observer) }
      forgetMappings(of: slot)
      doubtPages(of: anonVMA(at: event.vma.anonVMA))
      return
    }
    var prior: Prior?
    if !event.isAfter { prior = adopt(event, slot, stamp) }
    let mapping = event.isAfter ? event.mapping : FolioMapping(anonVMA: event.vma.anonVMA)
    setMapping(slot, mapping, predicted: !event.isAfter, stamp)
    paging.folios[slot].placeIsUncertain = event.indexMayFollow
    tell(event, stamp, folio: slot, vma: vma, prior: prior, &observer)
  }

  private func userfaultMove(_ pid: Int32) -> OperationEntry? {
    guard let task = work.taskOf[taskKey(pid)] else { return nil }
    guard let last = work.tasks[task].last, work.tasks[task].operations[last].kind == .userfaultMove else { return nil }
    return work.tasks[task].operations[last].entry
  }

  /// mm/userfaultfd.c:move_present_pte: the folio, exclusive, goes to another address and gets its index; the
  /// event still shows the old one. One that is in the swap cache only goes the same way (move_swap_pte).
  private mutating func relocate<Observer: GraphObserver & ~Copyable>(
    _ event: FolioEvent, _ move: OperationEntry, _ vma: VMAID, _ stamp: EventStamp,
    _ observer: inout Observer
  ) {
    // At an entry the mapping is the old one: the next event shows whether it has become the VMA's own.
    let mapping = event.isAfter ? event.mapping : FolioMapping(anonVMA: event.vma.anonVMA)
    guard let slot = paging.folioOf[event.folio.raw] else { return doubtPages(of: anonVMA(at: mapping.anonVMA)) }
    let old = move.sourceAddress.ofPage(event.index.raw)
    let offset = old.raw &- move.sourceAddress.raw
    let entry = paging.tables.entry(mm: move.mm.raw, page: old.page)
    // All of a folio that one PMD maps, or one page.
    let count = entry?.isPMD ?? false ? UInt64(max(paging.folios[slot].mappedPages, 1)) : 1
    let last = paging.tables.entry(mm: move.mm.raw, page: old.page &+ count &- 1)
    guard paging.folios[slot].mappedPages == count, offset < move.length, let entry, let last, entry.folio == slot,
      last.folio == slot, entry.subpage == 0, UInt64(last.subpage) == count - 1
    else {
      // Mapped in part, or more than once, or at an address that is not its index: it is known neither where it was nor where it goes.
      forgetMappings(of: slot)
      return doubtPages(of: anonVMA(at: mapping.anonVMA))
    }
    let new = move.address.advanced(byBytes: offset)
    // The index is what move_pages sets next, and mapping and index stay together in it.
    var moved = stamp
    moved.function = .userfaultMove
    setMapping(slot, mapping, predicted: !event.isAfter, moved)
    if event.vma.contains(new) { paging.folios[slot].index = event.vma.index(of: new) }
    for number in 0..<count { relocate(slot, in: move.mm, from: old.page + number, to: new.page + number) }
    var told = event
    told.mapping = mapping
    told.index = paging.folios[slot].index
    told.address = new
    tell(told, stamp, folio: slot, vma: vma, prior: nil, &observer)
  }

  private mutating func relocate(_ slot: UInt32, in mm: KernelAddress, from old: UInt64, to new: UInt64) {
    noteUncertain(mm, old)
    noteUncertain(mm, new)
    guard let entry = paging.tables.entry(mm: mm.raw, page: old), entry.folio == slot else { return }
    paging.tables.set(mm: mm.raw, page: old, to: nil)
    if let displaced = paging.tables.set(mm: mm.raw, page: new, to: entry) { displace(displaced, by: slot, mm, new) }
  }

  private mutating func seeFolio<Observer: GraphObserver & ~Copyable>(
    _ event: FolioEvent, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard event.mapping.isAnonymous else {
      return tell(.notAnonymous, event, stamp, folio: paging.folioOf[event.folio.raw], &observer)
    }
    guard let slot = knownFolio(event) else { return tell(.noPage, event, stamp, folio: nil, &observer) }
    let vma = meetMapped(event.vma, &observer)
    let priorIndex = paging.folios[slot].index
    let prior = adopt(event, slot, stamp)
    tell(event, stamp, folio: slot, vma: vma, prior: prior, priorIndex: priorIndex, &observer)
  }

  func tell<Observer: GraphObserver & ~Copyable>(
    _ event: FolioEvent, _ stamp: EventStamp, folio: UInt32?, vma: VMAID?, prior: Prior?,
    priorIndex: PgOff? = nil, removedFrom address: UserAddress? = nil, wasPredicted: Bool = false,
    _ observer: inout Observer
  ) {
    let own = vma.flatMap { membership(of: $0, in: event.vma.anonVMA) }
    let differs =
      vma.map { vmas[$0.slot].view.mm != event.vma.mm || !isLinked($0.slot, as: event.vma) } ?? true
      || folio.map { paging.folios[$0].isLarge != event.isLarge } ?? false
    withUnsafePointer(to: event) { event in
      observer.didSeeFolio(
        FolioSituation(
          eventPlace: event, stamp: stamp, folio: folio.map(FolioID.init), vma: vma, ownMembership: own,
          removedFrom: address, wasPredicted: wasPredicted, priorMapping: prior?.mapping,
          priorWasPredicted: prior?.wasPredicted ?? false, priorStamp: prior?.stamp ?? stamp,
          priorIndex: priorIndex, isInRangeChange: isChangingRange(stamp.pid), differs: differs), in: self)
    }
  }

  /// Tells of a step with a folio before the graph goes on with it.
  func tell<Observer: GraphObserver & ~Copyable>(
    _ encounter: EncounterSituation.Encounter, _ event: FolioEvent, _ stamp: EventStamp, folio: UInt32?,
    at address: UserAddress? = nil, _ observer: inout Observer
  ) {
    withUnsafePointer(to: event) { event in
      observer.didEncounterFolio(
        EncounterSituation(
          encounter: encounter, eventPlace: event, folio: folio.map(FolioID.init), address: address, stamp: stamp),
        in: self)
    }
  }

  private func isChangingRange(_ pid: Int32) -> Bool {
    guard work.parkedAVCs > 0, let task = work.taskOf[taskKey(pid)] else { return false }
    return !work.tasks[task].parked.isEmpty
  }

  // MARK: Folios

  /// What the model thought of a folio before an event showed its mapping.
  struct Prior {
    var mapping: FolioMapping
    var wasPredicted: Bool
    var stamp: EventStamp
  }

  /// The model's folio for an event that shows its index. UFFDIO_MOVE within one VMA looks like a reuse until
  /// the next event shows another index: then the folio's place is not known any more.
  private mutating func knownFolio(_ event: FolioEvent) -> UInt32? {
    guard let slot = paging.folioOf[event.folio.raw] else { return nil }
    guard paging.folios[slot].placeIsUncertain, event.mapping.isAnonymous else { return slot }
    if paging.folios[slot].index != event.index {
      forgetMappings(of: slot)
      return nil
    }
    paging.folios[slot].placeIsUncertain = false
    return slot
  }

  /// A page event never sees a VMA half-way through a range change, so its view is as good as any.
  private mutating func meetMapped<Observer: GraphObserver & ~Copyable>(
    _ view: VMAView, _ observer: inout Observer
  ) -> VMAID { meet(view, &observer) }

  /// mm/rmap.c:__folio_set_anon (6.12), __page_set_anon_rmap (6.1): the VMA's own anon_vma for an exclusive
  /// page, else the oldest one, its root.
  private func predictedMapping(_ event: FolioEvent, isNew: Bool) -> FolioMapping {
    let own = event.vma.anonVMA
    if isNew || event.isExclusive { return FolioMapping(anonVMA: own) }
    guard let anonVMA = anonVMA(at: own) else { return FolioMapping(0) }
    return FolioMapping(anonVMA: anonVMAs[anonVMA.slot].root)
  }

  mutating func makeFolio(
    _ event: FolioEvent, _ mapping: FolioMapping, index: PgOff, predicted: Bool, _ stamp: EventStamp
  ) -> UInt32 {
    let slot = paging.folios.insert(
      Folio(
        address: event.folio, isHugetlb: event.isHugetlb, mapping: mapping, mappingIsPredicted: predicted,
        index: index,
        stamp: stamp, changeStamp: stamp,
        anonVMA: mapping.isAnonymous ? anonVMA(at: mapping.anonVMA) : nil))
    paging.folios[slot].isLarge = event.isLarge
    paging.folioOf.set(event.folio.raw, to: slot)
    return slot
  }

  /// Takes over what an event shows of a folio's mapping and index; returns what was thought before.
  private mutating func adopt(_ event: FolioEvent, _ slot: UInt32, _ stamp: EventStamp) -> Prior? {
    guard event.mapping.isAnonymous else { return nil }
    paging.folios[slot].index = event.index
    let (mapping, wasPredicted) = (paging.folios[slot].mapping, paging.folios[slot].mappingIsPredicted)
    guard mapping != event.mapping || wasPredicted else { return nil }
    let prior = Prior(mapping: mapping, wasPredicted: wasPredicted, stamp: paging.folios[slot].stamp)
    paging.folios[slot].mappingIsPredicted = false
    if mapping != event.mapping { setMapping(slot, event.mapping, predicted: false, stamp) }
    return prior
  }

  mutating func setMapping(
    _ slot: UInt32, _ mapping: FolioMapping, predicted: Bool, _ stamp: EventStamp
  ) {
    let pages = paging.folios[slot].mappedPages
    addMappedPages(-pages, paging.folios[slot].anonVMA)
    paging.folios[slot].mapping = mapping
    paging.folios[slot].mappingIsPredicted = predicted
    paging.folios[slot].stamp = stamp
    paging.folios[slot].anonVMA = mapping.isAnonymous ? anonVMA(at: mapping.anonVMA) : nil
    addMappedPages(pages, paging.folios[slot].anonVMA)
  }

  private mutating func addMappedPages(_ pages: Int, _ id: AnonVMAID?) {
    guard let id, lives(id) else { return }
    anonVMAs[id.slot].mappedPages += pages
  }

  /// The folio's address has another tenant, or its mappings are no longer known: its pages in the tables mean
  /// nothing any more, and are swept out as they are met.
  private mutating func forgetMappings(of slot: UInt32) {
    if paging.folioOf[paging.folios[slot].address.raw] == slot {
      paging.folioOf.remove(paging.folios[slot].address.raw)
    }
    addMappedPages(-paging.folios[slot].mappedPages, paging.folios[slot].anonVMA)
    doubtPages(of: paging.folios[slot].anonVMA)
    paging.folios[slot].anonVMA = nil
    paging.folios[slot].address = .null
    if paging.folios[slot].mappedPages == 0 { paging.folios.remove(slot) }
  }

  mutating func countMapping(_ change: Int, _ slot: UInt32) {
    paging.folios[slot].mappedPages += change
    addMappedPages(change, paging.folios[slot].anonVMA)
    guard paging.folios[slot].mappedPages == 0 else { return }
    if paging.folioOf[paging.folios[slot].address.raw] == slot {
      paging.folioOf.remove(paging.folios[slot].address.raw)
    }
    paging.folios.remove(slot)
  }
}
