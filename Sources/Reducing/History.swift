import Checking
import EventDecoding
import RecordingFormat
import RmapEvents
internal import TraceReading

/// A recording's events of ours up to one of them, in memory, each with its number in the recording.
///
/// What lies before the last gap is left out: the model began anew there.
struct History: Sendable {
  /// A record without its bytes.
  struct Record: Sendable {
    let ordinal: UInt64
    let timestamp: UInt64
    let pid: Int32
    let cpu: UInt16
    let event: UInt16
    let offset: Int
    let count: Int
  }

  /// All of them in order of time.
  private(set) var records: [Record] = []
  private var bytes: [UInt8] = []
  /// The formats of our events, those that were not recorded too: they tell what could have been.
  let formats: [EventFormat]
  /// The formats' names in the vocabulary.
  let names: [UInt16: EventName]
  /// What the recording says of itself.
  let clocks: Set<String>
  let unnamedClock: String?
  private(set) var uname: String?
  /// The names of the tasks, as far as they were kept.
  private(set) var commandNames: [Int32: String]
  /// The recorded kernel's.
  let pageSize: PageSize
  /// XXH64 of the recording's bytes, unpacked.
  let checksum: String

  /// Reads it up to the event `last`.
  /// - Throws: every kind of `TraceReadingError`.
  init(_ input: RecordingInput, _ sidecar: Sidecar?, upTo last: UInt64) throws(TraceReadingError) {
    checksum = input.checksum(packed: false)
    let recording = try Recording(input)
    let file = recording.file
    let identifiers = EventDecoder(formats: file.eventFormats).identifiers
    formats = file.eventFormats.all.filter { identifiers.contains($0.id) }
    names = Dictionary(
      formats.compactMap { format in EventName(rawValue: format.name).map { (format.id, $0) } },
      uniquingKeysWith: { first, _ in first })
    clocks = file.clocks
    unnamedClock = file.unnamedClock
    uname = file.uname
    pageSize = try recording.pageSize(sidecar)
    var reading = Reading(Intake(file, pageSize: pageSize), last)
    switch recording {
    case .traceData(let file): try reading.read(try file.records())
    case .perfData(let file): try reading.read(try file.records())
    case .text(let file): try reading.read(file.records())
    }
    records = reading.records
    bytes = reading.bytes
    commandNames = Dictionary(
      Set(records.map(\.pid)).compactMap { pid in file.commandName(ofPID: pid).map { (pid, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// Lends the bytes of all records.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { bytes.withUnsafeBytes(body) }

  /// A copy of one record's bytes.
  func payload(_ record: Record) -> [UInt8] { Array(bytes[record.offset..<record.offset + record.count]) }

  /// The same with some records' bytes, the names of tasks and of the machine replaced.
  func replacing(
    _ places: [Int], commandNames: [Int32: String], uname: String?, payload: (Record) -> [UInt8]
  ) -> History {
    var copy = self
    for place in places {
      let record = records[place]
      copy.bytes.replaceSubrange(record.offset..<record.offset + record.count, with: payload(record))
    }
    copy.commandNames = commandNames
    copy.uname = uname
    return copy
  }

  /// What a record's event is; nil of none of ours.
  func name(_ record: Record) -> EventName? { names[record.event] }

  /// The format of a record's event.
  func format(_ record: Record) -> EventFormat? { formats.first { $0.id == record.event } }

  /// The place of the event with that number.
  func place(of ordinal: UInt64) -> Int? {
    var (low, high) = (0, records.count)
    while low < high {
      let middle = (low + high) / 2
      if records[middle].ordinal < ordinal { low = middle + 1 } else { high = middle }
    }
    return low < records.count && records[low].ordinal == ordinal ? low : nil
  }
}

extension History.Record {
  /// The record as a reader would give it.
  func raw(in bytes: UnsafeRawBufferPointer) -> RawRecord {
    RawRecord(
      timestamp: timestamp, cpu: cpu, buffer: 0, eventID: event, pid: pid,
      payload: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
  }
}

/// Reading a recording into a history.
private struct Reading: ~Copyable {
  var records: [History.Record] = []
  var bytes: [UInt8] = []
  private var intake: Intake
  private let last: UInt64
  private var batch = EventBatch()
  /// Up to this time, ns, records of some CPU are missing.
  private var blindUntil: UInt64 = 0

  init(_ intake: Intake, _ last: UInt64) {
    self.intake = intake
    self.last = last
  }

  mutating func read<Source: RecordSource & ~Copyable>(_ source: consuming Source) throws(TraceReadingError) {
    var source = source
    while intake.records < last, let item = try source.next() {
      switch item {
      case .record(let record): take(record)
      case .lost(let lost):
        records = []
        bytes = []
        blindUntil = max(blindUntil, lost.before)
      }
    }
  }

  private mutating func take(_ record: RawRecord) {
    batch.removeAll()
    guard intake.take(record, into: &batch), batch.count > 0 else { return }
    guard record.timestamp >= blindUntil || intake.records == last else { return }
    records.append(
      History.Record(
        ordinal: intake.records, timestamp: record.timestamp, pid: record.pid, cpu: record.cpu, event: record.eventID,
        offset: bytes.count, count: record.payload.count))
    bytes += record.payload
  }
}
