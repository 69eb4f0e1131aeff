import Glibc

/// What perf.data says was lost, as far as it is written: read while perf writes it, each byte once.
struct PerfLosses {
  /// Where the next record begins in the file, bytes; nil until perf has written its header.
  private var position: UInt64?
  /// PERF_RECORD_LOST: said when the next event finds room again.
  private var early: UInt64 = 0
  /// PERF_RECORD_LOST_SAMPLES: perf's sum for each event at the end, of the same events.
  private var late: UInt64 = 0

  /// Events that found no room.
  var count: UInt64 { max(early, late) }

  /// Goes on to the end of the file, or to a record that is not whole yet. What is compressed is not looked into.
  mutating func read(_ path: String) {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    defer { close(file) }
    // tools/perf/util/header.h: struct perf_file_header, data.offset.
    var start: UInt64 = 0
    if position == nil, pread(file, &start, 8, 40) == 8, start > 0 { position = start }
    guard var offset = position else { return }
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 8)
    defer { chunk.deallocate() }
    while true {
      let count = pread(file, chunk.baseAddress, chunk.count, off_t(offset))
      guard count > 0 else { break }
      let taken = take(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
      guard taken > 0 else { break }
      offset += UInt64(taken)
    }
    position = offset
  }

  /// Takes all whole records; returns how many bytes they are.
  private mutating func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    var offset = 0
    // include/uapi/linux/perf_event.h: struct perf_event_header { u32 type; u16 misc; u16 size; }
    while bytes.count - offset >= 8 {
      let kind = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      let size = Int(bytes.loadUnaligned(fromByteOffset: offset + 6, as: UInt16.self))
      guard size >= 8, bytes.count - offset >= size else { break }
      if kind == 2, size >= 24 { early &+= bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self) }
      if kind == 13, size >= 16 { late &+= bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self) }
      offset += size
    }
    return offset
  }
}
