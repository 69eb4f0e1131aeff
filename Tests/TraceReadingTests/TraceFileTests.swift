import Testing

@testable import TraceReading

@Suite struct TraceFileTests {
  @Test func everyFormatHoldsTheSame() throws {
    let expected: [Read] = [
      .record(time: 1010, cpu: 0, buffer: 0, id: 100),
      .record(time: 1010, cpu: 1, buffer: 1, id: 50),
      .record(time: 1015, cpu: 2, buffer: 0, id: 100),
      .record(time: 1020, cpu: 0, buffer: 0, id: 101),
      .record(time: 1025, cpu: 2, buffer: 0, id: 100),
      .record(time: 1035, cpu: 2, buffer: 0, id: 100),
      .record(time: 1510, cpu: 0, buffer: 1, id: 50),
      .record(time: 2010, cpu: 0, buffer: 0, id: 100),
      .record(time: 3010, cpu: 0, buffer: 0, id: 101),
      .record(time: 3020, cpu: 0, buffer: 0, id: 101),
    ]
    for bytes in SampleTrace.rich.everyFile {
      let (items, error) = readAll(bytes)
      #expect(error == nil)
      #expect(items == expected)
    }
  }

  /// What trace-cmd records in an instance lists the top buffer too: empty, with the machine's own clock.
  @Test func emptyBufferHasNoClock() throws {
    var sample = SampleTrace.rich
    sample.buffers.insert(.init(name: "", cpus: [], clock: "local"), at: 0)
    #expect(try open(sample.format7()).clocks == ["mono"])
    sample.buffers[1].clock = "local"
    #expect(try open(sample.format7()).clocks == ["local", "mono"])
  }

  /// Of one recorded instance the kernel's own mark counts, whether or not its buffer names a clock.
  @Test(arguments: ["local", ""]) func markedClockIsThatOfTheInstance(named: String) throws {
    var sample = SampleTrace.rich
    sample.buffers = [.init(name: "", cpus: [], clock: "local"), sample.buffers[1]]
    sample.buffers[1].clock = named
    let unmarked = try open(sample.format7())
    #expect(unmarked.clocks == Set(named.isEmpty ? [] : [named]))
    #expect((unmarked.unnamedClock != nil) == named.isEmpty)
    sample.extraOptions = [(4, Array("local [mono]\0".utf8))]
    let marked = try open(sample.format7())
    #expect(marked.clocks == ["mono"] && marked.unnamedClock == nil)
  }

  @Test func metadata() throws {
    for (bytes, version) in zip(SampleTrace.rich.everyFile, [6, 7, 7, 7]) {
      let trace = try open(bytes)
      #expect(trace.formatVersion == version)
      #expect(trace.pageSize == 256)
      #expect(trace.longSize == 8)
      #expect(trace.buffers.map(\.name) == ["", "second"])
      #expect(trace.buffers.map(\.clock) == ["mono", "mono"])
      #expect(trace.buffers[0].cpus.map(\.uncompressedSize) == [768, 0, 256])
      #expect(trace.uname == "Linux test 6.12 x86_64")
      #expect(trace.traceCommandVersion == "3.1.6")
      #expect(trace.commandName(ofPID: 1) == "init")
      #expect(trace.commandName(ofPID: 7) == "a task")
      #expect(trace.commandName(ofPID: 2) == nil)
    }
    let names = try SampleTrace.rich.everyFile.map {
      try open($0).compression
    }
    #expect(names == [nil, nil, "zstd", "zlib"])
  }

