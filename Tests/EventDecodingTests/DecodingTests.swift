import EventDecoding
import RmapEvents
import Testing
import TraceReading

/// Goal: a field means the same on every kernel, whatever its offset, and bytes that make no sense are said to be so.
@Suite struct DecodingTests {
  private static let tree = SyntheticEvent("avc_insert")
    .words(["avc": 0xff00_0000_0000_0100, "rb": 0xff00_0000_0000_2050])
    .number("rb_off", 0x50, size: 1).vma()
    .words(["av": 0xff00_0000_0000_2000, "root": 0xff00_0000_0000_2000, "root_root": 0xff00_0000_0000_2000])
    .words(["parent": 0xff00_0000_0000_2000]).number("ref", 1, size: 4, isSigned: true)
    .words(["children": 1, "active": 2, "rb_node": 0]).number("root_ref", 3, size: 4, isSigned: true)
    .words(["lock": 1, "lock_owner": 0xff00_0000_0000_9000]).number("lock_pid", 42, size: 4, isSigned: true)

  private static let folio = SyntheticEvent("folio_add").words(["folio": 0xff00_0000_0010_0000])
    .words(["page": 0xff00_0000_0010_00c0]).number("nr", 2, size: 4, isSigned: true)
    .words(["mapping": 0xff00_0000_0000_2001, "index": 0x10, "large": 1]).number("folio_nr", 16, size: 4)
    .number("page_size", 64, size: 1).vma().words(["addr": 0x13000]).number("rmap_flags", 1, size: 4)

  private static let tailPage = SyntheticEvent("page_remove").words(["page": 0xff00_0000_0010_0080])
    .words(["mapping": 0xdead, "index": 0xbeef, "large": 0]).number("folio_nr", 9, size: 4)
    .number("page_size", 64, size: 1)
    .words(["compound_head": 0xff00_0000_0010_0001, "head_mapping": 0xff00_0000_0000_2001, "head_index": 0x10])
    .vma().number("compound", 0, size: 1)

  @Test func treeUpdateHasItsFieldsAndTheTreesOwner() throws {
    let update = try #require(Self.tree.decoded().insertion)
    #expect(update.avc.raw == 0xff00_0000_0000_0100)
    #expect(update.treeOwner == update.anonVMA)
    #expect(update.vma.end.raw == 0x14000 && update.vma.vmPgoff.raw == 0x10)
    #expect(update.children == 1 && update.active == 2 && update.refcount == 1 && update.rootRefcount == 3)
    #expect(update.treeIsEmpty)
    #expect(update.lock == LockView(count: 1, ownerPID: 42))
  }

  @Test func degreeEraAndRealtimeLackCountersAndLock() throws {
    let event = Self.tree.without("children").without("active").without("lock").without("lock_pid")
    let update = try #require(event.decoded().insertion)
    #expect(update.children == nil && update.active == nil && update.lock == nil)
    #expect(update.vma.pages == 4)
  }

  @Test func missingFieldMakesTheEventUnusableAndSaysSo() {
    let event = Self.tree.without("vm_pgoff").without("av")
    #expect(event.decoded().isForeign)
    #expect(event.decoder.kinds.isEmpty)
    #expect(event.decoder.unusable == ["rmap:avc_insert lacks vm_pgoff, av"])
  }

  @Test(arguments: ["avc", "vma", "vm_mm", "av"]) func pointerThatIsNoneIsMalformed(field: String) {
    #expect(Self.tree.setting(field, to: 0x1000).decoded().isMalformed)
    #expect(Self.tree.setting(field, to: 0).decoded().isMalformed)
  }

  @Test func recordCutAnywhereIsMalformed() {
    for length in 8..<Self.tree.bytes.count {
      #expect(Self.tree.decoded(length: length).isMalformed, "\(length) bytes")
    }
  }

  @Test func otherEventsAreForeign() {
    #expect(SyntheticEvent("sched_switch").words(["prev": 1]).decoded().isForeign)
  }

  @Test func folioRangeStartsAtItsSubpage() throws {
    let event = try #require(Self.folio.decoded().folio)
    #expect(event.step == .add && event.subpage == 3 && event.pages == 2)
    #expect(event.firstIndex.raw == 0x13)
    #expect(event.isExclusive && !event.isPMD && !event.isAfter)
  }

  @Test(arguments: [0, 513, 0xffff_ffff] as [UInt64]) func absurdPageCountIsMalformed(count: UInt64) {
    #expect(Self.folio.setting("nr", to: count).decoded().isMalformed)
  }

  @Test func pageBeforeItsFolioIsMalformed() {
    #expect(Self.folio.setting("page", to: 0xff00_0000_000f_ffc0).decoded().isMalformed)
    #expect(Self.folio.setting("page_size", to: 0).decoded().isMalformed)
  }

