/// Packets of a Perfetto trace: tracks, and events on them (protos/perfetto/trace/track_event/track_event.proto). Names are
/// written once and then numbered, so that an event takes a few dozen bytes.
struct PerfettoTrace {
  /// The numbers of the fields that are written, by message.
  private enum Field {
    // Trace, TracePacket
    static let packet: UInt64 = 1
    static let timestamp: UInt64 = 8
    static let sequence: UInt64 = 10
    static let event: UInt64 = 11
    static let interned: UInt64 = 12
    static let sequenceFlags: UInt64 = 13
    static let descriptor: UInt64 = 60
    // TrackDescriptor, ThreadDescriptor, CounterDescriptor
    static let trackID: UInt64 = 1
    static let trackName: UInt64 = 2
    static let thread: UInt64 = 4
    static let counter: UInt64 = 8
    static let pid: UInt64 = 1
    static let tid: UInt64 = 2
    static let threadName: UInt64 = 5
    // TrackEvent
    static let categories: UInt64 = 3
    static let annotations: UInt64 = 4
    static let type: UInt64 = 9
    static let name: UInt64 = 10
    static let track: UInt64 = 11
    static let counterValue: UInt64 = 30
    static let flows: UInt64 = 47
    static let endingFlows: UInt64 = 48
    // InternedData, and EventCategory, EventName, DebugAnnotationName
    static let internedCategories: UInt64 = 1
    static let internedNames: UInt64 = 2
    static let internedAnnotations: UInt64 = 3
    static let internedNumber: UInt64 = 1
    static let internedText: UInt64 = 2
    // DebugAnnotation
    static let annotationName: UInt64 = 1
    static let unsigned: UInt64 = 3
    static let string: UInt64 = 6
    static let pointer: UInt64 = 7
  }

  /// What an event of a track is: TrackEvent.Type.
  enum Kind: UInt64 {
    case begin = 1, end = 2, instant = 3, counter = 4
  }

  /// What is shown beside an event.
  enum Value {
    case number(UInt64)
    case pointer(UInt64)
    case text(String)
  }

  /// An event of a track.
  struct Event {
    var kind: Kind
    /// ns.
    var time: UInt64
    var track: UInt64
    var name: String?
    var category: String?
    var values: [(name: String, value: Value)] = []
    var counter: UInt64?
    var flows: [UInt64] = []
    var endingFlows: [UInt64] = []
  }

  private static let sequence: UInt64 = 1
  private static let isCleared: UInt64 = 1
  private static let needsInterned: UInt64 = 2

  private var names: [String: UInt64] = [:]
  private var categories: [String: UInt64] = [:]
  private var annotations: [String: UInt64] = [:]
  private var hasBegun = false

  /// Nothing written yet.
  init() {}

  /// A track with a name of its own.
  mutating func track(_ id: UInt64, _ name: String, isCounter: Bool = false) -> [UInt8] {
    packet(at: nil) { packet in
      packet.message(Field.descriptor) { track in
        track.number(Field.trackID, id)
        track.text(Field.trackName, name)
        if isCounter { track.message(Field.counter) { _ in } }
      }
    }
  }

  /// The track of a task.
  mutating func track(_ id: UInt64, ofTask pid: Int32, named name: String?) -> [UInt8] {
    packet(at: nil) { packet in
      packet.message(Field.descriptor) { track in
        track.number(Field.trackID, id)
        track.message(Field.thread) { thread in
          thread.number(Field.pid, UInt64(bitPattern: Int64(pid)))
          thread.number(Field.tid, UInt64(bitPattern: Int64(pid)))
          if let name { thread.text(Field.threadName, name) }
        }
      }
    }
  }

  /// An event.
  mutating func event(_ event: Event) -> [UInt8] {
    var interned = ProtoWriter()
    let name = event.name.map { Self.number(of: $0, in: &names, Field.internedNames, &interned) }
    let category = event.category.map { Self.number(of: $0, in: &categories, Field.internedCategories, &interned) }
    let values = event.values.map {
      (Self.number(of: $0.name, in: &annotations, Field.internedAnnotations, &interned), $0.value)
    }
    return packet(at: event.time) { packet in
      if !interned.bytes.isEmpty { packet.raw(Field.interned, interned) }
      packet.message(Field.event) { body in
        if let category { body.number(Field.categories, category) }
        for (name, value) in values {
          body.message(Field.annotations) { annotation in
            annotation.number(Field.annotationName, name)
            switch value {
            case .number(let number): annotation.number(Field.unsigned, number)
            case .pointer(let address): annotation.number(Field.pointer, address)
            case .text(let text): annotation.text(Field.string, text)
            }
          }
        }
        body.number(Field.type, event.kind.rawValue)
        if let name { body.number(Field.name, name) }
        body.number(Field.track, event.track)
        if let value = event.counter { body.number(Field.counterValue, value) }
        for flow in event.flows { body.fixed(Field.flows, flow) }
        for flow in event.endingFlows { body.fixed(Field.endingFlows, flow) }
      }
    }
  }

  private mutating func packet(at time: UInt64?, _ fill: (inout ProtoWriter) -> Void) -> [UInt8] {
    var trace = ProtoWriter()
    trace.message(Field.packet) { packet in
      if let time { packet.number(Field.timestamp, time) }
      packet.number(Field.sequence, Self.sequence)
      packet.number(Field.sequenceFlags, hasBegun ? Self.needsInterned : Self.isCleared)
      fill(&packet)
    }
    hasBegun = true
    return trace.bytes
  }

  /// The number of a text, which is written with its first use.
  private static func number(
    of text: String, in numbers: inout [String: UInt64], _ field: UInt64, _ interned: inout ProtoWriter
  ) -> UInt64 {
    if let number = numbers[text] { return number }
    let number = UInt64(numbers.count) + 1
    numbers[text] = number
    interned.message(field) { entry in
      entry.number(Field.internedNumber, number)
      entry.text(Field.internedText, text)
    }
    return number
  }
}
