/// What a recording's metadata says, gathered by the reader of either format.
struct TraceContents {
  /// Most CPUs that one buffer may have, and most buffers; numbers are kept in 16 bits.
  static let countMax = 65_536

  var layout: PageLayout?
  var formatTexts: [FormatText] = []
  var buffers: [TraceBuffer] = []
  var options = TraceOptions()
  var commandNames = CommandNames()
  /// Format 6 only: where the table of the top buffer's CPUs lies in the file, bytes.
  var tableOffset: UInt64?
  /// Format 6 only: bytes after the last CPU's data.
  var trailing: UInt64 = 0
  /// Format 6 only: bytes before it that belong to nothing, in gaps of at least a page.
  var unclaimed: UInt64 = 0

  /// Reads what `events/header_page` and `events/header_event` said.
  mutating func readHeaderInfo(_ reader: inout ByteReader) throws(TraceReadingError) {
    try reader.expect("header_page\0")
    let pageSize = try reader.read(UInt64.self)
    let pageStart = reader.offset
    layout = try PageLayout(headerPage: try reader.take(pageSize), at: pageStart)
    try reader.expect("header_event\0")
    _ = try reader.take(try reader.read(UInt64.self))
  }

  /// Reads the formats of ftrace's own events.
  mutating func readFtraceFormats(_ reader: inout ByteReader) throws(TraceReadingError) {
    try readFormats(of: "ftrace", &reader)
  }

  /// Reads the formats of the events of all groups.
  mutating func readEventFormats(_ reader: inout ByteReader) throws(TraceReadingError) {
    let systems = try reader.read(UInt32.self)
    for _ in 0..<systems {
      let system = try reader.readString()
      try readFormats(of: system, &reader)
    }
  }

  /// Takes the saved command lines; see `CommandNames`.
  mutating func readCommandLines(_ reader: inout ByteReader) throws(TraceReadingError) {
    commandNames = CommandNames(text: Array(try reader.take(try reader.read(UInt64.self))))
  }

  /// Every turn consumes bytes of the file or throws, so a false count cannot make this long.
  private mutating func readFormats(
    of system: String, _ reader: inout ByteReader
  ) throws(TraceReadingError) {
    let count = try reader.read(UInt32.self)
    for _ in 0..<count {
      let size = try reader.read(UInt64.self)
      let start = reader.offset
      formatTexts.append(
        FormatText(system: system, bytes: Array(try reader.take(size)), offset: start))
    }
  }
}

/// The options that both formats share, by their numbers in the file.
struct TraceOptions {
  /// Option numbers.
  enum ID {
    static let done: UInt16 = 0
    static let cpuStatistics: UInt16 = 2
    static let buffer: UInt16 = 3
    static let traceClock: UInt16 = 4
    static let uname: UInt16 = 5
    static let cpuCount: UInt16 = 8
    static let version: UInt16 = 9
    static let timeShift: UInt16 = 12
    static let headerInfo: UInt16 = 16
    static let ftraceFormats: UInt16 = 17
    static let eventFormats: UInt16 = 18
    static let commandLines: UInt16 = 21
    static let bufferText: UInt16 = 22
  }

  var statistics: [String] = []
  var uname: String?
  var version: String?
  var clock: String?
  /// Format 6: the text of the trace clock follows the table of CPUs.
  var hasTraceClock = false
  /// Whether the guest's CPUs have different offsets to the host's time.
  var cpusAreApart = false
  /// Number of CPUs, if an option says so.
  var cpuCount: UInt32?

  /// Takes an option that means the same in both formats; others are left alone.
  mutating func take(_ id: UInt16, _ data: ByteReader) throws(TraceReadingError) {
    switch id {
    case ID.cpuStatistics: statistics.append(text(upToNULIn: data.bytes))
    case ID.uname: uname = text(upToNULIn: data.bytes)
    case ID.version: version = text(upToNULIn: data.bytes)
    case ID.traceClock:
      hasTraceClock = true
      if !data.bytes.isEmpty { clock = selectedClock(text(upToNULIn: data.bytes)) }
    case ID.timeShift:
      var data = data
      try takeTimeShift(&data)
    case ID.cpuCount:
      var data = data
      cpuCount = try data.read(UInt32.self)
    default: break
    }
  }
}

extension TraceOptions {
  /// The offsets of a guest's CPUs to the host's time (trace-cmd, `TRACECMD_OPTION_TIME_SHIFT`): an id, flags, the
  /// number of CPUs, and for each CPU a number of moments, then that many times, offsets and scalings.
  ///
  /// One offset for all CPUs changes no order, and is not applied.
  mutating func takeTimeShift(_ data: inout ByteReader) throws(TraceReadingError) {
    // Before trace-cmd 3.0 the option had one offset for the whole guest.
    guard data.remaining >= 16 else { return }
    _ = try data.take(12)
    let cpus = try data.read(UInt32.self)
    guard cpus <= TraceContents.countMax else { throw data.damaged("\(cpus) CPUs") }
    var first: [UInt8]?
    for _ in 0..<cpus {
      let size = UInt64(try data.read(UInt32.self)) * 8
      _ = try data.take(size)
      let offsets = Array(try data.take(size))
      _ = try data.take(size)
      if let first, first != offsets { cpusAreApart = true }
      first = first ?? offsets
    }
  }
}

/// The clock marked in a text such as "local [mono] global"; nil if none is.
func selectedClock(_ text: String) -> String? {
  guard let start = text.firstIndex(of: "["), let end = text[start...].firstIndex(of: "]") else {
    return nil
  }
  return String(text[text.index(after: start)..<end])
}
