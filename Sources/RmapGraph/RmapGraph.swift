public import RmapEvents

// Nodes.swift begins with what the words of this module mean.

/// The anon_vma graph of a running kernel, rebuilt from recorded events: VMAs, AVCs, anon_vmas with their
/// trees and counters, and which folio's page is mapped where.
///
/// ```
///   VMA ──chain── AVC ──tree── anon_vma ──root, parent── anon_vma
///    └─ page tables ── folio ──mapping── anon_vma
/// ```
///
/// The graph applies each event by the kernel's rules and tells a ``GraphObserver`` what is about to change or
/// has changed. It never judges. What predates the recording exists with a birth that was not seen.
public struct RmapGraph: ~Copyable {
  var anonVMAs = Slab<AnonVMA>()
  var anonVMAOf = SlotMap()
  var vmas = Slab<VMA>()
  var vmaOf = SlotMap()
  var avcs = Slab<AVC>()
  var avcOf = SlotMap()
  /// (VMA slot, anon_vma slot) → AVC: membership in one look, however long the chain.
  var linkOf = SlotMap()
  /// (anon_vma slot, mm) → the first of the AVCs in the anon_vma's tree that lead to the mm. A fork server's tree has
  /// thousands of AVCs; those of one mm are few.
  var treePartOf = SlotMap()
  /// Who is in the middle of what.
  var work = Work()
  /// Which folio's page is mapped where.
  var paging = Paging()
  /// What is known of each mm.
  var mms = MMs()
  /// The walks of the rmap that are under way.
  var walking = WalkState()
  var protections = Protections()
  /// How many displaced pages are kept: each waits for the very next events of its task.
  static let displacedKept = 64
  var nextSerial: UInt32 = 1
  /// Whether no task was left out of the recording, for certain.
  let allTasksAreRecorded: Bool
  /// The event that is being applied.
  var now = EventStamp.beforeRecording
  /// The anon_vmas that were freed and whose address has not been used again.
  var deadAnonVMAs = SlotMap()
  /// The VMAs that were freed and whose address has not been used again.
  var deadVMAs = SlotMap()

  /// Each call of a method that does not change the graph would else begin with a copy of these hundreds of bytes.
  private let pin = Pin()

  /// How well the model predicted what was recorded.
  public internal(set) var statistics = GraphStatistics()

  /// An empty graph, as at the start of a recording; `allTasksAreRecorded` if it is known that none was left out of that.
  public init(allTasksAreRecorded: Bool = false) { self.allTasksAreRecorded = allTasksAreRecorded }

  /// Forgets everything that can change: what follows is as if the recording began here.
  public mutating func reset() {
    let kept = (statistics, protections)
    self = RmapGraph(allTasksAreRecorded: allTasksAreRecorded)
    (statistics, protections) = kept
  }

  /// Applies one event, telling `observer` of each moment on the way.
  public mutating func apply<Observer: GraphObserver & ~Copyable>(
    _ event: borrowing RmapEvent, at stamp: EventStamp, observer: inout Observer
  ) {
    var stamp = stamp
    now = stamp
    switch event {
    case .insert(let update): insert(update, stamp, &observer)
    case .remove(let update): remove(update, stamp, &observer)
    case .enter(let entry):
      stamp.function = entry.kind
      enter(entry, stamp, &observer)
    case .leave(let result):
      stamp.function = result.kind
      leave(result, stamp, &observer)
    case .put(let put):
      stamp.function = .put
      self.put(put, stamp, &observer)
    case .vmaFree(let free):
      stamp.function = .vmaFree
      self.free(free, stamp, &observer)
    case .folio(let event):
      stamp.function = event.kind
      folio(event, stamp, &observer)
    case .hugetlbUnmap(let event):
      observer.willUnmapHugetlb(HugetlbSituation(unmap: event, stamp: stamp), in: self)
      unmapHugetlb(event)
    case .walk(let event):
      stamp.function = .walk
      walk(event, stamp, &observer)
    }
  }

  /// Applies events of a batch.
  public mutating func apply<Observer: GraphObserver & ~Copyable>(
    _ batch: borrowing EventBatch, _ positions: Range<Int>, observer: inout Observer
  ) {
    for position in positions { applyOne(batch, at: position, observer: &observer) }
  }

