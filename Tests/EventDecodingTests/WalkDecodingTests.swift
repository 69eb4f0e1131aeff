import EventDecoding
import RmapEvents
import Testing

/// Goal: the steps of the kernel's own walks mean the same on every kernel.
@Suite struct WalkDecodingTests {
  private static let frame = SyntheticEvent("walk").words(["folio": 0xff00_0000_0010_0000])
    .words(["mapping": 0xff00_0000_0000_2001, "index": 0x10, "large": 1]).number("folio_nr", 16, size: 4)
    .words(["rmap_one": 0xffff_ffff_8100_0000, "done": 0, "anon_lock": 0xffff_ffff_8100_1000])
    .words(["invalid_vma": 0]).number("try_lock", 1, size: 1)

  private static let first = SyntheticEvent("walk_first").words(["rb": 0xff00_0000_0000_2050])
    .number("rb_off", 0x50, size: 1).words(["first": 0x10, "last": 0x1f, "root": 0xff00_0000_0000_2000])
    .words(["lock": 0x100]).number("lock_pid", 42, size: 4, isSigned: true)

  private static let restore = SyntheticEvent("one_restore")
    .words(["folio": 0xff00_0000_0010_0000, "vma": SyntheticEvent.vma, "addr": 0x10000])
    .words(["mapping": 0xff00_0000_0000_2001, "index": 0x10, "src": 0xff00_0000_0020_0000])
    .words(["src_mapping": 0xff00_0000_0000_2001, "src_index": 0x11])

  @Test func frameSaysWhatMayEndTheWalk() throws {
    guard case .walk(.begin(let frame)) = Self.frame.decoded().event else {
      return #expect(Bool(false), "no frame")
    }
    #expect(frame.pages == 16 && frame.index.raw == 0x10 && frame.mapping.isAnonymous)
    #expect(!frame.endsWhenUnmapped && frame.hasOwnLocking && !frame.passesOver && !frame.isKSM)
    #expect(!frame.folioIsLocked)
    guard case .walk(.begin(let small)) = Self.frame.setting("large", to: 0).decoded().event else {
      return #expect(Bool(false), "no frame")
    }
    #expect(small.pages == 1)
  }

  @Test func theTreeIsNamedByItsAnonVMA() throws {
    guard case .walk(.first(let start)) = Self.first.decoded().event else {
      return #expect(Bool(false), "no start")
    }
    #expect(start.anonVMA.raw == 0xff00_0000_0000_2000 && start.last.raw == 0x1f)
    #expect(start.lock == LockView(count: 0x100, ownerPID: 42))
    let realtime = Self.first.without("lock").without("lock_pid")
    guard case .walk(.first(let bare)) = realtime.decoded().event else {
      return #expect(Bool(false), "no start")
    }
    #expect(bare.lock == nil)
  }

  @Test func theEndIsANullPointer() {
    let found = SyntheticEvent("walk_next_ret").words(["avc": 0])
    guard case .walk(.found(let avc)) = found.decoded().event else {
      return #expect(Bool(false), "no return")
    }
    #expect(avc.isNull)
    #expect(found.setting("avc", to: 0x1000).decoded().isMalformed)
    // Without the entries the returns are worth nothing, but say what was meant.
    #expect(found.decoder.kinds.isEmpty && found.decoder.level == .walks)
    #expect(EventDecoder.kinds(ofEvent: "one_unmap_ret") == [.walkUnmap])
  }

  /// rmap_one returns a bool.
  @Test(arguments: [UInt64(0), 1, 2, 0x81])
  func aCallbackSaysYesOrNo(value: UInt64) {
    let returned = SyntheticEvent("one_unmap_ret").words(["ret": value]).decoded()
    guard value < 2 else { return #expect(returned.isMalformed) }
    guard case .walk(.visited(let goesOn)) = returned.event else { return #expect(Bool(false), "no return") }
    #expect(goesOn == (value == 1))
  }

  @Test func restoreHasBothFolios() {
    guard case .walk(.visit(let visit)) = Self.restore.decoded().event else {
      return #expect(Bool(false), "no visit")
    }
    #expect(visit.migration?.source.raw == 0xff00_0000_0020_0000)
    #expect(visit.migration?.sourceIndex.raw == 0x11 && visit.migration?.index.raw == 0x10)
    #expect(Self.restore.without("src_index").decoder.unusable == ["rmap:one_restore lacks src_index"])
  }

  @Test func readersAreCountedFromBitEight() {
    #expect(LockView(count: 0x100, ownerPID: 0).mayBeReadLocked)
    #expect(!LockView(count: 0x7, ownerPID: 0).mayBeReadLocked)
    #expect(!LockView(count: 1 << 63, ownerPID: 0).mayBeReadLocked)
  }
}
