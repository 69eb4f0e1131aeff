/// Walks the compressed chunks of one CPU's data: their count, then for each its compressed size, its
/// decompressed size and its bytes.
struct ChunkList {
  /// Largest chunk when decompressed, bytes.
  static let chunkSizeMax: UInt32 = 1 << 26
  /// Greatest plausible ratio of compression; ring-buffer pages reach about 100.
  static let ratioMax: UInt64 = 1 << 13
  private static let countSize: UInt64 = 4

  struct Chunk {
    let compressed: UnsafeRawBufferPointer
    let size: Int
    /// Where the compressed bytes lie in the file.
    let offset: UInt64
  }

  private var reader: ByteReader
  private(set) var remaining: UInt32

  /// - Throws: `truncated` if the data are not all in the file.
  init(_ data: CPUData, in file: MappedFile, _ what: String) throws(TraceReadingError) {
    _ = try file.slice(at: data.offset, count: data.size, what)
    let rest = UInt64(file.bytes.count) - data.offset
    let bytes = try file.slice(
      at: data.offset, count: min(rest, data.size + Self.countSize), what)
    reader = ByteReader(bytes, section: what, baseOffset: data.offset)
    remaining = try reader.read(UInt32.self)
  }

  /// Whether the chunks taken so far are as long as the file says.
  ///
  /// trace-cmd before 3.2 forgot the count of chunks when it noted the size.
  func fills(_ data: CPUData) -> Bool {
    let size = UInt64(reader.position)
    return size == data.size || size == data.size + Self.countSize
  }

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
    guard chunkCount != nil else {
      _ = try file.slice(at: offset, count: size, what)
      return
    }
    var chunks = try ChunkList(self, in: file, what)
    chunkCount = Int(chunks.remaining)
    uncompressedSize = 0
    while let chunk = try chunks.next() {
      uncompressedSize += UInt64(chunk.size)
      chunkSizeMax = max(chunkSizeMax, chunk.size)
    }
    guard chunks.fills(self) else {
      throw TraceReadingError(.damaged, "\(what) is not filled by its chunks", at: offset)
    }
  }
}
