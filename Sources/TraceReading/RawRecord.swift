/// One record of the ring buffer, not yet decoded.
public struct RawRecord {
  /// Time in the unit of the buffer's clock: nanoseconds for all but the counting clocks.
  public let timestamp: UInt64
  /// The CPU that wrote the record.
  public let cpu: UInt16
  /// The buffer it was written to: an index into `TraceFile.buffers`.
  public let buffer: UInt16
  /// The event's number (`common_type`).
  public let eventID: UInt16
  /// The task that wrote the record (`common_pid`).
  public let pid: Int32
  /// The event's bytes from its common fields on, at least those; padded to a multiple of 4.
  /// Valid until the next call of `RecordStream.next()`.
  public let payload: UnsafeRawBufferPointer
}

/// A gap in one CPU's records: the kernel or the recorder dropped some.
public struct LostEvents: Equatable, Sendable {
  /// The CPU whose records are missing.
  public let cpu: UInt16
  /// The buffer they are missing from: an index into `TraceFile.buffers`.
  public let buffer: UInt16
  /// How many records are missing; nil if the kernel did not say.
  public internal(set) var count: UInt64?
  /// Time of the last record before the gap; nil if the gap is at the start.
  public let after: UInt64?
  /// Time of the first record after the gap; `UInt64.max` if none follows.
  public internal(set) var before: UInt64
  /// Where the file notes the loss, bytes: the page after the gap, or the chunk with that page.
  public let offset: UInt64
}

/// What a stream of records yields.
public enum StreamItem {
  /// A record.
  case record(RawRecord)
  /// A gap; it comes at the time of its `after`, before any record of another CPU inside it.
  case lost(LostEvents)
}
