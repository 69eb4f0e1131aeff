public import RmapEvents
public import RmapGraph

/// What events say of a VMA, against what is known of it.
extension RecordingAudit {
  /// See ``RmapGraph/GraphObserver``.
  @inline(__always) public mutating func willMeetVMA(
    _ view: VMAView, as vma: VMAID?, at stamp: EventStamp, in graph: borrowing RmapGraph
  ) {
    guard let vma else { return expectNoBirth(view, graph, stamp) }
    if graph.hasUnseenAnonVMA(vma, view) {
      note(
        .vmaView, .vma(view.address), .anonVMA, was: .kernel(.null), now: .kernel(view.anonVMA),
        since: graph[vma].birth.ordinal, stamp)
    }
    expectRange(view, of: vma, graph, stamp)
    expectAnonVMA(view, of: vma, graph, stamp)
  }

  /// A VMA that the graph does not have was there before the recording.
  private mutating func expectNoBirth(_ view: VMAView, _ graph: borrowing RmapGraph, _ stamp: EventStamp) {
    if birthsAreRecorded && graph.beganWithinRecording(mm: view.mm) || graph.wasFreed(vmaAt: view.address) {
      note(.vmaBirth, .vma(view.address), .allocation, now: .missing, stamp)
    }
  }

  /// A VMA stays in its mm, and keeps its range while its AVCs stand in their trees.
  @inline(__always) mutating func expectRange(
    _ view: VMAView, of vma: VMAID, _ graph: borrowing RmapGraph, _ stamp: EventStamp
  ) {
    let mm = graph[vma].view.mm
    guard !mm.isNull else { return }
    if mm != view.mm {
      return note(
        .vmaView, .vma(view.address), .mm, was: .kernel(mm), now: .kernel(view.mm), since: graph[vma].viewOrdinal, stamp
      )
    }
    guard let linked = graph[vma].linkedView, graph[vma].parkedCount == 0, !linked.hasRange(of: view),
      !view.isTemporaryStack, !linked.isTemporaryStack
    else { return }
    noteRange(view, linked, vma, graph, stamp)
  }

  @inline(never) private mutating func noteRange(
    _ view: VMAView, _ linked: VMAView, _ vma: VMAID, _ graph: borrowing RmapGraph, _ stamp: EventStamp
  ) {
    // It looks through the chain, for what is kept only.
    let isKept = contradictions.count(of: .vmaView) == 0
    noteDifference(view, from: linked, .range, since: isKept ? graph.lastLinked(vma)?.ordinal : nil, stamp)
  }

  /// `vma->anon_vma` changes in the operations on it only.
  @inline(__always) private mutating func expectAnonVMA(
    _ view: VMAView, of vma: VMAID, _ graph: borrowing RmapGraph, _ stamp: EventStamp
  ) {
    guard graph[vma].anonVMAIsSettled, graph[vma].view.anonVMA != view.anonVMA, graph[vma].openOperations == 0,
      graph[vma].chainIsKnown, !mayBeOvertaken(view, vma, graph, stamp)
    else { return }
    note(
      .vmaView, .vma(view.address), .anonVMA, was: .kernel(graph[vma].view.anonVMA), now: .kernel(view.anonVMA),
      since: graph[vma].viewOrdinal, stamp)
  }

  /// Whether an event may show the VMA as it was before another thread's __anon_vma_prepare: a task that comes to it with
  /// the mmap_lock held for reading has read `vma->anon_vma` a while before the event gets its time (perf takes the
  /// time when the fields are there).
  private func mayBeOvertaken(
    _ view: VMAView, _ vma: VMAID, _ graph: borrowing RmapGraph, _ stamp: EventStamp
  ) -> Bool {
    view.anonVMA.isNull && graph[vma].chainCount == 1 && graph[vma].chainStamp.pid != stamp.pid
  }

  // MARK: Trees

