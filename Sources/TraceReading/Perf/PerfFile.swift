import Synchronization

/// An opened perf.data of tracepoints, written to a file or through a pipe.
///
/// Opening reads all metadata and, once, every record: what perf notes about lost records comes after the records
/// around the loss, but has to be known before they are judged.
public final class PerfFile: RecordedFile {
  /// The layouts of the events.
  public let eventFormats: EventFormats
  /// How many of perf's events may stand for the same kind: 1 unless one was named twice.
  public let bufferCount: Int
  /// The clock of the samples, by ftrace's name for it; "perf" if none was chosen.
  public let clocks: Set<String>
  /// Always nil: where perf names no clock, it is its own.
  public var unnamedClock: String? { nil }
  /// Always nil: the numbers of perf's events say on how many CPUs it recorded (``omissions``).
  public var cpuCount: Int? { nil }
  /// The CPUs in the samples of tracepoints.
  public let recordedCPUs: Set<UInt16>
  /// Why events may be missing that no record accounts for.
  public let omissions: [String]
  /// The recording system's kernel; nil if not recorded.
  public let uname: String?
  /// getpagesize() of the recorder, as the tracing data has it.
  public let systemPageSize: Int?
  /// Whether perf wrote it to a pipe.
  public var isPipe: Bool { header.isPipe }

  let file: MappedFile
  let header: PerfHeader
  /// Whether records may be compressed.
  let isCompressed: Bool
  let events: PerfEvents
  let recordHeader: RecordHeader
  /// The gaps, in the order of their beginnings.
  let gaps: [LostEvents]
  private let commandNames: Mutex<CommandNames>

  init(_ file: MappedFile) throws(TraceReadingError) {
    self.file = file
    var contents = PerfContents()
    header = try PerfHeader(file, into: &contents)
    try Self.readSynthesized(file, header, into: &contents)
    uname = contents.osRelease
    isCompressed = contents.isCompressed
    if let (texts, longSize, pageSize) = try contents.traceContents() {
      eventFormats = try EventFormatParser.parse(texts.formatTexts, longSize: longSize)
      systemPageSize = pageSize
      commandNames = Mutex(texts.commandNames)
    } else {
      eventFormats = EventFormats([])
      systemPageSize = nil
      commandNames = Mutex(CommandNames())
    }
    recordHeader = try RecordHeader(eventFormats)
    events = try PerfEvents(contents)
    bufferCount = events.bufferCount
    clocks = events.clocks
    var survey = PerfSurvey(events, contents)
    // Of what has no tracepoints nothing can be missing.
    if events.hasTracepoints { survey.run(file, header) }
    gaps = survey.gaps()
    recordedCPUs = survey.recordedCPUs
    omissions = survey.omissions()
  }

  /// The name of the task with that id when it was recorded; nil if the kernel had not saved it.
  public func commandName(ofPID pid: Int32) -> String? {
    commandNames.withLock { $0.name(of: pid) }
  }

  /// All samples of tracepoints of all CPUs, in order of time.
  /// - Throws: what is wrong with the first records; later faults are thrown by the stream.
  public func records() throws(TraceReadingError) -> PerfStream { try PerfStream(self) }

  /// Reads the records that stand before the samples and say how to read them.
  private static func readSynthesized(
    _ file: MappedFile, _ header: PerfHeader, into contents: inout PerfContents
  ) throws(TraceReadingError) {
    let bytes = try file.slice(at: header.dataOffset, count: header.dataSize, "the perf records")
    var walker = PerfRecordWalker(bytes, at: header.dataOffset)
    while true {
      // A fault among the samples is found by whoever reads them: those before it count.
      let next: PerfRecord?
      do throws(TraceReadingError) { next = try walker.next() } catch {
        if contents.attributes.isEmpty || contents.tracingData == nil { throw error }
        return
      }
      guard let record = next else { return }
      switch record.kind {
      case PerfRecord.Kind.attribute: try contents.takeAttribute(record)
      case PerfRecord.Kind.tracingData:
        contents.tracingData = ByteReader(
          record.trailer, section: "tracing data", baseOffset: record.offset + 16)
      case PerfRecord.Kind.feature:
        var reader = record.reader("perf feature")
        let feature = try reader.read(UInt64.self)
        guard feature < PerfContents.Feature.count else { continue }
        try contents.take(
          feature: Int(feature),
          try reader.takeReader(UInt64(reader.remaining), section: "perf feature \(feature)"))
      case PerfRecord.Kind.idIndex: try contents.takeIDIndex(record)
      case PerfRecord.Kind.threadMap: try contents.takeThreadMap(record)
      default: break
      }
    }
  }
}
