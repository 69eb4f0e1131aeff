/// What processes did to their anonymous memory, without a word about which anon_vma came of it: the same for every
/// policy.
public struct Workload: Sendable {
  /// A process's address space.
  public struct MM: Hashable, Sendable {
    /// Dense, from 0.
    public let number: UInt32
  }

  /// A VMA.
  public struct VMA: Hashable, Sendable {
    /// Dense, from 0; never given to another VMA.
    public let number: UInt32
  }

  /// An anonymous page, from its first mapping to its last.
  public struct Page: Hashable, Sendable {
    /// Dense, from 0; never given to another page.
    public let number: UInt32

    /// Whatever page there is.
    public static let any = Page(number: .max)
  }

  /// Where a VMA lies: page numbers, its offset in pages, and its `vm_flags`.
  public struct Span: Hashable, Sendable {
    /// First page.
    public var start: UInt64
    /// The page behind the last.
    public var end: UInt64
    /// `vm_pgoff`.
    public var pgoff: UInt64
    /// `vm_flags`.
    public var flags: UInt64

    /// Its pages; none if it is none.
    var pages: Range<UInt64> { start < end ? start..<end : start..<start }

    /// The offset of its last page, in pages.
    var last: UInt64 { pgoff &+ (end &- start) &- 1 }

    /// By how much the pages' numbers exceed their offsets: 0 where none was moved. It is the same in all parts of a VMA.
    var moved: UInt64 { start &- pgoff }

    /// The offset of a page, in pages: its folio's index.
    func index(of page: UInt64) -> UInt64 { pgoff &+ page &- start }

    /// The page at an offset.
    func page(at index: UInt64) -> UInt64 { start &+ index &- pgoff }

    /// The same with its offset moved.
    func shifted(by shift: UInt64) -> Self { Self(start: start, end: end, pgoff: pgoff &+ shift, flags: flags) }

    /// A span from its parts.
    public init(start: UInt64, end: UInt64, pgoff: UInt64, flags: UInt64 = 0) {
      self.start = start
      self.end = end
      self.pgoff = pgoff
      self.flags = flags
    }
  }

  /// How a page comes to be mapped.
  public enum Fault: UInt8, Sendable {
    /// It is new and the faulting process's alone: a first write, or a copy.
    case new
    /// It comes from swap, where others may have it too, and is mapped for the first time since.
    case swapIn
    /// It is an anonymous page already: mapped elsewhere, still in the swap cache, or migrated.
    case again
  }

  /// One thing that happened, as the kernel's functions see it. `Range`s are places in ``spans`` and ``runs``.
  public enum Operation: Sendable {
    /// mmap.
    case map(VMA, MM, Span)
    /// A VMA that is older than the recording, with whatever anon_vmas: `like` names one that had the same anon_vma.
    case assume(VMA, MM, Span, like: VMA?)
    /// The VMA is found changed by something that does not concern anon_vmas.
    case update(VMA, Span)
    /// __anon_vma_prepare; `next` and `previous` could give their anon_vma if the policy allows it.
    case prepare(VMA, next: VMA?, previous: VMA?)
    /// vm_area_dup and anon_vma_fork.
    case fork(child: VMA, MM, parent: VMA)
    /// copy_page_range, of these runs of pages.
    case copyPages(child: VMA, parent: VMA, runs: Range<UInt32>)
    /// vm_area_dup and anon_vma_clone within one mm, for split and mremap; a split's range changes follow.
    case copy(VMA, of: VMA, Span)
    /// dup_anon_vma: before a merge, a VMA that was never faulted in takes over its neighbour's anon_vmas.
    case adopt(kept: VMA, removed: VMA)
    /// vma_prepare to vma_complete, of all these spans at once.
    case resize(spans: Range<UInt32>)
    /// vma_merge of two neighbours, if their anon_vmas allow it under the policy.
    case merge(kept: VMA, removed: VMA)
    /// move_page_tables.
    case movePages(from: VMA, page: UInt64, count: UInt64, to: VMA, target: UInt64)
    /// `count` pages, numbered from `first`, are mapped from `page` on.
    case fault(VMA, page: UInt64, first: Page, count: UInt32, Fault)
    /// `count` pages from `page` on are unmapped, those that are there; only `of` if that is not ``Page/any``.
    case unmap(VMA, page: UInt64, count: UInt64, of: Page)
    /// A write fault finds that the page is the process's alone: it moves to the VMA's anon_vma.
    case reuse(VMA, page: UInt64)
    /// The page is no longer an anonymous page that can be followed: KSM has it, or it was freed.
    case forget(Page)
    /// The kernel walks for a folio: `count` pages from this one on.
    case walk(Page, count: UInt32)
    /// unlink_anon_vmas.
    case unlink(VMA)
    /// vm_area_free.
    case free(VMA)
    /// exit_mmap is over.
    case exit(MM)

