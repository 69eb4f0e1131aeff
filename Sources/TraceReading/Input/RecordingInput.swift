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