  /// Applies one event of a batch.
  public mutating func apply<Observer: GraphObserver & ~Copyable>(
    _ batch: borrowing EventBatch, at position: Int, observer: inout Observer
  ) {
    applyOne(batch, at: position, observer: &observer)
  }

  /// Inlined, so that the loop above knows where the event lies.
  @inline(__always) private mutating func applyOne<Observer: GraphObserver & ~Copyable>(
    _ batch: borrowing EventBatch, at position: Int, observer: inout Observer
  ) {
    var stamp = batch.items[position].stamp
    let index = Int(batch.items[position].index)
    now = stamp
    switch batch.items[position].kind {
    case .insert: insert(batch.updates[index], stamp, &observer)
    case .remove: remove(batch.updates[index], stamp, &observer)
    case .enter:
      stamp.function = batch.entries[index].kind
      enter(batch.entries[index], stamp, &observer)
    case .leave:
      stamp.function = batch.returns[index].kind
      leave(batch.returns[index], stamp, &observer)
    case .put:
      stamp.function = .put
      put(batch.puts[index], stamp, &observer)
    case .vmaFree:
      stamp.function = .vmaFree
      free(batch.vmaFrees[index], stamp, &observer)
    case .folio:
      stamp.function = batch.folios[index].kind
      folio(batch.folios[index], stamp, &observer)
    case .hugetlbUnmap:
      observer.willUnmapHugetlb(HugetlbSituation(unmap: batch.hugetlbUnmaps[index], stamp: stamp), in: self)
      unmapHugetlb(batch.hugetlbUnmaps[index])
    case .walk:
      stamp.function = .walk
      walk(batch.walks[index], stamp, &observer)
    }
  }

  // MARK: What an invariant may ask

  /// The anon_vma behind an identity; nil once another one has taken its place.
  public func anonVMA(_ id: AnonVMAID) -> AnonVMA? {
    let anonVMA = anonVMAs[id.slot]
    return anonVMA.serial == id.serial ? anonVMA : nil
  }

  /// Whether the anon_vma behind an identity has not died, nor another taken its place.
  public func lives(_ id: AnonVMAID) -> Bool { anonVMAs[id.slot].serial == id.serial }

  /// The anon_vma that lives at an address, as far as the recording shows.
  public func anonVMA(at address: KernelAddress) -> AnonVMAID? {
    guard let slot = anonVMAOf[address.raw] else { return nil }
    return AnonVMAID(slot: slot, serial: anonVMAs[slot].serial)
  }

  /// What is known of the anon_vma that lives at an address.
  public func anonVMANode(at address: KernelAddress) -> AnonVMA? {
    guard let slot = anonVMAOf[address.raw] else { return nil }
    return anonVMAs[slot]
  }

  /// The AVC that lives at an address, as far as the recording shows.
  public func avc(at address: KernelAddress) -> AVCID? { avcOf[address.raw].map(AVCID.init) }

  /// The mapped folio that lives at an address, as far as the recording shows.
  public func folio(at address: KernelAddress) -> FolioID? {
    paging.folioOf[address.raw].map(FolioID.init)
  }

  /// Where the model has a page of a folio mapped in a VMA, at its offset's place.
  public func mappedAddress(of folio: FolioID, in vma: VMAID) -> UserAddress? {
    let (node, view) = (paging.folios[folio.slot], vmas[vma.slot].view)
    var found: UserAddress?
    let pages = view.start.page..<max(view.start.page, view.end.page)
    paging.tables.forEach(mm: view.mm.raw, pages: pages) { page, entry in
      guard found == nil, entry.folio == folio.slot, !node.address.isNull else { return }
      found = view.start.ofPage(page)
    }
    return found
  }

  /// The VMA behind an identity, where it lies: to ask for one of its properties copies no more than that.
  public subscript(_ id: VMAID) -> VMA {
    unsafeAddress { vmas.address(of: id.slot) }
  }

  /// The AVC behind an identity, where it lies.
  public subscript(_ id: AVCID) -> AVC {
    unsafeAddress { avcs.address(of: id.slot) }
  }

  /// The folio behind an identity, where it lies.
  public subscript(_ id: FolioID) -> Folio {
    unsafeAddress { paging.folios.address(of: id.slot) }
  }

