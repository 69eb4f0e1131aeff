/// What `folio->mapping` says by its low bits (include/linux/page-flags.h: PAGE_MAPPING_*).
public struct FolioMapping: Hashable, Sendable {
  /// The word as recorded.
  public let raw: UInt64

  /// Wraps a word as it was recorded.
  @inlinable public init(_ raw: UInt64) { self.raw = raw }

  /// An anonymous folio outside KSM: the word is an anon_vma's address plus 1.
  @inlinable public var isAnonymous: Bool { raw & 3 == 1 }

  /// A page that KSM merged: the word is a stable node's address plus 3.
  @inlinable public var isKSM: Bool { raw & 3 == 3 }

  /// The anon_vma, where ``isAnonymous``.
  @inlinable public var anonVMA: KernelAddress { KernelAddress(raw & ~3) }

  /// The word for a folio of `anonVMA`.
  @inlinable public init(anonVMA: KernelAddress) { raw = anonVMA.raw | 1 }
}

/// A step in the life of a folio's mappings.
public struct FolioEvent: Sendable {
  /// What happens to the folio.
  public enum Step: UInt8, Sendable {
    /// A folio gets its first mapping and its anon_vma (folio_add_new_anon_rmap).
    case new
    /// One more mapping is added (folio_add_anon_rmap_ptes, page_add_anon_rmap).
    case add
    /// A mapping goes (folio_remove_rmap_ptes, page_remove_rmap).
    case remove
    /// A folio that one VMA alone maps is given to that VMA's anon_vma (folio_move_anon_rmap).
    case move
    /// The folio is looked at, nothing changes (folio_add_lru_vma).
    case seen
  }

  /// Which step.
  public var step: Step
  /// Whether `mapping` and `index` were read after the step (a return probe) or before it.
  public var isAfter: Bool
  /// Whether one PMD maps the whole folio.
  public var isPMD: Bool
  /// RMAP_EXCLUSIVE: this mapping is known to be the only one.
  public var isExclusive: Bool
  /// The folio (the head page).
  public var folio: KernelAddress
  /// Which page of the folio the event starts at.
  public var subpage: UInt32
  /// How many pages the event is about.
  public var pages: UInt32
  /// The VMA.
  public var vma: VMAView
  /// The address that the pages are mapped at; nil where the kernel function is not told (remove, move).
  public var address: UserAddress?
  /// `folio->mapping`.
  public var mapping: FolioMapping
  /// `folio->index`, the offset of the folio's first page, in pages of the page size.
  public var index: PgOff
  /// Whether the folio has more than one page.
  public var isLarge: Bool
  /// PageAnonExclusive of the event's first page; nil where it was not recorded.
  public var isPageExclusive: Bool?
  /// Whether it is a page of hugetlbfs: ``pages`` is 1 then, however large it is, since it is mapped as one.
  public var isHugetlb: Bool
  /// Whether the kernel has PageAnonExclusive at all (5.19).
  public var kernelMarksExclusive = true
  /// Whether ``index`` could be brought to its unit; of a page of hugetlbfs in an older recording it is not known.
  public var indexIsKnown = true
  /// Whether the folio may get another index right behind a move: UFFDIO_MOVE (6.8) calls folio_move_anon_rmap first,
  /// and is not always seen. page_move_anon_rmap serves write faults alone.
  public var indexMayFollow: Bool

  /// Memberwise.
  @inlinable public init(
    step: Step, isAfter: Bool, isPMD: Bool = false, isExclusive: Bool = false,
    folio: KernelAddress, subpage: UInt32 = 0, pages: UInt32 = 1, vma: VMAView,
    address: UserAddress? = nil, mapping: FolioMapping, index: PgOff, isLarge: Bool = false,
    isPageExclusive: Bool? = nil, isHugetlb: Bool = false, indexMayFollow: Bool = false
  ) {
    self.step = step
    self.isAfter = isAfter
    self.isPMD = isPMD
    self.isExclusive = isExclusive
    self.folio = folio
    self.subpage = subpage
    self.pages = pages
    self.vma = vma
    self.address = address
    self.mapping = mapping
    self.index = index
    self.isLarge = isLarge
    self.isPageExclusive = isPageExclusive
    self.isHugetlb = isHugetlb
    self.indexMayFollow = indexMayFollow
  }

  /// The kind of event that tells of such a step.
  @inlinable public var kind: EventKind {
    switch step {
    case .new: isHugetlb ? .hugetlbNew : .folioNew
    case .add: isHugetlb ? .hugetlbAdd : isPMD ? .folioAddPMD : .folioAdd
    case .remove: isPMD ? .folioRemovePMD : .folioRemove
    case .move: .folioMove
    case .seen: .folioSeen
    }
  }

  /// The offset of the first page that the event is about.
  @inlinable public var firstIndex: PgOff { index + UInt64(subpage) }
}

/// A VMA of hugetlbfs is about to lose what it maps in a range (mm/hugetlb.c:__unmap_hugepage_range).
public struct HugetlbUnmap: Sendable {
  /// The VMA.
  public var vma: VMAView
  /// Where the range starts.
  public var start: UserAddress
  /// Where it ends, exclusive.
  public var end: UserAddress
  /// The one folio that is to go; null if all are.
  public var only: KernelAddress

  /// Memberwise.
  @inlinable public init(vma: VMAView, start: UserAddress, end: UserAddress, only: KernelAddress = .null) {
    self.vma = vma
    self.start = start
    self.end = end
    self.only = only
  }
}
