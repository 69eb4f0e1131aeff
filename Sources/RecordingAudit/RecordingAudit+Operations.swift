public import RmapEvents
public import RmapGraph

/// What operations say at their entries and returns, against what is known and against each other.
extension RecordingAudit {
  // MARK: Entries

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willEnter(_ s: borrowing EnteringSituation, in graph: borrowing RmapGraph) {
    expectTask(s.stamp)
    if let count = s.operation.entry.mmapLockCount, !LockView.isPossible(count) {
      note(.noLock, .mm(s.operation.entry.vma.mm), .mmapLock, now: .word(count), s.stamp)
    }
    if let outer = s.outerPlace, outer.pointee.entry.vma.address == s.operation.entry.vma.address {
      expectOperand(s.operation.entry.vma, of: outer, s.stamp)
    }
    if !notes.isEmpty { expectNoted(s) }
    switch s.operation.kind {
    case .prepare: expectLivingMM(s, graph)
    case .fork:
      expectLivingMM(s, graph)
      expectFork(s, graph)
    case .copyRange:
      expectLivingMM(s, graph)
      expectForked(s, graph)
    case .split:
      let address = s.operation.entry.address
      if address <= s.operation.entry.vma.start || address >= s.operation.entry.vma.end {
        note(.vmaView, .vma(s.operation.entry.vma.address), .splitAt, now: .user(address), s.stamp)
      }
      expectUnmetSource(s, graph)
    case .moveTables:
      expectUnmetSource(s, graph)
      expectMove(s.operation.entry, s.stamp)
    case .clone, .unlink:
      if let outer = s.outerPlace { expectOuterOperand(s, outer) }
    case .vmaDup:
      expectUnmetSource(s, graph)
      if let outer = s.outerPlace { expectOuterOperand(s, outer) }
    case .copyVMA: expectUnmetSource(s, graph)
    case .userfaultMove: walks.foliosWander = true
    default: break
    }
  }

  /// A VMA that is copied, and that the graph does not take over from the entry.
  private mutating func expectUnmetSource(_ s: borrowing EnteringSituation, _ graph: borrowing RmapGraph) {
    if !s.operation.entry.source.address.isNull, let vma = graph.vma(at: s.operation.entry.source.address) {
      expectRange(s.operation.entry.source, of: vma, graph, s.stamp)
    }
  }

  /// kernel/fork.c: the child's VMA is a copy but for its mm, and without what userfaultfd has registered. It is fresh: the
  /// graph takes one with a chain for another.
  private mutating func expectFork(_ s: borrowing EnteringSituation, _ graph: borrowing RmapGraph) {
    if s.operation.entry.source.anonVMA.isNull { expectUnmetSource(s, graph) }
    if let vma = graph.vma(at: s.operation.entry.vma.address), graph[vma].chainCount > 0 {
      expectRange(s.operation.entry.vma, of: vma, graph, s.stamp)
    }
    if s.operation.entry.vma.anonVMA != s.operation.entry.source.anonVMA
      || !s.operation.entry.vma.hasRange(of: s.operation.entry.source)
      || !isForked(s.operation.entry.vma.flags, from: s.operation.entry.source.flags)
    {
      let copied: Fields = [.flags, .anonVMA, .range]
      noteDifference(
        s.operation.entry.vma, from: s.operation.entry.source, copied, ignoring: Self.forkedFlags, s.stamp)
    }
  }

  private mutating func expectLivingMM(_ s: borrowing EnteringSituation, _ graph: borrowing RmapGraph) {
    guard graph.hasExitingMMs else { return }
    let (own, other) = (s.operation.entry.vma.mm, s.operation.entry.source.mm)
    let mm = graph.isExiting(mm: own) ? own : other
    if graph.isExiting(mm: mm) { note(.deadMM, .mm(mm), .user, now: .function(s.operation.kind), s.stamp) }
  }

