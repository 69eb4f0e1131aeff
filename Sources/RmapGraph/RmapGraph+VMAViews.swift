import RmapEvents

/// What events say of VMAs, against what is known of them and against each other.
extension RmapGraph {
  /// What an operation's entry says of its VMAs, against what is known of them and of each other.
  mutating func compare(_ entry: OperationEntry, in task: UInt32) {
    compare(entry.vma, in: task)
    if !entry.meetsVMA, let slot = vmaOf[entry.vma.address.raw] { compare(entry.vma, with: slot) }
    if !entry.meetsSource, let slot = vmaOf[entry.source.address.raw] { compare(entry.source, with: slot) }
    compareLock(entry.mmapLockCount)
    compareWithNotes(entry)
    compareCopies(entry, in: task)
    compareExit(entry, in: task)
    switch entry.kind {
    case .prepare, .fork, .copyRange:
      guard exitingMMs.count > 0 else { return }
      let (mm, other) = (entry.vma.mm.raw, entry.source.mm.raw)
      if exitingMMs[mm] != nil || exitingMMs[other] != nil { contradict(.deadMM) }
    default: break
    }
  }

  private mutating func compareCopies(_ entry: OperationEntry, in task: UInt32) {
    switch entry.kind {
    case .fork:
      // kernel/fork.c: a copy but for its mm, and without what userfaultfd has registered.
      let sameFlags = isForked(entry.vma.flags, from: entry.source.flags)
      if !sameFlags || entry.vma.anonVMA != entry.source.anonVMA || !entry.vma.hasRange(of: entry.source) {
        contradict(.vmaView)
      }
    case .copyRange:
      if let slot = vmaOf[entry.vma.address.raw], vmas[slot].forkAwaitsSight {
        let sameFlags = isForked(entry.vma.flags, from: vmas[slot].view.flags)
        if !sameFlags || vmas[slot].view.mm != entry.vma.mm || !vmas[slot].view.hasRange(of: entry.vma) {
          contradict(.vmaView)
        }
      }
      if !entry.source.anonVMA.isNull, let slot = vmaOf[entry.source.address.raw],
        vmas[slot].view.flags != entry.source.flags
      {
        contradict(.vmaView)
      }
    case .split:
      if entry.address <= entry.vma.start || entry.address >= entry.vma.end { contradict(.vmaView) }
    case .moveTables: compareMove(entry)
    case .clone, .vmaDup, .unlink:
      if let last = tasks[task].last, !agrees(entry, within: last, of: task) { contradict(.vmaView) }
    default: break
    }
  }

  /// Whether an operation is on what the one around it is on.
  private func agrees(_ entry: OperationEntry, within outer: Int, of task: UInt32) -> Bool {
    switch (tasks[task].operations[outer].kind, entry.kind) {
    case (.fork, .clone): tasks[task].operations[outer].entry.source == entry.source
    case (.split, .vmaDup): tasks[task].operations[outer].entry.vma == entry.source
    case (.mmExit, .unlink): tasks[task].operations[outer].entry.mm == entry.vma.mm
    default: true
    }
  }

  /// move_page_tables moves within one VMA when exec moves the stack, else to a copy (mm/mremap.c:move_vma), whose
  /// offsets are those of the source, or after its addresses if it has never had a page (mm/vma.c:copy_vma).
  private mutating func compareMove(_ entry: OperationEntry) {
    let (from, to) = (entry.source, entry.vma)
    if from.isTemporaryStack || to.isTemporaryStack {
      if from != to { contradict(.vmaView) }
    } else {
      let index = to.index(of: entry.address)
      let isLinear = index == from.index(of: entry.sourceAddress)
      if !isLinear, from != to, !from.anonVMA.isNull || index.raw != entry.address.page { contradict(.vmaView) }
      if !from.flags.symmetricDifference(to.flags).isDisjoint(with: Self.copiedFlags) || from.mm != to.mm {
        contradict(.vmaView)
      }
    }
    guard entry.length > 0 else { return }
    let holdsBoth =
      from.contains(entry.sourceAddress, length: entry.length) && to.contains(entry.address, length: entry.length)
    if !holdsBoth { contradict(.vmaView) }
  }

  /// Access rights, and what a VMA is; what mm/vma.c:is_mergeable_vma wants to be equal on every kernel.
  private static var copiedFlags: VMFlags {
    [
      .access, .shared, .mayAccess, .growsDown, .pfnMap, .io, .dontCopy, .dontExpand, .hugetlb, .wipeOnFork, .mixedMap,
    ]
  }

