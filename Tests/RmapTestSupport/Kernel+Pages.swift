import RmapEvents

/// The life of pages.
extension Kernel {
  // MARK: Faults

  /// The process writes to a page: a first fault, a swap-in and copy, a reuse, or a copy-on-write.
  public func write(_ name: String, _ page: UInt64) {
    let vma = vma(name)
    precondition(vma.pages.contains(page))
    if vma.mm.swapped[page] != nil { swapIn(name, page) }
    if vma.isHugetlb { return writeHugetlb(vma, page) }
    guard let mapping = vma.mm.tables[page] else {
      prepare(vma)
      return mapNew(vma, page)
    }
    if mapping.folio.isExclusive, mapping.folio.mapping.isAnonymous { return }
    prepare(vma)
    // mm/memory.c:wp_can_reuse_anon_folio refuses large folios, and those that others may still swap in.
    let isMine = mapping.folio.mapcount == 1 || fires(.reuseTakesShared)
    if isMine, !mapping.folio.isLarge, mapping.folio.mapping.isAnonymous, !isAwaited(mapping.folio) {
      move(mapping.folio, vma)
    } else {
      if mapping.isPMD { splitPMD(name, page) }
      guard let old = vma.mm.tables[page] else { return }
      mapNew(vma, page)
      tellRemoval(old, vma, page)
    }
  }

  /// do_anonymous_page or wp_page_copy: folio_add_new_anon_rmap, then folio_add_lru_vma.
  func mapNew(_ vma: VMA, _ page: UInt64, isExclusive: Bool = true) {
    guard let own = vma.anonVMA else { preconditionFailure("a page needs an anon_vma") }
    let owner = isExclusive ? newOwner(vma, own) : fires(.swapInGetsLeaf, if: own !== own.root) ? own : own.root
    let isWrong = fires(.newPageMistakesIndex, if: vma.pgoff != vma.pages.lowerBound)
    let folio = Folio(
      take(.folio), FolioMapping(anonVMA: owner.address), index: isWrong ? page : index(vma, page))
    folio.isExclusive = isExclusive
    let step: FolioEvent.Step = probesEntries && !isExclusive ? .add : .new
    map(folio, vma, page, step, isExclusive: isExclusive)
    tell(.seen, Mapping(folio: folio), vma, page)
  }

  /// The anon_vma of a page that is new: the VMA's own.
  func newOwner(_ vma: VMA, _ own: AnonVMA) -> AnonVMA {
    if fires(.newPageGetsRoot, if: own !== own.root) { return own.root }
    if let stranger = stranger(to: vma), fires(.newPageGetsStranger) { return stranger }
    return own
  }

  private func map(
    _ folio: Folio, _ vma: VMA, _ page: UInt64, _ step: FolioEvent.Step, isExclusive: Bool = false
  ) {
    let mapping = Mapping(folio: folio)
    tell(step, mapping, vma, page, isExclusive: isExclusive, isUnset: probesEntries)
    vma.mm.tables[page] = mapping
    vma.mm.swapped[page] = nil
    folio.mapcount += 1
  }

  /// Reuse at a write fault: folio_move_anon_rmap.
  func move(_ folio: Folio, _ vma: VMA) {
    guard let own = vma.anonVMA else { return }
    if !folio.isHugetlb, !folio.isExclusive, fires(.reuseMovesNothing) {
      folio.isExclusive = true
      return
    }
    let old = folio.mapping
    var owner = own
    if let stranger = stranger(to: vma), fires(.reuseMovesToStranger) { owner = stranger }
    folio.mapping = FolioMapping(anonVMA: owner.address)
    folio.isExclusive = true
    var event = folioEvent(.move, Mapping(folio: folio), vma, 0)
    event.subpage = 0
    event.address = nil
    if probesEntries { event.mapping = old }
    emit(.folio(event), by: vma.mm.process)
  }

  // MARK: Unmapping

  /// unmap_vmas: every page of the VMA goes.
  func zap(_ vma: VMA) {
    if vma.isHugetlb { return zapHugetlb(vma, vma.pages) }
    for page in vma.pages.sorted() {
      vma.mm.swapped[page] = nil
      guard let mapping = vma.mm.tables[page] else { continue }
      if fires(.zapLeavesOne) { return }
      tellRemoval(mapping, vma, page)
      let count: UInt64 = mapping.isPMD ? 512 : 1
      for page in page..<page + count { vma.mm.tables[page] = nil }
    }
  }

