import Testing

@testable import TraceReading

/// Goal: a perf.data of either mode yields the samples it holds, in order of time, with every loss where it was.
@Suite struct PerfFileTests {
  private func read(_ bytes: [UInt8]) -> (items: [Read], error: TraceReadingError?) {
    var items: [Read] = []
    do throws(TraceReadingError) {
      guard case .perfData(let file) = try opened(bytes) else { return ([], nil) }
      var stream = try file.records()
      while let item = try stream.next() { items.append(Read(item)) }
      return (items, nil)
    } catch {
      return (items, error)
    }
  }

  private func opened(_ bytes: [UInt8]) throws(TraceReadingError) -> Recording {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(TraceReadingError) in try Recording(copying: bytes) }
    }
    return try result.get()
  }

  private func omissions(_ change: (inout SamplePerf) -> Void) throws -> [String] {
    var sample = SamplePerf()
    sample.records = [SamplePerf.sample(1), SamplePerf.round]
    change(&sample)
    return try opened(sample.file()).file.omissions
  }

  private static func sample(_ time: UInt64, _ cpu: Int = 0, _ id: Int = 100) -> Read {
    .record(time: time, cpu: cpu, buffer: 0, id: id)
  }

  @Test func metadataOfBothModes() throws {
    var sample = SamplePerf()
    sample.records = [SamplePerf.sample(5), SamplePerf.round]
    for bytes in [sample.file(), sample.pipe()] {
      let file = try opened(bytes).file
      #expect(file.eventFormats[100]?.name == "avc_insert" && file.eventFormats[101]?.name == "av_put")
      #expect(file.uname == "6.12.1-test" && file.clocks == ["mono"] && file.bufferCount == 1)
      #expect(file.omissions == [])
      #expect(file.commandName(ofPID: 7) == "a task")
      #expect(read(bytes).items == [Self.sample(5)])
    }
  }

  @Test func roundsArePutInOrder() {
    var sample = SamplePerf()
    sample.records = [
      SamplePerf.sample(10), SamplePerf.sample(30), SamplePerf.sample(5, cpu: 1, id: 21, type: 101), SamplePerf.round,
      SamplePerf.sample(40), SamplePerf.sample(20, cpu: 1), SamplePerf.sample(40, cpu: 1), SamplePerf.round,
      SamplePerf.sample(41), SamplePerf.sample(39, cpu: 1), SamplePerf.round,
    ]
    let expected = [
      Self.sample(5, 1, 101), Self.sample(10), Self.sample(20, 1), Self.sample(30), Self.sample(39, 1),
      Self.sample(40), Self.sample(40, 1), Self.sample(41),
    ]
    for bytes in [sample.file(), sample.pipe()] {
      let (items, error) = read(bytes)
      #expect(items == expected && error == nil)
    }
  }

  @Test func sampleThatComesTooLateIsCounted() throws {
    var sample = SamplePerf()
    sample.records = [
      SamplePerf.sample(10), SamplePerf.round, SamplePerf.sample(20), SamplePerf.round,
      SamplePerf.sample(3, cpu: 1), SamplePerf.round,
    ]
    guard case .perfData(let file) = try opened(sample.file()) else { return #expect(Bool(false)) }
    var stream = try file.records()
    while try stream.next() != nil {}
    #expect(stream.timeRegressions == 1)
  }

  @Test(arguments: [false, true]) func compressedRecords(padded: Bool) {
    var sample = SamplePerf()
    sample.isCompressed = true
    let all = (1...3000).map { SamplePerf.sample(UInt64($0), cpu: UInt32($0 % 2)) }
    // A sample may begin in one piece and end in the next: cut anywhere.
    let bytes = all.flatMap { $0 }
    let pieces = stride(from: 0, to: bytes.count, by: 1501).map { Array(bytes[$0..<min($0 + 1501, bytes.count)]) }
    sample.records = pieces.map { SamplePerf.compressed([$0], padded: padded) } + [SamplePerf.round]
    for bytes in [sample.file(), sample.pipe()] {
      let (items, error) = read(bytes)
      #expect(items.count == 3000 && error == nil)
      #expect(items.last == Self.sample(3000, 0))
    }
  }

  @Test func lossLiesBetweenTheSamplesAroundIt() {
    var sample = SamplePerf()
    sample.records = [
      SamplePerf.sample(10), SamplePerf.lost(3, at: 20, cpu: 0), SamplePerf.sample(21),
      SamplePerf.sample(15, cpu: 1), SamplePerf.sample(22, cpu: 1), SamplePerf.round,
    ]
    #expect(
      read(sample.file()).items == [
        Self.sample(10), .lost(cpu: 0, count: 3, after: 10, before: 20), Self.sample(15, 1), Self.sample(21),
        Self.sample(22, 1),
      ])
  }

  @Test func lossAtTheEndIsKnownByItsCountOnly() {
    var sample = SamplePerf()
    sample.records = [
      SamplePerf.sample(10), SamplePerf.sample(15, cpu: 1), SamplePerf.sample(30), SamplePerf.round,
      SamplePerf.lostSamples(4, id: 11),
    ]
    #expect(
      read(sample.file()).items == [
        Self.sample(10), Self.sample(15, 1), .lost(cpu: 1, count: 4, after: 15, before: .max), Self.sample(30),
      ])
  }

  @Test func whatPerfLeftOutIsSaid() throws {
    #expect(try omissions { _ in } == [])
    let cases: [(String, (inout SamplePerf) -> Void)] = [
      ("every hit", { $0.events[0].period = 10 }), ("every hit", { $0.events[1].flags |= 1 << 10 }),
      ("left out the kernel", { $0.events[0].flags |= 1 << 5 }),
      ("how many samples the kernel lost", { $0.events[0].readFormat = 4 }),
      ("some tasks only", { $0.threads = [170] }), ("whole system", { $0.threads = nil }),
      ("some of the 2 CPUs", { $0.events[1].ids = [20] }),
      ("filtered the events", { $0.commandLine += ["--filter", "vma > 0"] }),
      ("throttled", { $0.records.append(SamplePerf.record(5, SamplePerf.words([1, 10, 10, 7, 1, 0, 10]))) }),
      ("lost 5 events and does not say where", { $0.records.append(SamplePerf.lostSamples(5, id: 999)) }),
    ]
    for (text, change) in cases {
      let found = try omissions(change)
      #expect(found.count == 1 && found[0].contains(text), "\(found)")
    }
  }

  @Test func clocksByTheirNames() throws {
    for (id, name) in [(1, "mono"), (4, "mono_raw"), (7, "boot"), (11, "tai"), (0, "perf (clock id 0)")] {
      var sample = SamplePerf()
      for index in sample.events.indices { sample.events[index].clock = UInt32(id) }
      #expect(try opened(sample.file()).file.clocks == [name])
    }
    var sample = SamplePerf()
    for index in sample.events.indices { sample.events[index].flags = 1 << 18 }
    #expect(try opened(sample.file()).file.clocks == ["perf"])
  }

  @Test func everyFieldBeforeAndBehindTheRawDataIsSteppedOver() {
    var sample = SamplePerf()
    // READ, CALLCHAIN, BRANCH_STACK, REGS_USER, STACK_USER, WEIGHT, DATA_SRC, TRANSACTION, REGS_INTR, PHYS_ADDR, AUX …
    sample.events = [
      .init(config: 100, sampleType: 0x1ffffff & ~(1 << 24), branchType: 1 << 17, registers: 7, ids: [10, 11])
    ]
    var bytes = Bytes()
    bytes.all = SamplePerf.words([10, 1, 7, 50, 2, 10, 10, 1, 1])  // identifier … period
    bytes.all += SamplePerf.words([1, 10, 0])  // read: value, id, lost
    bytes.all += SamplePerf.words([2, 3, 4]) + SamplePerf.raw(PageBuilder.payload(100))
    bytes.all += SamplePerf.words([2, 99] + [UInt64](repeating: 0, count: 6))  // branches
    bytes.all += SamplePerf.words([2, 1, 2, 3, 8, 0, 8, 5, 6, 7])  // registers, stack, weight, source, transaction
    bytes.all += SamplePerf.words([0, 1, 2, 3, 4, 8, 0])  // no registers, then physical address … aux
    sample.records = [SamplePerf.record(9, bytes.all), SamplePerf.round]
    let (items, error) = read(sample.file())
    #expect(items == [.record(time: 50, cpu: 1, buffer: 0, id: 100)], "\(String(describing: error))")
    sample.records[0] = SamplePerf.record(9, bytes.all + [0, 0, 0, 0, 0, 0, 0, 0])
    #expect(read(sample.file()).error?.what == "perf sample: 8 bytes behind the last field")
  }

  @Test func otherEventsAndRecordsAreSteppedOver() {
    var sample = SamplePerf()
    sample.events.append(.init(type: 1, config: 9, ids: [30, 31]))
    var auxtrace = SamplePerf.record(71, SamplePerf.words([16, 0, 0, 0, 0]))
    auxtrace += [UInt8](repeating: 0xff, count: 16)
    sample.records = [
      SamplePerf.record(67, [1, 2, 3, 4]), SamplePerf.sample(1, id: 30), auxtrace, SamplePerf.record(200, []),
      SamplePerf.sample(2), SamplePerf.round,
    ]
    #expect(read(sample.file()).items == [Self.sample(2)])
  }

  @Test func eventNamedTwiceHasTwoBuffers() throws {
    var sample = SamplePerf()
    sample.events.append(.init(config: 100, ids: [30, 31]))
    sample.records = [SamplePerf.sample(1), SamplePerf.sample(2, id: 30), SamplePerf.round]
    #expect(try opened(sample.file()).file.bufferCount == 2)
    #expect(read(sample.file()).items == [Self.sample(1), .record(time: 2, cpu: 0, buffer: 1, id: 100)])
  }
}
