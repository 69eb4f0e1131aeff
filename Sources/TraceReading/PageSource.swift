/// Hands out the ring-buffer pages of one CPU one by one, decompressing a chunk at a time.
struct PageSource {
  /// One page, as many bytes as there are of it.
  struct Page {
    let bytes: UnsafeRawBufferPointer
    /// Where it lies in the file, bytes; of a compressed page, where its chunk lies.
    let offset: UInt64
  }

  private let pageSize: Int
  private let decompressor: Decompressor?
  private var chunks: ChunkList?
  private var output: OwnedBytes?
  private let outputSize: Int
  private let name: String

  private var current: UnsafeRawBufferPointer
  private var currentOffset: UInt64
  private var position = 0

  init(
    _ data: CPUData, of buffer: TraceBuffer, in file: MappedFile, _ decompressor: Decompressor?
  ) throws(TraceReadingError) {
    pageSize = buffer.pageSize
    self.decompressor = decompressor
    outputSize = data.chunkSizeMax
    name = "data of CPU \(data.cpu) of buffer \"\(buffer.name)\""
    currentOffset = data.offset
    current = UnsafeRawBufferPointer(start: nil, count: 0)
    guard data.size > 0 else { return }
    if data.chunkCount == nil {
      current = try file.slice(at: data.offset, count: data.size, name)
    } else {
      chunks = try ChunkList(data, in: file, name)
    }
  }

  /// The next page; nil after the last. The page before it is no longer valid.
  mutating func next() throws(TraceReadingError) -> Page? {
    if position == current.count {
      guard try loadChunk() else { return nil }
    }
    let end = min(position + pageSize, current.count)
    let offset = chunks == nil ? currentOffset + UInt64(position) : currentOffset
    let page = Page(
      bytes: UnsafeRawBufferPointer(rebasing: current[position..<end]), offset: offset)
    position = end
    return page
  }

  private mutating func loadChunk() throws(TraceReadingError) -> Bool {
    guard let chunk = try chunks?.next(), let decompressor else { return false }
    let output = self.output ?? OwnedBytes(count: outputSize)
    self.output = output
    guard chunk.size <= output.bytes.count else {
      throw TraceReadingError(.damaged, "\(name) changed while it was read", at: chunk.offset)
    }
    let target = UnsafeMutableRawBufferPointer(rebasing: output.bytes[..<chunk.size])
    try decompressor.decompress(chunk.compressed, into: target, name, at: chunk.offset)
    current = UnsafeRawBufferPointer(target)
    currentOffset = chunk.offset
    position = 0
    return true
  }
}
