/// A VMA as one event saw it (`struct vm_area_struct`, include/linux/mm_types.h).
///
/// A VMA has two offsets since 7.3: `vm_pgoff`, where its file mapping begins, and `anon_pgoff`, by which the rmap finds
/// its anonymous folios. Until then `vm_pgoff` served for both. Every rule about anonymous folios goes through
/// ``index(of:)``, ``address(of:)``, ``firstIndex`` and ``lastIndex``; nothing else does arithmetic on an offset.
public struct VMAView: Hashable, Sendable {
  /// The address of the `vm_area_struct`.
  public var address: KernelAddress
  /// `vm_start`, inclusive.
  public var start: UserAddress
  /// `vm_end`, exclusive.
  public var end: UserAddress
  /// `vm_mm`.
  public var mm: KernelAddress
  /// `vm_flags`.
  public var flags: VMFlags
  /// `vma->anon_vma`: where new pages of this VMA go.
  public var anonVMA: KernelAddress
  /// `vm_pgoff` in pages.
  public var vmPgoff: PgOff
  /// The index that an anonymous folio at `vm_start` has, in pages: `anon_pgoff` since 7.3
  /// (include/linux/mm.h:vma_start_anon_pgoff), `vm_pgoff` before.
  public var anonPgoff: PgOff

  /// A view from its fields; `anonPgoff` is nil on a kernel whose VMAs have one offset.
  @inlinable public init(
    address: KernelAddress, start: UserAddress, end: UserAddress, mm: KernelAddress, flags: VMFlags,
    anonVMA: KernelAddress, vmPgoff: PgOff, anonPgoff: PgOff? = nil
  ) {
    self.address = address
    self.start = start
    self.end = end
    self.mm = mm
    self.flags = flags
    self.anonVMA = anonVMA
    self.vmPgoff = vmPgoff
    self.anonPgoff = anonPgoff ?? vmPgoff
  }

  /// Field by field in place: the compiler's own compares copies, by a call.
  @inlinable public static func == (left: Self, right: Self) -> Bool {
    left.address == right.address && left.mm == right.mm && left.flags == right.flags && left.anonVMA == right.anonVMA
      && left.hasRange(of: right)
  }

  /// A view that says nothing, for events that carry no second VMA.
  public static let none = VMAView(
    address: .null, start: UserAddress(0), end: UserAddress(0), mm: .null, flags: [], anonVMA: .null, vmPgoff: PgOff(0))

  // MARK: The range

  /// The length in pages; 0 for a range that makes no sense.
  @inlinable public var pages: UInt64 { end > start ? (end.scaled - start.scaled) >> 12 : 0 }

  /// Whether the address lies in the VMA.
  @inlinable public func contains(_ address: UserAddress) -> Bool { address >= start && address < end }

  /// Whether a stretch of `length` bytes lies in the VMA.
  @inlinable public func contains(_ address: UserAddress, length: UInt64) -> Bool {
    address >= start && address <= end && length <= end.raw - address.raw
  }

  /// Whether both map the same addresses to the same offsets.
  @inlinable public func hasRange(of other: VMAView) -> Bool {
    start == other.start && end == other.end && anonPgoff == other.anonPgoff && vmPgoff == other.vmPgoff
  }

  // MARK: The offset

  /// The index of an anonymous folio's page at an address (include/linux/pagemap.h: linear_anon_page_index since 7.3,
  /// linear_page_index before).
  @inlinable public func index(of address: UserAddress) -> PgOff {
    anonPgoff + ((address.scaled &- start.scaled) >> 12)
  }

  /// Where the page of an index is mapped, whether or not that lies in the VMA (mm/internal.h:vma_address).
  @inlinable public func address(of index: PgOff) -> UserAddress {
    UserAddress(scaled: start.scaled &+ (index.raw &- anonPgoff.raw) << 12)
  }

  /// The first index of the interval-tree key (mm/interval_tree.c:avc_start_pgoff).
  @inlinable public var firstIndex: PgOff { anonPgoff }

  /// The last index of the interval-tree key (mm/interval_tree.c:avc_last_pgoff).
  @inlinable public var lastIndex: PgOff { anonPgoff + (pages &- 1) }

  /// Whether the key holds these indices.
  @inlinable public func holds(_ first: PgOff, _ last: PgOff) -> Bool { firstIndex <= first && last <= lastIndex }

  /// By how much indices lie above page numbers, modulo 2^64; 0 where no mremap has come between the first fault and now.
  @inlinable public var indexShift: UInt64 { anonPgoff.raw &- start.page }

  /// `vm_pgoff` less `anon_pgoff`, modulo 2^64: it stays what it is while the VMA has an anon_vma.
  @inlinable public var offsetGap: UInt64 { vmPgoff.raw &- anonPgoff.raw }

  /// The file's offset of an address (include/linux/pagemap.h:linear_page_index).
  @inlinable public func fileIndex(of address: UserAddress) -> PgOff {
    vmPgoff + ((address.scaled &- start.scaled) >> 12)
  }

  // MARK: The flags

  /// Whether exec is still building this stack: the rmap walk cannot find its pages.
  @inlinable public var isTemporaryStack: Bool { flags.isSuperset(of: .stackIncompleteSetup) }

  /// Whether a driver chose how the VMA's pages are mapped.
  @inlinable public var isDriverMapping: Bool { !flags.isDisjoint(with: [.pfnMap, .io, .mixedMap]) }

  /// Whether fork gives the child none of its pages, and no anon_vma.
  @inlinable public var isWipedOnFork: Bool { flags.contains(.wipeOnFork) }

  /// Whether the VMA maps huge pages of hugetlbfs, whose index has another unit on 6.1.
  @inlinable @inline(__always) public var isHugetlb: Bool { flags.contains(.hugetlb) }
}
