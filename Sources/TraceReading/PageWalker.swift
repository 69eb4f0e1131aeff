/// Walks the records of one ring-buffer page.
///
/// A page is a time, a length (`commit`), and that many bytes of entries. An entry begins with a word:
/// 5 bits of type or length, 27 bits of time since the entry before.
///
///     1 … 28  a record of 4 × that many bytes
///     0       a record whose length, itself included, is in the next word
///     29      padding; with time 0 the rest of the page, else the next word is its length
///     30      time only: the next word holds the upper bits of a longer time since
///     31      time only: the same, absolute
///
/// Nothing outside the page's bytes is touched, whatever they are.
struct PageWalker {
  /// An absolute time lacks its 5 upper bits; they are those of the time before.
  private static let stampUpperBits: UInt64 = 0xf8 << 56
  private static let flagMissed: UInt64 = 1 << 31
  private static let flagMissedStored: UInt64 = 1 << 30
  private static let signExtension: UInt64 = 0xffff_ffff << 32

  /// What a page notes about records lost before it.
  enum Loss: Equatable {
    case none
    case unknown
    case counted(UInt64)
  }

  /// What a step ended at.
  enum Step {
    case record
    case end
    case damaged
  }

  private let bytes: UnsafeRawBufferPointer
  private var next: Int
  private let end: Int
  /// What the page notes about the records before it.
  let loss: Loss
  /// Time of the entry last passed, in the buffer's clock.
  private(set) var timestamp: UInt64
  /// The record last stepped to: bytes from the page's start, and how many.
  private(set) var payloadOffset = 0
  private(set) var payloadCount = 0

  /// A page without records.
  init() {
    bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    next = 0
    end = 0
    loss = .none
    timestamp = 0
  }

  /// Whether no entry is left, not even padding.
  var isEmpty: Bool { end == next }

  /// Whether the page's head is all zero: no kernel writes that, a hole in a copied file does.
  var isHole: Bool { isEmpty && timestamp == 0 && loss == .none }

  /// Reads the page's head; nil if it does not fit the page.
  init?(_ bytes: UnsafeRawBufferPointer, _ layout: PageLayout) {
    guard bytes.count >= layout.dataOffset else { return nil }
    self.bytes = bytes
    let isLong = layout.commitSize == 8
    func long(at offset: Int) -> UInt64 {
      isLong
        ? bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        : UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
    let word = long(at: layout.commitOffset)
    let commit = word & 0xffff_ffff
    // Some kernels (6.1 does, 6.12 does not) add bit 31 as a negative int, which sets all bits above it too.
    guard word == commit || (word == commit | Self.signExtension && commit & Self.flagMissed != 0)
    else { return nil }
    let length = commit & ~(Self.flagMissed | Self.flagMissedStored)
    guard length <= UInt64(bytes.count - layout.dataOffset) else { return nil }
    next = layout.dataOffset
    end = next + Int(length)
    if commit & Self.flagMissed == 0 {
      guard commit & Self.flagMissedStored == 0 else { return nil }
      loss = .none
    } else if commit & Self.flagMissedStored == 0 {
      loss = .unknown
    } else {
      guard layout.commitSize <= bytes.count - end else { return nil }
      loss = .counted(long(at: end))
    }
    timestamp = bytes.loadUnaligned(fromByteOffset: layout.timestampOffset, as: UInt64.self)
  }

  /// The common case: goes to the next record if the very next entry is one, of at least so many bytes, and its time is in
  /// a range. If not, nothing has changed.
  @inline(__always)
  mutating func stepToRecord(from earliest: UInt64, before limit: UInt64, ofAtLeast least: Int) -> Bool {
    guard end - next >= 8 else { return false }
    let words = bytes.loadUnaligned(fromByteOffset: next, as: UInt64.self)
    let time = timestamp &+ (words & 0xffff_ffff) >> 5
    guard time >= earliest, time < limit else { return false }
    var (start, count) = (next + 4, Int(words & 31) * 4)
    if count == 0 {
      start = next + 8
      count = (Int(words >> 32) - 1) & ~3  // Less its own 4 bytes, rounded up.
    } else if count > 28 * 4 {
      return false
    }
    guard count >= least, count <= end - start else { return false }
    timestamp = time
    payloadOffset = start
    payloadCount = count
    next = start + count
    return true
  }

  /// Goes to the next record.
  mutating func step() -> Step {
    while next != end {
      guard end - next >= 4 else { return .damaged }
      let word = bytes.loadUnaligned(fromByteOffset: next, as: UInt32.self)
      let type = Int(word & 31)
      let delta = UInt64(word >> 5)
      if type != 0, type <= 28 {
        let start = next + 4
        guard type * 4 <= end - start else { return .damaged }
        return record(at: start, count: type * 4, delta)
      }
      if type == 29, delta == 0 { break }
      guard end - next >= 8 else { return .damaged }
      let extra = bytes.loadUnaligned(fromByteOffset: next + 4, as: UInt32.self)
      let start = next + 8
      switch type {
      case 0:
        let count = (Int(extra) - 1) & ~3  // Less its own 4 bytes, rounded up.
        guard extra >= 4, count <= end - start else { return .damaged }
        return record(at: start, count: count, delta)
      case 29:
        guard Int(extra) <= end - (next + 4) else { return .damaged }
        timestamp &+= delta
        next += 4 + Int(extra)
      case 30:
        timestamp &+= UInt64(extra) << 27 &+ delta
        next = start
      default:
        timestamp = timestamp & Self.stampUpperBits | (UInt64(extra) << 27 &+ delta)
        next = start
      }
    }
    next = end
    return .end
  }

  @inline(__always)
  private mutating func record(at start: Int, count: Int, _ delta: UInt64) -> Step {
    timestamp &+= delta
    payloadOffset = start
    payloadCount = count
    next = start + count
    return .record
  }
}
