import RmapEvents

/// Two events that can't both be as they were recorded, whatever the kernel did: an event is missing without a mark,
/// was recorded twice, or holds a value that is not the kernel's. No rule is broken by it, but none is proved either.
public enum Contradiction: UInt8, CaseIterable, Sendable {
  /// A function returns that its task has not entered.
  case returnWithoutEntry
  /// A VMA is allocated at the address of one that was not freed, or appears in a new mm without having been
  /// allocated.
  case vmaBirth
  /// A VMA outlives its mm.
  case vmaDeath
  /// A VMA is in another mm than before, or has another range while its AVCs stand in their trees, or changes within
  /// an operation that holds its lock.
  case vmaView
  /// An anon_vma is freed twice, or its last reference goes without its being freed.
  case anonVMADeath
  /// A function returns what it never returns.
  case returnValue
  /// A task is at work in an mm that is being torn down.
  case deadMM
  /// A page is mapped where it is mapped already, or unmapped where it is not.
  case pageMapping
  /// The steps of a walk do not follow one another.
  case walkStep

  /// What it means, for people.
  public var meaning: String {
    switch self {
    case .returnWithoutEntry: "a function returns that its task has not entered"
    case .vmaBirth: "a VMA appears without an allocation, or is allocated twice"
    case .vmaDeath: "a VMA is not freed with its mm"
    case .vmaView: "a VMA is not what it was, though nothing has changed it"
    case .anonVMADeath: "an anon_vma is freed twice, or never"
    case .returnValue: "a function returns what it never returns"
    case .deadMM: "an mm is used while it is torn down"
    case .pageMapping: "a page is mapped twice at one place, or unmapped without having been mapped"
    case .walkStep: "the steps of an rmap walk do not follow one another"
    }
  }
}

/// The contradictions of a recording.
public struct Contradictions: Sendable, Equatable {
  /// How many there are of each kind.
  public private(set) var counts = [UInt64](repeating: 0, count: Contradiction.allCases.count)
  /// The first one, and the event at which it showed.
  public private(set) var first: (kind: Contradiction, ordinal: UInt64)?

  /// All of them.
  public var total: UInt64 { counts.reduce(0, &+) }

  mutating func note(_ kind: Contradiction, _ ordinal: UInt64) {
    counts[Int(kind.rawValue)] &+= 1
    if first == nil { first = (kind, ordinal) }
  }

  /// The same counts, and the same first one.
  public static func == (left: Self, right: Self) -> Bool {
    left.counts == right.counts && left.first?.ordinal == right.first?.ordinal
  }
}

extension RmapGraph {
  /// Notes a contradiction at the event that is being applied.
  @inline(never) mutating func contradict(_ kind: Contradiction) {
    statistics.contradictions.note(kind, currentOrdinal)
  }

  // MARK: Pages

  /// A page is unmapped, or looked at, that the model has not mapped there.
  mutating func noteUnknownPage(_ event: FolioEvent) {
    guard !event.isLarge, !event.mapping.isKSM, let slot = anonVMAOf[event.mapping.anonVMA.raw],
      anonVMAs[slot].birthWasSeen, !anonVMAs[slot].mayHaveMorePages
    else { return }
    // copy_page_range has given the child the page, and reclaim has found it there, before it returned.
    if activeCopies.contains(where: { $0.destination.mm == event.vma.mm }) { return }
    contradict(.pageMapping)
  }

  /// Pages of an anon_vma may be mapped where the model does not have them.
  mutating func doubtPages(of id: AnonVMAID?) {
    guard let id, anonVMA(id) != nil else { return }
    anonVMAs[id.slot].mayHaveMorePages = true
  }

  /// Pages that a VMA maps may be mapped elsewhere too.
  mutating func doubtPages(of view: VMAView) {
    guard let slot = vmaOf[view.address.raw] else { return }
    var avc = vmas[slot].firstInChain
    while avc != .max {
      anonVMAs[avcs[avc].anonVMA.slot].mayHaveMorePages = true
      avc = avcs[avc].nextInVMA
    }
  }

  // MARK: VMAs

