import CZstd

/// All records of a perf.data in the file's order, those in compressed ones among them.
///
/// perf compresses with one zstd stream for the whole file, which its PERF_RECORD_COMPRESSED records cut into
/// pieces; a record may begin in one piece and end in the next.
struct PerfRecords: ~Copyable {
  /// Bytes of decompressed records kept together.
  static let blockSize = 1 << 18

  private var walker: PerfRecordWalker
  private let isCompressed: Bool
  private var stream: OpaquePointer?
  private var input = UnsafeRawBufferPointer(start: nil, count: 0)
  private var inputPosition = 0
  private var inputOffset: UInt64 = 0
  private var outputLeft: UInt64 = 0
  private var isFlushed = true
  private var inner: PerfRecordWalker?
  private var rest = UnsafeRawBufferPointer(start: nil, count: 0)

  /// Numbers the blocks of decompressed records from 1; 0 is the file itself.
  private(set) var blockNumber = 0
  /// The newest block; whoever keeps a record of it keeps this. nil before the first.
  private(set) var block: OwnedBytes?
  /// Whether the record last given lies in the newest block, and not in the file.
  var isInBlock: Bool { inner != nil }

  init(_ file: MappedFile, _ header: PerfHeader, isCompressed: Bool) throws(TraceReadingError) {
    let bytes = try file.slice(at: header.dataOffset, count: header.dataSize, "the perf records")
    walker = PerfRecordWalker(bytes, at: header.dataOffset)
    self.isCompressed = isCompressed
  }

  deinit {
    if let stream { ZSTD_freeDCtx(stream) }
  }

  /// The next record; nil after the last.
  mutating func next() throws(TraceReadingError) -> PerfRecord? {
    while true {
      if inner != nil {
        if let record = try inner?.nextWhole(at: inputOffset) { return record }
        rest = inner?.unread ?? rest
        inner = nil
        if !isFlushed {
          try decompressBlock()
          continue
        }
      }
      guard let record = try walker.next() else {
        if rest.isEmpty { return nil }
        throw TraceReadingError(
          .truncated(expected: UInt64(rest.count) + 1, actual: UInt64(rest.count)),
          "the last compressed perf record", at: inputOffset)
      }
      guard record.kind == PerfRecord.Kind.compressed || record.kind == PerfRecord.Kind.compressed2 else {
        return record
      }
      try begin(record)
      try decompressBlock()
    }
  }

  private mutating func begin(_ record: PerfRecord) throws(TraceReadingError) {
    guard isCompressed else {
      throw TraceReadingError(.damaged, "a compressed record in a perf.data that has none", at: record.offset)
    }
    input = record.content
    inputPosition = 0
    inputOffset = record.offset
    outputLeft = UInt64(input.count) * ChunkList.ratioMax
  }

  /// Decompresses what fits one block, behind what the block before holds of a record that goes on in this one.
  private mutating func decompressBlock() throws(TraceReadingError) {
    if stream == nil { stream = ZSTD_createDCtx() }
    guard let stream else { throw TraceReadingError(.decompression, "no memory for zstd") }
    let target = OwnedBytes(count: Self.blockSize)
    target.bytes.copyMemory(from: rest)
    var output = ZSTD_outBuffer(dst: target.bytes.baseAddress, size: target.bytes.count, pos: rest.count)
    var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: inputPosition)
    guard ZSTD_isError(ZSTD_decompressStream(stream, &output, &source)) == 0 else {
      throw TraceReadingError(.decompression, "a perf record is no valid zstd data", at: inputOffset)
    }
    let made = UInt64(output.pos - rest.count)
    guard made <= outputLeft else {
      throw TraceReadingError(
        .decompression, "a perf record of \(input.count) bytes expands too much", at: inputOffset)
    }
    outputLeft -= made
    // An output that is not full means that the decoder holds nothing back.
    isFlushed = source.pos == source.size && output.pos < output.size
    guard isFlushed || made > 0 || source.pos > inputPosition else {
      throw TraceReadingError(.decompression, "a perf record that ends nowhere", at: inputOffset)
    }
    inputPosition = source.pos
    block = target
    blockNumber += 1
    inner = PerfRecordWalker(UnsafeRawBufferPointer(rebasing: target.bytes[..<output.pos]), at: inputOffset)
  }
}
