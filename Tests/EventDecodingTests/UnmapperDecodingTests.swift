import EventDecoding
import RmapEvents
import Testing
import TraceReading

/// Goal: on kernels whose page_remove_rmap is not told of the VMA, a removal is in the one that its task's last in_* event
/// named, and in none where that can't be.
@Suite struct UnmapperDecodingTests {
  private static let page: UInt64 = 0xff00_0000_0010_0000
  private static let removal = SyntheticEvent("page_remove").words(["page": page, "mapping": 0xff00_0000_0000_2001])
    .words(["index": 0x11, "large": 0, "page_size": 64, "compound_head": 0, "head_mapping": 0, "head_index": 0])
    .number("compound", 0, size: 1)
  private static let range = SyntheticEvent("in_range").vma()
  private static let collapse = SyntheticEvent("in_collapse").words(["mm": 0xff00_0000_0000_3000, "addr": 0x21_3000])

  /// Decodes events one after the other: a task, and its event.
  private func decode(_ events: [(pid: Int32, event: SyntheticEvent)], lossBefore lost: Int = -1) -> [RmapEvent] {
    let names = events.map(\.event.name)
    func id(_ name: String) -> UInt16 { UInt16(names.firstIndex(of: name) ?? 0) + 7 }
    let formats = EventFormats(
      Dictionary(grouping: events.map(\.event), by: \.name).values.compactMap(\.first).map {
        EventFormat(id: id($0.name), system: "rmap", name: $0.name, fields: $0.format.fields)
      })
    var decoder = EventDecoder(formats: formats)
    #expect(decoder.unusable == [])
    var batch = EventBatch()
    for (index, (pid, event)) in events.enumerated() {
      if index == lost { decoder.forget() }
      let outcome = event.bytes.withUnsafeBytes { payload in
        let record = RawRecord(
          timestamp: UInt64(index), cpu: 0, buffer: 0, eventID: id(event.name), pid: pid, payload: payload)
        return decoder.decode(record, ordinal: UInt64(index), into: &batch)
      }
      #expect(outcome == .event)
    }
    return (0..<batch.count).map { batch.event(at: $0) }
  }

  private func removals(_ events: [(pid: Int32, event: SyntheticEvent)], lossBefore lost: Int = -1) -> [VMAView] {
    decode(events, lossBefore: lost).compactMap { if case .folio(let event) = $0 { event.vma } else { nil } }
  }

  @Test func theTasksOwnEventTellsTheVMA() {
    let views = removals([(1, Self.range), (1, Self.removal), (2, Self.removal), (1, Self.removal)])
    #expect(views.map(\.address.raw) == [SyntheticEvent.vma, 0, SyntheticEvent.vma])
    #expect(views[0].start.raw == 0x10000 && views[0].mm.raw == 0xff00_0000_0000_3000)
  }

  /// What the task did before may have been elsewhere: page 0x15 is not one of the VMA's 0x10 to 0x13.
  @Test func aPageOutsideOfTheVMAIsNotThere() {
    #expect(removals([(1, Self.range), (1, Self.removal.setting("index", to: 0x15))]) == [.none])
    // The index of a file's page, or of KSM's, says nothing of that.
    let merged = Self.removal.setting("index", to: 0x15).setting("mapping", to: 0xff00_0000_0000_2003)
    #expect(removals([(1, Self.range), (1, merged)]).map(\.address.raw) == [SyntheticEvent.vma])
  }

  @Test func nothingIsKnownBehindAGap() {
    #expect(removals([(1, Self.range), (1, Self.removal)], lossBefore: 1) == [.none])
  }

  /// khugepaged knows the mm and where the PMD is.
  @Test func aCollapseTellsTheRange() {
    let views = removals([(1, Self.collapse), (1, Self.removal)])
    #expect(views.map(\.address) == [.null] && views[0].mm.raw == 0xff00_0000_0000_3000)
    #expect(views[0].start.raw == 0x20_0000 && views[0].end.raw == 0x40_0000)
  }

  /// A removal that has its VMA (5.18) goes by that.
  @Test func whatTheRemovalSaysCounts() {
    let own = Self.removal.vma(0xff00_0000_0000_9000)
    #expect(removals([(1, Self.range), (1, own)]).map(\.address.raw) == [0xff00_0000_0000_9000])
  }

  @Test func aPointerThatIsNoneIsMalformed() {
    #expect(Self.range.setting("vma", to: 0x1000).decoded().isMalformed)
    #expect(Self.collapse.setting("mm", to: 0).decoded().isMalformed)
  }

  /// include/linux/rmap.h of 5.10: TTU_MIGRATION 1, TTU_MUNLOCK 2, TTU_IGNORE_MLOCK 8, TTU_SPLIT_FREEZE 0x100.
  @Test(
    arguments: [(UInt64(0), WalkVisit.Purpose.unmap), (8, .unmap), (9, .migrate), (0x108, .migrate), (2, .referenced)])
  func oneCallbackServesSeveralPurposes(flags: UInt64, purpose: WalkVisit.Purpose) {
    let event = SyntheticEvent("one_unmap").words(["folio": Self.page, "vma": SyntheticEvent.vma, "addr": 0x10000])
    guard case .walk(.visit(let visit)) = event.words(["ttu_flags": flags]).decoded().event else {
      return #expect(Bool(false), "no visit")
    }
    #expect(visit.purpose == purpose && visit.isShared && visit.purposeOfFunction == .migrate)
  }

  /// What a kernel's try_to_unmap_one does as well is not missing for want of try_to_migrate_one.
  @Test func theFlagsStandForTheOtherCallback() {
    let visit = SyntheticEvent("one_unmap").words(["folio": Self.page, "vma": SyntheticEvent.vma, "addr": 0x10000])
    let back = SyntheticEvent("one_unmap_ret").words(["ret": 1])
    func kinds(_ visit: SyntheticEvent) -> Set<EventKind> {
      let formats = [visit, back].enumerated().map { index, event in
        EventFormat(id: UInt16(index), system: "rmap", name: event.name, fields: event.format.fields)
      }
      return EventDecoder(formats: EventFormats(formats)).kinds
    }
    #expect(kinds(visit) == [.walkUnmap])
    #expect(kinds(visit.words(["ttu_flags": 8])) == [.walkUnmap, .walkMigrate])
  }

  /// PageAnonExclusive (5.19) can't be missing on a kernel whose page_remove_rmap is not told of the VMA (before 5.18).
  @Test func theMarkThatTheKernelHasNotGotIsNotMissing() {
    let removal = Self.removal.format
    let other = Self.removal.vma().format
    #expect(EventDecoder(formats: EventFormats([removal])).fields.contains(.pageExclusive))
    #expect(!EventDecoder(formats: EventFormats([other])).fields.contains(.pageExclusive))
    let events = decode([(1, Self.range), (1, Self.removal)])
    guard case .folio(let event) = events[0] else { return #expect(Bool(false), "no removal") }
    #expect(!event.kernelMarksExclusive && event.isPageExclusive == nil)
  }
}