  @Test func folioNumberIsReadOnlyWhereTheFolioIsLarge() throws {
    let new = SyntheticEvent("folio_new").words(["folio": 0xff00_0000_0010_0000])
      .words(["mapping": 0xff00_0000_0000_2001, "index": 0x10, "large": 0]).number("folio_nr", 0xffff_ffff, size: 4)
      .number("page_size", 64, size: 1).vma().words(["addr": 0x10000]).number("rmap_flags", 1, size: 4)
    #expect(try #require(new.decoded().folio).pages == 1)
    let huge = try #require(new.setting("large", to: 1).setting("folio_nr", to: 512).decoded().folio)
    #expect(huge.pages == 512 && huge.isPMD && huge.isAfter)
  }

  /// Before 6.9 the same functions are probed at their entry.
  @Test func folioAtAnEntryHasNotChangedYet() throws {
    let new = SyntheticEvent("folio_new_entry").words(["folio": 0xff00_0000_0010_0000])
      .words(["mapping": 0, "index": 0, "large": 1]).number("folio_nr", 16, size: 4)
      .number("page_size", 64, size: 1).vma().words(["addr": 0x10000])
    let born = try #require(new.decoded().folio)
    #expect(born.step == .new && !born.isAfter && born.isExclusive && born.pages == 16 && !born.isPMD)
    #expect(!born.indexMayFollow && new.decoder.kinds == [.folioNew])
    #expect(new.setting("folio", to: 0x10).decoded().isMalformed)
    let move = SyntheticEvent("folio_move_entry").words(["folio": 0xff00_0000_0010_0000])
      .words(["mapping": 0xff00_0000_0000_2001, "index": 0x10, "large": 0]).number("folio_nr", 0, size: 4)
      .number("page_size", 64, size: 1).vma()
    let moved = try #require(move.decoded().folio)
    #expect(moved.step == .move && !moved.isAfter && moved.indexMayFollow && move.decoder.kinds == [.folioMove])
    let huge = SyntheticEvent("hugetlb_new_entry").words(["folio": 0xff00_0000_0010_0000])
      .words(["mapping": 0, "index": 0, "large": 1]).number("folio_nr", 512, size: 4)
      .number("page_size", 64, size: 1).vma().words(["addr": 0x10000]).number("unit_huge", 1, size: 1)
      .setting("vm_flags", to: 0x40_0073)
    let whole = try #require(huge.decoded().folio)
    #expect(whole.isHugetlb && !whole.isAfter && whole.pages == 1 && huge.decoder.kinds == [.hugetlbNew])
  }

  @Test func tailPageTakesMappingAndIndexOfItsHead() throws {
    let event = try #require(Self.tailPage.decoded().folio)
    #expect(event.folio.raw == 0xff00_0000_0010_0000)
    #expect(event.subpage == 2 && event.firstIndex.raw == 0x12)
    #expect(event.mapping.raw == 0xff00_0000_0000_2001)
  }

  @Test func pageThatIsNoTailKeepsItsOwn() throws {
    // compound_head shares its word with lru.next: without bit 0 it is no head, and what it leads to is garbage.
    let event = try #require(Self.tailPage.setting("compound_head", to: 0xff00_0000_0077_0000).decoded().folio)
    #expect(event.folio.raw == 0xff00_0000_0010_0080)
    #expect(event.mapping.raw == 0xdead && event.index.raw == 0xbeef && event.subpage == 0)
  }

  private static let hugetlb = SyntheticEvent("hugepage_new").words(["page": 0xff00_0000_0010_0000])
    .words(["mapping": 0xff00_0000_0000_2001, "index": 3, "large": 1]).number("folio_nr", 512, size: 4)
    .number("page_size", 64, size: 1).words(["compound_head": 0, "head_mapping": 0, "head_index": 0])
    .vma().words(["addr": 0x13000])

  @Test(arguments: [("unit_huge", 3 * 512, true), ("unit_page", 3, true), ("none", 3, false)])
  func indexOfHugetlbPageIsInPages(_ mark: String, _ index: UInt64, _ isKnown: Bool) throws {
    let event = Self.hugetlb.setting("vm_flags", to: 0x40_0073).number(mark, 1, size: 1)
    let folio = try #require(event.decoded().folio)
    #expect(folio.isHugetlb && folio.pages == 1 && !folio.isPMD)
    #expect(folio.index.raw == index && folio.indexIsKnown == isKnown)
  }

  @Test func hugetlbLosesARange() throws {
    let event = SyntheticEvent("hugetlb_unmap").vma().words(["addr": 0x10000, "end": 0x12000, "ref": 0])
    guard case .hugetlbUnmap(let loss) = event.decoded().event else {
      Issue.record("not decoded")
      return
    }
    #expect(loss.start.raw == 0x10000 && loss.end.raw == 0x12000 && loss.only.isNull)
    #expect(event.setting("vma", to: 0x10).decoded().isMalformed)
  }

  @Test func compoundRemovalIsThatOfThePMD() throws {
    let event = try #require(Self.tailPage.setting("compound", to: 1).decoded().folio)
    #expect(event.isPMD && event.pages == 512)
  }
}
