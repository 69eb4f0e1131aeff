/// All records of a recording in order of time, and the gaps among them.
///
/// Records are ordered by time, then CPU, then buffer; those of one CPU and buffer always come in the
/// file's order, even where the clock went backwards. After an error the stream only repeats it.
public struct RecordStream: RecordSource, ~Copyable {
  private struct Head {
    var timestamp: UInt64
    var stream: Int

    @inline(__always)
    static func < (a: Head, b: Head) -> Bool {
      a.timestamp != b.timestamp ? a.timestamp < b.timestamp : a.stream < b.stream
    }
  }

  private let file: TraceFile
  private var streams = CPUStreams()
  /// The stream whose record is delivered next, or was delivered last; nil after the last record.
  private var current: Int?
  /// The next record of each other stream, as a binary heap.
  private var heads: [Head] = []
  /// The least time among them: before it, the current stream need not be compared with any other.
  private var limit = UInt64.max
  /// Whether the current record was delivered, so that its stream has to go on.
  private var isDelivered = false
  private var startLosses: [LostEvents] = []
  private var failure: TraceReadingError?

  init(_ file: TraceFile) throws(TraceReadingError) {
    self.file = file
    let decompressor = file.compressionAlgorithm.map { Decompressor($0) }
    var all: [CPUStream] = []
    for (index, buffer) in file.buffers.enumerated() {
      for data in buffer.cpus where data.size > 0 {
        all.append(
          try CPUStream(
            data, buffer: UInt16(truncatingIfNeeded: index), of: buffer, in: file, decompressor))
      }
    }
    all.sort { ($0.cpu, $0.buffer) < ($1.cpu, $1.buffer) }
    streams = CPUStreams(all)
    for index in streams.indices {
      if try streams[index].start() == .record {
        heads.append(Head(timestamp: streams[index].timestamp, stream: index))
      }
      if let loss = streams[index].loss {
        startLosses.append(loss)
        streams[index].loss = nil
      }
    }
    startLosses.reverse()
    for index in heads.indices.reversed() { siftDown(from: index) }
    current = popHead()
  }

  /// How often a CPU's record had an earlier time than the record before it, so far.
  public var timeRegressions: UInt64 {
    var sum: UInt64 = 0
    for index in streams.indices { sum += streams[index].timeRegressions }
    return sum
  }

  /// How many records each CPU of each buffer had, so far; CPUs without data are not listed.
  ///
  /// At the end these are at most the statistics' `entries` + `readEvents`, and mostly equal: trace-cmd
  /// notes the statistics while its recorders may still be reading, so that some records count twice.
  public var recordCounts: [RecordCount] {
    streams.indices.map {
      RecordCount(
        cpu: streams[$0].cpu, buffer: streams[$0].buffer, count: streams[$0].recordCount,
        lastTimestamp: streams[$0].lastTimestamp)
    }
  }

  /// The next record or gap; nil after the last.
  ///
  /// A gap comes right after the last record before it, or first of all if nothing is before it.
  /// - Throws: the fault that keeps the recording from being read further.
  @inline(__always)
  public mutating func next() throws(TraceReadingError) -> StreamItem? {
    if isDelivered, let index = current, let record = streams[index].recordInPage(before: limit) {
      return .record(record)
    }
    return try nextElsewhere()
  }

  @inline(never)
  private mutating func nextElsewhere() throws(TraceReadingError) -> StreamItem? {
    if let loss = startLosses.popLast() { return .lost(loss) }
    if isDelivered, let loss = try goOn() { return .lost(loss) }
    guard let current else {
      if let failure { throw failure }
      return nil
    }
    isDelivered = true
    return .record(streams[current].record)
  }

  /// Takes the current stream one record further, and makes that the current one which is next; gives the gap crossed
  /// thereby.
  private mutating func goOn() throws(TraceReadingError) -> LostEvents? {
    isDelivered = false
    guard let index = current else { return nil }
    let step: CPUStream.Step
    do throws(TraceReadingError) {
      step = try streams[index].advance()
    } catch {
      current = nil
      heads = []
      failure = error
      throw error
    }
    if step == .end {
      current = popHead()
    } else if let first = heads.first {
      let head = Head(timestamp: streams[index].timestamp, stream: index)
      if first < head {
        heads[0] = head
        siftDown(from: 0)
        current = first.stream
        limit = heads[0].timestamp
      }
    }
    return streams[index].loss == nil ? nil : takeLoss(of: index, step)
  }

  private mutating func takeLoss(of index: Int, _ step: CPUStream.Step) -> LostEvents? {
    guard var loss = streams[index].loss else { return nil }
    streams[index].loss = nil
    if step == .record { loss.before = streams[index].timestamp }
    return loss
  }

  /// Takes the first head off the heap.
  private mutating func popHead() -> Int? {
    guard let first = heads.first else { return nil }
    heads[0] = heads[heads.count - 1]
    heads.removeLast()
    siftDown(from: 0)
    limit = heads.first?.timestamp ?? .max
    return first.stream
  }

  private mutating func siftDown(from start: Int) {
    let count = heads.count
    guard start < count else { return }
    let head = heads[start]
    var hole = start
    while true {
      var child = 2 * hole + 1
      guard child < count else { break }
      if child + 1 < count, heads[child + 1] < heads[child] { child += 1 }
      guard heads[child] < head else { break }
      heads[hole] = heads[child]
      hole = child
    }
    heads[hole] = head
  }
}

/// The streams in memory of their own: an array would ask at every record whether it is shared.
private struct CPUStreams: ~Copyable {
  private let streams: UnsafeMutableBufferPointer<CPUStream>

  init(_ all: [CPUStream] = []) {
    streams = .allocate(capacity: all.count)
    _ = streams.initialize(from: all)
  }

  deinit {
    streams.deinitialize()
    streams.deallocate()
  }

  var indices: Range<Int> { streams.indices }

  subscript(_ index: Int) -> CPUStream {
    @inline(__always) unsafeAddress {
      precondition(streams.indices.contains(index))
      return UnsafePointer(streams.baseAddress.unsafelyUnwrapped + index)
    }
    @inline(__always) nonmutating unsafeMutableAddress {
      precondition(streams.indices.contains(index))
      return streams.baseAddress.unsafelyUnwrapped + index
    }
  }
}
