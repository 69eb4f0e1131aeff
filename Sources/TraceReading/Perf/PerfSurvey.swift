import Vocabulary

/// A first pass over all records: what was lost, when, on which CPU.
///
/// The kernel notes a loss (PERF_RECORD_LOST) right before the next record that fits the CPU's buffer again. What is
/// lost after the last one that fits has no such record; perf writes the counts of all losses (PERF_RECORD_LOST_SAMPLES)
/// at the end of the file.
struct PerfSurvey {
  /// Most losses that are told apart.
  static let gapsMax = 1 << 20

  private let events: PerfEvents
  private let contents: PerfContents
  private var lastTime: [UInt32: UInt64] = [:]
  private var marked: [UInt32: UInt64] = [:]
  private var counted: [UInt32: UInt64] = [:]
  private var found: [LostEvents] = []
  private var unplaced: UInt64 = 0
  private var isThrottled = false
  private var isFiltered = false

  init(_ events: PerfEvents, _ contents: PerfContents) {
    self.events = events
    self.contents = contents
  }

  /// Takes all records up to the first fault; reading them again will find that.
  mutating func run(_ file: MappedFile, _ header: PerfHeader) {
    do throws(TraceReadingError) {
      var records = try PerfRecords(file, header, isCompressed: contents.isCompressed)
      while let record = try records.next() { try take(record) }
    } catch {
      return
    }
  }

  private mutating func take(_ record: PerfRecord) throws(TraceReadingError) {
    switch record.kind {
    case PerfRecord.Kind.sample:
      guard let (sample, _, _) = try events.sample(record) else { return }
      lastTime[sample.cpu] = max(lastTime[sample.cpu] ?? 0, sample.time)
    case PerfRecord.Kind.lost:
      var reader = record.reader("perf lost record")
      _ = try reader.read(UInt64.self)
      let count = try reader.read(UInt64.self)
      let id = try events.sampleID(record, behind: 16)
      try note(count, id, record)
    case PerfRecord.Kind.lostSamples:
      var reader = record.reader("perf lost samples record")
      let count = try reader.read(UInt64.self)
      let id = try events.sampleID(record, behind: 8)
      let bpfFlag: UInt16 = 1 << 15
      if record.flags & bpfFlag != 0 { isFiltered = true }
      if let cpu = id.id.flatMap({ contents.cpuOfID[$0] }), cpu != .max {
        counted[cpu, default: 0] &+= count
      } else {
        unplaced &+= count
      }
    case PerfRecord.Kind.throttle: isThrottled = true
    default: break
    }
  }

  private mutating func note(
    _ count: UInt64, _ id: PerfSampleID, _ record: PerfRecord
  ) throws(TraceReadingError) {
    guard let time = id.time, let cpu = id.cpu, let number = UInt16(exactly: cpu) else {
      unplaced &+= count
      return
    }
    guard found.count < Self.gapsMax else {
      throw TraceReadingError(.unsupported, "more than \(Self.gapsMax) losses", at: record.offset)
    }
    marked[cpu, default: 0] &+= count
    found.append(
      LostEvents(
        cpu: number, buffer: 0, count: count, after: lastTime[cpu], before: time, offset: record.offset))
  }

  /// All gaps, in the order of their beginnings.
  ///
  /// A CPU with a count at the end gets a gap behind its last sample: the marked losses may be of other records
  /// than samples, so that even a count that they reach may have been lost there.
  func gaps() -> [LostEvents] {
    var all = found
    for (cpu, count) in counted where count > 0 {
      guard let number = UInt16(exactly: cpu) else { continue }
      let alreadyMarked = marked[cpu] ?? 0
      all.append(
        LostEvents(
          cpu: number, buffer: 0, count: count > alreadyMarked ? count - alreadyMarked : nil,
          after: lastTime[cpu], before: .max, offset: 0))
    }
    return all.sorted { ($0.after ?? 0, $0.cpu, $0.before) < ($1.after ?? 0, $1.cpu, $1.before) }
  }

  var recordedCPUs: Set<UInt16> { Set(lastTime.keys.compactMap { UInt16(exactly: $0) }) }

  /// Why samples may be missing at places that are not known.
  func omissions() -> [String] {
    var omissions = events.omissions(contents)
    if unplaced > 0 { omissions.append("perf lost \(Vocabulary.counted(unplaced, "event")) and does not say where") }
    if isThrottled { omissions.append("the kernel throttled perf") }
    if isFiltered { omissions.append("perf filtered the events by a BPF program") }
    return omissions
  }
}