  /// madvise(MADV_DONTNEED) of one page.
  public func discard(_ name: String, _ page: UInt64) {
    let vma = vma(name)
    if vma.isHugetlb { return zapHugetlb(vma, page..<page + 1) }
    vma.mm.swapped[page] = nil
    if vma.mm.tables[page]?.isPMD ?? false { splitPMD(name, page) }
    guard let mapping = vma.mm.tables.removeValue(forKey: page) else { return }
    tellRemoval(mapping, vma, page)
  }

  private func tellRemoval(_ mapping: Mapping, _ vma: VMA, _ page: UInt64) {
    let count = mapping.isPMD ? 512 : 1
    tell(.remove, mapping, vma, page, pages: UInt32(count))
    mapping.folio.mapcount -= count
    if mapping.folio.mapcount == 0 { give(back: mapping.folio.address, .folio) }
  }

  // MARK: Swap, migration and KSM

  /// Whether a page table still has a swap entry for a folio in the swap cache.
  private func isAwaited(_ folio: Folio) -> Bool {
    mms.values.contains { $0.swapped.values.contains { $0.cached === folio } }
  }

  /// Every VMA that maps a folio, and where: the rmap walk, done by looking everywhere.
  func mappings(of folio: Folio) -> [(vma: VMA, page: UInt64)] {
    mms.values.sorted { $0.address < $1.address }.flatMap { mm in
      mm.tables.filter { $0.value.folio === folio }.keys.sorted().compactMap { page in
        mm.vmas.first { $0.pages.contains(page) }.map { ($0, page) }
      }
    }
  }

  /// kswapd: try_to_unmap takes the page out of every page table.
  public func swapOut(_ name: String, _ page: UInt64) {
    guard let folio = vma(name).mm.tables[page]?.folio, folio.mapping.isAnonymous, !folio.isHugetlb,
      !folio.isLarge
    else { return }
    visitor = "kswapd"
    let swap = Swap()
    walk(for: folio, .unmap) { vma, page in
      guard let mapping = vma.mm.tables.removeValue(forKey: page) else { return }
      if fires(.unmapKeepsRmap) {
        // It cannot be freed then, and is found in the swap cache.
        vma.mm.swapped[page] = swap
        swap.cached = folio
        return
      }
      tell(.remove, mapping, vma, page)
      vma.mm.swapped[page] = swap
      folio.mapcount -= 1
    }
    visitor = nil
  }

  /// do_swap_page: a fresh folio for the first who comes, who can't know to be the only one; the same for others.
  public func swapIn(_ name: String, _ page: UInt64) {
    let vma = vma(name)
    guard let swap = vma.mm.swapped[page] else { return }
    prepare(vma)
    if let cached = swap.cached, cached.mapcount > 0 {
      tell(.add, Mapping(folio: cached), vma, page)
      cached.mapcount += 1
      vma.mm.tables[page] = Mapping(folio: cached)
      vma.mm.swapped[page] = nil
    } else {
      mapNew(vma, page, isExclusive: false)
      swap.cached = vma.mm.tables[page]?.folio
    }
  }

  /// migrate_pages: all mappings of the old folio go, the new one takes mapping and index and all places.
  public func migrate(_ name: String, _ page: UInt64) {
    guard let old = vma(name).mm.tables[page]?.folio, !isAwaited(old), !old.isHugetlb, !old.isLarge else { return }
    visitor = "kcompactd"
    let places = mappings(of: old)
    walk(for: old, .migrate) { vma, page in
      tell(.remove, Mapping(folio: old), vma, page)
      old.mapcount -= 1
    }
    let new = Folio(
      take(.folio), old.mapping, index: fires(.migrationChangesIndex) ? old.index + 1 : old.index)
    if let owner = anonVMA(at: old.mapping.anonVMA), owner.root !== owner, fires(.migrationChangesOwner) {
      new.mapping = FolioMapping(anonVMA: owner.root.address)
    }
    new.isExclusive = old.isExclusive
    for (vma, page) in places { vma.mm.tables[page] = Mapping(folio: new) }
    walk(for: new, .restore, replacing: old) { vma, page in
      tell(.add, Mapping(folio: new), vma, page)
      new.mapcount += 1
    }
    give(back: old.address, .folio)
    visitor = nil
  }

