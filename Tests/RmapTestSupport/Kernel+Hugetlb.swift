import RmapEvents

/// The pages of hugetlbfs (mm/hugetlb.c). One page of the model is a huge one.
extension Kernel {
  /// mmap with MAP_HUGETLB: the file behind it is private to the VMA, so that offsets need not be those of addresses.
  public func mmapHugetlb(_ name: String, _ pages: Range<UInt64>, pgoff: UInt64 = 0) {
    mmap(name, pages)
    let vma = vma(name)
    vma.flags |= 0x40_0000
    vma.pgoff = pgoff
  }

  /// hugetlb_no_page, or hugetlb_wp: the old page's mapping goes first, by an inline function since 6.8.
  func writeHugetlb(_ vma: VMA, _ page: UInt64) {
    let old = vma.mm.tables[page]
    if let old, old.folio.isExclusive { return }
    prepare(vma)
    guard let own = vma.anonVMA else { return }
    if let old, old.folio.mapcount == 1 { return move(old.folio, vma) }
    if let old { dropHugetlb(old, vma, page) }
    var place = index(vma, page)
    if fires(.hugetlbMistakesIndex) { place += 1 }
    let folio = Folio(take(.folio), FolioMapping(anonVMA: newOwner(vma, own).address), index: place)
    folio.isHugetlb = true
    folio.isLarge = true
    tell(
      .new, Mapping(folio: folio), vma, page, isExclusive: true, isUnset: probesEntries)
    vma.mm.tables[page] = Mapping(folio: folio)
    folio.mapcount = 1
  }

  /// __unmap_hugepage_range.
  func zapHugetlb(_ vma: VMA, _ pages: Range<UInt64>) {
    if version != .v6_1 {
      let range = HugetlbUnmap(
        vma: view(vma), start: UserAddress(pages.lowerBound << 12), end: UserAddress(pages.upperBound << 12))
      emit(.hugetlbUnmap(range), by: vma.mm.process)
    }
    for page in pages {
      guard let mapping = vma.mm.tables.removeValue(forKey: page) else { continue }
      dropHugetlb(mapping, vma, page)
    }
  }

  private func dropHugetlb(_ mapping: Mapping, _ vma: VMA, _ page: UInt64) {
    if version == .v6_1 { tell(.remove, mapping, vma, page) }
    mapping.folio.mapcount -= 1
    if mapping.folio.mapcount == 0 { give(back: mapping.folio.address, .folio) }
  }
}