  @Test func eventFormats() throws {
    let trace = try open(SampleTrace.rich.format6())
    let formats = trace.eventFormats
    // Those of ftrace and sched are nobody's.
    #expect(formats.all.map(\.id) == [100, 101])
    #expect(formats[101]?.name == "av_put")
    #expect(formats[2] == nil)
    let format = try #require(formats.format(system: "rmap", name: "avc_insert"))
    #expect(
      format.fields.map(\.name)
        == ["common_type", "common_flags", "common_preempt_count", "common_pid", "avc"])
    #expect(format.fields.map(\.isCommon) == [true, true, true, true, false])
    #expect(format.payloadSize == 16)
    let pid = try #require(format.field("common_pid"))
    #expect((pid.offset, pid.size, pid.isSigned) == (4, 4, true))
    let avc = try #require(format.field("avc"))
    #expect((avc.offset, avc.size, avc.isSigned, avc.typeName) == (8, 8, false, "u64"))
    #expect(format.printFormat == "\"avc=0x%Lx\", REC->avc\n")
  }

  @Test func payloadAndTask() throws {
    var page = PageBuilder(at: 5)
    page.event(100, pid: -3, value: 0xdead_beef_0000_0001, delta: 2)
    let trace = try open(SampleTrace(cpus: [[page]]).format7(.zstd))
    var stream = try trace.records()
    guard case .record(let record)? = try stream.next() else {
      Issue.record("no record")
      return
    }
    #expect(record.pid == -3)
    #expect(record.payload.count == 16)
    #expect(
      record.payload.loadUnaligned(fromByteOffset: 8, as: UInt64.self) == 0xdead_beef_0000_0001)
  }

  @Test func statistics() throws {
    var sample = SampleTrace.rich
    sample.statistics = [
      "CPU: 0\nentries: 2\noverrun: 3\ncommit overrun: 1\nbytes: 9\noldest event ts: 1.5\n"
        + "dropped events: 4\nread events: 5\n",
      "\nBuffer: second\n\n", "CPU: 1\nentries: 18446744073709551616\n",
    ]
    for bytes in sample.everyFile {
      let all = try open(bytes).cpuStatistics
      #expect(all.map(\.cpu) == [0, 1])
      #expect(all.map(\.buffer) == ["", "second"])
      #expect(all[0].entries == 2)
      #expect(all[0].lost == 8)
      #expect(all[0].readEvents == 5)
      #expect(all[0].counters["oldest event ts"] == nil)
      #expect(all[1].entries == nil)
      #expect(all[1].lost == nil)
    }
  }

  @Test func bothWaysOfNotingCompressedSizes() {
    var sample = SampleTrace.rich
    let expected = readAll(sample.format7(.zstd)).items
    sample.sizeCountsChunkCount = true
    let (items, error) = readAll(sample.format7(.zstd))
    #expect(error == nil)
    #expect(items == expected)
  }

  @Test func cpuNumbersAreTheFilesOwn() {
    var page = PageBuilder(at: 5)
    page.event(100)
    let buffer = SampleTrace.Buffer(name: "", cpus: [[page.page()]], cpuNumbers: [41])
    let items = readAll(SampleTrace(buffers: [buffer]).format7()).items
    #expect(items == [.record(time: 5, cpu: 41, buffer: 0, id: 100)])
  }

  @Test func formatsThatCannotBeRead() throws {
    var sample = SampleTrace.rich
    let broken = "name: odd\nID: 60\nformat:\n\tfield:((((((((((int x;\toffset:0;\tsize:4;\n"
    sample.formats.append(("other", [broken]))
    #expect(try open(sample.format7()).eventFormats[60] == nil)

    sample.formats.append(("rmap", [broken]))
    let error = readAll(sample.format7()).error
    #expect(error?.kind == .eventFormat)
    #expect(error?.what == "format of rmap:odd has brackets nested too deep")
  }

  @Test func oneNumberForTwoEvents() {
    var sample = SampleTrace.rich
    sample.formats.append(("other", [SampleTrace.format("twin", id: 100)]))
    #expect(readAll(sample.format6()).error?.what == "two event formats have the number 100")
  }

  /// One offset for all CPUs of a guest moves every time alike; several leave the order of a raw clock open.
  @Test func guestCPUsWithDifferentOffsets() throws {
    func omissions(_ offsets: [UInt64], clock: String) throws -> [String] {
      var option = Bytes()
      option.number(UInt64(7))
      option.number(UInt32(0))
      option.number(UInt32(offsets.count))
      for offset in offsets {
        option.number(UInt32(1))
        for value in [1000, offset, 1] { option.number(value) }
      }
      var sample = SampleTrace.small
      sample.extraOptions = [(12, option.all)]
      sample.clocks = "local [\(clock)]\n"
      return try open(sample.format6()).omissions
    }
    #expect(try omissions([5, 5], clock: "x86-tsc") == [])
    #expect(try omissions([5, 6], clock: "mono") == [])
    #expect(
      try omissions([5, 6], clock: "x86-tsc")
        == ["the guest's CPUs have different time offsets: record the guest with -C mono"])
    var sample = SampleTrace.small
    sample.extraOptions = [(12, [UInt8](repeating: 0xff, count: 20))]
    #expect(throws: TraceReadingError.self) { try open(sample.format6()) }
  }
}