    /// Whether it is about pages only.
    var concernsPages: Bool {
      switch self {
      case .copyPages, .movePages, .fault, .unmap, .reuse, .forget, .walk: true
      default: false
      }
    }
  }

  /// An operation and the recorded event that it was taken from; 0 if a generator made it.
  public struct Step: Sendable {
    /// What happened.
    public let operation: Operation
    /// The event's number in the recording.
    public let origin: UInt64
  }

  /// Its name, for reports.
  public var name: String
  /// What happened, in order.
  public internal(set) var steps: ContiguousArray<Step> = []
  /// The new spans of VMAs that ``Operation/resize(spans:)`` changes.
  public internal(set) var spans: ContiguousArray<(vma: VMA, span: Span)> = []
  /// The pages that ``Operation/copyPages(child:parent:runs:)`` copies.
  public internal(set) var runs: ContiguousArray<Range<UInt64>> = []
  /// How many address spaces there are.
  public internal(set) var mmCount: UInt32 = 0
  /// How many VMAs there are.
  public internal(set) var vmaCount: UInt32 = 0
  /// How many pages there are.
  public internal(set) var pageCount: UInt32 = 0
  /// If the workload is repeated: which VMA takes the part of one that the workload begins with.
  public internal(set) var successors: [(first: VMA, successor: VMA)] = []

  /// An empty workload.
  public init(name: String) { self.name = name }

  mutating func newMM() -> MM {
    mmCount += 1
    return MM(number: mmCount - 1)
  }

  mutating func newVMA() -> VMA {
    vmaCount += 1
    return VMA(number: vmaCount - 1)
  }

  mutating func newPages(_ count: UInt32) -> Page {
    pageCount += count
    return Page(number: pageCount - count)
  }

  mutating func add(_ operation: Operation, origin: UInt64 = 0) {
    steps.append(Step(operation: operation, origin: origin))
  }

  mutating func addRuns(_ new: [Range<UInt64>]) -> Range<UInt32> {
    let start = UInt32(runs.count)
    runs.append(contentsOf: new)
    return start..<UInt32(runs.count)
  }

  mutating func addSpans(_ new: [(vma: VMA, span: Span)]) -> Range<UInt32> {
    let start = UInt32(spans.count)
    spans.append(contentsOf: new)
    return start..<UInt32(spans.count)
  }

  /// The last step in which each page is mapped by a fault; -1 if none maps it.
  var lastFaults: ContiguousArray<Int32> {
    var last = ContiguousArray<Int32>(repeating: -1, count: Int(pageCount))
    for (number, step) in steps.enumerated() {
      guard case .fault(_, _, let first, let count, _) = step.operation else { continue }
      for page in first.number..<first.number + count { last[Int(page)] = Int32(number) }
    }
    return last
  }

  /// How many forks of a VMA there are.
  public var forkCount: Int {
    steps.count { if case .fork = $0.operation { true } else { false } }
  }
}
