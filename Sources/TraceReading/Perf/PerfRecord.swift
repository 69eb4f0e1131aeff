/// One record of a perf.data: `struct perf_event_header`, its content, and what a few types add behind it.
struct PerfRecord {
  /// `enum perf_event_type` of the kernel, and of perf itself from 64 on (tools/lib/perf/include/perf/event.h).
  enum Kind {
    static let lost: UInt32 = 2
    static let throttle: UInt32 = 5
    static let sample: UInt32 = 9
    static let lostSamples: UInt32 = 13
    static let attribute: UInt32 = 64
    static let tracingData: UInt32 = 66
    static let buildID: UInt32 = 67
    static let finishedRound: UInt32 = 68
    static let idIndex: UInt32 = 69
    static let auxtrace: UInt32 = 71
    static let threadMap: UInt32 = 73
    static let feature: UInt32 = 80
    static let compressed: UInt32 = 81
    static let compressed2: UInt32 = 83
    /// What any perf may write, with room for newer ones.
    static let all: ClosedRange<UInt32> = 1...255
  }

  static let headerSize = 8

  let kind: UInt32
  let flags: UInt16
  /// Everything after the header.
  let content: UnsafeRawBufferPointer
  /// Bytes that belong to the record but that its size leaves out (tracing data).
  var trailer = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Where the record begins in the file, bytes; if it was compressed, where its compressed form begins.
  let offset: UInt64

  /// A reader of the content.
  func reader(_ section: String) -> ByteReader {
    ByteReader(content, section: section, baseOffset: offset + UInt64(Self.headerSize))
  }
}

/// Takes records one by one from the bytes that hold them.
struct PerfRecordWalker {
  private var reader: ByteReader
  /// Where a compressed record lies that others stand in (see PerfCompressed.swift).
  private var chain: Range<UInt64> = 0..<0

  init(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
    reader = ByteReader(bytes, section: "perf records", baseOffset: offset)
  }

  /// The bytes that are not taken yet.
  var unread: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: reader.bytes[reader.position...]) }

  /// The next record; nil at the end.
  /// - Throws: `truncated` if it is not all there, `damaged` if its size can't be one.
  mutating func next() throws(TraceReadingError) -> PerfRecord? {
    guard reader.remaining > 0 else { return nil }
    let offset = reader.offset
    let kind = try reader.read(UInt32.self)
    let flags = try reader.read(UInt16.self)
    let size = try reader.read(UInt16.self)
    if kind == PerfRecord.Kind.compressed2 { return try nextCompressed(flags, size, at: offset) }
    guard size >= PerfRecord.headerSize else {
      throw TraceReadingError(.damaged, "a perf record of type \(kind) with size \(size)", at: offset)
    }
    let content = try reader.take(UInt64(size) - UInt64(PerfRecord.headerSize))
    var record = PerfRecord(kind: kind, flags: flags, content: content, offset: offset)
    switch kind {
    case PerfRecord.Kind.tracingData:
      var inner = record.reader("tracing data")
      let size = UInt64(try inner.read(UInt32.self))
      record.trailer = try reader.take((size + 7) & ~7)
    case PerfRecord.Kind.auxtrace:
      var inner = record.reader("auxiliary trace")
      record.trailer = try reader.take(try inner.read(UInt64.self))
    default: break
    }
    return record
  }

  private mutating func nextCompressed(
    _ flags: UInt16, _ size: UInt16, at offset: UInt64
  ) throws(TraceReadingError) -> PerfRecord {
    let frame = PerfCompressedFrame(
      size: UInt64(size), dataSize: try reader.read(UInt64.self), isInChain: chain.contains(offset))
    guard let frame, frame.whole <= UInt64(reader.remaining) + PerfCompressedFrame.headerSize else {
      throw TraceReadingError(.damaged, "a compressed perf record with size \(size)", at: offset)
    }
    if frame.isMisframed { chain = offset..<(offset + frame.whole) }
    let content = try reader.take(frame.length)
    _ = try reader.take(frame.span - PerfCompressedFrame.headerSize - frame.length)
    if reader.offset == chain.upperBound { skipPadding(from: chain.lowerBound) }
    return PerfRecord(kind: PerfRecord.Kind.compressed2, flags: flags, content: content, offset: offset)
  }

  /// Zeros up to a multiple of 8 bytes from the record's start, where no record can begin.
  private mutating func skipPadding(from offset: UInt64) {
    var ahead = reader
    let padding = (8 - (reader.offset - offset) % 8) % 8
    guard padding > 0, let bytes = try? ahead.take(padding), bytes.allSatisfy({ $0 == 0 }) else { return }
    var unpadded = reader
    if let kind = try? unpadded.read(UInt32.self), PerfRecord.Kind.all.contains(kind) { return }
    reader = ahead
  }

  /// The next record of decompressed bytes; nil if it is not all there, because the rest comes with the next ones.
  mutating func nextWhole(at offset: UInt64) throws(TraceReadingError) -> PerfRecord? {
    guard reader.remaining >= PerfRecord.headerSize else { return nil }
    var ahead = reader
    let kind = try ahead.read(UInt32.self)
    let flags = try ahead.read(UInt16.self)
    let size = try ahead.read(UInt16.self)
    guard size >= PerfRecord.headerSize, kind < PerfRecord.Kind.attribute else {
      throw TraceReadingError(
        .damaged, "a compressed perf record of type \(kind) with size \(size)", at: offset)
    }
    let length = UInt64(size) - UInt64(PerfRecord.headerSize)
    guard UInt64(ahead.remaining) >= length else { return nil }
    let content = try ahead.take(length)
    reader = ahead
    return PerfRecord(kind: kind, flags: flags, content: content, offset: offset)
  }
}
