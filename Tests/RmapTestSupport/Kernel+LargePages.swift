import RmapEvents

/// Folios of several pages.
extension Kernel {
  /// A PMD's worth of pages at once (do_huge_pmd_anonymous_page).
  public func writeHuge(_ name: String, _ page: UInt64) {
    let vma = vma(name)
    prepare(vma)
    guard let own = vma.anonVMA else { return }
    let folio = Folio(take(.folio), FolioMapping(anonVMA: own.address), index: index(vma, page))
    folio.isLarge = true
    tell(
      .new, Mapping(folio: folio, isPMD: true), vma, page, pages: 512, isExclusive: true,
      isUnset: probesEntries)
    for number in 0..<512 {
      vma.mm.tables[page + UInt64(number)] = Mapping(
        folio: folio, subpage: UInt32(number), isPMD: true)
    }
    folio.mapcount += 512
  }

  /// __split_huge_pmd: the same pages, mapped one by one. 6.1 counts the mappings without a call that is probed.
  public func splitPMD(_ name: String, _ page: UInt64) {
    let vma = vma(name)
    let first = page & ~511
    guard let mapping = vma.mm.tables[first], mapping.isPMD else { return }
    if version != .v6_1 {
      tell(.add, Mapping(folio: mapping.folio), vma, first, pages: 512)
      tell(.remove, mapping, vma, first, pages: 512)
    }
    for page in first..<first + 512 { vma.mm.tables[page]?.isPMD = false }
  }

  /// Four pages at once, mapped one by one (6.12: alloc_anon_folio, folio_add_new_anon_rmap): a folio of a middle size.
  public func writeLarge(_ name: String, _ page: UInt64) {
    let vma = vma(name)
    let pages = page & ~3..<(page & ~3) + 4
    guard !vma.isHugetlb, vma.pages.contains(pages.lowerBound), vma.pages.contains(pages.upperBound - 1),
      pages.allSatisfy({ vma.mm.tables[$0] == nil && vma.mm.swapped[$0] == nil })
    else { return }
    prepare(vma)
    guard let own = vma.anonVMA else { return }
    let folio = Folio(
      take(.folio), FolioMapping(anonVMA: newOwner(vma, own).address), index: index(vma, pages.lowerBound))
    folio.isLarge = true
    tell(
      .new, Mapping(folio: folio), vma, pages.lowerBound, pages: 4, isExclusive: true, isUnset: probesEntries)
    for page in pages {
      vma.mm.tables[page] = Mapping(folio: folio, subpage: UInt32(page - pages.lowerBound))
    }
    folio.mapcount += 4
    tell(.seen, Mapping(folio: folio), vma, pages.lowerBound)
  }

  /// split_folio: migration entries take the pages' places, and each page comes back as a folio of its own
  /// (mm/huge_memory.c: unmap_folio, remap_page).
  public func splitFolio(_ name: String, _ page: UInt64) {
    guard let old = vma(name).mm.tables[page]?.folio, old.isLarge, !old.isHugetlb else { return }
    visitor = "kswapd"
    for (vma, page) in mappings(of: old) where vma.mm.tables[page]?.isPMD ?? false { splitPMD(vma.name, page) }
    let places = mappings(of: old)
    for (vma, page) in places {
      guard let mapping = vma.mm.tables[page] else { continue }
      tell(.remove, mapping, vma, page)
    }
    var pages: [UInt32: Folio] = [:]
    for (vma, page) in places {
      guard let mapping = vma.mm.tables[page] else { continue }
      let folio =
        pages[mapping.subpage]
        ?? Folio(
          mapping.subpage == 0 ? old.address : take(.folio), old.mapping, index: old.index + UInt64(mapping.subpage))
      pages[mapping.subpage] = folio
      folio.isExclusive = old.isExclusive
      tell(.add, Mapping(folio: folio), vma, page)
      vma.mm.tables[page] = Mapping(folio: folio)
      folio.mapcount += 1
    }
    if pages[0] == nil { give(back: old.address, .folio) }
    visitor = nil
  }

  /// Before a VMA's range or place changes, a PMD in it is split (mm/huge_memory.c:vma_adjust_trans_huge).
  func splitPMDs(_ vma: VMA) {
    for page in vma.pages where vma.mm.tables[page]?.isPMD ?? false { splitPMD(vma.name, page) }
  }
}
