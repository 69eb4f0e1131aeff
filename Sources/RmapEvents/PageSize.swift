/// The size of a recorded kernel's pages: 4, 16 or 64 KiB.
public struct PageSize: Hashable, Sendable {
  /// PAGE_SHIFT: 12, 14 or 16.
  public let shift: UInt64

  private init(shift: UInt64) { self.shift = shift }

  /// 4 KiB: x86, and arm64 by default.
  public static let small = PageSize(shift: 12)

  /// All sizes that are supported, the smallest first.
  public static let all = [12, 14, 16].map(PageSize.init(shift:))

  /// The page size of so many bytes; nil for one that is not supported.
  public init?(bytes: Int) {
    guard let size = Self.all.first(where: { Int($0.bytes) == bytes }) else { return nil }
    self = size
  }

  /// PAGE_SIZE in bytes.
  public var bytes: UInt64 { 1 << shift }

  /// HPAGE_PMD_NR, the pages that one PMD maps, and the most that one event can be about: a page table is one page of
  /// entries of 8 bytes (512, 2048 or 8192).
  public var perPMD: UInt32 { 1 << UInt32(shift - 3) }

  /// HPAGE_PMD_SIZE in bytes.
  public var bytesPerPMD: UInt64 { UInt64(perPMD) << shift }

  /// The mark of it in the formats of a recording.
  public var mark: FieldName {
    switch shift {
    case 12: .pages4K
    case 14: .pages16K
    default: .pages64K
    }
  }
}

/// An address in a process's address space.
///
/// What counts about one is the page that it is in, and a page's size is the kernel's choice. So it is kept as the page's
/// number, above 12 bits for the place within the page, whatever the size: all arithmetic between addresses and offsets
/// (``VMAView``) is the same for every size and costs nothing. The two top bits, which no user address has, tell the size,
/// so that an address can always say its bytes.
public struct UserAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Page number, place within the page in 4096ths, and in the two top bits the size: 0, 1 or 2 for 4, 16 or 64 KiB.
  @usableFromInline let scaled: UInt64

  @inlinable init(scaled: UInt64) { self.scaled = scaled }

  /// Wraps an address of a kernel with 4 KiB pages as it was recorded, in bytes.
  @inlinable public init(_ raw: UInt64) { scaled = raw }

  /// Wraps an address of a kernel with pages of that size as it was recorded, in bytes.
  @inlinable @inline(__always) public init(_ raw: UInt64, _ scale: Scale) { scaled = raw &>> scale.excess | scale.mark }

  /// The address of a page on a kernel with 4 KiB pages.
  @inlinable public init(page: UInt64) { scaled = page << 12 }

  /// What it takes to keep addresses of one page size.
  public struct Scale: Sendable {
    /// By how much PAGE_SHIFT exceeds 12.
    @usableFromInline let excess: UInt64
    /// The two top bits.
    @usableFromInline let mark: UInt64

    /// The scale of a page size.
    public init(_ size: PageSize) {
      excess = size.shift - 12
      mark = (excess / 2) << 62
    }
  }

  /// By how much PAGE_SHIFT exceeds 12. An address of the upper half, which is none of a user, is as it was recorded.
  @inlinable var excess: UInt64 { scaled >> 63 != (scaled >> 62) & 1 ? (scaled >> 62) * 2 : 0 }

  /// The address in bytes.
  @inlinable public var raw: UInt64 { excess == 0 ? scaled : ((scaled << 2) >> 2) << excess }

  /// The number of the page that holds the address.
  @inlinable public var page: UInt64 { (scaled << 2) >> 14 }

  /// The address of a page in the same address space.
  @inlinable public func ofPage(_ page: UInt64) -> UserAddress {
    UserAddress(scaled: (scaled >> 62) << 62 | page << 12)
  }

  /// The address so many bytes further on.
  @inlinable public func advanced(byBytes bytes: UInt64) -> UserAddress {
    UserAddress(scaled: scaled &+ bytes >> excess)
  }

  /// PAGE_SIZE, in bytes, where the address is.
  @inlinable public var pageBytes: UInt64 { 1 << (12 + excess) }

  /// How many pages so many bytes are where the address is.
  @inlinable public func pages(inBytes bytes: UInt64) -> UInt64 { bytes >> (12 + excess) }

  /// Orders by the number.
  @inlinable public static func < (left: Self, right: Self) -> Bool { left.scaled < right.scaled }

  /// `0x` and as many hexadecimal digits as needed.
  public var description: String { "0x" + hexadecimal(raw) }
}
