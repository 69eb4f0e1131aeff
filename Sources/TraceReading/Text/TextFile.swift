/// An opened recording in ftrace's text: `/sys/kernel/tracing/trace`, `trace-cmd report` or `perf script`, whole or an
/// excerpt.
///
/// The types of fields are lost in text, but every field of ours is a number: 64 bits hold it, whatever its type was.
/// So the records of a text have formats of their own, made up here. Opening reads the text once, to know its events
/// and its gaps.
public final class TextFile: RecordedFile {
  /// Most kinds of event, and most buffers, and most fields of an event.
  static let countMax = 1024
  /// Most gaps.
  static let gapsMax = 1 << 20

  /// The layouts of the events that have only numbers for fields.
  public let eventFormats: EventFormats
  /// How many buffers the lines name.
  public let bufferCount: Int
  /// The clock, if a line names it: `# clock: mono`.
  public let clocks: Set<String>
  /// Most pasted text comes from the default clock, "local".
  public var unnamedClock: String? {
    clocks.isEmpty
      ? "text does not say which clock it was recorded with: if that was mono, add the line `# clock: mono`" : nil
  }
  /// How many CPUs the machine had, if a line says so: `cpus=2` of trace-cmd, `#P:2` of the kernel.
  public let cpuCount: Int?
  /// The CPUs in the lines.
  public let recordedCPUs: Set<UInt16>
  /// Why the order of the lines may not be that of the events, and why lines may be missing.
  public let omissions: [String]
  /// Always nil: text has none.
  public var uname: String? { nil }
  /// Always nil: text has none.
  public var systemPageSize: Int? { nil }

  let file: MappedFile
  let events: TextEvents
  /// The gaps, in the order of their beginnings.
  let gaps: [LostEvents]

  /// - Returns: nil if no line of the file tells of an event.
  init?(_ file: MappedFile) throws(TraceReadingError) {
    // No text has this; and a binary file should not be searched for lines.
    guard !file.bytes.prefix(4096).contains(0) else { return nil }
    var survey = TextSurvey()
    try survey.run(file)
    guard survey.eventCount > 0 else { return nil }
    self.file = file
    events = survey.events
    eventFormats = survey.events.formats
    bufferCount = max(1, survey.events.bufferCount)
    clocks = Set([survey.clock].compactMap { $0 })
    cpuCount = survey.cpuCount
    recordedCPUs = survey.recordedCPUs
    omissions = survey.omissions()
    gaps = survey.gaps.sorted { ($0.after ?? 0, $0.before, $0.cpu) < ($1.after ?? 0, $1.before, $1.cpu) }
  }

  /// The names of the events in the lines of a text, or of its beginning; none of what is no text.
  static func eventNames(in bytes: UnsafeRawBufferPointer) -> Set<String> {
    guard !bytes.prefix(4096).contains(0) else { return [] }
    var names: Set<String> = []
    var lines = TextLines(bytes)
    while names.count < countMax, let (line, _, _, _) = lines.next() {
      guard line.count <= TextLine.lengthMax, case .event(let event) = TextLine(line) else { continue }
      names.insert(String(decoding: event.name, as: UTF8.self))
    }
    return names
  }

  /// Always nil: the names in the lines are not kept.
  public func commandName(ofPID pid: Int32) -> String? { nil }

  /// All events, in the order of the lines.
  public func records() -> TextStream { TextStream(self) }
}

/// The kinds of event in a text: what numbers stand for them, and which fields they have.
struct TextEvents: Sendable {
  /// The number of events whose fields are not understood.
  static let foreign: UInt16 = .max
  /// The group of events for which a text names none.
  static let group = "rmap"
  static let headerSize = 8

  struct Kind: Sendable {
    let name: [UInt8]
    let group: [UInt8]
    let fields: [[UInt8]]
    /// The line that it was first seen in.
    let line: Int
  }

  private(set) var kinds: [Kind] = []
  private var indexOfName: [[UInt8]: Int] = [:]
  private var buffers: [[UInt8]: UInt16] = [:]

  var bufferCount: Int { buffers.count }

  /// The event's number; a new one at its first line, if all of its fields are numbers.
  mutating func number(_ event: TextEvent, line: Int) -> UInt16 {
    if let known = known(event) { return known }
    let name = Self.key(event)
    var fields: [[UInt8]]? = []
    if var scanner = event.fields {
      while fields != nil, let (field, _) = Self.nextField(&scanner) { fields?.append(Array(field)) }
      scanner.skipSpaces()
      if !scanner.isAtEnd || (fields?.count ?? 0) > TextFile.countMax { fields = nil }
    } else {
      fields = nil
    }
    guard let fields, kinds.count < TextFile.countMax else {
      if indexOfName.count < TextFile.countMax { indexOfName[name] = -1 }
      return Self.foreign
    }
    indexOfName[name] = kinds.count
    kinds.append(
      Kind(
        name: Array(event.name), group: event.group.map { Array($0) } ?? Array(Self.group.utf8), fields: fields,
        line: line))
    return UInt16(kinds.count)
  }

  /// The number of an event seen before.
  func known(_ event: TextEvent) -> UInt16? {
    guard let index = indexOfName[Self.key(event)] else { return nil }
    return index < 0 ? Self.foreign : UInt16(index + 1)
  }

  private static func key(_ event: TextEvent) -> [UInt8] {
    (event.group.map { Array($0) } ?? []) + [0x3a] + Array(event.name)
  }

  mutating func addBuffer(_ event: TextEvent) {
    let name = event.buffer.map { Array($0) } ?? []
    if buffers[name] == nil, buffers.count < TextFile.countMax { buffers[name] = UInt16(buffers.count) }
  }

  func buffer(_ event: TextEvent) -> UInt16 { buffers[event.buffer.map { Array($0) } ?? []] ?? 0 }

  /// `NAME=VALUE`; nil if that does not come next.
  static func nextField(_ scanner: inout TextScanner) -> (name: Slice<UnsafeRawBufferPointer>, value: UInt64)? {
    var ahead = scanner
    ahead.skipSpaces()
    let start = ahead.position
    guard ahead.skip(past: UInt8(ascii: "=")) else { return nil }
    let name = scanner.bytes[start..<(ahead.position - 1)]
    guard !name.isEmpty, !name.contains(0x20), let value = ahead.value() else { return nil }
    guard ahead.isAtEnd || ahead.peek == 0x20 || ahead.peek == 0x0d else { return nil }
    scanner = ahead
    return (name, value)
  }

  /// A format for each kind: the common fields that records have, then 8 bytes for each field.
  var formats: EventFormats {
    let common = [
      EventField(name: "common_type", typeName: "unsigned short", offset: 0, size: 2, isCommon: true),
      EventField(name: "common_pid", typeName: "int", offset: 4, size: 4, isSigned: true, isCommon: true),
    ]
    return EventFormats(
      kinds.enumerated().map { index, kind in
        let fields = kind.fields.enumerated().map { place, name in
          EventField(
            name: String(decoding: name, as: UTF8.self), typeName: "u64", offset: Self.headerSize + 8 * place, size: 8)
        }
        return EventFormat(
          id: UInt16(index + 1), system: String(decoding: kind.group, as: UTF8.self),
          name: String(decoding: kind.name, as: UTF8.self), fields: common + fields)
      })
  }
}
