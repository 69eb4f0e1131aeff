/// Reads the metadata of a file of format 6: everything in one fixed order.
struct Format6 {
  let file: MappedFile
  let header: FileHeader
  private(set) var contents = TraceContents()
  /// Where metadata lie.
  private var claimed: [Range<UInt64>] = []

  init(file: MappedFile, header: FileHeader) {
    self.file = file
    self.header = header
  }

  mutating func read(_ reader: inout ByteReader) throws(TraceReadingError) -> TraceContents {
    try contents.readHeaderInfo(&reader)
    try contents.readFtraceFormats(&reader)
    try contents.readEventFormats(&reader)
    _ = try reader.take(UInt64(try reader.read(UInt32.self)))  // kallsyms
    _ = try reader.take(UInt64(try reader.read(UInt32.self)))  // printk formats
    try contents.readCommandLines(&reader)
    var cpuCount = try reader.read(UInt32.self)

    var instances: [(name: String, offset: UInt64)] = []
    var kind = try reader.take(10)
    if kind.starts(with: "options".utf8) {
      try readOptions(&reader, &instances)
      cpuCount = contents.options.cpuCount ?? cpuCount
      kind = try reader.take(10)
    }
    contents.tableOffset = reader.offset
    var tables = [("", try readTable(kind, cpuCount: cpuCount, &reader))]
    if contents.options.hasTraceClock { try readTraceClock(&reader) }
    for instance in instances {
      var table = try instanceReader(instance)
      let kind = try table.take(10)
      tables.append((instance.name, try readTable(kind, cpuCount: cpuCount, &table)))
      claimed.append(instance.offset..<table.offset)
    }
    contents.buffers = tables.map { name, cpus in
      TraceBuffer(name: name, clock: contents.options.clock, pageSize: pageSize, cpus: cpus)
    }
    claimed.append(0..<reader.offset)
    noteUnclaimed()
    return contents
  }

  /// Metadata and the CPUs' data follow each other, each from the start of a page, up to the file's end: bytes that
  /// belong to none of them were appended, or are pages of a CPU whose size in the table is wrong.
  private mutating func noteUnclaimed() {
    let data = contents.buffers.flatMap(\.cpus).filter { $0.size > 0 }
    var end: UInt64 = 0
    let ranges = claimed.map { ($0.lowerBound, $0.upperBound) } + data.map { ($0.offset, $0.offset &+ $0.size) }
    for range in ranges.sorted(by: { $0.0 < $1.0 }) {
      if range.0 > end, range.0 - end >= UInt64(pageSize) { contents.unclaimed += range.0 - end }
      end = max(end, range.1)
    }
    let size = UInt64(file.bytes.count)
    if size > end { contents.trailing = size - end }
  }

  /// The kernel's own account of its pages wins over the machine's page size.
  private var pageSize: Int {
    guard let layout = contents.layout else { return header.pageSize }
    let size = layout.dataOffset + layout.dataSize
    return FileHeader.pageSizes.contains(size) ? size : header.pageSize
  }

  private mutating func readOptions(
    _ reader: inout ByteReader, _ instances: inout [(name: String, offset: UInt64)]
  ) throws(TraceReadingError) {
    while true {
      let id = try reader.read(UInt16.self)
      if id == TraceOptions.ID.done { return }
      let size = UInt64(try reader.read(UInt32.self))
      var data = try reader.takeReader(size, section: "option \(id)")
      if id == TraceOptions.ID.buffer {
        let offset = try data.read(UInt64.self)
        instances.append((try data.readString(), offset))
      } else {
        try contents.options.take(id, data)
      }
    }
  }

  private func readTable(
    _ kind: UnsafeRawBufferPointer, cpuCount: UInt32, _ reader: inout ByteReader
  ) throws(TraceReadingError) -> [CPUData] {
    guard kind.starts(with: "flyrecord".utf8) else {
      if kind.starts(with: "latency".utf8) {
        throw TraceReadingError(
          .unsupported, "a recording of text (latency tracer)", at: reader.offset)
      }
      throw reader.damaged("no \"flyrecord\" before the table of CPUs")
    }
    guard cpuCount <= TraceContents.countMax else { throw reader.damaged("\(cpuCount) CPUs") }
    var cpus: [CPUData] = []
    for cpu in 0..<cpuCount {
      let offset = try reader.read(UInt64.self)
      let size = try reader.read(UInt64.self)
      cpus.append(CPUData(cpu: UInt16(cpu), offset: offset, size: size))
    }
    return cpus
  }

  private mutating func readTraceClock(_ reader: inout ByteReader) throws(TraceReadingError) {
    let size = try reader.read(UInt64.self)
    let clocks = text(upToNULIn: try reader.take(size))
    contents.options.clock = selectedClock(clocks) ?? contents.options.clock
  }

  private func instanceReader(
    _ instance: (name: String, offset: UInt64)
  ) throws(TraceReadingError) -> ByteReader {
    let size = UInt64(file.bytes.count)
    let rest = instance.offset <= size ? size - instance.offset : 0
    let what = "buffer \"\(instance.name)\""
    let bytes = try file.slice(at: instance.offset, count: rest, what)
    return ByteReader(bytes, section: what, baseOffset: instance.offset)
  }
}
