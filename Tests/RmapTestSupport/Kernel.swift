public import RmapEvents

/// A kernel in miniature that does what `mm/rmap.c` does and records it: each operation leaves exactly the
/// events that a real recording would hold, with the fields as they are at that moment.
///
/// Objects have names: a process is `p`, its VMA `V` is `p.V`; fork makes `c.V` of it. Places are page numbers.
public final class Kernel {
  /// Which kernel's probes and order of steps.
  public enum Version: Sendable {
    /// page_* functions, probed before they set mapping and index.
    case v6_1
    /// folio_* functions; folio_add_new_anon_rmap and folio_move_anon_rmap are probed at their return.
    case v6_12
    /// The same functions, probed at their entry.
    case v6_8
    /// VMAs with two offsets; anon_vma_fork allocates an anon_vma in advance.
    case v7_3
  }

  /// `struct anon_vma`.
  final class AnonVMA {
    let address: KernelAddress
    private let ownRoot: AnonVMA?
    private let ownParent: AnonVMA?
    var refcount: Int32 = 1
    var children: UInt64 = 0
    var active: UInt64 = 0
    var tree: [AVC] = []
    var root: AnonVMA { ownRoot ?? self }
    var parent: AnonVMA { ownParent ?? self }

    init(_ address: KernelAddress, root: AnonVMA? = nil, parent: AnonVMA? = nil) {
      self.address = address
      ownRoot = root
      ownParent = parent
    }
  }

  /// `struct anon_vma_chain`.
  final class AVC {
    let address: KernelAddress
    let vma: VMA
    let anonVMA: AnonVMA
    /// The anon_vma in whose tree it is.
    var owner: AnonVMA

    init(_ address: KernelAddress, _ vma: VMA, _ anonVMA: AnonVMA) {
      self.address = address
      self.vma = vma
      self.anonVMA = anonVMA
      owner = anonVMA
    }
  }

  /// `struct vm_area_struct`.
  final class VMA {
    let name: String
    let address: KernelAddress
    var mm: MM
    var pages: Range<UInt64>
    /// The offset that the rmap goes by.
    var pgoff: UInt64
    /// By how much vm_pgoff lies above it (7.3).
    var gap: UInt64 = 0
    var flags: UInt64 = 0
    var protectionIsWrong = false
    /// Whether it maps hugetlbfs. A page stands for a huge one: offsets count pages of the page size.
    var isHugetlb: Bool { flags & 0x40_0000 != 0 }
    var anonVMA: AnonVMA?
    /// `anon_vma_chain`, newest first.
    var chain: [AVC] = []

    init(_ name: String, _ address: KernelAddress, _ mm: MM, _ pages: Range<UInt64>, pgoff: UInt64) {
      (self.name, self.address, self.mm, self.pages, self.pgoff) = (name, address, mm, pages, pgoff)
    }
  }

  /// `struct mm_struct`, with its page tables.
  final class MM {
    let process: String
    let address: KernelAddress
    var vmas: [VMA] = []
    var tables: [UInt64: Mapping] = [:]
    var swapped: [UInt64: Swap] = [:]

    init(_ process: String, _ address: KernelAddress) {
      (self.process, self.address) = (process, address)
    }
  }

  /// An anonymous folio that is mapped somewhere.
  final class Folio {
    let address: KernelAddress
    var mapping: FolioMapping
    var index: UInt64
    var mapcount = 0
    var isExclusive = true
    var isLarge = false
    var isHugetlb = false

    init(_ address: KernelAddress, _ mapping: FolioMapping, index: UInt64) {
      (self.address, self.mapping, self.index) = (address, mapping, index)
    }
  }

  /// What a page table entry leads to.
  struct Mapping {
    var folio: Folio
    var subpage: UInt32 = 0
    var isPMD = false
  }

  /// A page that is in swap, and its folio while that is still in the swap cache.
  final class Swap {
    var cached: Folio?
  }

  let version: Version
  /// Whether the probes of new and moved folios fire before the kernel has set mapping and index.
  var probesEntries: Bool { version == .v6_1 || version == .v6_8 }
  var steps: [History.Step] = []
  var mms: [String: MM] = [:]
  private var pids: [String: Int32] = [:]
  /// The task that runs where it is not the VMA's own process: kswapd, ksmd.
  var visitor: String?
  /// After how many links the next clone fails for want of memory.
  var cloneFailure: Int?
  var pinned: [String: AnonVMA] = [:]
  /// What is wrong with this kernel.
  public var defect: Defect?
  /// How often it went wrong.
  public internal(set) var defectFired = 0
  /// Whether the kernel's own rmap walks are recorded.
  public var recordsWalks = false
  /// Whether freed addresses are given out again at once, as the slab does.
  public var reusesAddresses = false
  /// Whether random operations make folios of several pages, and split them.
  public var makesLargeFolios = true
  private var nextAddress: [Kind: UInt64] = [:]
  private var freed: [Kind: [KernelAddress]] = [:]

  enum Kind: UInt64 { case vma = 1, anonVMA, avc, mm, folio }

  /// A kernel on which nothing runs yet.
  public init(_ version: Version) { self.version = version }

