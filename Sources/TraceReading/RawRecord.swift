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

  /// A record of these parts, for those who make records themselves.
  @inlinable public init(
    timestamp: UInt64, cpu: UInt16, buffer: UInt16, eventID: UInt16, pid: Int32,
    payload: UnsafeRawBufferPointer
  ) {
    self.timestamp = timestamp
    self.cpu = cpu
    self.buffer = buffer
    self.eventID = eventID
    self.pid = pid
    self.payload = payload
  }
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

  /// A gap of these parts, for those who make gaps themselves.
  public init(
    cpu: UInt16, buffer: UInt16, count: UInt64?, after: UInt64?, before: UInt64, offset: UInt64
  ) {
    self.cpu = cpu
    self.buffer = buffer
    self.count = count
    self.after = after
    self.before = before
    self.offset = offset
  }
}

/// How many records of one CPU of one buffer a stream has read.
public struct RecordCount: Equatable, Sendable {
  /// The CPU.
  public let cpu: UInt16
  /// The buffer: an index into `TraceFile.buffers`.
  public let buffer: UInt16
  /// Records read so far; when the stream has ended, all there are.
  public let count: UInt64
  /// The time of the last of them, ns.
  public let lastTimestamp: UInt64
}

/// What a stream of records yields.
public enum StreamItem {
  /// A record.
  case record(RawRecord)
  /// A gap; it comes at the time of its `after`, before any record of another CPU inside it.
  case lost(LostEvents)
}
