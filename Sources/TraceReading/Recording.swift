// TraceReading: a file, as a time-ordered stream of raw records and gaps.
//
// One idea: nothing in a file is believed. Every length, offset and count is checked against the bytes that are there
// before it is used (`ByteReader`, `MappedFile.slice`), because recordings come from crashed machines and from mail
// attachments. A file that ends early or lies about itself gives a `TraceReadingError` that says what and where; it
// never crashes the reader, and it never passes for a whole one.
//
// A recording is mapped, not read. `TraceFile` (trace.dat, formats 6 and 7), `PerfFile` (perf.data) and `TextFile`
// parse the metadata: event formats, clock, CPUs, command names. What follows them is the data of each CPU:
//
//   page     the kernel's ring-buffer page. `PageWalker` steps through its entries, by the kernel's own encoding.
//   CPU      `CPUStream`: the pages of one CPU and buffer in order, decompressed one by one. Here a gap is found: the
//            page header says that records were lost before it, and how many if the kernel knows.
//   file     `RecordStream`: all CPUs merged by time (then CPU, then buffer, so that the order does not depend on
//            anything else). Records of one CPU keep their order even if the clock went backwards; that is counted.
//
// A `RawRecord` is a view: it points into the mapping, or into a decompressed chunk, and is valid until the next one
// is asked for. On the way through a page nothing is allocated.
//
// A new kind of recording is a file type that conforms to `RecordedFile`, a stream that conforms to `RecordSource`,
// and a case of `Recording`, recognized by its first bytes. It has to say what it cannot vouch for (`omissions`): an
// unordered clock, filters, sampling. Whoever reads the records does not know which kind it has.

/// A recording of a kind that can be read, told by its first bytes and never by its name.
public enum Recording: Sendable {
  /// `trace.dat` of trace-cmd.
  case traceData(TraceFile)
  /// `perf.data` of perf, written to a file or through a pipe.
  case perfData(PerfFile)
  /// ftrace's text, whole or an excerpt.
  case text(TextFile)

  /// How many of its first bytes tell a recording.
  public static let magicSize = 10

  /// Whether a file with these first bytes, ``magicSize`` of them, is a recording. An excerpt of text begins as it
  /// likes, and has to be named.
  public static func beginsAsOne(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: FileHeader.magic) || bytes.starts(with: PerfHeader.magic)
      || bytes.starts(with: PerfHeader.swappedMagic) || bytes.starts(with: Array("# tracer: ".utf8))
      || bytes.starts(with: Array("# clock: ".utf8)) || bytes.starts(with: Array("cpus=".utf8))
  }

  /// Opens the recording at `path`; see ``RecordingInput``.
  /// - Throws: every kind of `TraceReadingError`; `notATrace` if it begins as no kind of recording does.
  public init(path: String) throws(TraceReadingError) {
    try self.init(RecordingInput(path: path))
  }

  /// Opens a recording.
  /// - Throws: every kind of `TraceReadingError`; `notATrace` if it begins as no kind of recording does.
  public init(_ input: RecordingInput) throws(TraceReadingError) {
    try self.init(input.content)
  }

  /// Opens a recording whose bytes are in memory; they are copied.
  package init(copying bytes: UnsafeRawBufferPointer) throws(TraceReadingError) {
    try self.init(MappedFile(copying: bytes))
  }

  private init(_ file: MappedFile) throws(TraceReadingError) {
    if file.bytes.starts(with: PerfHeader.magic) {
      self = .perfData(try PerfFile(file))
    } else if file.bytes.starts(with: PerfHeader.swappedMagic) {
      throw TraceReadingError(.unsupported, "a perf.data of a big-endian machine", at: 0)
    } else if let packing = Packing(file.bytes) {
      throw TraceReadingError(.notATrace, "a file packed twice (\(packing.rawValue)): unpack it first")
    } else if let foreign = ForeignPacking(file.bytes) {
      throw TraceReadingError(.notATrace, "\(foreign.name): unpack it first")
    } else if let page = TextDialect(ofFile: file.bytes) {
      throw page.error()
    } else if let text = try TextFile(file) {
      self = .text(text)
    } else {
      self = .traceData(try TraceFile(file))
    }
  }

  /// What the recording says about itself.
  public var file: any RecordedFile {
    switch self {
    case .traceData(let file): file
    case .perfData(let file): file
    case .text(let file): file
    }
  }
}

/// What every kind of recording says about itself.
public protocol RecordedFile: Sendable {
  /// The layouts of the events.
  var eventFormats: EventFormats { get }
  /// How many buffers the same event may have been recorded in; a record's `buffer` is below that.
  var bufferCount: Int { get }
  /// The clocks that timestamps were taken from, by ftrace's names for them; those that the file does not name
  /// are left out.
  var clocks: Set<String> { get }
  /// What is said where some of the records' clock is not named, with what to do; nil where each is.
  var unnamedClock: String? { get }
  /// How many CPUs the machine had; nil where the file does not say, or says by itself which of them it leaves out.
  var cpuCount: Int? { get }
  /// The CPUs that the file has records of.
  var recordedCPUs: Set<UInt16> { get }
  /// Why events may be missing at places that the file does not mark, one line each; empty if none may.
  var omissions: [String] { get }
  /// What the kernel counted for each CPU when the recording ended; none where the file does not say.
  var cpuStatistics: [CPUStatistics] { get }
  /// The recording system's kernel; nil if not recorded.
  var uname: String? { get }
  /// What the file says is the recording machine's page size, bytes; nil where it says nothing. Recorders have also written
  /// the size of a ring-buffer page there.
  var systemPageSize: Int? { get }
  /// The name of the task with that id when it was recorded; nil if the recording has not kept it.
  func commandName(ofPID pid: Int32) -> String?
}

/// Records and gaps in order of time, pulled one by one. To be used by its concrete type: there is one for each
/// kind of recording, and this is the hot path.
public protocol RecordSource: ~Copyable {
  /// The next record or gap; nil after the last. A record's bytes are valid until the next call.
  /// - Throws: the fault that keeps the recording from being read further.
  mutating func next() throws(TraceReadingError) -> StreamItem?
  /// How often a record had an earlier time than one that came before it, so far.
  var timeRegressions: UInt64 { get }
  /// What each CPU of each buffer had, so far; none where the recording does not keep the CPUs apart.
  var recordCounts: [RecordCount] { get }
}

extension RecordSource where Self: ~Copyable {
  /// See above.
  public var recordCounts: [RecordCount] { [] }
}

extension RecordedFile {
  /// See above.
  public var cpuStatistics: [CPUStatistics] { [] }
}
