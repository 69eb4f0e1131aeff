/// How a PERF_RECORD_COMPRESSED2 lies in the file: `struct perf_event_header`, the length of the data, the data, padding.
///
/// perf since 6.16 misframes it (tools/perf/builtin-record.c, record__pushfn and zstd_compress). What it compresses at
/// once becomes one record or several, of at most 65,535 bytes each. The first one's length is then set to that of all of
/// them, headers included, and its size to the same made a multiple of 8: in 16 bits, of which the higher ones are lost.
/// The later ones' sizes are right, but for those that such a multiple of 8 makes 65,536, which is 0; their lengths may
/// never have been set.
struct PerfCompressedFrame {
  static let headerSize: UInt64 = 16
  /// Most bytes of a record that perf writes; all but the last of several are as long.
  private static let recordMax: UInt64 = 65_535

  /// Bytes of compressed data.
  let length: UInt64
  /// Bytes of the record, with its header and padding.
  let span: UInt64
  /// Bytes from the record's start to the end of the last of those that stand in it.
  let whole: UInt64
  /// Whether the size in the header is not the record's.
  let isMisframed: Bool

  /// - Parameters: what the header says, and whether the record stands within another one.
  /// - Returns: nil if it can't be one.
  init?(size: UInt64, dataSize: UInt64, isInChain: Bool) {
    let (whole, isTooLong) = dataSize.addingReportingOverflow(Self.headerSize)
    if size >= Self.headerSize, isInChain || !isTooLong && whole <= size {
      // Of a later one the size counts; where its length makes sense, too, what is beyond is padding.
      let lengthWasSet = !isTooLong && whole <= size && (!isInChain || size - whole < 8)
      length = lengthWasSet ? dataSize : size - Self.headerSize
      span = size
      self.whole = size
      isMisframed = false
      return
    }
    guard !isTooLong, whole <= .max - 7, (whole + 7) & ~7 > Self.recordMax, (whole + 7) & 0xfff8 == size else {
      return nil
    }
    isMisframed = true
    span = min(whole, Self.recordMax)
    length = span - Self.headerSize
    self.whole = whole
  }
}