  /// mm/rmap.c: __anon_vma_prepare and anon_vma_fork publish vma->anon_vma before they link
  /// the VMA to it; a fork's clone leaves it without one, or with the one that it has chosen to use again.
  @inline(__always) public mutating func willInsertAVC(_ s: borrowing TreeSituation, in graph: borrowing RmapGraph) {
    expectTask(s.stamp)
    expectLock(s.update.lock, of: s.update.root, s.stamp)
    if let avc = s.avc, graph[avc].isLinked { expectUnlinked(s, avc, graph) }
    guard let operation = s.operationPlace,
      operation.pointee.entry.vma.address == s.update.vma.address
    else { return }
    expectOperand(s.update.vma, of: operation, s.stamp)
    switch operation.pointee.kind {
    case .prepare, .fork:
      if s.update.vma.anonVMA != s.update.anonVMA {
        note(
          .vmaView, .vma(s.update.vma.address), .anonVMA, was: .kernel(s.update.anonVMA),
          now: .kernel(s.update.vma.anonVMA), s.stamp)
      }
    case .clone: if !s.update.vma.anonVMA.isNull { expectReuse(s, operation, graph) }
    default: break
    }
  }

  private mutating func expectUnlinked(_ s: borrowing TreeSituation, _ avc: AVCID, _ graph: borrowing RmapGraph) {
    if graph[graph[avc].vma].view.mm != s.update.vma.mm { noteLeftOut(.avc, s.stamp) }
  }

  private mutating func expectReuse(
    _ s: borrowing TreeSituation, _ clone: UnsafePointer<Operation>, _ graph: borrowing RmapGraph
  ) {
    guard graph.operation(ofTask: s.stamp.pid, outward: 1)?.pointee.kind == .fork, let reuse = clone.pointee.reuse
    else { return }
    let chosen = graph[reuse].address
    if chosen != s.update.vma.anonVMA {
      note(
        .vmaView, .vma(s.update.vma.address), .anonVMA, was: .kernel(chosen), now: .kernel(s.update.vma.anonVMA),
        since: clone.pointee.stamp.ordinal, s.stamp)
    }
  }

  /// See ``RmapGraph/GraphObserver``.
  @inline(__always) public mutating func willRemoveAVC(_ s: borrowing TreeSituation, in graph: borrowing RmapGraph) {
    expectTask(s.stamp)
    expectLock(s.update.lock, of: s.update.root, s.stamp)
    if s.anonVMAIsNew { note(.anonVMADeath, .anonVMA(s.update.anonVMA), .lastPut, now: .missing, s.stamp) }
    if let operation = s.operationPlace,
      operation.pointee.entry.vma.address == s.update.vma.address
    {
      expectOperand(s.update.vma, of: operation, s.stamp)
    }
  }

  /// Within an operation, the VMA that it works on, at the same address, stays as it was at the entry, its anon_vma apart.
  @inline(__always) mutating func expectOperand(
    _ view: VMAView, of operation: UnsafePointer<Operation>, _ stamp: EventStamp
  ) {
    let kind = operation.pointee.kind
    guard kind == .prepare || kind == .clone || kind == .fork || kind == .unlink else { return }
    let keepsAnonVMA = kind == .unlink || kind == .clone && !operation.pointee.entry.vma.anonVMA.isNull
    if operation.pointee.entry.vma.mm == view.mm, operation.pointee.entry.vma.flags == view.flags,
      operation.pointee.entry.vma.hasRange(of: view),
      !keepsAnonVMA || operation.pointee.entry.vma.anonVMA == view.anonVMA
    {
      return
    }
    noteDifference(
      view, from: operation.pointee.entry.vma, keepsAnonVMA ? .all : .allButAnonVMA,
      since: operation.pointee.stamp.ordinal, stamp)
  }

