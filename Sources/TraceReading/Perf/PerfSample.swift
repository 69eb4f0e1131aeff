/// The fields of a sample that we use (`perf_output_sample` in kernel/events/core.c has their order).
struct PerfSample {
  private(set) var time: UInt64 = 0
  private(set) var cpu: UInt32 = 0
  private(set) var id: UInt64?
  /// What the tracepoint recorded.
  private(set) var raw = UnsafeRawBufferPointer(start: nil, count: 0)

  /// Reads a sample; what is not used is stepped over by its size.
  /// - Throws: `truncated` if a field is not all there, `damaged` if the fields are not the whole sample.
  init(_ record: PerfRecord, as attribute: PerfAttribute) throws(TraceReadingError) {
    var reader = record.reader("perf sample")
    let type = attribute.sampleType
    if type.contains(.identifier) { id = try reader.read(UInt64.self) }
    if type.contains(.ip) { _ = try reader.read(UInt64.self) }
    if type.contains(.tid) { _ = try reader.read(UInt64.self) }
    if type.contains(.time) { time = try reader.read(UInt64.self) }
    if type.contains(.addr) { _ = try reader.read(UInt64.self) }
    if type.contains(.id) { id = try reader.read(UInt64.self) }
    if type.contains(.streamID) { _ = try reader.read(UInt64.self) }
    if type.contains(.cpu) {
      cpu = try reader.read(UInt32.self)
      _ = try reader.read(UInt32.self)
    }
    if type.contains(.period) { _ = try reader.read(UInt64.self) }
    if type.contains(.read) { try Self.skipRead(&reader, attribute.readFormat) }
    if type.contains(.callchain) { try reader.skip(try reader.read(UInt64.self), of: 8) }
    if type.contains(.raw) {
      raw = try reader.take(UInt64(try reader.read(UInt32.self)))
    }
    try Self.skipRest(&reader, attribute)
  }

  private static func skipRead(
    _ reader: inout ByteReader, _ format: PerfReadFormat
  ) throws(TraceReadingError) {
    let times = (format.contains(.totalTimeEnabled) ? 1 : 0) + (format.contains(.totalTimeRunning) ? 1 : 0)
    let extras = (format.contains(.id) ? 1 : 0) + (format.contains(.lost) ? 1 : 0)
    if format.contains(.group) {
      let count = try reader.read(UInt64.self)
      try reader.skip(UInt64(times), of: 8)
      try reader.skip(count, of: UInt64(8 + 8 * extras))
    } else {
      try reader.skip(UInt64(1 + times + extras), of: 8)
    }
  }

  /// Steps over what follows the raw data, to see that the sample ends where its fields do.
  private static func skipRest(
    _ reader: inout ByteReader, _ attribute: PerfAttribute
  ) throws(TraceReadingError) {
    let type = attribute.sampleType
    // An unknown field may be anywhere behind: nothing to check then.
    guard PerfSampleType.known.isSuperset(of: type) else { return }
    if type.contains(.branchStack) {
      let count = try reader.read(UInt64.self)
      let hardwareIndex: UInt64 = 1 << 17
      if attribute.branchType & hardwareIndex != 0 { _ = try reader.read(UInt64.self) }
      try reader.skip(count, of: 24)
      let counters: UInt64 = 1 << 19
      if attribute.branchType & counters != 0 { try reader.skip(count, of: 8) }
    }
    if type.contains(.userRegisters) { try skipRegisters(&reader, attribute.userRegisters) }
    if type.contains(.userStack) {
      let size = try reader.read(UInt64.self)
      if size > 0 {
        _ = try reader.take(size)
        _ = try reader.read(UInt64.self)
      }
    }
    if type.contains(.weight) || type.contains(.weightStruct) { _ = try reader.read(UInt64.self) }
    if type.contains(.dataSource) { _ = try reader.read(UInt64.self) }
    if type.contains(.transaction) { _ = try reader.read(UInt64.self) }
    if type.contains(.interruptRegisters) { try skipRegisters(&reader, attribute.interruptRegisters) }
    for field: PerfSampleType in [.physicalAddress, .cgroup, .dataPageSize, .codePageSize]
    where type.contains(field) {
      _ = try reader.read(UInt64.self)
    }
    if type.contains(.aux) { _ = try reader.take(try reader.read(UInt64.self)) }
    guard reader.remaining == 0 else {
      throw reader.damaged("\(reader.remaining) bytes behind the last field")
    }
  }

  private static func skipRegisters(
    _ reader: inout ByteReader, _ mask: UInt64
  ) throws(TraceReadingError) {
    if try reader.read(UInt64.self) != 0 { try reader.skip(UInt64(mask.nonzeroBitCount), of: 8) }
  }
}

/// What stands behind the content of every record but samples (`struct sample_id`), if the attribute asks for it.
struct PerfSampleID {
  private(set) var time: UInt64?
  private(set) var cpu: UInt32?
  private(set) var id: UInt64?

  init(_ record: PerfRecord, behind size: Int, as attribute: PerfAttribute) throws(TraceReadingError) {
    guard attribute.flags.contains(.sampleIDAll) else { return }
    var reader = record.reader("perf record of type \(record.kind)")
    _ = try reader.take(UInt64(size))
    let type = attribute.sampleType
    if type.contains(.tid) { _ = try reader.read(UInt64.self) }
    if type.contains(.time) { time = try reader.read(UInt64.self) }
    if type.contains(.id) { id = try reader.read(UInt64.self) }
    if type.contains(.streamID) { _ = try reader.read(UInt64.self) }
    if type.contains(.cpu) { cpu = UInt32(truncatingIfNeeded: try reader.read(UInt64.self)) }
    if type.contains(.identifier) { id = try reader.read(UInt64.self) }
  }
}

extension ByteReader {
  /// Steps over `count` things of `size` bytes each.
  mutating func skip(_ count: UInt64, of size: UInt64) throws(TraceReadingError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    _ = try take(overflow ? .max : bytes)
  }
}
