import CTraceEvent
import TestSupport
import Testing

@testable import TraceReading

@Suite struct PageWalkerTests {
  struct Entry: Equatable {
    var time: UInt64
    var offset: Int
    var size: Int
  }

  private func walk(
    _ page: [UInt8]
  ) -> (entries: [Entry], end: PageWalker.Step, loss: PageWalker.Loss)? {
    page.withUnsafeBytes { bytes in
      guard var walker = PageWalker(bytes, PageLayout()) else { return nil }
      var entries: [Entry] = []
      while true {
        let step = walker.step()
        guard step == .record else { return (entries, step, walker.loss) }
        entries.append(
          Entry(
            time: walker.timestamp, offset: walker.payloadOffset, size: walker.payloadCount))
      }
    }
  }

  /// The same page by libtraceevent. Only for pages that it does not run out of.
  private func kbufferWalk(_ page: [UInt8]) throws -> (entries: [Entry], missed: Int32) {
    let buffer = try #require(kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE))
    defer { kbuffer_free(buffer) }
    var entries: [Entry] = []
    // Bytes to spare: it reads the two words of an entry whether or not both are there.
    var bytes = page + [UInt8](repeating: 0, count: 64)
    let missed = try bytes.withUnsafeMutableBytes { bytes in
      let base = try #require(bytes.baseAddress)
      #expect(kbuffer_load_subbuffer(buffer, base) == 0)
      let missed = kbuffer_missed_events(buffer)
      var time: UInt64 = 0
      var data = kbuffer_read_event(buffer, &time)
      while let payload = data {
        entries.append(
          Entry(time: time, offset: payload - base, size: Int(kbuffer_event_size(buffer))))
        data = kbuffer_next_event(buffer, &time)
      }
      return missed
    }
    return (entries, missed)
  }

  /// A page of all kinds of entries that a kernel writes.
  private func randomPage(_ random: inout SeededGenerator) -> PageBuilder {
    var page = PageBuilder(at: UInt64.random(in: 0...(1 << 62), using: &random), size: 4096)
    let losses: [PageBuilder.Loss] = [.none, .none, .unknown, .counted(77)]
    page.loss = losses.randomElement(using: &random) ?? .none
    while page.room > 600 {
      let delta = UInt32.random(in: 0..<(1 << 27), using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0:  // A discarded record; it always has a time.
        let words = UInt32.random(in: 1...20, using: &random)
        page.word(29, delta: max(delta, 1))
        page.raw(words * 4)
        for _ in 1..<words { page.raw(UInt32.random(in: 0...UInt32.max, using: &random)) }
      case 1:
        page.word(30, delta: delta)
        page.raw(UInt32.random(in: 0...UInt32.max, using: &random))
      case 2:
        page.word(31, delta: delta)
        page.raw(UInt32.random(in: 0...UInt32.max, using: &random))
      case let kind:
        let count = Int.random(in: 1...500, using: &random)
        page.record([UInt8](repeating: 0xab, count: count), delta: delta, longForm: kind == 3)
      }
    }
    return page
  }

  @Test func agreesWithLibtraceevent() throws {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<300 {
      let page = randomPage(&random).page()
      let ours = try #require(walk(page))
      let theirs = try kbufferWalk(page)
      #expect(ours.end == .end)
      #expect(ours.entries == theirs.entries)
      // It forgets the loss if the page begins with another entry than a record.
      let firstType = page[16] & 31
      if firstType >= 29 {
        #expect(theirs.missed == 0)
        continue
      }
      switch ours.loss {
      case .none: #expect(theirs.missed == 0)
      case .unknown: #expect(theirs.missed == -1)
      case .counted(let count): #expect(UInt64(theirs.missed) == count)
      }
    }
  }

