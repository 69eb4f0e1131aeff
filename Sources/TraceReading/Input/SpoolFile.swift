import Glibc

/// A file without a name for bytes that have to lie in one: what came through a pipe, or was unpacked. It is on disk, so
/// that a large recording takes no memory, and is gone with the process, however that ends.
struct SpoolFile: ~Copyable {
  /// Most bytes taken, 64 GiB.
  static let sizeMax: UInt64 = 64 << 30
  private static let pieceSize = 1 << 18

  let descriptor: CInt
  private let folder: String
  private(set) var size: UInt64 = 0

  /// - Throws: `noRoom` if no such file can be made.
  init() throws(TraceReadingError) {
    // Not /tmp, which often is memory.
    folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp"
    var name = Array("\(folder)/rmapcheck-XXXXXX".utf8CString)
    descriptor = mkstemp(&name)
    if descriptor < 0 { throw failure() }
    unlink(name)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) throws(TraceReadingError) {
    guard UInt64(bytes.count) <= Self.sizeMax - size else {
      throw TraceReadingError(.unsupported, "more than \(Self.sizeMax >> 30) GiB")
    }
    var rest = bytes
    while !rest.isEmpty {
      let count = write(descriptor, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure() }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    size += UInt64(bytes.count)
  }

  /// Takes all that another file has, from where it stands to its end; waits for a pipe as long as somebody has it open
  /// for writing.
  mutating func append(contentsOf source: CInt) throws(TraceReadingError) {
    let piece = OwnedBytes(count: Self.pieceSize)
    while true {
      let count = read(source, piece.bytes.baseAddress, piece.bytes.count)
      if count == 0 { return }
      if count < 0, errno == EAGAIN {
        var waiting = pollfd(fd: source, events: Int16(POLLIN), revents: 0)
        poll(&waiting, 1, -1)
        continue
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .cannotOpen("read: ") }
      try append(UnsafeRawBufferPointer(rebasing: piece.bytes[..<count]))
    }
  }

  private func failure() -> TraceReadingError {
    let number = errno
    return TraceReadingError(.noRoom(errno: number), "\(folder): \(String(cString: strerror(number)))")
  }
}
