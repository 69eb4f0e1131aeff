import Synchronization
import Vocabulary

/// An opened recording: what it says about itself, and its events as a stream.
///
/// Opening reads and checks all metadata and the place of all data, but no events. The file must not
/// be truncated by others while it is open (the system would end the process with SIGBUS).
public final class TraceFile: RecordedFile {
  /// Most memory for decompressing all CPUs' data, bytes.
  static let chunkMemoryMax = 1 << 30

  /// The file format: 6 or 7.
  public let formatVersion: Int
  /// Bytes of a ring-buffer page of the first buffer; each buffer has its own in format 7.
  public let pageSize: Int
  /// Bytes of the recording machine's `long`: 4 or 8.
  public let longSize: Int
  /// "zstd" or "zlib" if parts of the file may be compressed, nil if none is.
  public let compression: String?
  /// The ring buffers, the top one (named "") first if it was recorded.
  public let buffers: [TraceBuffer]
  /// The layouts of the events.
  public let eventFormats: EventFormats
  /// The recording system's kernel and machine; nil if not recorded.
  public let uname: String?
  /// getpagesize() of the recorder.
  public let systemPageSize: Int?
  /// The recorder's version; nil if not recorded.
  public let traceCommandVersion: String?
  /// What the kernel counted for each CPU when recording ended; empty if not recorded.
  public let cpuStatistics: [CPUStatistics]

  let file: MappedFile
  /// Format 6 only: where the table of the top buffer's CPUs lies, bytes.
  let tableOffset: UInt64?
  let layout: PageLayout
  let header: RecordHeader
  let compressionAlgorithm: Compression?
  private let commandNames: Mutex<CommandNames>
  private let cpusAreApart: Bool
  /// The clock that the kernel marked in the `trace_clock` of the instance that was recorded. The clock in a buffer's own
  /// option is that of the top buffer, whichever it describes (trace-cmd 3.1.6, `trace-cmd record -B NAME -C mono`).
  private let clockOfInstance: String?
  /// Bytes of a file of format 6 that belong to nothing, behind all data and before.
  private let trailing: UInt64
  private let unclaimed: UInt64

  /// Opens the recording at `path`.
  /// - Throws: every kind of `TraceReadingError`; `truncated` if any announced part is not all there.
  public convenience init(path: String) throws(TraceReadingError) {
    try self.init(MappedFile(path: path))
  }

  init(_ file: MappedFile) throws(TraceReadingError) {
    self.file = file
    var reader = ByteReader(file.bytes, section: "file header")
    let fileHeader = try FileHeader(&reader)
    let contents: TraceContents
    if fileHeader.version == 6 {
      var format = Format6(file: file, header: fileHeader)
      contents = try format.read(&reader)
    } else {
      var format = Format7(file: file, header: fileHeader)
      contents = try format.read()
    }
    guard let layout = contents.layout else {
      throw TraceReadingError(.damaged, "the file does not describe its ring-buffer pages")
    }
    self.layout = layout
    tableOffset = contents.tableOffset
    formatVersion = fileHeader.version
    longSize = fileHeader.longSize
    systemPageSize = fileHeader.pageSize
    compressionAlgorithm = fileHeader.compression
    compression = fileHeader.compression?.rawValue
    buffers = try TraceFile.verified(contents.buffers, in: file)
    pageSize = buffers.first?.pageSize ?? fileHeader.pageSize
    eventFormats = try EventFormatParser.parse(contents.formatTexts, longSize: layout.commitSize)
    header = try RecordHeader(eventFormats)
    uname = contents.options.uname
    cpusAreApart = contents.options.cpusAreApart
    clockOfInstance = fileHeader.version == 6 ? nil : contents.options.clock
    trailing = contents.trailing
    unclaimed = contents.unclaimed
    traceCommandVersion = contents.options.version
    cpuStatistics = CPUStatistics.parse(contents.options.statistics)
    commandNames = Mutex(contents.commandNames)
  }

  /// The name of the task with that id when it was recorded; nil if the kernel had not saved it.
  public func commandName(ofPID pid: Int32) -> String? {
    commandNames.withLock { $0.name(of: pid) }
  }

  /// How many ring buffers were recorded.
  public var bufferCount: Int { buffers.count }

  /// The clocks of the buffers with data, as far as the file names them. A buffer without data has none to order: trace-cmd
  /// lists the top one, with whatever clock the machine had there, in each recording of an instance.
  private var clocksOfData: [String?] {
    let filled = buffers.filter { $0.cpus.contains { $0.size > 0 } }
    if filled.count == 1, !filled[0].name.isEmpty, let clock = clockOfInstance { return [clock] }
    return filled.map(\.clock)
  }

