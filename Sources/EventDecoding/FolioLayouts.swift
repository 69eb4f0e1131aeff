import RmapEvents
import Vocabulary

/// RMAP_EXCLUSIVE (include/linux/rmap.h: BIT(0) since 5.19); a macro, so BTF does not have it.
private let rmapExclusive: Int64 = 1
/// RMAP_COMPOUND (include/linux/rmap.h: BIT(1), 5.19 to 6.7).
private let rmapCompound: Int64 = 2

/// The folio_* events.
struct FolioLayout: Sendable {
  let step: FolioEvent.Step
  let isAfter, isPMD: Bool
  let folio: Word
  let page: Word?
  let vma: VMAFields
  let mapping, index: Word
  let large, folioPages, pageSize: Number
  let pages, flags, exclusive: Number?
  let address: Word?
  let hugetlbUnit: HugetlbUnit
  let marksExclusive: Bool
  let perPMD: UInt32

  init(
    _ finder: inout FieldFinder, _ step: FolioEvent.Step, isPMD: Bool, isHugetlb: Bool = false, isEntry: Bool = false
  ) {
    self.step = step
    self.isPMD = isPMD
    isAfter = (step == .new || step == .move) && !isEntry
    hugetlbUnit = finder.hugetlbUnit
    marksExclusive = finder.marksExclusive
    perPMD = finder.pageSize.perPMD
    folio = finder.word(.folio)
    vma = VMAFields(&finder)
    mapping = finder.word(.mapping)
    index = finder.word(.index)
    large = finder.number(.large)
    folioPages = finder.number(.folioPages)
    pageSize = finder.number(.pageSize)
    // hugetlb_* are about a whole folio.
    let isRange = (step == .add || step == .remove) && !isHugetlb
    page = isRange ? finder.word(.page) : nil
    pages = isRange && !isPMD ? finder.number(.pages) : nil
    address = step == .add || step == .new ? finder.word(.address) : nil
    // hugetlb_add_new_anon_rmap has none: its page is always exclusive.
    flags = step == .add || step == .new && !isHugetlb ? finder.optionalNumber(.rmapFlags) : nil
    exclusive = isPMD || isHugetlb ? nil : finder.optionalNumber(.exclusive)
  }
}

extension UnsafePointer<FolioLayout> {
  /// Makes an event; false if a pointer that must be valid is none, or a count absurd.
  @inline(__always)
  func load(_ record: UnsafeRawBufferPointer, into place: UnsafeMutablePointer<FolioEvent>) -> Bool {
    let folio = pointee.folio.address(record)
    let view = pointee.vma.load(record)
    guard folio.isKernel, view.address.isKernel, view.mm.isKernel else { return false }
    let step = pointee.step
    let isLarge = pointee.large.load(record) != 0
    let whole = isLarge ? UInt32(truncatingIfNeeded: pointee.folioPages.load(record)) : 1
    let perPMD = pointee.perPMD
    var count: UInt32 = 1
    var isPMD = pointee.isPMD
    if isPMD {
      count = perPMD
    } else if let pages = pointee.pages {
      count = UInt32(truncatingIfNeeded: pages.load(record))
    } else if step == .new, !view.isHugetlb {
      // mm/rmap.c:folio_add_new_anon_rmap: a PMD-sized folio is mapped by its PMD.
      count = whole
      isPMD = whole == perPMD
    }
    guard count >= 1, count <= perPMD else { return false }
    guard let subpage = subpage(record, of: folio) else { return false }
    let isExclusive = if let flags = pointee.flags { flags.load(record) & rmapExclusive != 0 } else { step == .new }
    place.initialize(
      to: FolioEvent(
        step: step, isAfter: pointee.isAfter, isPMD: isPMD, isExclusive: isExclusive, folio: folio,
        subpage: subpage, pages: count, vma: view, address: pointee.address?.user(record, pointee.vma.scale),
        mapping: FolioMapping(pointee.mapping.load(record)), index: PgOff(pointee.index.load(record)),
        isLarge: isLarge, isPageExclusive: pointee.exclusive?.isOdd(record), indexMayFollow: step == .move))
    if !pointee.marksExclusive { place.pointee.kernelMarksExclusive = false }
    if view.isHugetlb { place.pointee.takeForHugetlb(pointee.hugetlbUnit, pages: pointee.folioPages.load(record)) }
    return true
  }

  /// Which page of the folio the event starts at; nil if the page lies outside of any folio's reach.
  @inline(__always) private func subpage(
    _ record: UnsafeRawBufferPointer, of folio: KernelAddress
  ) -> UInt32? {
    guard let page = pointee.page else { return 0 }
    return subpageNumber(page.load(record), folio.raw, pointee.pageSize.load(record))
  }
}

/// The page_* events of kernels before 6.7: the page may be a tail, its folio is the head.
struct PageLayout: Sendable {
  let step: FolioEvent.Step
  let page, head, mapping, index, headMapping, headIndex: Word
  /// nil for a removal of a kernel that does not tell its function of the VMA.
  let vma: VMAFields?
  let large, pageSize: Number
  let address: Word?
  let flags, compound, exclusive: Number?
  let folioPages: Number?
  let hugetlbUnit: HugetlbUnit
  let marksExclusive: Bool
  let perPMD: UInt32
  let scale: UserAddress.Scale

