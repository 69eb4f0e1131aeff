import EventDecoding
import RmapEvents
internal import TraceReading

/// Decodes records, and counts what it takes in.
struct Intake: Sendable {
  let decoder: EventDecoder
  /// All records.
  private(set) var records: UInt64 = 0
  /// Events of ours.
  private(set) var events: UInt64 = 0
  /// Events of ours that made no sense.
  private(set) var malformed: UInt64 = 0
  /// Whether an event of ours was recorded in more than one buffer.
  private(set) var twiceRecorded = false
  private let bufferCount: Int
  /// By event number, the buffer that showed it first.
  private var bufferOfEvent: [UInt16: UInt16] = [:]

  init(_ file: any RecordedFile) {
    decoder = EventDecoder(formats: file.eventFormats)
    bufferCount = file.bufferCount
  }

  /// Takes the next record, in order of time; false if it is one of ours and makes no sense.
  @inline(__always) mutating func take(_ record: RawRecord, into batch: inout EventBatch) -> Bool {
    records &+= 1
    if bufferCount > 1, !isOfItsBuffer(record) { return true }
    switch decoder.decode(record, ordinal: records, into: &batch) {
    case .event: events &+= 1
    case .foreign: break
    case .malformed:
      malformed &+= 1
      return false
    }
    return true
  }

  /// An event can be switched on in several buffers, and is then recorded several times: the first buffer that
  /// shows it counts.
  private mutating func isOfItsBuffer(_ record: RawRecord) -> Bool {
    guard decoder.identifiers.contains(record.eventID) else { return true }
    if let first = bufferOfEvent[record.eventID] {
      if first != record.buffer { twiceRecorded = true }
      return first == record.buffer
    }
    bufferOfEvent[record.eventID] = record.buffer
    return true
  }
}
