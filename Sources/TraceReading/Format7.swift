/// Reads the metadata of a file of format 7: sections, found through chained sections of options.
struct Format7 {
  /// Largest metadata section when decompressed, bytes.
  static let sectionSizeMax: UInt32 = 1 << 26
  /// Most options of one file; overlapping sections cannot make reading them long.
  static let optionCountMax = 1 << 17
  static let sectionHeaderSize: UInt64 = 16
  /// Most sections of one file; trace-cmd writes ten, and one or two more for each buffer.
  static let sectionCountMax = 1 << 18
  private static let stringsID: UInt16 = 15
  private static let flagCompressed: UInt16 = 1

  let file: MappedFile
  let header: FileHeader
  private var contents = TraceContents()
  /// Where each metadata section lies; the last option that names one wins.
  private var sections: [UInt16: UInt64] = [:]
  private var optionCount = 0

  struct Section {
    let id: UInt16
    let isCompressed: Bool
    let offset: UInt64
    let size: UInt64
    var dataOffset: UInt64 { offset + Format7.sectionHeaderSize }
  }

  init(file: MappedFile, header: FileHeader) {
    self.file = file
    self.header = header
  }

  mutating func read() throws(TraceReadingError) -> TraceContents {
    try checkSections()
    try readAllOptions()
    for (id, offset) in sections.sorted(by: { $0.key < $1.key }) {
      try withSection(id, at: offset) { reader throws(TraceReadingError) in
        switch id {
        case TraceOptions.ID.headerInfo: try contents.readHeaderInfo(&reader)
        case TraceOptions.ID.ftraceFormats: try contents.readFtraceFormats(&reader)
        case TraceOptions.ID.eventFormats: try contents.readEventFormats(&reader)
        default: try contents.readCommandLines(&reader)
        }
      }
    }
    return contents
  }

  /// Walks all sections, which follow each other from the header to the file's end.
  ///
  /// Options say where sections begin, but only this tells that the file still has its tail, and no other one: the names
  /// of the sections come last. (Their ids are no help: trace-cmd may count names it does not write.)
  private func checkSections() throws(TraceReadingError) {
    var offset = header.end
    var count = 0
    var last: Section?
    while offset < UInt64(file.bytes.count) {
      let section = try section(at: offset)
      count += 1
      guard count <= Self.sectionCountMax else { throw TraceReadingError(.damaged, "too many sections", at: offset) }
      // Options end with an option; only the pages of a buffer can be none.
      guard section.size > 0 || section.id == TraceOptions.ID.buffer else {
        throw TraceReadingError(
          .damaged, "section \(section.id) of no bytes; zeros or something else was appended to the file?", at: offset)
      }
      last = section
      offset = section.dataOffset + section.size
    }
    guard last?.id == Self.stringsID else {
      throw TraceReadingError(
        .truncated(expected: Self.sectionHeaderSize, actual: 0), "the names of the sections",
        at: offset)
    }
  }

  /// The header of the section at `offset`, whose data are all in the file.
  private func section(at offset: UInt64) throws(TraceReadingError) -> Section {
    let what = "section header"
    let bytes = try file.slice(at: offset, count: Self.sectionHeaderSize, what)
    var reader = ByteReader(bytes, section: what, baseOffset: offset)
    let id = try reader.read(UInt16.self)
    let flags = try reader.read(UInt16.self)
    _ = try reader.read(UInt32.self)  // Where its name lies among the names.
    let section = Section(
      id: id, isCompressed: flags & Self.flagCompressed != 0, offset: offset,
      size: try reader.read(UInt64.self))
    _ = try file.slice(at: section.dataOffset, count: section.size, "section \(id)")
    return section
  }