  init(_ finder: inout FieldFinder, _ step: FolioEvent.Step, isHugetlb: Bool = false) {
    self.step = step
    hugetlbUnit = finder.hugetlbUnit
    marksExclusive = finder.marksExclusive
    perPMD = finder.pageSize.perPMD
    scale = UserAddress.Scale(finder.pageSize)
    page = finder.word(.page)
    head = finder.word(.compoundHead)
    mapping = finder.word(.mapping)
    index = finder.word(.index)
    headMapping = finder.word(.headMapping)
    headIndex = finder.word(.headIndex)
    vma = step == .remove ? finder.optionalVMA() : VMAFields(&finder)
    large = finder.number(.large)
    pageSize = finder.number(.pageSize)
    folioPages = finder.optionalNumber(.folioPages)
    address = step == .new || step == .add ? finder.word(.address) : nil
    // hugepage_add_anon_rmap had none before 5.19: its page is never exclusive.
    flags = step == .add ? isHugetlb ? finder.optionalNumber(.rmapFlags) : finder.number(.rmapFlags) : nil
    compound = step == .remove ? finder.number(.compound) : nil
    exclusive = finder.optionalNumber(.exclusive)
  }
}

extension UnsafePointer<PageLayout> {
  /// Makes an event; false if a pointer that must be valid is none. `unmappers` say where a removal is that does not tell
  /// it.
  @inline(__always)
  func load(
    _ record: UnsafeRawBufferPointer, pid: Int32, _ unmappers: inout Unmappers,
    into place: UnsafeMutablePointer<FolioEvent>
  ) -> Bool {
    let page = pointee.page.address(record)
    guard page.isKernel else { return false }
    let view: VMAView
    let isTold: Bool
    if let vma = pointee.vma {
      (view, isTold) = (vma.load(record), true)
      guard view.address.isKernel, view.mm.isKernel else { return false }
    } else {
      (view, isTold) = (unmappers.view(of: pid), false)
    }
    var (folio, subpage) = (page, UInt32(0))
    var (mapping, index) = (pointee.mapping, pointee.index)
    let head = pointee.head.load(record)
    let isTail = head & 1 == 1
    if isTail {
      folio = KernelAddress(head & ~1)
      guard folio.isKernel, let number = subpageNumber(page.raw, folio.raw, pointee.pageSize.load(record)) else {
        return false
      }
      (subpage, mapping, index) = (number, pointee.headMapping, pointee.headIndex)
    }
    let isHead = pointee.large.load(record) != 0
    let step = pointee.step
    let flags = pointee.flags?.load(record) ?? 0
    let isPMD =
      switch step {
      case .new: isHead
      case .add: flags & rmapCompound != 0
      case .remove: pointee.compound?.isOdd(record) ?? false
      default: false
      }
    place.initialize(
      to: FolioEvent(
        step: step, isAfter: false, isPMD: isPMD, isExclusive: step == .new || flags & rmapExclusive != 0, folio: folio,
        subpage: subpage, pages: isPMD ? pointee.perPMD : 1, vma: view,
        address: pointee.address?.user(record, pointee.scale), mapping: FolioMapping(mapping.load(record)),
        index: PgOff(index.load(record)), isLarge: isHead || isTail,
        isPageExclusive: pointee.exclusive?.isOdd(record)))
    if !pointee.marksExclusive { place.pointee.kernelMarksExclusive = false }
    if view.isHugetlb {
      place.pointee.takeForHugetlb(pointee.hugetlbUnit, pages: pointee.folioPages?.load(record) ?? 0)
    }
    if !isTold, !place.pointee.isWithinVMA { place.pointee.vma = .none }
    return true
  }
}

/// A page's number within its folio, from the distance of their `struct page`s; nil if it can't be one.
@inline(__always) private func subpageNumber(_ page: UInt64, _ folio: UInt64, _ size: Int64) -> UInt32? {
  if page == folio { return size > 0 ? 0 : nil }  // Mostly; a division takes its time.
  guard size > 0, page >= folio else { return nil }
  let number = (page - folio) / UInt64(size)
  return number < 1 << 16 ? UInt32(number) : nil
}

/// What the index of a page of hugetlbfs counts.
enum HugetlbUnit: Sendable {
  /// The recording does not say.
  case unknown
  /// Huge pages.
  case hugePages
  /// Pages of the page size, as with all others.
  case pages
}

extension FolioEvent {
  /// Whether an anonymous page can be in the VMA: what a task's last in_* event said may be about something else by now.
  /// Of a page of KSM the index says nothing.
  fileprivate var isWithinVMA: Bool {
    if vma.address.isNull || !mapping.isAnonymous || !indexIsKnown { return true }
    return vma.contains(vma.address(of: firstIndex))
  }

  /// One mapping of a huge page of hugetlbfs, with its index in pages of the page size.
  @inline(never) fileprivate mutating func takeForHugetlb(_ unit: HugetlbUnit, pages count: Int64) {
    isHugetlb = true
    isPMD = false
    pages = 1
    subpage = 0
    switch unit {
    case .pages: break
    case .hugePages where count > 0: index = PgOff(index.raw &* UInt64(count))
    default: indexIsKnown = false
    }
  }
}

/// hugetlb_unmap.
struct HugetlbUnmapLayout: Sendable {
  let vma: VMAFields
  let start, end, only: Word

  init(_ finder: inout FieldFinder) {
    vma = VMAFields(&finder)
    start = finder.word(.address)
    end = finder.word(.end)
    only = finder.word(.refcount)
  }

  @inline(__always) func load(_ record: UnsafeRawBufferPointer) -> HugetlbUnmap? {
    let view = vma.load(record)
    guard view.address.isKernel, view.mm.isKernel else { return nil }
    return HugetlbUnmap(
      vma: view, start: start.user(record, vma.scale), end: end.user(record, vma.scale),
      only: only.address(record))
  }
}
