/// The samples of a perf.data in order of time, and the gaps among them.
///
/// perf writes each CPU's buffer in turn and marks the end of each round: what a round holds is never older than the
/// newest sample two rounds before. So no more than about two rounds wait here to be put in order.
public struct PerfStream: RecordSource, ~Copyable {
  /// Most memory for samples that wait to be put in order, bytes.
  static let waitingMax = 1 << 30

  private struct Waiting {
    var time: UInt64
    /// The place among all records.
    var place: UInt64
    var payload: UnsafeRawBufferPointer
    /// The block of decompressed records that holds the payload; 0 is the file.
    var block: Int
    var cpu: UInt16
    var buffer: UInt16

    static func < (a: Self, b: Self) -> Bool {
      a.time != b.time ? a.time < b.time : a.cpu != b.cpu ? a.cpu < b.cpu : a.place < b.place
    }
  }

  private let file: PerfFile
  private var records: PerfRecords
  private var waiting: ContiguousArray<Waiting> = []
  /// How many of `waiting`, from its start, are in order and may be given; and how many of them were.
  private var readyCount = 0
  private var givenCount = 0
  private var blocks: [Int: OwnedBytes] = [:]
  private var place: UInt64 = 0
  private var newest: UInt64 = 0
  private var newestOfRound: UInt64 = 0
  private var isAtEnd = false
  /// The kind of the record last read.
  private var lastKind: UInt32 = 0
  private var lastGiven: UInt64 = 0
  private var nextGap = 0
  private var failure: TraceReadingError?

  /// How often a sample came later in the file than its round allows.
  public private(set) var timeRegressions: UInt64 = 0

  init(_ file: PerfFile) throws(TraceReadingError) {
    self.file = file
    records = try PerfRecords(file.file, file.header, isCompressed: file.isCompressed)
  }

  /// The next sample or gap; nil after the last.
  ///
  /// A gap comes right after the last sample before it, or first of all if nothing is before it.
  /// - Throws: the fault that keeps the recording from being read further; samples before it are given first.
  public mutating func next() throws(TraceReadingError) -> StreamItem? {
    while givenCount == readyCount {
      guard !isAtEnd else { return try end() }
      try fill()
    }
    let sample = waiting[givenCount]
    if let gap = gap(before: sample.time) { return .lost(gap) }
    givenCount += 1
    if sample.time < lastGiven { timeRegressions += 1 } else { lastGiven = sample.time }
    let header = file.recordHeader
    return .record(
      RawRecord(
        timestamp: sample.time, cpu: sample.cpu, buffer: sample.buffer,
        eventID: sample.payload.loadUnaligned(fromByteOffset: header.typeOffset, as: UInt16.self),
        pid: sample.payload.loadUnaligned(fromByteOffset: header.pidOffset, as: Int32.self),
        payload: sample.payload))
  }

  /// The next gap, if it begins before that time.
  private mutating func gap(before time: UInt64) -> LostEvents? {
    guard nextGap < file.gaps.count else { return nil }
    let gap = file.gaps[nextGap]
    if let after = gap.after, after >= time { return nil }
    nextGap += 1
    return gap
  }

  private mutating func end() throws(TraceReadingError) -> StreamItem? {
    if nextGap < file.gaps.count {
      nextGap += 1
      return .lost(file.gaps[nextGap - 1])
    }
    if let failure { throw failure }
    return nil
  }

  /// Reads on to the end of a round, and puts in order what no later record can come before.
  private mutating func fill() throws(TraceReadingError) {
    waiting.removeFirst(givenCount)
    (givenCount, readyCount) = (0, 0)
    releaseBlocks()
    do throws(TraceReadingError) {
      var isRoundOver = false
      while !isRoundOver {
        guard let record = try records.next() else {
          isAtEnd = true
          try checkEnd()
          break
        }
        isRoundOver = record.kind == PerfRecord.Kind.finishedRound
        lastKind = record.kind
        if record.kind == PerfRecord.Kind.sample { try take(record) }
      }
    } catch {
      isAtEnd = true
      failure = error
    }
    waiting.sort(by: <)
    // After a fault the last rounds may lack one CPU's samples and have another's: they are left out.
    readyCount = isAtEnd && failure == nil ? waiting.count : countUpTo(newestOfRound)
    newestOfRound = newest
  }

  /// perf ends what it writes with a round; only counts and build ids may follow. A pipe has no other mark of its end.
  private func checkEnd() throws(TraceReadingError) {
    let last: Set<UInt32> = [
      PerfRecord.Kind.finishedRound, PerfRecord.Kind.lostSamples, PerfRecord.Kind.buildID,
    ]
    guard file.isPipe, file.events.hasTracepoints, !last.contains(lastKind) else { return }
    throw TraceReadingError(
      .truncated(expected: 8, actual: 0), "the end of the last round of perf records",
      at: file.header.dataOffset + file.header.dataSize)
  }

  private mutating func take(_ record: PerfRecord) throws(TraceReadingError) {
    guard let (sample, repetition, type) = try file.events.sample(record) else { return }
    guard sample.raw.count >= file.recordHeader.size else {
      throw TraceReadingError(.damaged, "a perf sample with \(sample.raw.count) bytes of raw data", at: record.offset)
    }
    let found = sample.raw.loadUnaligned(fromByteOffset: file.recordHeader.typeOffset, as: UInt16.self)
    guard let cpu = UInt16(exactly: sample.cpu), type == nil || type == found else {
      throw TraceReadingError(
        .damaged, "a perf sample of event \(found) on CPU \(sample.cpu) that is said to be of \(type ?? 0)",
        at: record.offset)
    }
    let block = records.isInBlock ? records.blockNumber : 0
    if block != 0, blocks[block] == nil { blocks[block] = records.block }
    guard waiting.count * MemoryLayout<Waiting>.stride + blocks.count * PerfRecords.blockSize <= Self.waitingMax
    else {
      throw TraceReadingError(
        .unsupported, "more than \(Self.waitingMax) bytes of perf samples in one round", at: record.offset)
    }
    place += 1
    newest = max(newest, sample.time)
    waiting.append(
      Waiting(
        time: sample.time, place: place, payload: sample.raw, block: block, cpu: cpu, buffer: repetition))
  }

  private func countUpTo(_ time: UInt64) -> Int {
    var (low, high) = (0, waiting.count)
    while low < high {
      let middle = (low + high) / 2
      if waiting[middle].time <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Lets go of the blocks of which nothing waits.
  private mutating func releaseBlocks() {
    guard let oldest = blocks.keys.min(), waiting.isEmpty || blocks.count > 1 else { return }
    let needed = waiting.reduce(into: Int.max) { if $1.block != 0 { $0 = min($0, $1.block) } }
    if needed > oldest { blocks = blocks.filter { $0.key >= needed } }
  }
}