  /// exit_mmap goes through its VMAs upwards (mm/memory.c:free_pgtables), all of them before it frees the first.
  mutating func compareExit(_ entry: OperationEntry, in task: UInt32) {
    guard entry.kind == .unlink, let outer = tasks[task].last, tasks[task].operations[outer].kind == .mmExit else {
      return
    }
    if entry.vma.start < tasks[task].operations[outer].unlinkedUpTo { contradict(.vmaView) }
    tasks[task].operations[outer].unlinkedUpTo = entry.vma.end
  }

  /// What vm_area_dup and copy_vma were told is what the fork and the move that follow them are told.
  private mutating func compareWithNotes(_ entry: OperationEntry) {
    guard !notes.isEmpty else { return }
    let (task, vma) = (currentPID, entry.vma.address)
    switch entry.kind {
    case .fork:
      guard let note = takeNote({ $0.kind == .vmaDup && $0.result == vma }) else { return }
      if note.view != entry.source { contradict(.vmaView) }
    case .moveTables:
      guard let note = takeNote({ $0.kind == .copyVMA && $0.pid == task }) else { return }
      // copy_vma may have merged the destination with the source.
      let (source, target) = (entry.source, entry.address)
      let isSame = note.view == source || note.result == source.address
      if !isSame || note.address != target || note.result != vma { contradict(.vmaView) }
    default:
      // The move comes right after copy_vma, or not at all.
      if notedCopies > 0 { _ = takeNote { $0.kind == .copyVMA && $0.pid == task } }
    }
  }

  /// The latest note that fits; mostly it is the last one.
  @inline(__always)
  private mutating func takeNote(_ fits: (borrowing Note) -> Bool) -> Note? {
    var index = notes.count
    while index > 0 {
      index -= 1
      if fits(notes[index]) { return removeNote(index) }
    }
    return nil
  }

  private mutating func removeNote(_ index: Int) -> Note {
    if notes[index].kind == .copyVMA { notedCopies -= 1 }
    return notes.remove(at: index)
  }

  /// Keeps what an operation was told, and returned, for the one that is to follow it.
  mutating func note(_ entry: OperationEntry, _ result: OperationReturn, isOutermost: Bool) {
    // What a split or a copy_vma duplicates is never forked.
    let kind = entry.kind
    guard kind == .copyVMA || kind == .vmaDup && isOutermost else { return }
    let address = KernelAddress(UInt64(bitPattern: result.value))
    guard address.isKernel else { return }
    let task = currentPID
    _ = takeNote { $0.kind == kind && $0.pid == task }  // Of a VMA without anon_vma, whose fork leaves no event.
    if notes.count == Note.kept { _ = removeNote(0) }
    if kind == .copyVMA { notedCopies += 1 }
    notes.append(
      Note(
        kind: entry.kind, pid: currentPID, view: entry.kind == .vmaDup ? entry.source : entry.vma,
        address: entry.address, result: address))
  }

  /// Whether a child's flags are its parent's, but for what fork takes from it (kernel/fork.c:dup_mmap).
  private func isForked(_ child: VMFlags, from parent: VMFlags) -> Bool {
    let taken: VMFlags = [.locked, .lockOnFault, .uffdMissing, .uffdWP, .uffdMinor]
    return taken.isSuperset(of: child.symmetricDifference(parent))
  }

  /// Most functions return 0 or an error, two return a pointer.
  mutating func compare(_ result: OperationReturn) {
    let isFine =
      switch result.kind {
      case .prepare, .clone, .fork, .copyRange, .split: result.value == 0 || result.failed
      case .vmaAlloc, .vmaDup, .copyVMA:
        result.value == 0 || KernelAddress(UInt64(bitPattern: result.value)).isKernel
      default: true
      }
    if !isFine { contradict(.returnValue) }
  }

  /// move_page_tables returns how far it has come; mm/hugetlb.c:move_hugetlb_page_tables steps over whole page tables
  /// that are not there, past the end.
  mutating func compareMoved(_ result: OperationReturn, by task: UInt32) {
    guard let last = tasks[task].last else { return }
    let isFine =
      result.value >= 0 && result.value % Int64(PageSize.bytes) == 0
      && (UInt64(result.value) <= tasks[task].operations[last].entry.length
        || tasks[task].operations[last].entry.vma.isHugetlb)
    if !isFine { contradict(.returnValue) }
  }

