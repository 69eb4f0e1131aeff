import EventDecoding
import RmapEvents
package import TraceReading

/// Decodes records, and counts what it takes in.
package struct Intake: Sendable {
  package private(set) var decoder: EventDecoder
  /// All records.
  package private(set) var records: UInt64 = 0
  /// Events of ours.
  package private(set) var events: UInt64 = 0
  /// Events of ours that made no sense.
  private(set) var malformed: UInt64 = 0
  /// The level of the last of them, and the lowest of all their levels.
  private(set) var malformedLevel = RecordingLevel.structure
  private(set) var lowestMalformed: RecordingLevel?
  /// Whether an event of ours was recorded in more than one buffer.
  private(set) var twiceRecorded = false
  /// Events of ours that are a copy of the one before.
  private(set) var repeated: UInt64 = 0
  /// The first event that made no sense, or was a copy: what is written there is not what the kernel wrote.
  private(set) var firstFlaw: (ordinal: UInt64, time: UInt64)?
  /// The last of our events, ns.
  var lastTime: UInt64 { last.time }
  private let bufferCount: Int
  private var last: (time: UInt64, event: UInt16, cpu: UInt16) = (0, 0, 0)
  /// By event number, the buffer that showed it first.
  private var bufferOfEvent: [UInt16: UInt16] = [:]

  package init(_ file: any RecordedFile, pageSize: PageSize = .small) {
    decoder = EventDecoder(formats: file.eventFormats, pageSize: pageSize)
    bufferCount = file.bufferCount
  }

  /// Goes on with another number than the next, where records were left out.
  package mutating func pass(to ordinal: UInt64) { records = ordinal &- 1 }

  /// Takes the next record, in order of time; false if it is one of ours and makes no sense.
  @inline(__always) package mutating func take(_ record: RawRecord, into batch: inout EventBatch) -> Bool {
    records &+= 1
    if bufferCount > 1, !isOfItsBuffer(record) { return true }
    switch decoder.decode(record, ordinal: records, into: &batch) {
    case .event:
      events &+= 1
      noteIfRepeated(record)
    case .foreign: break
    case .malformed:
      decoder.forget()
      malformed &+= 1
      noteFlaw(record)
      malformedLevel = decoder.level(ofEvent: record.eventID)
      lowestMalformed = min(lowestMalformed ?? malformedLevel, malformedLevel)
      return false
    }
    return true
  }

  /// Events were lost.
  mutating func forget() { decoder.forget() }

  /// One probe can't fire twice at one time on one CPU, unless the clock has only microseconds.
  @inline(__always) private mutating func noteIfRepeated(_ record: RawRecord) {
    if record.timestamp == last.time, record.eventID == last.event, record.cpu == last.cpu, last.time % 1000 != 0 {
      repeated &+= 1
      noteFlaw(record)
    }
    last = (record.timestamp, record.eventID, record.cpu)
  }

  private mutating func noteFlaw(_ record: RawRecord) {
    if firstFlaw == nil { firstFlaw = (records, record.timestamp) }
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