  private mutating func expectForked(_ s: borrowing EnteringSituation, _ graph: borrowing RmapGraph) {
    if let vma = graph.vma(at: s.operation.entry.vma.address), graph[vma].forkAwaitsSight {
      noteDifference(
        s.operation.entry.vma, from: graph[vma].view, [.mm, .flags, .range], ignoring: Self.forkedFlags,
        since: graph[vma].viewOrdinal, s.stamp)
    }
    if !s.operation.entry.source.anonVMA.isNull, let vma = graph.vma(at: s.operation.entry.source.address),
      graph[vma].view.flags != s.operation.entry.source.flags
    {
      noteDifference(
        s.operation.entry.source, from: graph[vma].view, .flags, since: graph[vma].viewOrdinal, s.stamp)
    }
  }

  /// An operation is on what the one around it is on.
  private mutating func expectOuterOperand(_ s: borrowing EnteringSituation, _ outer: UnsafePointer<Operation>) {
    let since = outer.pointee.stamp.ordinal
    switch (outer.pointee.kind, s.operation.kind) {
    case (.fork, .clone):
      if outer.pointee.entry.source != s.operation.entry.source {
        noteDifference(s.operation.entry.source, from: outer.pointee.entry.source, .all, since: since, s.stamp)
      }
    case (.split, .vmaDup):
      if outer.pointee.entry.vma != s.operation.entry.source {
        noteDifference(s.operation.entry.source, from: outer.pointee.entry.vma, .all, since: since, s.stamp)
      }
    case (.mmExit, .unlink): expectExit(s, outer)
    default: break
    }
  }

  /// exit_mmap goes through its VMAs upwards (mm/memory.c:free_pgtables), all of them before it frees the first.
  private mutating func expectExit(_ s: borrowing EnteringSituation, _ outer: UnsafePointer<Operation>) {
    let since = outer.pointee.stamp.ordinal
    let vma = Contradiction.Object.vma(s.operation.entry.vma.address)
    let mm = outer.pointee.entry.mm
    if mm != s.operation.entry.vma.mm {
      note(.vmaView, vma, .mm, was: .kernel(mm), now: .kernel(s.operation.entry.vma.mm), since: since, s.stamp)
    }
    if s.operation.entry.vma.start < outer.pointee.unlinkedUpTo {
      note(
        .vmaView, vma, .start, was: .user(outer.pointee.unlinkedUpTo), now: .user(s.operation.entry.vma.start),
        since: since, s.stamp)
    }
  }

  /// move_page_tables moves within one VMA when exec moves the stack, else to a copy (mm/mremap.c:move_vma), whose
  /// offsets are those of the source, or after its addresses if it has never had a page (mm/vma.c:copy_vma).
  private mutating func expectMove(_ entry: OperationEntry, _ stamp: EventStamp) {
    let (from, to) = (entry.source, entry.vma)
    if from.isTemporaryStack || to.isTemporaryStack {
      noteDifference(to, from: from, .all, stamp)
    } else {
      let (index, source) = (to.index(of: entry.address), from.index(of: entry.sourceAddress))
      if index != source, from != to, !from.anonVMA.isNull || index.raw != entry.address.page {
        // Before 7.3 there is one offset.
        let field: Contradiction.Field = to.anonPgoff == to.vmPgoff ? .vmPgoff : .anonPgoff
        note(.vmaView, .vma(to.address), field, was: .pages(source), now: .pages(index), stamp)
      }
      noteDifference(to, from: from, [.mm, .flags], ignoring: Self.copiedFlags.complement, stamp)
    }
    guard entry.length > 0 else { return }
    if !from.contains(entry.sourceAddress, length: entry.length) {
      note(.vmaView, .vma(from.address), .movedAddress, now: .user(entry.sourceAddress), stamp)
    } else if !to.contains(entry.address, length: entry.length) {
      note(.vmaView, .vma(to.address), .movedAddress, now: .user(entry.address), stamp)
    }
  }

