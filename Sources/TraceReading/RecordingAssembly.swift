import Glibc
import Vocabulary

/// Makes a recording of a head, which is another recording of the same kernel, and of pages that left the kernel one by
/// one: what is there of a recording whose kernel died before it could be written.
public struct RecordingAssembly {
  private let head: TraceFile
  private let tableOffset: UInt64
  /// Where the head's own pages begin; everything before is kept.
  private let dataOffset: UInt64

  /// Takes `path` for the head: a recording of format 6 with one buffer.
  /// - Throws: every kind of `TraceReadingError`; `unsupported` if the file can't be a head.
  public init(head path: String) throws(TraceReadingError) {
    head = try TraceFile(path: path)
    guard let tableOffset = head.tableOffset, head.buffers.count == 1, let cpus = head.buffers.first?.cpus,
      let dataOffset = cpus.map(\.offset).filter({ $0 > 0 }).min()
    else {
      throw TraceReadingError(
        .unsupported, "a head must have format 6 and one buffer: trace-cmd record --file-version 6")
    }
    guard dataOffset >= tableOffset + UInt64(cpus.count) * 16 else {
      throw TraceReadingError(.damaged, "the pages begin before the table of CPUs ends", at: tableOffset)
    }
    self.tableOffset = tableOffset
    self.dataOffset = dataOffset
  }

  /// How many CPUs the head has, and so how many files of pages there must be.
  public var cpuCount: Int { head.buffers[0].cpus.count }

  /// Hands the recording to `sink`, piece by piece, from its first byte to its last. A page that was cut off is left
  /// out.
  ///
  /// Returns how many whole pages there were.
  /// - Throws: `TraceReadingError` if a file can't be read, or if there are not as many files as CPUs; whatever `sink`
  ///   throws.
  public func write(pages paths: [String], to sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Int {
    guard paths.count == cpuCount else {
      let cpus = counted(cpuCount, "CPU")
      throw TraceReadingError(.damaged, "\(counted(paths.count, "file")) of pages for the head's \(cpus)")
    }
    var files: [MappedFile?] = []
    // A CPU that recorded nothing has an empty file, which can't be mapped.
    for path in paths {
      do throws(TraceReadingError) {
        files.append(isEmpty(path) ? nil : try MappedFile(path: path))
      } catch {
        throw TraceReadingError(error.kind, "\(path): \(error.what)")
      }
    }
    let pageSize = UInt64(head.buffers[0].pageSize)
    let sizes = files.map { UInt64($0?.bytes.count ?? 0) / pageSize * pageSize }

    var table: [UInt8] = []
    var offset = dataOffset
    for size in sizes {
      append(offset, to: &table)
      append(size, to: &table)
      offset += size
    }
    let bytes = head.file.bytes
    try sink(UnsafeRawBufferPointer(rebasing: bytes[..<Int(tableOffset)]))
    try table.withUnsafeBytes(sink)
    try sink(UnsafeRawBufferPointer(rebasing: bytes[Int(tableOffset) + table.count..<Int(dataOffset)]))
    for (file, size) in zip(files, sizes) {
      guard let file else { continue }
      try sink(UnsafeRawBufferPointer(rebasing: file.bytes[..<Int(size)]))
    }
    return Int(sizes.reduce(0, +) / pageSize)
  }

  private func isEmpty(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_size == 0
  }

  private func append(_ value: UInt64, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
