public import RmapEvents

/// What the graph knows beside its objects: for the audit, which holds events against it.
extension RmapGraph {
  func knownTask(_ pid: Int32) -> UInt32? {
    if work.lastTask.pid == pid, work.lastTask.slot != .max { return work.lastTask.slot }
    return work.taskOf[taskKey(pid)]
  }

  /// The operation that a task is in, or the one so many further out, where it lies.
  public func operation(ofTask pid: Int32, outward: Int = 0) -> UnsafePointer<Operation>? {
    guard let task = knownTask(pid), work.tasks[task].operations.count > outward else { return nil }
    return work.tasks[task].operations.address(of: work.tasks[task].operations.count - 1 - outward)
  }

  /// Whether a task is in exit_mmap.
  public func isInExit(task pid: Int32) -> Bool {
    guard let task = knownTask(pid), !work.tasks[task].operations.isEmpty else { return false }
    return work.tasks[task].operations[0].kind == .mmExit
  }

  /// Where it was this task that last took a page of a VMA away, after a moment, the event of that; nil if something is
  /// mapped there now, or the task has changed a VMA's range since. So does who unmaps the VMA, and a merge does not.
  public func lastZap(of vma: VMAID, task pid: Int32, since: EventStamp) -> EventStamp? {
    guard let (page, stamp) = vmas[vma.slot].lastUnmapped, stamp.pid == pid, stamp.ordinal > since.ordinal,
      paging.tables.entry(mm: vmas[vma.slot].view.mm.raw, page: page) == nil
    else { return nil }
    if let changed = lastRelinked(by: pid), vmas[changed.slot].chainStamp.ordinal > stamp.ordinal { return nil }
    return stamp
  }

  /// Whether exit_mmap is at work on an mm.
  public func isExiting(mm: KernelAddress) -> Bool { mms.exiting[mm.raw] != nil }

  /// Whether exit_mmap is at work on any mm.
  public var hasExitingMMs: Bool { mms.exiting.count > 0 }

  /// Whether all of an mm was made within the recording, or after another one at its address that was seen to end.
  public func beganWithinRecording(mm: KernelAddress) -> Bool { mms.known[mm.raw] != nil }

  /// How many VMAs of an mm the graph has.
  public func vmaCount(of mm: KernelAddress) -> Int { mms.vmaCountOf[mm.raw].map(Int.init) ?? 0 }

  /// Whether a VMA was freed at the address, which has not been used again.
  public func wasFreed(vmaAt address: KernelAddress) -> Bool { deadVMAs[address.raw] != nil }

  /// Whether an anon_vma was freed at the address, which has not been used again.
  public func wasFreed(anonVMAAt address: KernelAddress) -> Bool { deadAnonVMAs[address.raw] != nil }

  // MARK: Pages

  /// Whether any copy_page_range is in progress.
  public var isCopying: Bool { !paging.activeCopies.isEmpty }

  /// Whether copy_page_range is filling an mm.
  public func isCopying(into mm: KernelAddress) -> Bool { paging.activeCopies.contains { $0.destination.mm == mm } }

  /// The folio that the page tables of an mm have at an address; its own address is null once it is stale.
  public func folio(mappedAt address: UserAddress, in mm: KernelAddress) -> FolioID? {
    paging.tables.entry(mm: mm.raw, page: address.page).map { FolioID(slot: $0.folio) }
  }

  // MARK: Walks

  /// Whether any task walks.
  @inline(__always) public var hasWalkers: Bool { walking.walkers.count > 0 }

  /// What is known of a task that walks, where it lies.
  public func walker(ofTask pid: Int32) -> UnsafePointer<Walker>? {
    walking.walkerOf[taskKey(pid)].map { walking.walkers.address(of: $0) }
  }

  /// What a callback does, once it was seen.
  public func purpose(ofCallback address: KernelAddress) -> WalkVisit.Purpose? {
    walking.callbacksSeen.first { $0.address == address }?.purpose
  }

  /// The callback that was seen to serve a purpose.
  public func callback(for purpose: WalkVisit.Purpose) -> KernelAddress? {
    walking.callbacksSeen.first { $0.purpose == purpose }?.address
  }

  /// Whether a folio's mappings have become migration entries and wait for its successor.
  public func isMigrating(_ folio: KernelAddress) -> Bool { walking.migratingOf[folio.raw] != nil }

  /// Whether any such folio had this mapping and index.
  public func isMigrating(_ mapping: FolioMapping, _ index: PgOff) -> Bool {
    var found = false
    walking.migratingOf.forEach { slot in
      if walking.migrating[slot].mapping == mapping, walking.migrating[slot].index == index { found = true }
    }
    return found
  }
}
