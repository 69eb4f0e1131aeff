/// The address of a kernel object: an anon_vma, an AVC, a VMA, an mm or a folio.
///
/// An address is not an identity: the anon_vma cache is `SLAB_TYPESAFE_BY_RCU` and addresses are
/// reused within microseconds. The graph pairs an address with the event that gave birth to the object.
public struct KernelAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The 64-bit address.
  public let raw: UInt64

  /// Wraps an address as it was recorded.
  @inlinable public init(_ raw: UInt64) { self.raw = raw }

  /// The null pointer.
  @inlinable public static var null: KernelAddress { KernelAddress(0) }

  /// Whether this is the null pointer.
  @inlinable public var isNull: Bool { raw == 0 }

  /// Whether it can be the address of a kernel object: in the upper half (with five-level page tables: the upper 2^56
  /// bytes), and aligned as pointers are, as whatever a slab cache gives is. A failing dereference in a
  /// kprobe leaves old bytes in the field (kernel/trace/trace_probe_tmpl.h:process_fetch_insn_bottom).
  @inlinable @inline(__always) public var isKernel: Bool { raw >> 56 == 0xff && raw & 7 == 0 }

  /// The word without the tag that KASAN puts into the top byte of a kernel pointer on arm64 (arch/arm64/include/asm/memory.h:
  /// kasan_reset_tag): bit 55 tells the half. Anything else, and what has no tag, is as it was.
  @inlinable public static func untagged(_ word: UInt64) -> UInt64 {
    word >> 55 & 1 == 1 ? word | 0xff << 56 : word
  }

  /// Orders by the number.
  @inlinable public static func < (left: Self, right: Self) -> Bool { left.raw < right.raw }

  /// `0x` and sixteen hexadecimal digits.
  public var description: String { "0x" + hexadecimal(raw, width: 16) }
}

/// An offset in pages: `vm_pgoff` or `folio->index`.
///
/// For anonymous memory it is the page number that the page had when it was first faulted in.
public struct PgOff: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The offset in pages.
  public let raw: UInt64

  /// Wraps an offset as it was recorded.
  @inlinable public init(_ raw: UInt64) { self.raw = raw }

  /// Joins the halves of `__vm_anon_pgoff` (7.3, include/linux/mm_types.h), of 32 bits each; a 32-bit kernel has no high one.
  @inlinable public init(low: UInt64, high: UInt64?) { raw = low & 0xffff_ffff | (high ?? 0) << 32 }

  /// Adds pages, wrapping as the kernel's unsigned arithmetic does.
  @inlinable public static func + (left: Self, pages: UInt64) -> Self { Self(left.raw &+ pages) }

  /// Orders by the number.
  @inlinable public static func < (left: Self, right: Self) -> Bool { left.raw < right.raw }

  /// `0x` and as many hexadecimal digits as needed.
  public var description: String { "0x" + hexadecimal(raw) }
}

/// Where in a recording a fact was seen: what a report prints so that its reader can find the record.
public struct EventStamp: Hashable, Sendable {
  /// The record's number in the merged recording, counted from 1: line N of `trace-cmd report`.
  public var ordinal: UInt64
  /// The recording clock's time in nanoseconds.
  public var timestamp: UInt64
  /// The task that was running (`common_pid`).
  public var pid: Int32
  /// What no pid exceeds (include/linux/threads.h: PID_MAX_LIMIT).
  @inlinable public static var pidMax: UInt32 { 4 << 20 }
  /// The CPU that recorded the event.
  public var cpu: UInt16
  /// The operation that the task was in, or else the function that the event is of: who did what the model noted here.
  /// The graph fills it in.
  public var function: EventKind?

  /// A stamp from its parts; `timestamp` in nanoseconds.
  @inlinable public init(ordinal: UInt64, timestamp: UInt64, pid: Int32, cpu: UInt16) {
    self.ordinal = ordinal
    self.timestamp = timestamp
    self.pid = pid
    self.cpu = cpu
  }

  /// The stamp of something that predates the recording.
  @inlinable public static var beforeRecording: EventStamp {
    EventStamp(ordinal: 0, timestamp: 0, pid: 0, cpu: 0)
  }

  /// Whether a record stands behind the stamp.
  @inlinable public var isRecorded: Bool { ordinal != 0 }
}

/// Hexadecimal digits without a prefix, padded with zeros to `width`.
public func hexadecimal(_ value: UInt64, width: Int = 1) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