  /// The clocks of the buffers, as far as the file names them; of a recording without data, of all that it lists.
  public var clocks: Set<String> {
    let clocks = clocksOfData
    return Set((clocks.isEmpty ? buffers.map(\.clock) : clocks).compactMap { $0 })
  }

  /// `trace-cmd split` leaves the clock out of files of format 6, and recorders that named none took the kernel's default,
  /// "local".
  public var unnamedClock: String? {
    clocksOfData.contains(nil)
      ? "the file does not name the clock of its records, so that their order across CPUs is not known: record with -C mono;"
        + " of a file that `trace-cmd split` wrote, check the recording it was made from" : nil
  }

  /// Every buffer lists all CPUs, those without records too.
  public var cpuCount: Int? { buffers.map(\.cpus.count).max() }

  /// The CPUs that have pages in any buffer.
  public var recordedCPUs: Set<UInt16> { Set(buffers.flatMap(\.cpus).filter { $0.size > 0 }.map(\.cpu)) }

  /// Losses that no page marks, and a reason why the order across CPUs is not known.
  ///
  /// With `nooverwrite` a full buffer drops new events without marking a page; the recorder's statistics tell.
  public var omissions: [String] {
    let dropped = cpuStatistics.reduce(UInt64(0)) {
      $0 &+ ($1.droppedEvents ?? 0) &+ ($1.commitOverrun ?? 0)
    }
    var omissions: [String] = []
    if dropped > 0 {
      omissions.append("the kernel dropped \(counted(dropped, "event")) at places that the file does not mark")
    }
    // The other clocks are the guest kernel's own, which orders them across its CPUs.
    if cpusAreApart, clocks.isEmpty || clocks.contains("x86-tsc") {
      omissions.append("the guest's CPUs have different time offsets: record the guest with -C mono")
    }
    if trailing > 0 {
      let bytes = counted(trailing, "byte", ("follows", "follow"))
      omissions.append("\(bytes) the last CPU's data: something was appended to the file")
    }
    if unclaimed > 0 {
      let bytes = counted(unclaimed, "byte", ("belongs", "belong"))
      omissions.append("\(bytes) to no CPU: the table of the CPUs' data is wrong")
    }
    return omissions
  }

  /// All records of all CPUs of all buffers, in order of time.
  /// - Throws: what is wrong with the first pages; later faults are thrown by the stream.
  public func records() throws(TraceReadingError) -> RecordStream {
    try RecordStream(self)
  }

  /// Checks every CPU's data, and that they do not share bytes of the file, which would let a small
  /// file hold records without end.
  private static func verified(
    _ buffers: [TraceBuffer], in file: MappedFile
  ) throws(TraceReadingError) -> [TraceBuffer] {
    var buffers = buffers
    var total: UInt64 = 0
    var chunkMemory = 0
    for index in buffers.indices {
      let name = buffers[index].name
      for cpu in buffers[index].cpus.indices {
        var data = buffers[index].cpus[cpu]
        try data.verify(in: file, "data of CPU \(data.cpu) of buffer \"\(name)\"")
        buffers[index].cpus[cpu] = data
        total += data.size
        chunkMemory += data.chunkSizeMax
        guard total <= UInt64(file.bytes.count) else {
          throw TraceReadingError(.damaged, "the data of the CPUs overlap", at: data.offset)
        }
        guard chunkMemory <= chunkMemoryMax else {
          throw TraceReadingError(
            .unsupported, "compressed chunks of more than \(chunkMemoryMax) bytes", at: data.offset)
        }
      }
    }
    return buffers
  }
}

/// Where every record holds its event's number and its task, in bytes from the payload's start.
struct RecordHeader: Sendable {
  var typeOffset = 0
  var pidOffset = 4
  /// Fewest bytes a payload may have.
  var size = 8

  /// - Throws: `unsupported` if the events disagree, so that no record could be told apart.
  init(_ formats: EventFormats) throws(TraceReadingError) {
    var known: (type: Int, pid: Int)?
    for format in formats.all {
      guard let type = format.field("common_type"), type.size == 2,
        let pid = format.field("common_pid"), pid.size == 4
      else {
        throw TraceReadingError(
          .unsupported, "event \(format.system):\(format.name) without common_type and common_pid")
      }
      if let known, known != (type.offset, pid.offset) {
        throw TraceReadingError(
          .unsupported, "event \(format.system):\(format.name) with its own common fields")
      }
      known = (type.offset, pid.offset)
    }
    guard let known else { return }
    typeOffset = known.type
    pidOffset = known.pid
    size = max(typeOffset + 2, pidOffset + 4)
  }
}
