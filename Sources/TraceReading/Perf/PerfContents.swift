/// What a perf.data says about itself: its header and feature sections, or the records that stand for them when
/// it was written to a pipe.
struct PerfContents {
  /// Numbers of the header's features (tools/perf/util/header.h).
  enum Feature {
    static let tracingData = 1
    static let osRelease = 4
    static let cpuCount = 7
    static let commandLine = 11
    static let directory = 24
    static let compressed = 27
    static let count = 256
  }

  /// Most attributes taken, and most words of the command line.
  static let countMax = 65_536

  var attributes: [PerfAttribute] = []
  var tracingData: ByteReader?
  var osRelease: String?
  var cpusOnline: UInt32?
  var commandLine: [String] = []
  /// Whether records may be compressed; zstd is perf's only way.
  var isCompressed = false
  /// The CPU of each event number, by the ID_INDEX record.
  var cpuOfID: [UInt64: UInt32] = [:]
  /// Whether all tasks were recorded, which a thread map says with -1; nil if none does.
  var tasksAreAll: Bool?

  mutating func take(feature: Int, _ reader: ByteReader) throws(TraceReadingError) {
    var reader = reader
    switch feature {
    case Feature.tracingData: tracingData = reader
    case Feature.osRelease: osRelease = try Self.string(&reader)
    case Feature.cpuCount:
      _ = try reader.read(UInt32.self)
      cpusOnline = try reader.read(UInt32.self)
    case Feature.commandLine:
      let count = try reader.read(UInt32.self)
      guard count <= Self.countMax else { throw reader.damaged("\(count) words") }
      for _ in 0..<count { commandLine.append(try Self.string(&reader)) }
    case Feature.directory:
      throw TraceReadingError(
        .unsupported, "a part of a perf.data directory (perf record --threads)", at: reader.offset)
    case Feature.compressed:
      _ = try reader.read(UInt32.self)
      let algorithm = try reader.read(UInt32.self)
      guard algorithm == 1 else {
        throw TraceReadingError(.unsupported, "perf compression \(algorithm)", at: reader.offset - 4)
      }
      isCompressed = true
    default: break
    }
  }

  /// PERF_RECORD_ID_INDEX: event number, index, CPU and task of everything that was opened.
  mutating func takeIDIndex(_ record: PerfRecord) throws(TraceReadingError) {
    var reader = record.reader("perf id index")
    let count = try reader.read(UInt64.self)
    guard count <= UInt64(reader.remaining / 32) else { throw reader.damaged("\(count) entries") }
    for _ in 0..<count {
      let id = try reader.read(UInt64.self)
      _ = try reader.read(UInt64.self)
      cpuOfID[id] = UInt32(truncatingIfNeeded: try reader.read(UInt64.self))
      _ = try reader.read(UInt64.self)
    }
  }

  /// PERF_RECORD_THREAD_MAP: the tasks that were recorded.
  mutating func takeThreadMap(_ record: PerfRecord) throws(TraceReadingError) {
    var reader = record.reader("perf thread map")
    let count = try reader.read(UInt64.self)
    guard count <= UInt64(reader.remaining / 24) else { throw reader.damaged("\(count) entries") }
    var isAll = tasksAreAll ?? true
    for _ in 0..<count {
      if try reader.read(UInt64.self) != .max { isAll = false }
      _ = try reader.take(16)
    }
    if count > 0 { tasksAreAll = isAll }
  }

  /// PERF_RECORD_HEADER_ATTR: an attribute and its numbers.
  mutating func takeAttribute(_ record: PerfRecord) throws(TraceReadingError) {
    var reader = record.reader("perf attribute")
    let content = reader.bytes
    guard content.count >= PerfAttribute.sizes.lowerBound else { throw reader.damaged("too short") }
    // `size` is the structure's second field; 0 means its first version.
    let stated = Int(content.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    let size = stated == 0 ? PerfAttribute.sizes.lowerBound : stated
    guard PerfAttribute.sizes.contains(size) else { throw reader.damaged("size \(size)") }
    var attribute = PerfAttribute(try reader.take(UInt64(size)))
    while reader.remaining >= 8 { attribute.ids.append(try reader.read(UInt64.self)) }
    attributes.append(attribute)
    guard attributes.count <= Self.countMax else { throw reader.damaged("too many attributes") }
  }

  /// The formats and task names in the tracing data: the same text as at the head of a trace.dat. perf writes none for
  /// events that are no tracepoints.
  func traceContents() throws(TraceReadingError) -> (TraceContents, longSize: Int, pageSize: Int)? {
    guard var reader = tracingData else {
      if !attributes.isEmpty, !attributes.contains(where: \.isTracepoint) { return nil }
      throw TraceReadingError(.damaged, "no tracing data: perf did not finish this file")
    }
    let magic = FileHeader.magic
    let start = reader.offset
    guard try reader.take(UInt64(magic.count)).elementsEqual(magic) else {
      throw TraceReadingError(.damaged, "tracing data that begins with other bytes", at: start)
    }
    _ = try reader.readString()  // Its version.
    guard try reader.read(UInt8.self) == 0 else {
      throw TraceReadingError(.unsupported, "a recording of a big-endian machine", at: reader.offset - 1)
    }
    let longSize = Int(try reader.read(UInt8.self))
    guard longSize == 4 || longSize == 8 else { throw reader.damaged("long size \(longSize)") }
    let pageSize = Int(try reader.read(UInt32.self))
    var contents = TraceContents()
    try contents.readHeaderInfo(&reader)
    try contents.readFtraceFormats(&reader)
    try contents.readEventFormats(&reader)
    _ = try reader.take(UInt64(try reader.read(UInt32.self)))  // kallsyms
    _ = try reader.take(UInt64(try reader.read(UInt32.self)))  // printk formats
    // perf before 3.12 kept no task names.
    if reader.remaining >= 8 { try contents.readCommandLines(&reader) }
    return (contents, longSize, pageSize)
  }

  private static func string(_ reader: inout ByteReader) throws(TraceReadingError) -> String {
    let size = try reader.read(UInt32.self)
    return text(upToNULIn: try reader.take(UInt64(size)))
  }
}