  /// `vma->anon_vma` changes in the operations on it only.
  mutating func compareAnonVMA(_ view: VMAView, with slot: UInt32) {
    if vmas[slot].openOperations > 0 || !vmas[slot].chainIsKnown {
      vmas[slot].anonVMAIsSettled = false
    } else if vmas[slot].anonVMAIsSettled, vmas[slot].view.anonVMA != view.anonVMA {
      if !mayBeOvertaken(view, by: slot) { contradict(.vmaView) }
    } else {
      vmas[slot].anonVMAIsSettled = true
    }
  }

  /// What a prepare's entry shows as `vma->anon_vma`, another thread's prepare has set since it was called, and has linked
  /// by the time that this one has had the lock that both take.
  mutating func compareAnonVMA(ofPrepared vma: VMAID, _ entry: OperationEntry) {
    guard entry.kind == .prepare, !entry.vma.anonVMA.isNull, vmas[vma.slot].chainIsKnown else { return }
    if membership(of: vma, in: entry.vma.anonVMA) == nil { contradict(.vmaView) }
  }

  /// Whether an event may show the VMA as it was before another thread's __anon_vma_prepare: who comes to it with
  /// the mmap_lock held for reading has read `vma->anon_vma` a while before the event gets its time (perf takes the
  /// time when the fields are there).
  func mayBeOvertaken(_ view: VMAView, by slot: UInt32) -> Bool {
    view.anonVMA.isNull && vmas[slot].chainCount == 1 && vmas[slot].chainStamp.pid != currentPID
  }

  /// Compares an event's view of a VMA with what is known of it.
  @inline(__always) mutating func compare(_ view: VMAView, with slot: UInt32) {
    let known = vmas[slot].view
    guard !known.mm.isNull else { return }
    if known.mm != view.mm { return contradict(.vmaView) }
    guard let linked = vmas[slot].linkedView, vmas[slot].parkedCount == 0, !view.isTemporaryStack,
      !linked.isTemporaryStack
    else { return }
    if !linked.hasRange(of: view) { contradict(.vmaView) }
  }

  /// Within an operation, the VMA that it works on stays as it was at the entry, its anon_vma apart.
  mutating func compare(_ view: VMAView, in task: UInt32) {
    let last = tasks[task].operations.count - 1
    guard last >= 0, tasks[task].operations[last].entry.vma.address == view.address else { return }
    let kind = tasks[task].operations[last].kind
    guard kind == .prepare || kind == .clone || kind == .fork || kind == .unlink else { return }
    var expected = tasks[task].operations[last].entry.vma
    let keepsAnonVMA = kind == .unlink || kind == .clone && !expected.anonVMA.isNull
    if !keepsAnonVMA { expected.anonVMA = view.anonVMA }
    if expected != view { contradict(.vmaView) }
  }

  /// mm/rmap.c: __anon_vma_prepare and anon_vma_fork publish vma->anon_vma before they link the VMA to it; a fork's
  /// clone leaves it without one, or with the one that it has chosen to use again.
  mutating func compare(_ update: TreeUpdate, in task: UInt32) {
    compare(update.vma, in: task)
    let last = tasks[task].operations.count - 1
    guard last >= 0, tasks[task].operations[last].entry.vma.address == update.vma.address else { return }
    switch tasks[task].operations[last].kind {
    case .prepare, .fork: if update.vma.anonVMA != update.anonVMA { contradict(.vmaView) }
    case .clone where last > 0 && tasks[task].operations[last - 1].kind == .fork:
      guard !update.vma.anonVMA.isNull, let reuse = tasks[task].operations[last].reuse else { return }
      if anonVMAs[reuse.slot].address != update.vma.anonVMA { contradict(.vmaView) }
    default: break
    }
  }
}

/// An operation that another one is to follow: vm_area_dup, copy_vma.
struct Note {
  let kind: EventKind
  let pid: Int32
  /// The VMA that it copied.
  let view: VMAView
  /// Where copy_vma put the copy.
  let address: UserAddress
  let result: KernelAddress
  /// More than this many are not waiting at a time: one for each CPU.
  static let kept = 64
}

extension OperationEntry {
  /// Whether the VMA that the operation changes is met, and thereby compared, when it is entered.
  fileprivate var meetsVMA: Bool {
    switch kind {
    case .prepare, .fork, .clone, .unlink, .split, .copyVMA, .copyRange, .moveTables: true
    default: false
    }
  }

  /// The same of the VMA that it copies; where there is none, there is nothing to compare.
  fileprivate var meetsSource: Bool {
    kind == .clone || kind == .copyRange || kind == .fork && !source.anonVMA.isNull || source.address.isNull
  }
}
