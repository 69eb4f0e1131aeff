/// Walks the compressed chunks of one CPU's data: their count, then for each its compressed size, its
/// decompressed size and its bytes.
struct ChunkList {
  /// Largest chunk when decompressed, bytes.
  static let chunkSizeMax: UInt32 = 1 << 26
  /// Greatest plausible ratio of compression; ring-buffer pages reach about 100.
  static let ratioMax: UInt64 = 1 << 13

  struct Chunk {
    let compressed: UnsafeRawBufferPointer
    let size: Int
    /// Where the compressed bytes lie in the file.
    let offset: UInt64
  }

  private var reader: ByteReader
  private(set) var remaining: UInt32

  init(_ reader: ByteReader) throws(TraceReadingError) {
    self.reader = reader
    remaining = try self.reader.read(UInt32.self)
  }

  /// Bytes after the last chunk.
  var surplus: Int { reader.remaining }

  mutating func next() throws(TraceReadingError) -> Chunk? {
    guard remaining > 0 else { return nil }
    remaining -= 1
    let compressedSize = UInt64(try reader.read(UInt32.self))
    let size = try reader.read(UInt32.self)
    guard size > 0, size <= Self.chunkSizeMax, UInt64(size) <= compressedSize * Self.ratioMax else {
      throw reader.damaged("a chunk of \(size) bytes from \(compressedSize)")
    }
    let offset = reader.offset
    return Chunk(compressed: try reader.take(compressedSize), size: Int(size), offset: offset)
  }
}

extension CPUData {
  /// Checks that the data lie in the file and, if compressed, that the chunks fill them exactly.
  mutating func verify(in file: MappedFile, _ what: String) throws(TraceReadingError) {
    guard size > 0 else { return }
    let bytes = try file.slice(at: offset, count: size, what)
    guard chunkCount != nil else { return }
    var chunks = try ChunkList(ByteReader(bytes, section: what, baseOffset: offset))
    chunkCount = Int(chunks.remaining)
    uncompressedSize = 0
    while let chunk = try chunks.next() {
      uncompressedSize += UInt64(chunk.size)
      chunkSizeMax = max(chunkSizeMax, chunk.size)
    }
    guard chunks.surplus == 0 else {
      throw TraceReadingError(
        .damaged, "\(what) has \(chunks.surplus) bytes after its chunks", at: offset)
    }
  }
}
