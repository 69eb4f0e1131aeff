import RmapEvents

/// What the model knows of walks. They change nothing in the graph.
struct WalkState: ~Copyable {
  var walkers = Slab<Walker>()
  var walkerOf = SlotMap()
  var migrating = Slab<MigratingFolio>()
  var migratingOf = SlotMap()
  /// The callbacks whose calls were seen; there are less than ten in the kernel.
  var callbacksSeen: ContiguousArray<(address: KernelAddress, purpose: WalkVisit.Purpose)> = []
  /// Mappings that a callback said it had taken away, and of whose removal no event has told.
  var left: ContiguousArray<Unmapping> = []
}

extension RmapGraph {
  mutating func walk<Observer: GraphObserver & ~Copyable>(
    _ event: WalkEvent, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    observer.willApply(event, at: stamp, in: self)
    switch event {
    case .begin(let frame): beginFrame(frame, stamp)
    case .end: endFrame(stamp, &observer)
    case .first(let start): startWalk(start, stamp, &observer)
    case .next(let step): stepWalk(step, stamp, &observer)
    case .found(let avc): continueWalk(avc, stamp, &observer)
    case .visit(let visit): enterVisit(visit, stamp, &observer)
    case .visited(let goesOn): leaveVisit(goesOn: goesOn, stamp, &observer)
    }
  }

  private mutating func walker(_ pid: Int32) -> UInt32 {
    if let slot = walking.walkerOf[taskKey(pid)] { return slot }
    let slot = walking.walkers.insert(Walker(pid: pid))
    walking.walkerOf.set(taskKey(pid), to: slot)
    return slot
  }

  private mutating func removeWalker(_ slot: UInt32) {
    guard walking.walkers[slot].frame == nil, walking.walkers[slot].walk == nil, !walking.walkers[slot].isOpen
    else { return }
    walking.walkerOf.remove(taskKey(walking.walkers[slot].pid))
    walking.walkers.remove(slot)
  }

  // MARK: The frame

  private mutating func beginFrame(_ frame: WalkFrame, _ stamp: EventStamp) {
    let slot = walker(stamp.pid)
    walking.walkers[slot] = Walker(pid: stamp.pid)
    walking.walkers[slot].isOpen = true
    walking.walkers[slot].frame = frame
    walking.walkers[slot].frameStamp = stamp
  }

  private mutating func endFrame<Observer: GraphObserver & ~Copyable>(
    _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard let slot = walking.walkerOf[taskKey(stamp.pid)] else { return }
    if walking.walkers[slot].frame != nil { tellWalk(slot, .left, stamp, &observer) }
    walking.walkers[slot].walk = nil
    walking.walkers[slot].isOpen = false
    closeFrame(slot)
    removeWalker(slot)
  }

  private mutating func closeFrame(_ slot: UInt32) {
    if let source = walking.walkers[slot].restored, let known = walking.migratingOf[source.raw] {
      walking.migratingOf.remove(source.raw)
      walking.migrating.remove(known)
    }
    walking.walkers[slot].frame = nil
  }

  private mutating func finishWalk<Observer: GraphObserver & ~Copyable>(
    _ slot: UInt32, _ ending: WalkSituation.Ending, _ stamp: EventStamp,
    _ observer: inout Observer
  ) {
    tellWalk(slot, ending, stamp, &observer)
    walking.walkers[slot].walk = nil
    // A folio outside KSM is looked for in one tree. Its frame is over, whether its return is recorded or not.
    if let frame = walking.walkers[slot].frame, !frame.isKSM { closeFrame(slot) }
    removeWalker(slot)
  }

  private func tellWalk<Observer: GraphObserver & ~Copyable>(
    _ slot: UInt32, _ ending: WalkSituation.Ending, _ stamp: EventStamp,
    _ observer: inout Observer
  ) {
    guard let walk = walking.walkers[slot].walk else { return }
    let frame = walking.walkers[slot].frame
    let purpose = frame.flatMap { frame in
      walking.callbacksSeen.first { $0.address == frame.callback }?.purpose
    }
    observer.didEndWalk(
      WalkSituation(
        walk: walk, frame: frame, ending: ending, purpose: purpose, stamp: stamp),
      in: self)
  }

  // MARK: The steps

  private mutating func startWalk<Observer: GraphObserver & ~Copyable>(
    _ start: WalkStart, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    observer.willWalkTree(
      WalkStepSituation(root: start.root, lock: start.lock, isFirst: true, stamp: stamp), in: self)
    let slot = walker(stamp.pid)
    var walk = Walk(start: start, stamp: stamp)
    if let folio = walking.walkers[slot].frame.flatMap({ paging.folioOf[$0.folio.raw] }) {
      walk.folioWasKnown = paging.folios[folio].birthWasSeen
    }
    walking.walkers[slot].walk = walk
  }