  /// The anon_vma behind an identity that ``lives(_:)``, where it lies.
  public subscript(_ id: AnonVMAID) -> AnonVMA {
    unsafeAddress { anonVMAs.address(of: id.slot) }
  }

  /// The VMA behind an identity.
  public func vma(_ id: VMAID) -> VMA { vmas[id.slot] }

  /// The AVC behind an identity.
  public func avc(_ id: AVCID) -> AVC { avcs[id.slot] }

  /// The folio behind an identity.
  public func folio(_ id: FolioID) -> Folio { paging.folios[id.slot] }

  /// The AVC by which a VMA is a member of an anon_vma, linked or parked.
  public func membership(of vma: VMAID, in anonVMA: AnonVMAID) -> AVCID? {
    linkOf[linkKey(vma.slot, anonVMA.slot)].map(AVCID.init)
  }

  /// The AVC by which a VMA is a member of the anon_vma at an address.
  public func membership(of vma: VMAID, in address: KernelAddress) -> AVCID? {
    anonVMAOf[address.raw].flatMap { linkOf[linkKey(vma.slot, $0)] }.map(AVCID.init)
  }

  /// Calls `body` with each AVC on a VMA's chain, newest link first, until it returns false.
  public func forEachAVC(of vma: VMAID, _ body: (AVCID, AVC) -> Bool) {
    var slot = vmas[vma.slot].firstInChain
    while slot != .max {
      if !body(AVCID(slot: slot), avcs[slot]) { return }
      slot = avcs[slot].nextInVMA
    }
  }

  /// Calls `body` with each AVC in an anon_vma's tree, until it returns false.
  public func forEachAVC(in anonVMA: AnonVMAID, _ body: (AVCID, AVC) -> Bool) {
    var slot = anonVMAs[anonVMA.slot].firstInTree
    while slot != .max {
      if !body(AVCID(slot: slot), avcs[slot]) { return }
      slot = avcs[slot].nextInTree
    }
  }

  /// A VMA of `mm` that stands in an anon_vma's tree and fits.
  public func firstVMA(
    of mm: KernelAddress, inTreeOf anonVMA: AnonVMAID, where fits: (VMAID) -> Bool
  ) -> VMAID? {
    var slot = treePartOf[treePartKey(anonVMA.slot, mm)] ?? .max
    while slot != .max {
      // Two parts may have the same key.
      if avcs[slot].anonVMA == anonVMA, vmas[avcs[slot].vma.slot].view.mm == mm, fits(avcs[slot].vma) {
        return avcs[slot].vma
      }
      slot = avcs[slot].nextOfMM
    }
    return nil
  }

  /// Whether nothing has made an anon_vma's counters uncertain since they were learned.
  public func countersAreKnown(_ id: AnonVMAID) -> Bool {
    guard let root = knownRoot(of: id) else { return false }
    return anonVMAs[id.slot].knownInEpoch == anonVMAs[root.slot].counterEpoch
  }

  /// The VMA whose AVCs a task last put back after a range change, if it is still there.
  public func lastRelinked(by pid: Int32) -> VMAID? {
    guard let slot = work.relinkedBy[taskKey(pid)], vmas[slot].linkedView != nil,
      vmaOf[vmas[slot].view.address.raw] == slot
    else { return nil }
    return VMAID(slot: slot)
  }

  /// The `vm_page_prot` that the first private mapping with the same access rights had; nil where there was none,
  /// or where it is not a function of `vm_flags`.
  public func protection(of view: VMAView) -> Protection? {
    protections.protection(of: view)
  }

  /// A VMA of `mm` through which the rmap walk from a page's folio finds `address`: it is a member of the
  /// folio's anon_vma, it covers the address, and the page's offset is linear in it. `hint` is tried first.
  public func reachingVMA(
    mm: KernelAddress, address: UserAddress, anonVMA: AnonVMAID, index: PgOff, hint: VMAID? = nil
  ) -> VMAID? {
    func reaches(_ vma: VMAID) -> Bool {
      let view = vmas[vma.slot].view
      return view.mm == mm && view.contains(address) && view.index(of: address) == index
    }
    if let hint, membership(of: hint, in: anonVMA) != nil, reaches(hint) { return hint }
    return firstVMA(of: mm, inTreeOf: anonVMA, where: reaches)
  }

