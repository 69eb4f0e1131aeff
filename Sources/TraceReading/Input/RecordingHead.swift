import Glibc

/// What the beginning of a file shows, for whoever searches a folder for recordings.
public indirect enum RecordingHead: Sendable, Equatable {
  /// It begins as a recording does.
  case recording
  /// Text with ftrace's lines in it, of events with these names.
  case text(events: Set<String>)
  /// It is packed, and can't be unpacked.
  case unreadable
  /// It can't be opened, or is packed in a way that is not read: nothing but its name says what it is.
  case unknown
  /// An archive that is not read, and what is in it.
  case archive([Member])
  /// Nothing of that.
  case other

  /// A file in an archive.
  public struct Member: Sendable, Equatable {
    /// Its name, with the folders.
    public let name: String
    /// What it begins as.
    public let head: RecordingHead
  }

  /// How much of a text is looked at, bytes: a log may have a good deal to say before it comes to the trace.
  static let size = 16 << 20
  /// How much of an archive is looked at, so that a small one with a great deal in it takes no night.
  private static let archiveSize = 1 << 30
  /// How deep files are looked into: a packed archive of packed files.
  private static let depth = 3

  /// Looks at a regular file.
  public init(ofFileAt path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      // It may have been removed meanwhile.
      self = errno == ENOENT ? .other : .unknown
      return
    }
    defer { close(descriptor) }
    let buffer = OwnedBytes(count: Self.size)
    let count = max(0, pread(descriptor, buffer.bytes.baseAddress, 512, 0))
    let start = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
    if Recording.beginsAsOne(Array(start.prefix(Recording.magicSize))) {
      self = .recording
    } else if Packing(start) != nil || ForeignPacking(start) != nil {
      // What can't even be mapped can't be told from a recording.
      self = (try? MappedFile(path: path)).map { Self(of: $0.bytes, depth: Self.depth) } ?? .unreadable
    } else {
      let count = max(0, pread(descriptor, buffer.bytes.baseAddress, Self.size, 0))
      self = Self(of: UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]), depth: 0)
    }
  }

  private init(of bytes: UnsafeRawBufferPointer, depth: Int) {
    if Recording.beginsAsOne(Array(bytes.prefix(Recording.magicSize))) {
      self = .recording
    } else if let packing = Packing(bytes) {
      self = depth > 0 ? Self.unpacked(packing, bytes, depth - 1) : .unknown
    } else if let kind = ForeignPacking(bytes) {
      self = depth > 0 ? Self.archive(kind, bytes, depth - 1) : .unknown
    } else {
      let names = TextFile.eventNames(in: UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.size)))
      self = names.isEmpty ? .other : .text(events: names)
    }
  }

  private static func unpacked(_ packing: Packing, _ bytes: UnsafeRawBufferPointer, _ depth: Int) -> RecordingHead {
    let buffer = OwnedBytes(count: size)
    var filled = 0
    do throws(TraceReadingError) {
      try packing.unpack(bytes) { piece in
        let count = min(piece.count, buffer.bytes.count - filled)
        buffer.bytes[filled..<(filled + count)].copyBytes(from: piece.prefix(count))
        filled += count
        return filled < buffer.bytes.count
      }
    } catch {
      return .unreadable
    }
    let start = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<filled])
    if filled == buffer.bytes.count, ForeignPacking(start) == .tar, let whole = copy(packing, bytes) {
      return withExtendedLifetime(whole) { RecordingHead(of: whole.bytes, depth: depth) }
    }
    return RecordingHead(of: start, depth: depth)
  }

  /// What is unpacked of an archive, on disk; nil if there is no room for it.
  private static func copy(_ packing: Packing, _ bytes: UnsafeRawBufferPointer) -> MappedFile? {
    do throws(TraceReadingError) {
      var copy = try SpoolFile()
      try packing.unpack(bytes) { (piece) throws(TraceReadingError) in
        try copy.append(piece)
        return copy.size < archiveSize
      }
      return try MappedFile(descriptor: copy.descriptor, size: Int(copy.size))
    } catch {
      return nil
    }
  }

  /// One recording in it is enough.
  private static func archive(_ kind: ForeignPacking, _ bytes: UnsafeRawBufferPointer, _ depth: Int) -> RecordingHead {
    guard let files = ArchiveMember.all(in: bytes, kind) else { return .unknown }
    var (members, rest) = ([Member](), archiveSize)
    for file in files {
      let head: RecordingHead
      switch file.content {
      case .plain(let content):
        head = RecordingHead(of: content, depth: depth)
        rest -= min(content.count, size)
      case .deflated(let content):
        let buffer = OwnedBytes(count: size)
        let bytes = DeflateUnpacker.beginning(of: content, buffer.bytes)
        head = bytes.map { RecordingHead(of: $0, depth: depth) } ?? .unreadable
        rest -= bytes?.count ?? 0
      case .unreadable: head = .unknown
      }
      members.append(Member(name: file.name, head: head))
      if head == .recording { break }
      if rest < 0 { return .unknown }
    }
    return .archive(members)
  }
}
