/// One file in an archive that is not read, where it can be looked at.
struct ArchiveMember {
  /// With the folders.
  let name: String
  let content: Content

  /// Its bytes.
  enum Content {
    case plain(UnsafeRawBufferPointer)
    case deflated(UnsafeRawBufferPointer)
    case unreadable
  }

  /// All of an archive; nil if it is of another kind, ends early or is damaged.
  static func all(in archive: UnsafeRawBufferPointer, _ kind: ForeignPacking) -> [ArchiveMember]? {
    switch kind {
    case .tar: try? ofTar(archive)
    case .zip: try? ofZip(archive)
    default: nil
    }
  }

  private static func ofTar(_ bytes: UnsafeRawBufferPointer) throws(TraceReadingError) -> [ArchiveMember] {
    var (reader, members) = (ByteReader(bytes, section: "tar"), [ArchiveMember]())
    while true {
      let header = try reader.take(512)
      // A block of zeros ends it.
      if header[0] == 0 { return members }
      guard header[257..<262].elementsEqual("ustar".utf8), let size = size(inTarHeader: header) else {
        throw reader.damaged("no header")
      }
      let content = try reader.take(size)
      _ = try reader.take((512 - size % 512) % 512)
      // Regular files, old and new; folders, links and long names are none.
      guard [0, UInt8(ascii: "0"), UInt8(ascii: "7")].contains(header[156]) else { continue }
      let name = String(decoding: header[..<100].prefix { $0 != 0 }, as: UTF8.self)
      members.append(ArchiveMember(name: name, content: .plain(content)))
    }
  }

  /// Octal digits; of large files, a big-endian number.
  private static func size(inTarHeader header: UnsafeRawBufferPointer) -> UInt64? {
    let field = header[124..<136]
    if header[124] & 0x80 != 0 { return field.suffix(8).reduce(0) { $0 << 8 | UInt64($1) } }
    let digits = field.prefix { $0 != 0 }.filter { $0 != UInt8(ascii: " ") }
    return digits.isEmpty ? 0 : UInt64(String(decoding: digits, as: UTF8.self), radix: 8)
  }

  /// By its directory, which lies at the end.
  private static func ofZip(_ bytes: UnsafeRawBufferPointer) throws(TraceReadingError) -> [ArchiveMember] {
    var end = try endOfZip(bytes)
    let count = try end.read(UInt16.self)
    _ = try end.take(4)
    var directory = ByteReader(bytes, section: "zip")
    _ = try directory.take(UInt64(try end.read(UInt32.self)))
    var members: [ArchiveMember] = []
    for _ in 0..<count {
      try directory.expect("PK\u{1}\u{2}")
      _ = try directory.take(4)
      let (flags, method) = (try directory.read(UInt16.self), try directory.read(UInt16.self))
      _ = try directory.take(8)
      let size = try directory.read(UInt32.self)
      _ = try directory.take(4)
      let nameSize = try directory.read(UInt16.self)
      let restSize = UInt64(try directory.read(UInt16.self)) + UInt64(try directory.read(UInt16.self))
      _ = try directory.take(8)
      let place = try directory.read(UInt32.self)
      let name = String(decoding: try directory.take(UInt64(nameSize)), as: UTF8.self)
      _ = try directory.take(restSize)
      if name.hasSuffix("/") { continue }
      let content = try content(inZip: bytes, at: place, size: size)
      // The first flag: it is encrypted.
      let isRead = flags & 1 == 0 && [0, 8].contains(method)
      members.append(
        ArchiveMember(
          name: name, content: !isRead ? .unreadable : method == 0 ? .plain(content) : .deflated(content)))
    }
    return members
  }

  /// What follows the counts of one disk in the record at the end. Behind it there is at most a comment of 64 KiB.
  private static func endOfZip(_ bytes: UnsafeRawBufferPointer) throws(TraceReadingError) -> ByteReader {
    let size = 22
    for start in stride(from: bytes.count - size, through: max(0, bytes.count - size - 65535), by: -1)
    where bytes[start...].starts(with: [0x50, 0x4b, 5, 6]) {
      return ByteReader(UnsafeRawBufferPointer(rebasing: bytes[(start + 10)...]), section: "zip")
    }
    throw TraceReadingError(.damaged, "no directory")
  }

  private static func content(
    inZip bytes: UnsafeRawBufferPointer, at place: UInt32, size: UInt32
  ) throws(TraceReadingError) -> UnsafeRawBufferPointer {
    var reader = ByteReader(bytes, section: "zip")
    _ = try reader.take(UInt64(place) + 26)
    let names = UInt64(try reader.read(UInt16.self)) + UInt64(try reader.read(UInt16.self))
    _ = try reader.take(names)
    return try reader.take(UInt64(size))
  }
}
