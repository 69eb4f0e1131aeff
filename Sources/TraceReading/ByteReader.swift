/// A cursor over bytes of a recording; every read is checked against the end first.
///
/// All lengths and offsets of the file's metadata pass through here. It holds no ownership: whoever
/// owns the bytes (the mapping, a decompressed section) must outlive it.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  /// The part of the file being read, for messages.
  let section: String
  /// Where `bytes` begins in the file; for a decompressed section, where its compressed form begins.
  let baseOffset: UInt64
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer, section: String, baseOffset: UInt64 = 0) {
    self.bytes = bytes
    self.section = section
    self.baseOffset = baseOffset
  }

  var remaining: Int { bytes.count - position }
  var offset: UInt64 { baseOffset &+ UInt64(position) }

  /// Reads one little-endian number.
  mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(TraceReadingError) -> T {
    let size = MemoryLayout<T>.size
    try require(UInt64(size))
    let value = bytes.loadUnaligned(fromByteOffset: position, as: T.self)
    position += size
    return T(littleEndian: value)
  }

  /// The next `count` bytes.
  mutating func take(_ count: UInt64) throws(TraceReadingError) -> UnsafeRawBufferPointer {
    try require(count)
    let start = position
    position += Int(count)
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  /// The next `count` bytes as a reader of their own.
  mutating func takeReader(
    _ count: UInt64, section: String
  ) throws(TraceReadingError) -> ByteReader {
    let start = offset
    return ByteReader(try take(count), section: section, baseOffset: start)
  }

  /// Reads text up to a NUL, which is consumed.
  mutating func readString() throws(TraceReadingError) -> String {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
    guard let length = rest.firstIndex(of: 0) else {
      throw truncated(needing: UInt64(remaining) + 1)
    }
    position += length + 1
    return String(decoding: rest[..<length], as: UTF8.self)
  }

  /// Reads the bytes of `text` and requires them to be these.
  mutating func expect(_ text: StaticString) throws(TraceReadingError) {
    let start = offset
    let found = try take(UInt64(text.utf8CodeUnitCount))
    let same = text.withUTF8Buffer { $0.elementsEqual(found) }
    guard same else {
      throw TraceReadingError(.damaged, "\(section) does not hold \"\(text)\"", at: start)
    }
  }

  func damaged(_ what: String) -> TraceReadingError {
    TraceReadingError(.damaged, "\(section): \(what)", at: offset)
  }

  private func require(_ count: UInt64) throws(TraceReadingError) {
    if count > UInt64(remaining) { throw truncated(needing: count) }
  }

  private func truncated(needing count: UInt64) -> TraceReadingError {
    TraceReadingError(
      .truncated(expected: count, actual: UInt64(remaining)), "\(section) ends early", at: offset)
  }
}

/// Text up to the first NUL, or all of it; bytes that are not UTF-8 are replaced.
func text(upToNULIn bytes: UnsafeRawBufferPointer) -> String {
  String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}
