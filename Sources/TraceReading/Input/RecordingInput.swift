import Glibc

/// The bytes of a recording, wherever they come from: a file, one that is packed, a pipe, standard input.
public final class RecordingInput: Sendable {
  /// What is read: the file, or what it unpacks to.
  let content: MappedFile
  /// How the file is packed; nil if it isn't.
  public let packing: Packing?
  private let file: MappedFile

  /// Opens what is at `path`, or standard input for `-`, and unpacks it if it is packed.
  /// - Throws: `cannotOpen`, `empty`, `noRoom`; `decompression`, `truncated` if it can't be unpacked.
  public init(path: String) throws(TraceReadingError) {
    file = try MappedFile(path: path)
    packing = Packing(file.bytes)
    if let packing { content = try Self.unpacked(file, packing) } else { content = file }
  }

  private static func unpacked(_ file: MappedFile, _ packing: Packing) throws(TraceReadingError) -> MappedFile {
    var copy = try SpoolFile()
    try packing.unpack(file.bytes) { (piece) throws(TraceReadingError) in
      let isFirst = copy.size == 0
      try copy.append(piece)
      // What can't be a recording is not unpacked to its end: this much of it says what it is.
      return !isFirst || mayBeginOne(piece)
    }
    return try MappedFile(descriptor: copy.descriptor, size: Int(copy.size))
  }

  private static func mayBeginOne(_ bytes: UnsafeRawBufferPointer) -> Bool {
    Recording.beginsAsOne(Array(bytes.prefix(Recording.magicSize))) || !bytes.prefix(4096).contains(0)
  }

  /// XXH64 of the recording's bytes (see ``Checksum``); of the file as it lies if `packed` is true.
  public func checksum(packed: Bool) -> String {
    let file = packed ? file : content
    return withExtendedLifetime(file) { Checksum.text(of: file.bytes) }
  }
}

/// What the beginning of a file shows, for whoever searches a folder for recordings.
public enum RecordingHead: Sendable, Equatable {
  /// It begins as a recording does.
  case recording
  /// Text with ftrace's lines in it, of events with these names.
  case text(events: Set<String>)
  /// It is packed, and can't be unpacked.
  case unreadable
  /// Nothing of that.
  case other

  /// How much of a text is looked at, bytes: a log may have a good deal to say before it comes to the trace.
  static let size = 16 << 20

  /// Looks at a regular file.
  public init(ofFileAt path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      self = .other
      return
    }
    defer { close(descriptor) }
    let buffer = OwnedBytes(count: Self.size)
    let count = max(0, pread(descriptor, buffer.bytes.baseAddress, Recording.magicSize, 0))
    let magic = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
    if Recording.beginsAsOne(Array(magic)) {
      self = .recording
    } else if let packing = Packing(magic) {
      self = Self.packed(path, packing, buffer)
    } else {
      let count = max(0, pread(descriptor, buffer.bytes.baseAddress, Self.size, 0))
      self = Self.plain(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
    }
  }

  private static func packed(_ path: String, _ packing: Packing, _ buffer: OwnedBytes) -> RecordingHead {
    var filled = 0
    do throws(TraceReadingError) {
      let file = try MappedFile(path: path)
      try packing.unpack(file.bytes) { piece in
        let count = min(piece.count, buffer.bytes.count - filled)
        buffer.bytes[filled..<(filled + count)].copyBytes(from: piece.prefix(count))
        filled += count
        return filled < buffer.bytes.count
      }
    } catch {
      return .unreadable
    }
    return plain(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<filled]))
  }

  private static func plain(_ bytes: UnsafeRawBufferPointer) -> RecordingHead {
    if Recording.beginsAsOne(Array(bytes.prefix(Recording.magicSize))) { return .recording }
    let names = TextFile.eventNames(in: bytes)
    return names.isEmpty ? .other : .text(events: names)
  }
}