  /// Mutated pages: whatever we accept whole, libtraceevent reads the same. What we refuse is not
  /// shown to it: it checks no length.
  @Test func agreesWithLibtraceeventOnDamagedPages() throws {
    var random = SeededGenerator(seed: 2)
    var accepted = 0
    for _ in 0..<3000 {
      var page = randomPage(&random).page()
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let index = Int.random(in: 8..<page.count, using: &random)
        page[index] = UInt8.random(in: 0...255, using: &random)
      }
      guard let ours = walk(page), ours.end == .end, !endsInPadding(page) else { continue }
      accepted += 1
      #expect(ours.entries == (try kbufferWalk(page)).entries)
    }
    #expect(accepted > 1000)
  }

  /// Whether the page has padding without time, whose length the kernel leaves open and libtraceevent
  /// reads all the same.
  private func endsInPadding(_ page: [UInt8]) -> Bool {
    (4..<page.count / 4).contains { index in
      page[(index * 4)...].prefix(4).elementsEqual([29, 0, 0, 0])
    }
  }

  @Test func everyKindOfEntry() throws {
    var page = PageBuilder(at: 1 << 60 | 100)
    page.record([1, 2, 3, 4], delta: 1)
    page.record([1, 2, 3, 4, 5], delta: 1, longForm: true)
    page.word(30, delta: 3)
    page.raw(2)
    page.record([], delta: 0)
    page.word(31, delta: 9)
    page.raw(1)
    page.word(29, delta: 1)
    page.raw(8)
    page.raw(0)
    page.record([UInt8](repeating: 0, count: 112), delta: 0)
    page.word(29)
    let walked = try #require(walk(page.page()))
    #expect(walked.end == .end)
    #expect(
      walked.entries == [
        Entry(time: 1 << 60 | 101, offset: 20, size: 4),
        Entry(time: 1 << 60 | 102, offset: 32, size: 8),
        Entry(time: 1 << 60 | 105 + 2 << 27, offset: 56, size: 0),
        Entry(time: 1 << 60 | 1 << 27 | 10, offset: 80, size: 112),
      ])
  }

  @Test func damagedEntries() throws {
    let damages: [(inout PageBuilder) -> Void] = [
      { $0.word(1) },
      { $0.word(0) },
      {
        $0.word(0); $0.raw(3)
      },
      {
        $0.word(0); $0.raw(.max)
      },
      {
        $0.word(0); $0.raw(9); $0.raw(0)
      },
      { $0.word(29, delta: 1) },
      {
        $0.word(29, delta: 1); $0.raw(5)
      },
      {
        $0.word(29, delta: 1); $0.raw(UInt32(bitPattern: -4))
      },
      { $0.word(30) },
      { $0.word(31) },
    ]
    for damage in damages {
      var page = PageBuilder(at: 0)
      page.record([0, 0, 0, 0])
      damage(&page)
      let walked = try #require(walk(page.page()))
      #expect(walked.end == .damaged)
      #expect(walked.entries.count == 1)
    }
    #expect(walk(PageBuilder(at: 0).page(commit: 2))?.end == .damaged)
  }

  @Test func damagedHeads() {
    let page = PageBuilder(at: 0)
    #expect(walk(page.page(commit: 240)) != nil)
    #expect(walk(page.page(commit: 241)) == nil)
    #expect(walk(page.page(commit: 1 << 30)) == nil)
    #expect(walk(page.page(commit: 1 << 32)) == nil)
    #expect(walk(page.page(commit: 3 << 30 | 233)) == nil)
    #expect(walk(page.page(commit: 0xffff_ffff_0000_0000)) == nil)
    #expect(walk([UInt8](repeating: 0, count: 15)) == nil)
  }

  /// 6.1 adds the flag as a negative number.
  @Test func signExtendedLoss() {
    let page = PageBuilder(at: 0)
    #expect(walk(page.page(commit: 0xffff_ffff_8000_0000))?.loss == .unknown)
    #expect(walk(page.page(commit: 0xffff_ffff_c000_0000))?.loss == .counted(0))
  }

  @Test func headOf32BitKernel() {
    var layout = PageLayout()
    (layout.commitSize, layout.dataOffset) = (4, 12)
    var page = Bytes()
    page.number(UInt64(7))
    page.number(UInt32(8 | 3 << 30))
    page.number(UInt32(1 | 5 << 5))
    page.number(UInt32(0))
    page.number(UInt32(6))
    page.all.withUnsafeBytes { bytes in
      var walker = PageWalker(bytes, layout)
      #expect(walker?.loss == .counted(6))
      #expect(walker?.step() == .record)
      #expect(walker?.timestamp == 12)
      #expect(walker?.payloadOffset == 16)
    }
  }
}