  /// A page that is mapped with the anon_vma as its folio's, for a report; looks through all folios.
  public func anyMappedFolio(of anonVMA: AnonVMAID) -> FolioID? {
    var found: UInt32?
    paging.folioOf.forEach { slot in
      if paging.folios[slot].anonVMA == anonVMA, paging.folios[slot].mappedPages > 0 {
        found = min(found ?? slot, slot)
      }
    }
    return found.map(FolioID.init)
  }

  /// How many objects the model keeps: memory must grow with what lives, not with the length of a recording.
  var liveObjectCount: Int {
    var busy = 0
    work.taskOf.forEach { if !self.work.tasks[$0].isIdle { busy += 1 } }
    // Idle tasks are no objects, as long as no more are kept than that.
    let tasks = max(busy, self.work.tasks.count - RestingTasks.kept)
    let nodes = anonVMAs.count + vmas.count + avcs.count + paging.folios.count + tasks
    return nodes + paging.displaced.count + paging.activeCopies.count + paging.activeMoves.count
      + paging.tables.liveObjectCount
  }

  /// Not one to one: whoever looks compares.
  func treePartKey(_ anonVMA: UInt32, _ mm: KernelAddress) -> UInt64 {
    (mm.raw ^ UInt64(anonVMA) &* 0xff51_afd7_ed55_8ccd) | 1
  }

  func linkKey(_ vma: UInt32, _ anonVMA: UInt32) -> UInt64 {
    (UInt64(vma) << 32 | UInt64(anonVMA)) &+ 1
  }
}

/// The `vm_page_prot` of private mappings with the same access rights (arch/x86/mm/pgprot.c:vm_get_page_prot).
public struct Protection: Sendable {
  /// The word.
  public let raw: UInt64
  /// The event that showed it first.
  public let stamp: EventStamp

}

/// The ``Protection`` of each combination of flags that has shown.
///
/// Not of shared mappings, whose writes may have to be noticed, nor of what drivers map. Flags of the architecture count
/// (protection keys, VM_ARM64_BTI, VM_MTE; which of them change the word differs): VM_ARCH_1 and bits 32 and up.
struct Protections {
  /// By VM_READ, VM_WRITE and VM_EXEC, of mappings without flags of the architecture.
  private var plain = ContiguousArray<Protection?>(repeating: nil, count: 8)
  /// By all of these flags, of the others: there are few combinations, and most machines have none.
  private var others: ContiguousArray<(flags: VMFlags, protection: Protection)> = []
  /// With more combinations than these, the others are not judged.
  private static let othersKept = 64

  /// The flags that the word follows from; nil for mappings that are not judged.
  private static func key(_ view: VMAView) -> VMFlags? {
    guard !view.flags.contains(.shared), !view.isDriverMapping else { return nil }
    return view.flags.intersection([.access, .arch1, .high])
  }

  func protection(of view: VMAView) -> Protection? {
    guard let key = Self.key(view) else { return nil }
    return key.rawValue < 8 ? plain[Int(key.rawValue)] : others.first { $0.flags == key }?.protection
  }

  mutating func learn(_ raw: UInt64, of view: VMAView, _ stamp: EventStamp) {
    guard let key = Self.key(view) else { return }
    if key.rawValue < 8 {
      if plain[Int(key.rawValue)] == nil { plain[Int(key.rawValue)] = Protection(raw: raw, stamp: stamp) }
    } else if others.count < Self.othersKept, !others.contains(where: { $0.flags == key }) {
      others.append((key, Protection(raw: raw, stamp: stamp)))
    }
  }

  /// What has been learned, for a fingerprint.
  var words: [UInt64?] { plain.map { $0?.raw } + others.map(\.protection.raw) }
}

/// A copy_page_range in progress: pages that change meanwhile are not inferred to be shared.
struct ActiveCopy {
  let pid: Int32
  let source: VMAView
  let destination: VMAView
  var uncertainPages: ContiguousArray<UInt64> = []
  /// With more than these, nothing is inferred from the copy.
  static let uncertainPagesKept = 65536
}

/// A move_page_tables in progress: a page of the source may already be mapped at its new address.
struct ActiveMove {
  let pid: Int32
  let entry: OperationEntry
}

/// A page whose place in the tables another has taken, and whose removal is still to be told.
struct DisplacedPage {
  let mm: KernelAddress
  let page: UInt64
  let entry: PageTables.Entry
}
