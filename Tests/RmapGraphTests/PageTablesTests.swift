import RmapEvents
import RmapTestSupport
import TestSupport
import Testing

@testable import RmapGraph

/// Goal: PageTables is a dictionary from (mm, page) to entries. Method: the same random operations on a Dictionary.
@Suite struct PageTablesTests {
  private struct Place: Hashable {
    let mm: UInt64
    let page: UInt64
  }

  @Test func agreesWithADictionary() throws {
    var generator = SeededGenerator(seed: testSeed())
    var tables = PageTables()
    var model: [Place: UInt64] = [:]
    for step in 0..<30_000 {
      let place = place(&generator)
      let isMapping = Int.random(in: 0..<10, using: &generator) < (step / 5000 % 2 == 0 ? 7 : 3)
      let entry = isMapping ? entry(&generator) : nil
      if let entry, Bool.random(using: &generator) {
        let isFree = model[place] == nil
        let isMapped = tables.insert(entry, mm: place.mm, page: place.page)
        try #require(isMapped == isFree, "step \(step)")
        if isFree { model[place] = entry.bits }
        continue
      }
      if entry == nil, Bool.random(using: &generator), let known = tables.place(mm: place.mm, page: place.page) {
        tables.remove(known)
        model[place] = nil
      }
      let old = tables.set(mm: place.mm, page: place.page, to: entry)
      try #require(old?.bits == model[place], "step \(step)")
      model[place] = entry?.bits
      try #require(tables.entry(mm: place.mm, page: place.page)?.bits == model[place])
      if step % 100 == 0 { expectEqual(tables, model, &generator) }
      guard step % 1000 == 999 else { continue }
      // An mm ends, and its address is used again.
      for gone in model.keys where gone.mm == place.mm {
        tables.set(mm: gone.mm, page: gone.page, to: nil)
        model[gone] = nil
      }
      tables.remove(mm: place.mm)
      try #require(tables.entry(mm: place.mm, page: place.page) == nil)
    }
    for place in model.keys { tables.set(mm: place.mm, page: place.page, to: nil) }
    for mm in 1...4 { tables.remove(mm: UInt64(mm)) }
    #expect(tables.liveObjectCount == 0)
    let isMapped = tables.insert(entry(&generator), mm: 1, page: 1 << 44)
    #expect(!isMapped)
    #expect(tables.liveObjectCount == 0)
  }

  /// Few neighbourhoods, so that blocks fill and empty; one far away, as a stack is.
  private func place(_ generator: inout SeededGenerator) -> Place {
    let bases: [UInt64] = [0, 1000, 0x7_ffff_ff00]
    let base = bases[Int.random(in: 0..<3, using: &generator)]
    return Place(
      mm: UInt64.random(in: 1...4, using: &generator),
      page: base + UInt64.random(in: 0..<100, using: &generator))
  }

  private func entry(_ generator: inout SeededGenerator) -> PageTables.Entry {
    let slots: [UInt32] = [0, 1, 12345, .max - 1]
    return PageTables.Entry(
      folio: slots[Int.random(in: 0..<4, using: &generator)],
      subpage: UInt16.random(in: 0...(.max), using: &generator),
      isPMD: Bool.random(using: &generator))
  }

  private func expectEqual(
    _ tables: borrowing PageTables, _ model: [Place: UInt64], _ generator: inout SeededGenerator
  ) {
    let mm = UInt64.random(in: 1...4, using: &generator)
    let from = place(&generator).page
    let ends = [from, from + 5, from + 2000, 1 << 52]
    let range = from..<ends[Int.random(in: 0..<4, using: &generator)]
    var found: [UInt64: UInt64] = [:]
    tables.forEach(mm: mm, pages: range) { page, entry in
      #expect(found[page] == nil, "page \(page) comes twice")
      found[page] = entry.bits
    }
    let expected = model.filter { $0.key.mm == mm && range.contains($0.key.page) }
    #expect(found == Dictionary(uniqueKeysWithValues: expected.map { ($0.key.page, $0.value) }))
    var list = Lane<PageTables.MappedPage>()
    tables.append(mm: mm, pages: range, to: &list)
    let pages = (0..<list.count).map { list[$0].page }
    #expect(pages == found.keys.sorted())
    #expect((0..<list.count).allSatisfy { list[$0].entry.bits == found[list[$0].page] })
  }

  @Test func entriesKeepTheirFields() throws {
    for folio: UInt32 in [0, 1, .max - 1] {
      for subpage: UInt16 in [0, 511, .max] {
        for isPMD in [false, true] {
          let entry = PageTables.Entry(folio: folio, subpage: subpage, isPMD: isPMD)
          let copy = try #require(PageTables.Entry(bits: entry.bits))
          #expect(copy.folio == folio)
          #expect(copy.subpage == subpage)
          #expect(copy.isPMD == isPMD)
        }
      }
    }
    #expect(PageTables.Entry(bits: 0) == nil)
  }

  @Test func forgettingKeepsAnMMWithPages() {
    var tables = PageTables()
    tables.set(mm: 7, page: 3, to: PageTables.Entry(folio: 1, subpage: 0, isPMD: false))
    tables.remove(mm: 7)
    #expect(tables.entry(mm: 7, page: 3) != nil)
    #expect(tables.liveObjectCount == 2)
    tables.set(mm: 7, page: 3, to: nil)
    tables.remove(mm: 7)
    #expect(tables.liveObjectCount == 0)
  }

  @Test func pagesFarApartAreNotMistaken() {
    var tables = PageTables()
    // 2^45 pages apart: no user address reaches so far, but a wrong offset in a recording does.
    tables.set(mm: 7, page: 3, to: PageTables.Entry(folio: 1, subpage: 0, isPMD: false))
    #expect(tables.entry(mm: 7, page: 3 + 1 << 45) == nil)
  }
}
