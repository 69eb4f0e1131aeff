/// The recorded data of one CPU: where its ring-buffer pages lie in the file.
public struct CPUData: Equatable, Sendable {
  /// The CPU's number.
  public let cpu: UInt16
  /// Start in the file, bytes.
  public let offset: UInt64
  /// Size in the file, bytes; 0 if nothing was recorded on this CPU.
  public let size: UInt64
  /// Number of compressed chunks; nil if the pages are stored plain.
  public internal(set) var chunkCount: Int?
  /// Size of the pages, decompressed, bytes.
  public internal(set) var uncompressedSize: UInt64
  /// Size of the largest chunk, decompressed, bytes.
  var chunkSizeMax = 0

  init(cpu: UInt16, offset: UInt64, size: UInt64) {
    self.cpu = cpu
    self.offset = offset
    self.size = size
    uncompressedSize = size
  }
}

/// One ring buffer of the recording machine: the top one, or a tracing instance.
public struct TraceBuffer: Equatable, Sendable {
  /// The instance's name; "" is the top buffer.
  public let name: String
  /// The clock that timestamps were taken from ("mono", "local" …); nil if the file does not say.
  public let clock: String?
  /// Bytes of one ring-buffer page.
  public let pageSize: Int
  /// The data of each CPU, in the file's order.
  public internal(set) var cpus: [CPUData]
}