  // MARK: Names

  /// The pid of a process or a kernel thread: 101 for the first that is named, then 102, …
  @discardableResult
  public func pid(_ process: String) -> Int32 {
    if let pid = pids[process] { return pid }
    let pid = Int32(101 + pids.count)
    pids[process] = pid
    return pid
  }

  func vma(_ name: String) -> VMA {
    let process = String(name.prefix { $0 != "." })
    guard let vma = mms[process]?.vmas.first(where: { $0.name == name }) else {
      preconditionFailure("there is no VMA \(name)")
    }
    return vma
  }

  func mm(_ process: String) -> MM {
    if let mm = mms[process] { return mm }
    pid(process)
    let mm = MM(process, take(.mm))
    mms[process] = mm
    return mm
  }

  /// The address of a VMA's `struct vm_area_struct`.
  public func address(_ name: String) -> KernelAddress { vma(name).address }

  /// The address of a VMA's anon_vma.
  public func anonVMA(_ name: String) -> KernelAddress { vma(name).anonVMA?.address ?? .null }

  /// How a VMA would look to an event now.
  public func view(_ name: String) -> VMAView { view(vma(name)) }

  /// The ordinal of the last event so far.
  public var now: Int { steps.count }

  // MARK: Addresses

  func take(_ kind: Kind) -> KernelAddress {
    if reusesAddresses, let last = freed[kind]?.popLast() { return last }
    let number = nextAddress[kind, default: 0]
    nextAddress[kind] = number + 1
    return KernelAddress(0xffff_8880_0000_0000 + kind.rawValue << 24 + number * 0x100)
  }

  func give(back address: KernelAddress, _ kind: Kind) { freed[kind, default: []].append(address) }

  // MARK: Recording

  func emit(_ event: RmapEvent, by process: String) {
    steps.append(History.Step(event, pid: pid(visitor ?? process)))
  }

  func enter(_ kind: EventKind, _ vma: VMA, source: VMA? = nil, by process: String? = nil) {
    var entry = OperationEntry(kind: kind, vma: view(vma), source: source.map { view($0) } ?? .none)
    if kind == .prepare {
      let count: UInt64 = fires(.prepareLocksNothing) ? 0 : 0x100
      (entry.mmapLockCount, entry.isPlainAnonymous) = (count, !vma.isHugetlb && vma.gap == 0)
    }
    emit(.enter(entry), by: process ?? vma.mm.process)
  }

  func leave(_ kind: EventKind, _ value: Int64 = 0, by process: String) {
    emit(.leave(OperationReturn(kind: kind, value: value)), by: process)
  }

  func view(_ vma: VMA) -> VMAView {
    VMAView(
      address: vma.address, start: UserAddress(vma.pages.lowerBound << 12),
      end: UserAddress(vma.pages.upperBound << 12), mm: vma.mm.address, flags: VMFlags(rawValue: vma.flags),
      anonVMA: vma.anonVMA?.address ?? .null, vmPgoff: PgOff(vma.pgoff &+ vma.gap), anonPgoff: PgOff(vma.pgoff))
  }

  /// An AVC that is about to enter or leave its tree, the lock held by the running task.
  func update(_ avc: AVC, by process: String) -> TreeUpdate {
    let anonVMA = avc.anonVMA
    let root = anonVMA.root
    return TreeUpdate(
      avc: avc.address, vma: view(avc.vma), anonVMA: anonVMA.address, treeOwner: avc.owner.address,
      root: root.address, rootOfRoot: root.root.address, parent: anonVMA.parent.address,
      refcount: anonVMA.refcount, children: anonVMA.children, active: anonVMA.active,
      treeIsEmpty: avc.owner.tree.isEmpty, rootRefcount: root.refcount,
      lock: lock(by: visitor ?? process),
      protection: 0x8000_0000_0000_0025 | (avc.vma.protectionIsWrong ? ~avc.vma.flags : avc.vma.flags) & 2)
  }

  /// The root's lock while its trees are changed.
  private func lock(by process: String) -> LockView {
    if fires(.locksNothing) { return LockView(count: 0, ownerPID: 0) }
    if fires(.locksForReading) { return LockView(count: 0x100, ownerPID: 0) }
    return LockView(count: 1, ownerPID: fires(.locksTooLate) ? 1 : pid(process))
  }

  /// anon_vma_interval_tree_insert.
  func insert(_ avc: AVC, by process: String) {
    if avc.anonVMA.root !== avc.anonVMA, fires(.insertsElsewhere) { avc.owner = avc.anonVMA.root }
    emit(.insert(update(avc, by: process)), by: process)
    if fires(.insertsTwice) { emit(.insert(update(avc, by: process)), by: process) }
    let hasEqual = avc.owner.tree.contains { $0.vma.pgoff == avc.vma.pgoff }
    avc.owner.tree.insert(avc, at: hasEqual && fires(.insertsInFront) ? 0 : avc.owner.tree.count)
  }

  /// anon_vma_interval_tree_remove.
  func remove(_ avc: AVC, by process: String) {
    emit(.remove(update(avc, by: process)), by: process)
    avc.owner.tree.removeAll { $0 === avc }
  }
}