  // MARK: Deaths

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willApply(_ free: VMAFree, at stamp: EventStamp, in graph: borrowing RmapGraph) {
    if graph.isInExit(task: stamp.pid) { exitFreesVMAs = true }
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willFreeVMA(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {
    let unlinked = graph[s.vma].unlinkStamp
    if unlinked == 0, graph.isInExit(task: s.stamp.pid) {
      note(.vmaDeath, .vma(s.view.address), .unlinking, now: .missing, s.stamp)
    }
    let mm = graph[s.vma].view.mm
    if !mm.isNull, mm != s.view.mm {
      note(
        .vmaView, .vma(s.view.address), .mm, was: .kernel(mm), now: .kernel(s.view.mm), since: graph[s.vma].viewOrdinal,
        s.stamp)
    }
    expectUnlinked(s, graph)
  }

  /// unlink_anon_vmas sets `vma->anon_vma` to NULL since 5.12 (ee8ab1903e3d): a kernel does so of all VMAs, or of none.
  private mutating func expectUnlinked(_ s: borrowing VMASituation, _ graph: borrowing RmapGraph) {
    let unlinked = graph[s.vma].unlinkStamp
    guard unlinked > 0, graph[s.vma].view.anonVMA.isNull, graph[s.vma].hadAnonVMA else { return }
    let clears = s.view.anonVMA.isNull
    if let known = unlinkClears, known != clears {
      note(
        .vmaView, .vma(s.view.address), .anonVMA, was: known ? .kernel(.null) : nil, now: .kernel(s.view.anonVMA),
        since: known ? unlinked : nil, s.stamp)
    }
    unlinkClears = unlinkClears ?? clears
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willApply(_ put: AnonVMAPut, at stamp: EventStamp, in graph: borrowing RmapGraph) {
    expectTask(stamp)
    putsAreRecorded = true
    // One that never had a tree shows other counters.
    if put.children == 0, put.active == 0, graph.wasFreed(anonVMAAt: put.anonVMA),
      !graph.isSpare(put, ofTask: stamp.pid)
    {
      note(.anonVMADeath, .anonVMA(put.anonVMA), .lastPut, now: .again, stamp)
    }
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willFreeAnonVMA(_ s: borrowing PutSituation, in graph: borrowing RmapGraph) {
    guard !s.isImplicitRoot, graph[s.anonVMA].birthWasSeen, graph[s.anonVMA].root != s.put.root else { return }
    note(
      .anonVMADeath, .anonVMA(s.put.anonVMA), .root, was: .kernel(graph[s.anonVMA].root), now: .kernel(s.put.root),
      since: graph[s.anonVMA].birth.ordinal, s.stamp)
  }

  // MARK: Differences

  /// Which fields of two views are to be the same.
  struct Fields: OptionSet {
    let rawValue: UInt8
    static let address = Fields(rawValue: 1)
    static let mm = Fields(rawValue: 2)
    static let flags = Fields(rawValue: 4)
    static let anonVMA = Fields(rawValue: 8)
    static let range = Fields(rawValue: 16)
    static let all: Fields = [.address, .mm, .flags, .anonVMA, .range]
    static let allButAnonVMA: Fields = [.address, .mm, .flags, .range]
  }

  /// Notes the first of these fields in which two views of a VMA differ, if any does; of the flags all but `ignored` count.
  @inline(never) mutating func noteDifference(
    _ view: VMAView, from known: VMAView, _ fields: Fields, ignoring ignored: VMFlags = [], since: UInt64? = nil,
    _ stamp: EventStamp
  ) {
    let (field, was, now): (Contradiction.Field, Contradiction.Value, Contradiction.Value)
    if fields.contains(.address), view.address != known.address {
      (field, was, now) = (.address, .kernel(known.address), .kernel(view.address))
    } else if fields.contains(.mm), view.mm != known.mm {
      (field, was, now) = (.mm, .kernel(known.mm), .kernel(view.mm))
    } else if fields.contains(.range), !view.hasRange(of: known) {
      if view.start != known.start {
        (field, was, now) = (.start, .user(known.start), .user(view.start))
      } else if view.end != known.end {
        (field, was, now) = (.end, .user(known.end), .user(view.end))
      } else if view.vmPgoff != known.vmPgoff {
        (field, was, now) = (.vmPgoff, .pages(known.vmPgoff), .pages(view.vmPgoff))
      } else {
        (field, was, now) = (.anonPgoff, .pages(known.anonPgoff), .pages(view.anonPgoff))
      }
    } else if fields.contains(.flags), !view.flags.symmetricDifference(known.flags).subtracting(ignored).isEmpty {
      (field, was, now) = (.flags, .word(known.flags.rawValue), .word(view.flags.rawValue))
    } else if fields.contains(.anonVMA), view.anonVMA != known.anonVMA {
      (field, was, now) = (.anonVMA, .kernel(known.anonVMA), .kernel(view.anonVMA))
    } else {
      return
    }
    note(.vmaView, .vma(view.address), field, was: was, now: now, since: since, stamp)
  }
}
