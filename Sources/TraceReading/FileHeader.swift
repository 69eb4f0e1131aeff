/// The first bytes of a recording, the same in formats 6 and 7 up to the page size.
struct FileHeader {
  /// What trace.dat begins with, and the tracing data in a perf.data.
  static let magic: [UInt8] = [0x17, 0x08, 0x44] + Array("tracing".utf8)
  /// Largest and smallest ring-buffer page taken for real, bytes.
  static let pageSizes = 128...(1 << 26)

  let version: Int
  let longSize: Int
  let pageSize: Int
  /// Format 7 only: how sections may be compressed.
  var compression: Compression?
  /// Format 7 only: where the first section with options lies.
  var optionsOffset: UInt64 = 0
  /// Where the header ends, bytes.
  var end: UInt64 = 0

  init(_ reader: inout ByteReader) throws(TraceReadingError) {
    let magic = FileHeader.magic
    let start = reader.bytes.prefix(magic.count)
    guard magic.starts(with: start) else {
      throw TraceReadingError(.notATrace, "the file begins with other bytes", at: 0)
    }
    _ = try reader.take(UInt64(magic.count))
    version = try FileHeader.version(&reader)

    switch try reader.read(UInt8.self) {
    case 0: break
    case 1:
      throw TraceReadingError(
        .unsupported, "a recording of a big-endian machine", at: reader.offset - 1)
    case let other: throw reader.damaged("byte order \(other)")
    }
    longSize = Int(try reader.read(UInt8.self))
    guard longSize == 4 || longSize == 8 else { throw reader.damaged("long size \(longSize)") }
    pageSize = Int(try reader.read(UInt32.self))
    guard FileHeader.pageSizes.contains(pageSize) else {
      throw reader.damaged("page size \(pageSize)")
    }
    if version == 7 { try readFormat7(&reader) }
    end = reader.offset
  }

  private mutating func readFormat7(_ reader: inout ByteReader) throws(TraceReadingError) {
    let name = try reader.readString()
    _ = try reader.readString()
    if name != "none" {
      guard let known = Compression(rawValue: name) else {
        throw TraceReadingError(
          .unsupported, "compression \"\(name.prefix(32))\"", at: reader.offset)
      }
      compression = known
    }
    optionsOffset = try reader.read(UInt64.self)
  }

  private static func version(_ reader: inout ByteReader) throws(TraceReadingError) -> Int {
    let start = reader.offset
    let text = try reader.readString()
    switch text {
    case "6": return 6
    case "7": return 7
    default:
      throw TraceReadingError(.unsupported, "file format \"\(text.prefix(16))\"", at: start)
    }
  }
}
