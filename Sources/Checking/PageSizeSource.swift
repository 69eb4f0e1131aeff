import EventDecoding
import RecordingFormat
import RmapEvents
package import TraceReading

/// Which page size a recording's kernel had: the marks in its own formats say so, or its sidecar.
///
/// Of an older recording the file's header says it, where that is the usual size. A header with another number may mean a
/// ring-buffer page, and text has no header. There the first fault of a plain anonymous VMA tells: its vm_pgoff is vm_start
/// in pages (mm/vma.c:__mmap_new_vma), which fits one size only.
extension Recording {
  /// The page size of the kernel that was recorded.
  /// - Throws: `unsupported` for one that the law was not read for.
  package func pageSize(_ sidecar: Sidecar?) throws(TraceReadingError) -> PageSize {
    if let marked = EventDecoder.markedPageSize(file.eventFormats) { return marked }
    let stated = sidecar?.kernel?.pageSize ?? file.systemPageSize
    if stated == Int(PageSize.small.bytes) { return .small }
    if let shown = shownPageSize { return shown }
    guard let stated else { return .small }
    guard let size = PageSize(bytes: stated) else {
      throw TraceReadingError(
        .unsupported, "a kernel with pages of \(stated) bytes: 4096, 16384 and 65536 are supported")
    }
    return size
  }

  /// What can't be read is told of when the recording is replayed.
  private var shownPageSize: PageSize? {
    let prepare = file.eventFormats.all.first {
      ProbeGroup.isOurs($0.system) && $0.name == EventName.prepare.rawValue
    }
    guard let prepare, let fault = FirstFault(prepare) else { return nil }
    do {
      switch self {
      case .traceData(let file): return fault.pageSize(in: try file.records())
      case .perfData(let file): return fault.pageSize(in: try file.records())
      case .text(let file): return fault.pageSize(in: file.records())
      }
    } catch { return nil }
  }
}

/// The entry of __anon_vma_prepare, for a VMA that has neither a file nor operations nor an anon_vma.
private struct FirstFault {
  let event: UInt16
  /// Where the fields lie: those that must be 0, and the two that are compared.
  let empty: [Int]
  let start, pgoff, length: Int

  init?(_ format: EventFormat) {
    func offset(_ name: FieldName) -> Int? {
      format.field(name.rawValue).flatMap { $0.size == 8 && $0.offset >= 0 ? $0.offset : nil }
    }
    let names: [FieldName] = [.vmAnon, .vmOperations, .vmFile]
    let empty = names.compactMap(offset)
    guard empty.count == names.count, let start = offset(.vmStart), let pgoff = offset(.vmPgoff) else { return nil }
    event = format.id
    (self.empty, self.start, self.pgoff) = (empty, start, pgoff)
    length = (empty + [start, pgoff]).reduce(0) { max($0, $1 + 8) }
  }

  /// The size that the first such fault with a sound offset shows; nil if there is none.
  func pageSize<Source: RecordSource & ~Copyable>(in source: consuming Source) -> PageSize? {
    var source = source
    while let item = try? source.next() {
      guard case .record(let record) = item, record.eventID == event, record.payload.count >= length else { continue }
      func word(_ offset: Int) -> UInt64 { record.payload.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
      guard empty.allSatisfy({ word($0) == 0 }), word(start) > 0 else { continue }
      // The raw vm_pgoff: nothing can be decoded before the page size is known.
      if let size = PageSize.all.first(where: { word(start) >> $0.shift == word(pgoff) }) { return size }
    }
    return nil
  }
}