  private mutating func stepWalk<Observer: GraphObserver & ~Copyable>(
    _ step: WalkStep, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    observer.willWalkTree(
      WalkStepSituation(root: step.root, lock: step.lock, isFirst: false, stamp: stamp), in: self)
    guard let slot = walking.walkerOf[taskKey(stamp.pid)], var walk = walking.walkers[slot].walk else { return }
    walking.walkers[slot].walk = nil  // Not copied, but changed and put back.
    if walk.awaitsReturn {
      // The return's probe missed it, but the walk says itself where it stands.
      walk.visited.append(step.node)
    } else if walk.visited.last != step.node {
      walk.isWhole = false
    }
    if walk.lastVisit == .passedOver { walk.passedOver.append(step.node) }
    if walk.start.first != step.first || walk.start.last != step.last { walk.isWhole = false }
    walk.awaitsReturn = true
    walk.lastVisit = .passedOver
    walking.walkers[slot].walk = walk
  }

  private mutating func continueWalk<Observer: GraphObserver & ~Copyable>(
    _ avc: KernelAddress, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard let slot = walking.walkerOf[taskKey(stamp.pid)], let awaits = walking.walkers[slot].walk?.awaitsReturn
    else { return }
    // A return whose entry was not recorded: what came before it is not known either.
    if !awaits { walking.walkers[slot].walk?.isWhole = false }
    walking.walkers[slot].walk?.awaitsReturn = false
    if avc.isNull {
      finishWalk(slot, .exhausted, stamp, &observer)
    } else {
      walking.walkers[slot].walk?.visited.append(avc)
      walking.walkers[slot].walk?.lastVisit = .passedOver
    }
  }

  // MARK: The visits

  private mutating func enterVisit<Observer: GraphObserver & ~Copyable>(
    _ visit: WalkVisit, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard let slot = walking.walkerOf[taskKey(stamp.pid)], let frame = walking.walkers[slot].frame
    else { return }
    if purpose(ofCallback: frame.callback) == nil {
      walking.callbacksSeen.append((frame.callback, visit.purposeOfFunction))
    }
    walking.walkers[slot].walk?.lastVisit = .entered
    observer.willVisitVMA(
      WalkVisitSituation(
        visit: visit, start: walking.walkers[slot].walk?.start, frame: frame, vma: vmaOf[visit.vma.raw].map(VMAID.init),
        stamp: stamp), in: self)
    walking.walkers[slot].unmapping = unmapping(visit, of: frame, stamp)
    walking.walkers[slot].merged = frame.isKSM ? visit : nil
    if visit.purpose == .migrate, frame.folio == visit.folio {
      noteMigrating(frame, walking.walkers[slot].frameStamp)
    }
    guard let migration = visit.migration, migration.source != visit.folio else { return }
    walking.walkers[slot].restored = migration.source
    walking.walkers[slot].restoring = visit
    let source = walking.migratingOf[migration.source.raw].map { walking.migrating[$0] }
    observer.willRestoreMapping(
      MigrationSituation(
        visit: visit, migration: migration, source: source, begun: frame, begunStamp: walking.walkers[slot].frameStamp,
        stamp: stamp), in: self)
  }

  private mutating func leaveVisit<Observer: GraphObserver & ~Copyable>(
    goesOn: Bool, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard let slot = walking.walkerOf[taskKey(stamp.pid)], walking.walkers[slot].frame != nil,
      walking.walkers[slot].walk?.lastVisit == .entered
    else { return }
    walking.walkers[slot].walk?.lastVisit = .returned(goesOn: goesOn)
    if goesOn, let unmapping = walking.walkers[slot].unmapping { endUnmapping(unmapping, stamp, &observer) }
    walking.walkers[slot].unmapping = nil
    walking.walkers[slot].merged = nil
    walking.walkers[slot].restoring = nil
    if !goesOn { finishWalk(slot, .refused, stamp, &observer) }
  }

  /// What the callback of a task's walk for a page of KSM looks at.
  func mergedVisit(of pid: Int32) -> WalkVisit? {
    walking.walkerOf[taskKey(pid)].flatMap { walking.walkers[$0].merged }
  }

  private mutating func noteMigrating(_ frame: WalkFrame, _ stamp: EventStamp) {
    let folio = MigratingFolio(
      mapping: frame.mapping, index: frame.index,
      anonVMA: frame.mapping.isAnonymous ? anonVMA(at: frame.mapping.anonVMA) : nil, stamp: stamp)
    if let known = walking.migratingOf[frame.folio.raw] {
      walking.migrating[known] = folio
    } else {
      walking.migratingOf.set(frame.folio.raw, to: walking.migrating.insert(folio))
    }
  }
}
