/// One CPU's ring-buffer pages, filled one after the other, as the kernel lays them out (kernel/trace/ring_buffer.c): the
/// page's time, how much of it is used, and entries, each with its time since the one before.
package struct RingPages: Sendable {
  /// Bytes of a page, where nothing else is said.
  package static let usualSize = 4096
  /// Bytes in front of its entries.
  package static let headSize = 16
  /// What `events/header_page` says of such pages.
  package var layoutText: String {
    """
    \tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
    \tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
    \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
    \tfield: char data;\toffset:16;\tsize:\(size - Self.headSize);\tsigned:1;

    """
  }
  /// Bits of the time that an entry has; what is longer takes an entry of its own.
  private static let deltaBits: UInt64 = 27
  private static let timeExtend: UInt32 = 30
  /// More than so many words are counted by a word behind the entry's first one.
  private static let shortWordsMax = 28

  private var page: [UInt8] = []
  private var last: UInt64 = 0
  /// Records written.
  package private(set) var count: UInt64 = 0

  /// Bytes of a page.
  package let size: Int

  /// No pages yet, each of `size` bytes.
  package init(size: Int = RingPages.usualSize) { self.size = size }

  /// Adds a record of at most a few hundred bytes, padded to whole words; `time`, ns, is not before the last one's. A page
  /// that it finds no room in is handed to `emit`.
  package mutating func append(_ payload: UnsafeRawBufferPointer, at time: UInt64, _ emit: ([UInt8]) -> Void) {
    // An entry's head, the extended time, the length.
    let most = (payload.count + 3) / 4 * 4 + 16
    precondition(most <= size - Self.headSize, "a record is longer than a page")
    if !page.isEmpty, page.count + most > size { emit(takePage()) }
    if page.isEmpty { begin(at: time) }
    var entry = ByteWriter()
    var delta = time - last
    if delta >> Self.deltaBits != 0 {
      entry.number(Self.timeExtend | UInt32(delta & (1 << Self.deltaBits - 1)) << 5)
      entry.number(UInt32(truncatingIfNeeded: delta >> Self.deltaBits))
      delta = 0
    }
    let words = (payload.count + 3) / 4
    if words <= Self.shortWordsMax {
      entry.number(UInt32(words) | UInt32(delta) << 5)
    } else {
      entry.number(UInt32(delta) << 5)
      entry.number(UInt32(words * 4 + 4))
    }
    entry.all += payload
    entry.align(to: 4)
    page += entry.all
    last = time
    count += 1
  }

  /// The page that is being filled, if it has any record: the last one of this CPU.
  package mutating func takeLast() -> [UInt8]? { page.isEmpty ? nil : takePage() }

  private mutating func begin(at time: UInt64) {
    var head = ByteWriter()
    head.number(time)
    head.number(UInt64(0))
    page = head.all
    last = time
  }

  private mutating func takePage() -> [UInt8] {
    let commit = UInt64(page.count - Self.headSize)
    withUnsafeBytes(of: commit.littleEndian) { page.replaceSubrange(8..<16, with: $0) }
    page += [UInt8](repeating: 0, count: size - page.count)
    defer { page = [] }
    return page
  }
}