  /// Gives `body` the content of a section, decompressed if it is compressed.
  private func withSection<Result>(
    _ id: UInt16, at offset: UInt64,
    _ body: (inout ByteReader) throws(TraceReadingError) -> Result
  ) throws(TraceReadingError) -> Result {
    let section = try section(at: offset)
    let name = "section \(id)"
    guard section.id == id else {
      throw TraceReadingError(
        .damaged, "\(name) expected, section \(section.id) found", at: offset)
    }
    let bytes = try file.slice(at: section.dataOffset, count: section.size, name)
    var reader = ByteReader(bytes, section: name, baseOffset: section.dataOffset)
    guard section.isCompressed else { return try body(&reader) }

    guard let compression = header.compression else {
      throw TraceReadingError(.damaged, "\(name) is compressed, the file is not", at: offset)
    }
    let compressedSize = try reader.read(UInt32.self)
    let size = try reader.read(UInt32.self)
    guard size <= Self.sectionSizeMax else { throw reader.damaged("\(size) bytes decompressed") }
    let output = OwnedBytes(count: Int(size))
    try Decompressor(compression).decompress(
      try reader.take(UInt64(compressedSize)), into: output.bytes, name, at: section.dataOffset)
    return try withExtendedLifetime(output) { () throws(TraceReadingError) in
      var content = ByteReader(
        UnsafeRawBufferPointer(output.bytes), section: name, baseOffset: section.dataOffset)
      return try body(&content)
    }
  }

  private mutating func readAllOptions() throws(TraceReadingError) {
    var next = header.optionsOffset
    var visited: Set<UInt64> = []
    repeat {
      guard visited.insert(next).inserted else {
        throw TraceReadingError(.damaged, "the options sections form a circle", at: next)
      }
      next = try withSection(TraceOptions.ID.done, at: next) { reader throws(TraceReadingError) in
        try readOptions(&reader)
      }
    } while next != 0
  }

  /// Reads one section's options; returns where the next such section lies, 0 if there is none.
  private mutating func readOptions(
    _ reader: inout ByteReader
  ) throws(TraceReadingError) -> UInt64 {
    while true {
      let id = try reader.read(UInt16.self)
      let size = UInt64(try reader.read(UInt32.self))
      var data = try reader.takeReader(size, section: "option \(id)")
      optionCount += 1
      guard optionCount <= Self.optionCountMax else { throw data.damaged("too many options") }
      switch id {
      case TraceOptions.ID.done:
        return try data.read(UInt64.self)
      case TraceOptions.ID.buffer:
        try readBuffer(&data)
      case TraceOptions.ID.bufferText:
        throw TraceReadingError(
          .unsupported, "a recording of text (latency tracer)", at: data.offset)
      case TraceOptions.ID.headerInfo, TraceOptions.ID.ftraceFormats,
        TraceOptions.ID.eventFormats, TraceOptions.ID.commandLines:
        sections[id] = try data.read(UInt64.self)
      default:
        try contents.options.take(id, data)
      }
    }
  }

  private mutating func readBuffer(_ data: inout ByteReader) throws(TraceReadingError) {
    let offset = try data.read(UInt64.self)
    let name = try data.readString()
    let clock = try data.readString()
    let pageSize = Int(try data.read(UInt32.self))
    guard FileHeader.pageSizes.contains(pageSize) else {
      throw data.damaged("page size \(pageSize)")
    }
    let section = try section(at: offset)
    guard section.id == TraceOptions.ID.buffer else {
      throw TraceReadingError(.damaged, "no data section of buffer \"\(name)\"", at: offset)
    }
    let count = try data.read(UInt32.self)
    guard count <= TraceContents.countMax else { throw data.damaged("\(count) CPUs") }
    var cpus: [CPUData] = []
    for _ in 0..<count {
      let number = try data.read(UInt32.self)
      guard let cpu = UInt16(exactly: number) else { throw data.damaged("CPU \(number)") }
      let dataOffset = try data.read(UInt64.self)
      var entry = CPUData(cpu: cpu, offset: dataOffset, size: try data.read(UInt64.self))
      if section.isCompressed, entry.size > 0 { entry.chunkCount = 0 }
      cpus.append(entry)
    }
    contents.buffers.append(
      TraceBuffer(
        name: name, clock: clock.isEmpty ? nil : clock, pageSize: pageSize, cpus: cpus))
    guard contents.buffers.count <= TraceContents.countMax else {
      throw data.damaged("too many buffers")
    }
  }
}
