/// A first pass over a text: which events it has, and which gaps.
struct TextSurvey {
  /// So many events of one CPU alone, in lines that follow each other, are rare where there are several.
  private static let excerptMax = 1000

  private(set) var events = TextEvents()
  private(set) var gaps: [LostEvents] = []
  private(set) var clock: String?
  private(set) var eventCount: UInt64 = 0
  private(set) var cpuCount: Int?
  private var entries: UInt64?
  private var lastTime: [UInt16: UInt64] = [:]
  private var isOpen: [UInt16: LostEvents] = [:]
  private var times = TextTimes()

  /// Takes all lines up to the first that is none; reading them again will find that.
  mutating func run(_ file: MappedFile) throws(TraceReadingError) {
    var lines = TextLines(file.bytes)
    reading: while let (line, number, start, isWhole) = lines.next() {
      guard isWhole, line.count <= TextLine.lengthMax else { break }
      switch TextLine(line) {
      case .event(let event):
        if event.isRaw { throw TextDialect.rawFields.error(at: start) }
        take(event, line: number)
      case .lost(let cpu, let count): open(cpu, count, after: lastTime[cpu], at: start)
      case .started(let cpu): open(cpu, nil, after: nil, at: start)
      case .clock(let name): clock = name
      case .entries(let count, let cpus):
        entries = count
        if let cpus { cpuCount = cpus }
      case .cpus(let count): cpuCount = count
      case .blank: break
      case .other:
        if let dialect = TextDialect(line) { throw dialect.error(at: start) }
        if eventCount > 0 { break reading }
      }
      guard gaps.count < TextFile.gapsMax else {
        throw TraceReadingError(.unsupported, "more than \(TextFile.gapsMax) gaps", at: UInt64(start))
      }
    }
    gaps += isOpen.values
  }

  private mutating func take(_ event: TextEvent, line: Int) {
    eventCount += 1
    _ = events.number(event, line: line)
    events.addBuffer(event)
    let time = times.next(event.time)
    if var gap = isOpen.removeValue(forKey: event.cpu) {
      gap.before = time
      gaps.append(gap)
    }
    lastTime[event.cpu] = time
  }

  /// A gap that lasts up to the CPU's next event.
  private mutating func open(_ cpu: UInt16, _ count: UInt64?, after: UInt64?, at offset: Int) {
    if let earlier = isOpen[cpu] { gaps.append(earlier) }
    isOpen[cpu] = LostEvents(
      cpu: cpu, buffer: 0, count: count, after: after, before: .max, offset: UInt64(offset))
  }

  var recordedCPUs: Set<UInt16> { Set(lastTime.keys) }

  /// What a text cannot tell.
  func omissions() -> [String] {
    var omissions: [String] = []
    // A few lines of an excerpt may well be of one CPU.
    if cpuCount == nil, eventCount >= Self.excerptMax, lastTime.count == 1, let cpu = lastTime.keys.first {
      omissions.append(
        "the text has events of CPU \(cpu) only, and does not say how many CPUs there were: if it was one, add the line"
          + " `cpus=1`")
    }
    if let entries, entries != eventCount {
      omissions.append("the text announces \(entries) events, but has \(eventCount)")
    }
    return omissions
  }
}

/// Times of lines, made to grow with the lines: the text has microseconds, the kernel sorted by nanoseconds.
struct TextTimes {
  private var last: UInt64 = 0
  private var lastGiven: UInt64 = 0
  /// How often a line's time was before that of a line above it.
  private(set) var regressions: UInt64 = 0

  mutating func next(_ time: UInt64) -> UInt64 {
    if time < last { regressions += 1 }
    last = time
    lastGiven = time > lastGiven ? time : lastGiven &+ 1
    return lastGiven
  }
}

/// The lines of a text.
struct TextLines {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  private var number = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next line without its end, its number from 1, where it begins, and whether it has an end; nil after the last.
  mutating func next() -> (line: Slice<UnsafeRawBufferPointer>, number: Int, start: Int, isWhole: Bool)? {
    guard position < bytes.count else { return nil }
    let start = position
    let end = bytes[start...].firstIndex(of: 0x0a)
    position = end.map { $0 + 1 } ?? bytes.count
    number += 1
    return (bytes[start..<(end ?? bytes.count)], number, start, end != nil)
  }
}
