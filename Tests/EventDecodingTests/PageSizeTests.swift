import RmapEvents
import Testing
import TraceReading

@testable import EventDecoding

/// Goal: addresses and sizes are those of the recorded kernel, whatever its pages. Method: marked events, and addresses by
/// themselves.
@Suite struct PageSizeTests {
  @Test(arguments: PageSize.all, [0, 0x7f12_a27a_a000, 0xf_ffff_ffff_0000, 0x7fff_f7ff_0000] as [UInt64])
  func anAddressSaysItsBytesAndItsPage(_ size: PageSize, _ raw: UInt64) {
    let address = UserAddress(raw, .init(size))
    #expect(address.raw == raw && address.page == raw >> size.shift && address.description == "0x" + hexadecimal(raw))
    #expect(address.pageBytes == size.bytes && address.pages(inBytes: 6 * size.bytes) == 6)
    let next = address.advanced(byBytes: 3 * size.bytes)
    #expect(next.raw == raw + 3 * size.bytes && next > address && next.page == address.page + 3)
    #expect(address.ofPage(next.page).raw == next.page << size.shift)
  }

  @Test(arguments: [0xffff_8880_0000_1000, .max] as [UInt64])
  func whatIsNoUserAddressStaysAsItIs(_ raw: UInt64) {
    #expect(UserAddress(raw).raw == raw)
  }

  @Test(arguments: PageSize.all) func aVMACountsPagesOfItsKernel(_ size: PageSize) throws {
    let event = Self.folio(of: size, start: 0x40 << size.shift, pages: 8, address: 0x43 << size.shift)
    let folio = try #require(event.decoded().folio)
    #expect(event.decoder.pageSize == size && folio.vma.pages == 8 && folio.vma.lastIndex == PgOff(0x17))
    #expect(folio.vma.index(of: try #require(folio.address)) == PgOff(0x13))
    #expect(folio.vma.address(of: PgOff(0x13)) == folio.address && folio.address?.raw == 0x43 << size.shift)
  }

  /// A PMD maps 512, 2048 or 8192 pages; a folio of more than that, and a batch, is none.
  @Test(arguments: PageSize.all) func aPMDMapsWhatOneOfItsKernelMaps(_ size: PageSize) throws {
    let event = Self.folio(of: size, start: 0, pages: 16384, address: 0).setting("large", to: 1)
    let huge = try #require(event.setting("folio_nr", to: UInt64(size.perPMD)).decoded().folio)
    #expect(huge.isPMD && huge.pages == size.perPMD)
    let half = try #require(event.setting("folio_nr", to: UInt64(size.perPMD / 2)).decoded().folio)
    #expect(!half.isPMD && half.pages == size.perPMD / 2)
    #expect(event.setting("folio_nr", to: UInt64(size.perPMD + 1)).decoded().isMalformed)
  }

  private static func folio(of size: PageSize, start: UInt64, pages: UInt64, address: UInt64) -> SyntheticEvent {
    SyntheticEvent("folio_new").words(["folio": 0xff00_0000_0010_0000])
      .words(["mapping": 0xff00_0000_0000_2001, "index": 0x10, "large": 0]).number("folio_nr", 0, size: 4)
      .number("page_size", 64, size: 1).vma().words(["addr": address]).number(size.mark.rawValue, 1, size: 1)
      .setting("vm_start", to: start).setting("vm_end", to: start + pages << size.shift)
  }

  // MARK: KASAN

  /// A tag in the top byte, as software tags (any byte) and hardware tags (0xf0 and up) have it.
  @Test(arguments: [0x00, 0x5a, 0xf5, 0xfe] as [UInt64]) func aTaggedPointerIsTheOneWithoutItsTag(_ tag: UInt64) throws
  {
    let pointers = ["folio": 0xff80_0000_0010_0000, "mapping": 0xff80_0000_0000_2001] as KeyValuePairs<String, UInt64>
    var plain = Self.folio(of: .small, start: 0x40000, pages: 4, address: 0x41000)
      .setting("vma", to: 0xff80_0000_0000_1000).setting("vm_mm", to: 0xff80_0000_0000_3000)
      .setting("vm_anon", to: 0xff80_0000_0000_2000)
    for (name, value) in pointers { plain = plain.setting(name, to: value) }
    var tagged = plain
    for (index, field) in plain.fields.enumerated() where field.value >> 56 == 0xff {
      tagged.fields[index].value = field.value & ~(0xff << 56) | tag << 56
    }
    let (right, found) = (try #require(plain.decoded().folio), try #require(tagged.decoded().folio))
    #expect(found.folio == right.folio && found.mapping == right.mapping && found.vma == right.vma)
    #expect(tagged.setting("folio", to: tag << 56 | 0x10_0000).decoded().isMalformed, "of the lower half")
  }

  /// A walk's one pointer that is looked at has no tag: that of a folio, which is not of the slab.
  @Test func theMappingOfAWalkHasNoTag() throws {
    let walk = SyntheticEvent("walk").words([
      "folio": 0xff80_0000_0010_0000, "mapping": 0xf580_0000_0000_2001, "index": 0, "rmap_one": 0xff80_0000_0000_4000,
      "done": 0, "anon_lock": 0, "invalid_vma": 0,
    ]).number("large", 0, size: 1).number("folio_nr", 0, size: 4)
    guard case .walk(.begin(let frame))? = walk.decoded().event else { return #expect(Bool(false), "no walk") }
    #expect(frame.mapping.raw == 0xff80_0000_0000_2001)
    let made = SyntheticEvent("copy_vma_ret").words(["vma": 0xf580_0000_0000_1000])
    guard case .leave(let result)? = made.decoded().event else { return #expect(Bool(false), "no return") }
    #expect(UInt64(bitPattern: result.value) == 0xff80_0000_0000_1000)
  }
}
