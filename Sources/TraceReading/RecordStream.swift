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
  private var streams: [CPUStream] = []
  /// The next record of each stream, as a binary heap.
  private var heads: [Head] = []
  /// Whether the first head was delivered, so that its stream has to go on.
  private var isHeadDelivered = false
  private var startLosses: [LostEvents] = []
  private var failure: TraceReadingError?

  init(_ file: TraceFile) throws(TraceReadingError) {
    self.file = file
    let decompressor = file.compressionAlgorithm.map { Decompressor($0) }
    for (index, buffer) in file.buffers.enumerated() {
      for data in buffer.cpus where data.size > 0 {
        streams.append(
          try CPUStream(
            data, buffer: UInt16(truncatingIfNeeded: index), of: buffer, in: file, decompressor))
      }
    }
    streams.sort { ($0.cpu, $0.buffer) < ($1.cpu, $1.buffer) }
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
  }

  /// How often a CPU's record had an earlier time than the record before it, so far.
  public var timeRegressions: UInt64 {
    streams.reduce(0) { $0 + $1.timeRegressions }
  }

  /// How many records each CPU of each buffer had, so far; CPUs without data are not listed.
  ///
  /// At the end these are at most the statistics' `entries` + `readEvents`, and mostly equal: trace-cmd
  /// notes the statistics while its recorders may still be reading, so that some records count twice.
  public var recordCounts: [RecordCount] {
    streams.map { RecordCount(cpu: $0.cpu, buffer: $0.buffer, count: $0.recordCount) }
  }

  /// The next record or gap; nil after the last.
  ///
  /// A gap comes right after the last record before it, or first of all if nothing is before it.
  /// - Throws: the fault that keeps the recording from being read further.
  public mutating func next() throws(TraceReadingError) -> StreamItem? {
    if let loss = startLosses.popLast() { return .lost(loss) }
    if isHeadDelivered {
      isHeadDelivered = false
      if let loss = try advanceHead() { return .lost(loss) }
    }
    guard let head = heads.first else {
      if let failure { throw failure }
      return nil
    }
    isHeadDelivered = true
    return .record(streams[head.stream].record)
  }

  /// Takes the stream of the first head one record further; gives the gap crossed thereby.
  @inline(__always)
  private mutating func advanceHead() throws(TraceReadingError) -> LostEvents? {
    let index = heads[0].stream
    let step: CPUStream.Step
    do throws(TraceReadingError) {
      step = try streams[index].advance()
    } catch {
      heads = []
      failure = error
      throw error
    }
    if step == .record {
      heads[0].timestamp = streams[index].timestamp
    } else {
      heads[0] = heads[heads.count - 1]
      heads.removeLast()
    }
    siftDown(from: 0)
    guard var loss = streams[index].loss else { return nil }
    streams[index].loss = nil
    if step == .record { loss.before = streams[index].timestamp }
    return loss
  }

  @inline(__always)
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
