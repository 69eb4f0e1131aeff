import Glibc

/// A read-only mapping of a whole file, or a copy of bytes that are to be read like one. Removed with the object.
///
/// `@unchecked Sendable`: nobody writes to the bytes, and the pointer never changes.
final class MappedFile: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  init(copying content: UnsafeRawBufferPointer) throws(TraceReadingError) {
    guard !content.isEmpty else { throw TraceReadingError(.empty, "no bytes") }
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 8)
    copy.copyMemory(from: content)
    bytes = UnsafeRawBufferPointer(copy)
    isMapped = false
  }

  /// Maps the first bytes of an open file.
  init(descriptor: CInt, size: Int) throws(TraceReadingError) {
    guard size > 0 else { throw TraceReadingError(.empty, "") }
    let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != MAP_FAILED else { throw .cannotOpen("mmap: ") }
    bytes = UnsafeRawBufferPointer(start: address, count: size)
    isMapped = true
  }

  /// Maps a file. What can't be mapped, standard input (`-`), a pipe, a file of procfs or tracefs, is copied first.
  convenience init(path: String) throws(TraceReadingError) {
    // Not waiting: a FIFO without a writer would keep us for ever.
    let descriptor =
      path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .cannotOpen("") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .cannotOpen("stat: ") }
    switch status.st_mode & S_IFMT {
    case S_IFREG where status.st_size > 0 && lseek(descriptor, 0, SEEK_CUR) == 0:
      try self.init(descriptor: descriptor, size: Int(status.st_size))
    case S_IFREG, S_IFIFO, S_IFSOCK:
      var copy = try SpoolFile()
      try copy.append(contentsOf: descriptor)
      try self.init(descriptor: copy.descriptor, size: Int(copy.size))
    default:
      throw TraceReadingError(.cannotOpen(errno: EINVAL), "not a regular file or a pipe")
    }
  }

  deinit {
    let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
    if isMapped { munmap(start, bytes.count) } else { start?.deallocate() }
  }

  /// The bytes from `offset` on, `count` of them, if the file has them.
  func slice(
    at offset: UInt64, count: UInt64, _ what: @autoclosure () -> String
  ) throws(TraceReadingError) -> UnsafeRawBufferPointer {
    let size = UInt64(bytes.count)
    guard offset <= size, count <= size - offset else {
      let there = offset <= size ? size - offset : 0
      throw TraceReadingError(.truncated(expected: count, actual: there), what(), at: offset)
    }
    let start = Int(offset)
    return UnsafeRawBufferPointer(rebasing: bytes[start..<(start + Int(count))])
  }
}

extension TraceReadingError {
  /// What the last call of the system failed with.
  static func cannotOpen(_ what: String) -> TraceReadingError {
    let number = errno
    return TraceReadingError(.cannotOpen(errno: number), what + String(cString: strerror(number)))
  }
}
