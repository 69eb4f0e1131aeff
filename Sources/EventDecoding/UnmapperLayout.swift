import RmapEvents
import Vocabulary

/// in_*: the VMA that a task is about to unmap pages in, or the mm and the PMD's range, where more is not known.
struct UnmapperLayout: Sendable {
  private let vma: VMAFields?
  private let mm, address: Word
  private let bytes: UInt64
  private let scale: UserAddress.Scale

  init(_ finder: inout FieldFinder) {
    scale = UserAddress.Scale(finder.pageSize)
    vma = VMAFields(&finder)
    (mm, address, bytes) = (Word(offset: 0), Word(offset: 0), 0)
  }

  /// `bytes`: how far the range goes from `addr` on, rounded down to that.
  init(_ finder: inout FieldFinder, bytes: UInt64) {
    scale = UserAddress.Scale(finder.pageSize)
    vma = nil
    mm = finder.word(.mm)
    address = finder.word(.address)
    self.bytes = bytes
  }

  @inline(__always) func load(_ record: UnsafeRawBufferPointer) -> VMAView? {
    if let vma {
      let view = vma.load(record)
      return view.address.isKernel && view.mm.isKernel ? view : nil
    }
    let start = address.load(record) & ~(bytes &- 1)
    let view = VMAView(
      address: .null, start: UserAddress(start, scale), end: UserAddress(start &+ bytes, scale), mm: mm.address(record),
      flags: VMFlags(rawValue: 0), anonVMA: .null, vmPgoff: PgOff(0))
    return view.mm.isKernel ? view : nil
  }
}

/// Where each task unmaps pages, on kernels whose page_remove_rmap is not told of the VMA: as its last in_* event said.
struct Unmappers: Sendable {
  private var views: [Int32: VMAView] = [:]
  /// The task that was asked for last: it mostly unmaps many pages in a row.
  private var last: (pid: Int32, view: VMAView) = (-1, .none)

  mutating func note(_ view: VMAView, of pid: Int32) {
    views[pid] = view
    last = (pid, view)
  }

  /// The view; ``VMAView/none`` if nothing is known.
  @inline(__always) mutating func view(of pid: Int32) -> VMAView {
    if last.pid != pid { last = (pid, views[pid] ?? .none) }
    return last.view
  }

  /// Behind a gap nothing is known of what the tasks are at.
  mutating func forget() { self = Unmappers() }
}