  /// Access rights, and what a VMA is; what mm/vma.c:is_mergeable_vma wants to be equal on every kernel.
  private static var copiedFlags: VMFlags {
    [
      .access, .shared, .mayAccess, .growsDown, .pfnMap, .io, .dontCopy, .dontExpand, .hugetlb, .wipeOnFork, .mixedMap,
    ]
  }

  /// What fork takes from the child (kernel/fork.c:dup_mmap).
  private static var forkedFlags: VMFlags { [.locked, .lockOnFault, .uffdMissing, .uffdWP, .uffdMinor] }

  /// Whether a child's flags are its parent's, but for those.
  @inline(__always) private func isForked(_ child: VMFlags, from parent: VMFlags) -> Bool {
    let taken: VMFlags = [.locked, .lockOnFault, .uffdMissing, .uffdWP, .uffdMinor]
    return taken.isSuperset(of: child.symmetricDifference(parent))
  }

  // MARK: Returns

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willAllocateVMA(
    _ result: OperationReturn, at stamp: EventStamp, in graph: borrowing RmapGraph
  ) {
    let address = KernelAddress(UInt64(bitPattern: result.value))
    if address.isKernel { return noteAllocation(at: address, graph, stamp) }
    if result.value != 0 { note(.returnValue, .function(result.kind), .result, now: .number(result.value), stamp) }
  }