  /// What an operation's entry says of its VMAs, against what is known of them and of each other.
  mutating func compare(_ entry: OperationEntry, in task: UInt32) {
    compare(entry.vma, in: task)
    if let slot = vmaOf[entry.vma.address.raw] { compare(entry.vma, with: slot) }
    if let slot = vmaOf[entry.source.address.raw] { compare(entry.source, with: slot) }
    compareWithNotes(entry)
    compareCopies(entry, in: task)
    switch entry.kind {
    case .prepare, .fork, .copyRange:
      let (mm, other) = (entry.vma.mm.raw, entry.source.mm.raw)
      if exitingMMs[mm] != nil || exitingMMs[other] != nil { contradict(.deadMM) }
    default: break
    }
  }

  private mutating func compareCopies(_ entry: OperationEntry, in task: UInt32) {
    switch entry.kind {
    case .fork:
      // kernel/fork.c: a copy but for its mm, and without what userfaultfd has registered.
      var (new, old) = (entry.vma, entry.source)
      new.address = old.address
      new.mm = old.mm
      (new.flags, old.flags) = (new.flags & ~Self.forkedFlags, old.flags & ~Self.forkedFlags)
      if new != old { contradict(.vmaView) }
    case .copyRange:
      if let slot = vmaOf[entry.vma.address.raw], vmas[slot].forkAwaitsSight {
        var (known, new) = (vmas[slot].view, entry.vma)
        known.anonVMA = new.anonVMA
        (known.flags, new.flags) = (known.flags & ~Self.forkedFlags, new.flags & ~Self.forkedFlags)
        if known != new { contradict(.vmaView) }
      }
      if !entry.source.anonVMA.isNull, let slot = vmaOf[entry.source.address.raw],
        vmas[slot].view.flags != entry.source.flags
      {
        contradict(.vmaView)
      }
    case .clone, .vmaDup, .unlink:
      guard let last = tasks[task].last, !agrees(entry, within: tasks[task].operations[last].entry) else { return }
      contradict(.vmaView)
    default: break
    }
  }

  /// Whether an operation is on what the one around it is on.
  private func agrees(_ entry: OperationEntry, within outer: OperationEntry) -> Bool {
    switch (outer.kind, entry.kind) {
    case (.fork, .clone): outer.source == entry.source
    case (.split, .vmaDup): outer.vma == entry.source
    case (.mmExit, .unlink): outer.mm == entry.vma.mm
    default: true
    }
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
      _ = takeNote { $0.kind == .copyVMA && $0.pid == task }
    }
  }

  /// The latest note that fits; mostly it is the last one.
  @inline(__always)
  private mutating func takeNote(_ fits: (borrowing Note) -> Bool) -> Note? {
    var index = notes.count
    while index > 0 {
      index -= 1
      if fits(notes[index]) { return notes.remove(at: index) }
    }
    return nil
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
    if notes.count == Note.kept { notes.removeFirst() }
    notes.append(
      Note(
        kind: entry.kind, pid: currentPID, view: entry.kind == .vmaDup ? entry.source : entry.vma,
        address: entry.address, result: address))
  }

  /// VM_LOCKED, VM_LOCKONFAULT, VM_UFFD_MISSING, VM_UFFD_WP, VM_UFFD_MINOR: fork takes them from the child.
  private static var forkedFlags: UInt64 { 0x8_2000 | 0x200 | 0x1000 | 1 << 37 | 1 << 38 }

  /// Most functions return 0 or an error, two return a pointer, one a length.
  mutating func compare(_ result: OperationReturn, with entry: OperationEntry?) {
    let isFine =
      switch result.kind {
      case .prepare, .clone, .fork, .copyRange, .split: result.value == 0 || result.failed
      case .vmaAlloc, .vmaDup, .copyVMA:
        result.value == 0 || KernelAddress(UInt64(bitPattern: result.value)).isKernel
      case .moveTables:
        // mm/hugetlb.c:move_hugetlb_page_tables steps over whole page tables that are not there, past the end.
        result.value >= 0 && result.value % 4096 == 0
          && (UInt64(result.value) <= entry?.length ?? .max || entry?.vma.isHugetlb ?? false)
      default: true
      }
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
    if linked.start != view.start || linked.end != view.end || linked.pgoff != view.pgoff { contradict(.vmaView) }
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
