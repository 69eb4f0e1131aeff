import Testing

@testable import TraceReading

/// Goal: compressed records that perf 6.16 and later frame wrongly are read, byte for byte; others of the kind are damage.
@Suite struct PerfFramingTests {
  /// What one call of perf's compresses: more than fits one record, in words that zstd can't make shorter.
  private static let samples: [[UInt8]] = (1...3200).map { number in
    var state = UInt64(number) &* 0x9e37_79b9_7f4a_7c15
    let words = (0..<9).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    let payload = PageBuilder.payload(100) + SamplePerf.words(words)
    return SamplePerf.sample(UInt64(number), cpu: 0, id: 10, payload: payload)
  }

  private static let frame = pack(samples.flatMap { $0 }, .zstd)

  private static func header(_ size: Int, _ dataSize: Int) -> [UInt8] {
    SamplePerf.words([83 | UInt64(size & 0xffff) << 48, UInt64(dataSize)])
  }

  /// The records of one call; `size` and `dataSize` give what each header says, from the record's place among them,
  /// the length of its data, and the length of all behind the first header.
  private static func chain(_ header: (_ index: Int, _ length: Int, _ all: Int) -> [UInt8]) -> [UInt8] {
    let pieces = stride(from: 0, to: frame.count, by: 65_519).map { frame[$0..<min($0 + 65_519, frame.count)] }
    let all = frame.count + 16 * (pieces.count - 1)
    return pieces.enumerated().flatMap { header($0, $1.count, all) + $1 }
  }

  private static func aligned(_ size: Int) -> Int { (size + 7) & ~7 }

  /// perf 6.16: the first header has what is meant for all of them.
  private static let oneForAll = chain { index, length, all in
    index == 0 ? header(aligned(16 + all), all) : header(16 + length, 0xdead_beef)
  }

  /// Each header for itself, with a size that wraps.
  private static let eachForItself = chain { _, length, _ in header(aligned(16 + length), length) }

  private func read(_ records: [UInt8]) -> (count: Int, error: TraceReadingError?) {
    var sample = SamplePerf()
    sample.isCompressed = true
    sample.records = [records, SamplePerf.round]
    var count = 0
    do throws(TraceReadingError) {
      let bytes = sample.file()
      let opened = bytes.withUnsafeBytes { bytes in
        Result { () throws(TraceReadingError) in try Recording(copying: bytes) }
      }
      guard case .perfData(let file) = try opened.get() else { return (0, nil) }
      var stream = try file.records()
      while try stream.next() != nil { count += 1 }
      return (count, nil)
    } catch {
      return (count, error)
    }
  }

  @Test func inputIsOfSeveralRecords() { #expect(Self.frame.count > 3 * 65_519) }

  @Test func oneHeaderForAll() {
    let padding = [UInt8](repeating: 0, count: (8 - Self.oneForAll.count % 8) % 8)
    for records in [Self.oneForAll, Self.oneForAll + padding] {
      let (count, error) = read(records)
      #expect(count == Self.samples.count && error == nil)
    }
  }

  @Test func sizesThatWrap() {
    let last = Self.frame.count % 65_519
    let padding = [UInt8](repeating: 0, count: Self.aligned(16 + last) - 16 - last)
    let (count, error) = read(Self.eachForItself + padding)
    #expect(count == Self.samples.count && error == nil)
  }

  @Test func wrongSizesAreDamage() {
    for size in [8, 15, 24, 6272] {
      #expect(read(Self.header(size, 100_000) + Self.frame).error != nil, "\(size)")
    }
    // The rest of the chain is not there.
    #expect(read(Array(Self.oneForAll[..<100_000])).error != nil)
    var broken = Self.oneForAll
    broken[65_535] = 9
    #expect(read(broken).error != nil)
  }

  /// perf writes no tracing data for events that are no tracepoints. Such a file is sound; there is nothing in it for us.
  @Test func eventsThatAreNoTracepoints() throws {
    var sample = SamplePerf()
    sample.events = [
      .init(type: 1, config: 0, sampleType: 0x107, ids: [10, 11]),
      .init(type: 0, config: 1, sampleType: 0x7, ids: [20]),
    ]
    sample.hasTracingData = false
    sample.records = [SamplePerf.record(9, SamplePerf.words([1, 2, 3])), SamplePerf.record(68, [])]
    for bytes in [sample.file(), sample.pipe()] {
      let opened = bytes.withUnsafeBytes { bytes in
        Result { () throws(TraceReadingError) in try Recording(copying: bytes) }
      }
      guard case .perfData(let file) = try opened.get() else {
        Issue.record("no perf.data")
        continue
      }
      #expect(file.eventFormats.all.isEmpty && file.omissions.isEmpty && file.gaps.isEmpty)
      var stream = try file.records()
      #expect(try stream.next() == nil)
    }
    sample.events[0].type = 2
    let bytes = sample.file()
    #expect(throws: TraceReadingError.self) { try bytes.withUnsafeBytes { try Recording(copying: $0) } }
  }
}