  private mutating func noteAllocation(at address: KernelAddress, _ graph: borrowing RmapGraph, _ stamp: EventStamp) {
    birthsAreRecorded = true
    guard let vma = graph.vma(at: address), graph.chainCount(of: vma) > 0 else { return }
    note(
      .vmaBirth, .vma(address), .chain, was: .number(Int64(graph.chainCount(of: vma))), now: .number(0),
      since: graph[vma].chainStamp.ordinal, stamp)
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willLeave(_ s: borrowing LeavingSituation, in graph: borrowing RmapGraph) {
    expectTask(s.stamp)
    expectResult(s)
    guard let operation = s.operationPlace else {
      if s.taskIsClear { note(.returnWithoutEntry, .function(s.result.kind), .entry, now: .missing, s.stamp) }
      return
    }
    switch s.result.kind {
    case .moveTables: expectMoved(operation, s.result, s.stamp)
    case .unlink:
      if putsAreRecorded, let due = operation.pointee.due, graph.lives(due) {
        note(
          .anonVMADeath, .anonVMA(graph[due].address), .lastPut, now: .missing, since: operation.pointee.stamp.ordinal,
          s.stamp)
      }
    case .prepare: if !s.result.failed { expectMember(operation, graph, s.stamp) }
    case .mmExit: expectNoVMAs(of: operation.pointee.entry.mm, graph, s.stamp)
    case .vmaDup, .copyVMA: keepNote(operation, s)
    default: break
    }
  }

  /// Most functions return 0 or an error, copy_vma returns a pointer.
  @inline(__always) private mutating func expectResult(_ s: borrowing LeavingSituation) {
    if s.result.value == 0 { return }
    switch s.result.kind {
    case .prepare, .clone, .fork, .copyRange, .split: if s.result.failed { return }
    case .copyVMA: if KernelAddress(UInt64(bitPattern: s.result.value)).isKernel { return }
    default: return
    }
    note(.returnValue, .function(s.result.kind), .result, now: .number(s.result.value), s.stamp)
  }

  /// move_page_tables returns how far it has come; mm/hugetlb.c:move_hugetlb_page_tables steps over whole page tables
  /// that are not there, past the end.
  private mutating func expectMoved(
    _ operation: UnsafePointer<Operation>, _ result: OperationReturn, _ stamp: EventStamp
  ) {
    let isFine =
      result.value >= 0 && result.value % Int64(operation.pointee.entry.sourceAddress.pageBytes) == 0
      && (UInt64(result.value) <= operation.pointee.entry.length || operation.pointee.entry.vma.isHugetlb)
    if !isFine { note(.returnValue, .function(.moveTables), .result, now: .number(result.value), stamp) }
  }

  /// What a prepare's entry shows as `vma->anon_vma`, another thread's prepare has set since it was called, and has linked
  /// by the time that this one has had the lock that both take.
  private mutating func expectMember(
    _ operation: UnsafePointer<Operation>, _ graph: borrowing RmapGraph, _ stamp: EventStamp
  ) {
    let (address, anonVMA) = (operation.pointee.entry.vma.address, operation.pointee.entry.vma.anonVMA)
    guard !anonVMA.isNull, let vma = graph.vma(at: address), graph.chainIsKnown(of: vma) else { return }
    if graph.membership(of: vma, in: anonVMA) == nil {
      note(.vmaView, .vma(address), .anonVMA, now: .kernel(anonVMA), stamp)
    }
  }

  /// exit_mmap has freed all VMAs of the mm.
  private mutating func expectNoVMAs(of mm: KernelAddress, _ graph: borrowing RmapGraph, _ stamp: EventStamp) {
    let count = graph.vmaCount(of: mm)
    if exitFreesVMAs, count > 0 {
      note(.vmaDeath, .mm(mm), .vmas, was: .number(0), now: .number(Int64(count)), stamp)
    }
  }

  // MARK: Operations that follow one another

  /// What vm_area_dup and copy_vma were told is what the fork and the move that follow them are told.
  private mutating func expectNoted(_ s: borrowing EnteringSituation) {
    let (task, vma) = (s.stamp.pid, s.operation.entry.vma.address)
    switch s.operation.kind {
    case .fork:
      guard let note = takeNote({ $0.kind == .vmaDup && $0.result == vma }) else { return }
      if note.view != s.operation.entry.source {
        noteDifference(s.operation.entry.source, from: note.view, .all, since: note.ordinal, s.stamp)
      }
    case .moveTables:
      guard let note = takeNote({ $0.kind == .copyVMA && $0.pid == task }) else { return }
      expectCopied(s.operation.entry, note, s.stamp)
    default:
      // The move comes right after copy_vma, or not at all.
      if notedCopies > 0 { _ = takeNote { $0.kind == .copyVMA && $0.pid == task } }
    }
  }

  private mutating func expectCopied(_ entry: OperationEntry, _ copy: Note, _ stamp: EventStamp) {
    let (object, since) = (Contradiction.Object.vma(entry.vma.address), copy.ordinal)
    if copy.result != entry.vma.address {
      note(.vmaView, object, .address, was: .kernel(copy.result), now: .kernel(entry.vma.address), since: since, stamp)
    } else if copy.address != entry.address {
      note(.vmaView, object, .movedAddress, was: .user(copy.address), now: .user(entry.address), since: since, stamp)
    } else if copy.result != entry.source.address {
      // Otherwise copy_vma has merged the destination with the source.
      noteDifference(entry.source, from: copy.view, .all, since: since, stamp)
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

  /// Keeps what an operation was told, and returns, for the one that is to follow it.
  private mutating func keepNote(_ operation: UnsafePointer<Operation>, _ s: borrowing LeavingSituation) {
    // What a split or a copy_vma duplicates is never forked.
    let kind = s.result.kind
    guard kind == .copyVMA || s.isOutermost else { return }
    let address = KernelAddress(UInt64(bitPattern: s.result.value))
    guard address.isKernel else { return }
    let task = s.stamp.pid
    _ = takeNote { $0.kind == kind && $0.pid == task }  // Of a VMA without anon_vma, whose fork leaves no event.
    if notes.count == Note.kept { _ = removeNote(0) }
    if kind == .copyVMA { notedCopies += 1 }
    let view = kind == .vmaDup ? operation.pointee.entry.source : operation.pointee.entry.vma
    notes.append(
      Note(
        kind: kind, pid: task, view: view, address: operation.pointee.entry.address, result: address,
        ordinal: s.stamp.ordinal))
  }
}

extension VMFlags {
  /// All others.
  fileprivate var complement: VMFlags { VMFlags(rawValue: ~rawValue) }
}