  /// ksmd finds two equal pages: the first becomes KSM's without an event, the second is replaced by it.
  public func mergeSame(_ first: String, _ firstPage: UInt64, _ second: String, _ page: UInt64) {
    let (kept, vma) = (vma(first), vma(second))
    guard let folio = kept.mm.tables[firstPage]?.folio, let old = vma.mm.tables[page],
      folio !== old.folio, !isAwaited(folio), !folio.isHugetlb, !old.folio.isHugetlb, !folio.isLarge, !old.folio.isLarge
    else { return }
    visitor = "ksmd"
    folio.mapping = FolioMapping(0xffff_8880_0600_0000 | 3)
    folio.isExclusive = false
    tell(.add, Mapping(folio: folio), vma, page)
    folio.mapcount += 1
    vma.mm.tables[page] = Mapping(folio: folio)
    tellRemoval(old, vma, page)
    visitor = nil
  }

  /// UFFDIO_MOVE of a page: folio_move_anon_rmap, and the index changes after it. Recordings without a probe on
  /// it exist, too.
  public func userfaultMove(
    _ from: String, _ page: UInt64, _ into: String, _ target: UInt64, isProbed: Bool = true
  ) {
    let (source, vma) = (vma(from), vma(into))
    let entry = OperationEntry(
      kind: .userfaultMove, address: UserAddress(target << 12),
      sourceAddress: UserAddress(page << 12), length: 4096, mm: vma.mm.address)
    if isProbed { emit(.enter(entry), by: vma.mm.process) }
    prepare(vma)  // find_vma_and_prepare_anon
    if !source.isHugetlb, !vma.isHugetlb, let mapping = source.mm.tables.removeValue(forKey: page) {
      move(mapping.folio, vma)
      mapping.folio.index = index(vma, target)
      vma.mm.tables[target] = mapping
    }
    if isProbed { leave(.userfaultMove, 4096, by: vma.mm.process) }
  }

  /// UFFDIO_MOVE of a folio that a PMD maps (mm/huge_memory.c:move_pages_huge_pmd).
  public func userfaultMoveHuge(_ from: String, _ page: UInt64, _ into: String, _ target: UInt64) {
    let (source, vma) = (vma(from), vma(into))
    let length = PageSize.small.bytesPerPMD
    let entry = OperationEntry(
      kind: .userfaultMove, address: UserAddress(target << 12), sourceAddress: UserAddress(page << 12), length: length,
      mm: vma.mm.address)
    emit(.enter(entry), by: vma.mm.process)
    prepare(vma)
    if let folio = source.mm.tables[page]?.folio {
      move(folio, vma)
      folio.index = index(vma, target)
      for number in 0..<UInt64(PageSize.small.perPMD) {
        vma.mm.tables[target + number] = source.mm.tables.removeValue(forKey: page + number)
      }
    }
    leave(.userfaultMove, Int64(length), by: vma.mm.process)
  }

  // MARK: Events

  func index(_ vma: VMA, _ page: UInt64) -> UInt64 { vma.pgoff &+ page &- vma.pages.lowerBound }

  func folioEvent(
    _ step: FolioEvent.Step, _ mapping: Mapping, _ vma: VMA, _ page: UInt64
  ) -> FolioEvent {
    FolioEvent(
      step: step, isAfter: !probesEntries && (step == .new || step == .move),
      isPMD: mapping.isPMD, folio: mapping.folio.address, subpage: mapping.subpage, vma: view(vma),
      address: UserAddress(page << 12), mapping: mapping.folio.mapping,
      index: PgOff(mapping.folio.index), isLarge: mapping.folio.isLarge,
      isPageExclusive: mapping.folio.isExclusive, isHugetlb: mapping.folio.isHugetlb,
      indexMayFollow: version != .v6_1 && step == .move)
  }

  /// `isUnset`: the probe fires before the kernel has set mapping and index.
  func tell(
    _ step: FolioEvent.Step, _ mapping: Mapping, _ vma: VMA, _ page: UInt64, pages: UInt32 = 1,
    isExclusive: Bool = false, isUnset: Bool = false
  ) {
    var event = folioEvent(step, mapping, vma, page)
    event.pages = pages
    event.isExclusive = isExclusive
    if step == .remove || step == .seen { event.address = nil }
    if isUnset { (event.mapping, event.index) = (FolioMapping(0), PgOff(0)) }
    emit(.folio(event), by: vma.mm.process)
  }
}
