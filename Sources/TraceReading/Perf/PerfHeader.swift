/// Where the parts of a perf.data lie (tools/perf/Documentation/perf.data-file-format.txt).
struct PerfHeader {
  static let magic = Array("PERFILE2".utf8)
  /// The same of a machine of the other byte order.
  static let swappedMagic = Array("2ELIFREP".utf8)
  private static let pipeSize: UInt64 = 16

  let isPipe: Bool
  /// The records, bytes from the file's start.
  private(set) var dataOffset: UInt64 = 0
  private(set) var dataSize: UInt64 = 0

  /// Reads the header with all that it points to, but the records.
  init(_ file: MappedFile, into contents: inout PerfContents) throws(TraceReadingError) {
    var reader = ByteReader(file.bytes, section: "perf header")
    _ = try reader.take(UInt64(Self.magic.count))
    let size = try reader.read(UInt64.self)
    isPipe = size == Self.pipeSize
    if isPipe {
      dataOffset = Self.pipeSize
      dataSize = UInt64(reader.remaining)
    } else {
      guard size >= 104 else { throw reader.damaged("size \(size)") }
      try readSections(&reader, file, &contents)
    }
  }

  private mutating func readSections(
    _ reader: inout ByteReader, _ file: MappedFile, _ contents: inout PerfContents
  ) throws(TraceReadingError) {
    let entrySize = try reader.read(UInt64.self)
    let attributes = try Self.section(&reader, file, "perf attributes")
    dataOffset = try reader.read(UInt64.self)
    dataSize = try reader.read(UInt64.self)
    guard dataSize > 0 else {
      throw TraceReadingError(
        .truncated(expected: 1, actual: 0), "the records: perf did not finish this file", at: dataOffset)
    }
    _ = try file.slice(at: dataOffset, count: dataSize, "the perf records")
    _ = try reader.take(16)  // Event types, which perf no longer writes.
    var features: [Int] = []
    for word in 0..<(PerfContents.Feature.count / 64) {
      let bits = try reader.read(UInt64.self)
      features += (0..<64).filter { bits >> UInt64($0) & 1 == 1 }.map { word * 64 + $0 }
    }
    try readAttributes(attributes, entrySize: entrySize, file, &contents)
    try readFeatures(features, file, &contents)
  }

  private func readAttributes(
    _ section: ByteReader, entrySize: UInt64, _ file: MappedFile, _ contents: inout PerfContents
  ) throws(TraceReadingError) {
    var section = section
    let sizes = PerfAttribute.sizes
    guard entrySize >= UInt64(sizes.lowerBound) + 16, entrySize <= UInt64(sizes.upperBound),
      UInt64(section.remaining) % entrySize == 0,
      section.remaining / Int(entrySize) <= PerfContents.countMax
    else { throw section.damaged("entries of \(entrySize) bytes in \(section.remaining)") }
    var idCount = 0
    while section.remaining > 0 {
      var attribute = PerfAttribute(try section.take(entrySize - 16))
      var ids = try Self.section(&section, file, "numbers of a perf event")
      idCount += ids.remaining / 8
      // Each number has its own place in a sound file.
      guard idCount <= file.bytes.count / 8 else { throw ids.damaged("shared by several events") }
      while ids.remaining >= 8 { attribute.ids.append(try ids.read(UInt64.self)) }
      contents.attributes.append(attribute)
    }
  }

  /// The table of features stands behind the records, one entry for each bit set.
  private func readFeatures(
    _ features: [Int], _ file: MappedFile, _ contents: inout PerfContents
  ) throws(TraceReadingError) {
    let size = UInt64(features.count) * 16
    let bytes = try file.slice(at: dataOffset + dataSize, count: size, "the table of perf features")
    var table = ByteReader(bytes, section: "table of perf features", baseOffset: dataOffset + dataSize)
    for feature in features {
      let section = try Self.section(&table, file, "perf feature \(feature)")
      try contents.take(feature: feature, section)
    }
  }

  /// Reads an offset and a size, and gives a reader of what lies there.
  private static func section(
    _ reader: inout ByteReader, _ file: MappedFile, _ what: String
  ) throws(TraceReadingError) -> ByteReader {
    let offset = try reader.read(UInt64.self)
    let size = try reader.read(UInt64.self)
    return ByteReader(try file.slice(at: offset, count: size, what), section: what, baseOffset: offset)
  }
}
