public import RmapEvents
public import RmapGraph

/// What the audit knows of walks beside what the graph does.
struct WalkAudit: Sendable {
  /// What comes with each callback.
  var shapes: ContiguousArray<WalkShape> = []
  /// The callback that serves several purposes, each with a shape of its own (try_to_unmap_one until 5.14).
  var shared = KernelAddress.null
  /// Whether UFFDIO_MOVE is in use.
  var foliosWander = false
  /// The tasks that have begun a walk since the recording, or the last gap in it, began: what they do is known. By pid,
  /// bounded by the kernel's `pid_max`.
  var known: Set<Int32> = []

  func add(to hasher: inout Hasher) {
    hasher.combine(foliosWander)
    hasher.combine(shared)
    for shape in shapes {
      hasher.combine(shape.callback)
      hasher.combine(shape.endsWhenUnmapped)
      hasher.combine(shape.hasOwnLocking)
    }
    hasher.combine(known)
  }
}

/// What comes with a walk's callback.
struct WalkShape: Equatable, Sendable {
  let callback: KernelAddress
  let endsWhenUnmapped: Bool
  let hasOwnLocking: Bool
  /// There are less than ten callbacks in the kernel.
  static let kept = 32
}

/// The steps of walks, against each other.
extension RecordingAudit {
  /// See ``RmapGraph/GraphObserver``.
  public mutating func willApply(_ event: WalkEvent, at stamp: EventStamp, in graph: borrowing RmapGraph) {
    let walker = graph.walker(ofTask: stamp.pid)
    switch event {
    case .begin(let frame): expectBegin(frame, walker, graph, stamp)
    case .end: expectEnd(walker, stamp)
    case .first(let start): expectStart(start, walker, graph, stamp)
    case .next(let step): expectNext(step, walker, stamp)
    case .found(let avc): expectFound(avc, walker, stamp)
    case .visit(let visit): if let walker { expectVisit(visit, walker, graph, stamp) }
    case .visited:
      guard let walker, let last = walker.pointee.walk?.lastVisit else { return }
      if walker.pointee.frame == nil || last != .entered {
        let purpose = walker.pointee.frame.flatMap { graph.purpose(ofCallback: $0.callback) }
        noteStep(purpose?.kind ?? .walk, stamp)
      }
    }
  }

  /// A step that can't come where it does.
  private mutating func noteStep(_ kind: EventKind, _ stamp: EventStamp) {
    note(.walkStep, .task(stamp.pid), .step, now: .function(kind), stamp)
  }

  /// A step without what must come before it, by a task that is known to be outside of a walk.
  private mutating func noteLoneStep(_ kind: EventKind, _ stamp: EventStamp) {
    if walks.known.contains(stamp.pid) { noteStep(kind, stamp) }
  }

  // MARK: The frame

  private mutating func expectBegin(
    _ frame: WalkFrame, _ walker: UnsafePointer<Walker>?, _ graph: borrowing RmapGraph, _ stamp: EventStamp
  ) {
    if let walker, walker.pointee.isOpen { noteStep(.walk, stamp) }
    walks.known.insert(stamp.pid)
    expectShape(frame, stamp)
    // A mapped page is not put together with others: a large folio may be split, but no small one grows.
    if frame.pages != 1, !frame.isKSM, frame.mapping.isAnonymous, let folio = graph.folio(at: frame.folio),
      graph[folio].birthWasSeen, !graph[folio].isLarge, !graph[folio].isHugetlb
    {
      note(
        .walkStep, .folio(frame.folio), .pages, was: .number(1), now: .number(Int64(clamping: frame.pages ?? 0)),
        since: graph[folio].stamp.ordinal, stamp)
    }
  }

  /// `done` and `anon_lock` are constants beside their callback (mm/rmap.c: try_to_unmap, try_to_migrate,
  /// folio_referenced, remove_migration_ptes; mm/page_idle.c, mm/damon); `invalid_vma` depends on the folio.
  private mutating func expectShape(_ frame: WalkFrame, _ stamp: EventStamp) {
    guard let known = walks.shapes.first(where: { $0.callback == frame.callback }) else {
      guard walks.shapes.count < WalkShape.kept else { return }
      return walks.shapes.append(
        WalkShape(
          callback: frame.callback, endsWhenUnmapped: frame.endsWhenUnmapped, hasOwnLocking: frame.hasOwnLocking))
    }
    if frame.callback == walks.shared { return }
    let object = Contradiction.Object.callback(frame.callback)
    if known.endsWhenUnmapped != frame.endsWhenUnmapped {
      let values = (known.endsWhenUnmapped ? 1 : 0, frame.endsWhenUnmapped ? 1 : 0) as (Int64, Int64)
      note(.walkStep, object, .done, was: .number(values.0), now: .number(values.1), stamp)
    } else if known.hasOwnLocking != frame.hasOwnLocking {
      let values = (known.hasOwnLocking ? 1 : 0, frame.hasOwnLocking ? 1 : 0) as (Int64, Int64)
      note(.walkStep, object, .anonLock, was: .number(values.0), now: .number(values.1), stamp)
    }
  }

  private mutating func expectEnd(_ walker: UnsafePointer<Walker>?, _ stamp: EventStamp) {
    guard let walker else { return noteLoneStep(.walk, stamp) }
    if !walker.pointee.isOpen { noteLoneStep(.walk, stamp) }
    if walker.pointee.walk?.awaitsStep == true || walker.pointee.walk?.lastVisit == .entered { noteStep(.walk, stamp) }
  }

  // MARK: The steps

  private mutating func expectStart(
    _ start: WalkStart, _ walker: UnsafePointer<Walker>?, _ graph: borrowing RmapGraph, _ stamp: EventStamp
  ) {
    expectLock(start.lock, of: start.root, stamp)
    // A folio outside KSM is looked for in one tree, once. Where no frame is recorded (5.10), nothing tells of a walk's early
    // end.
    if let walker,
      walker.pointee.walk != nil && !walks.known.isEmpty || walker.pointee.isOpen && walker.pointee.frame == nil
    {
      noteStep(.walkFirst, stamp)
    }
    if let known = graph.anonVMA(at: start.anonVMA), graph[known].root != start.root {
      note(
        .walkStep, .anonVMA(start.anonVMA), .root, was: .kernel(graph[known].root), now: .kernel(start.root),
        since: graph[known].birth.isRecorded ? graph[known].birth.ordinal : nil, stamp)
    }
    if let walker, let frame = walker.pointee.frame, !frame.isKSM {
      expectTree(start, of: frame, since: walker.pointee.frameStamp.ordinal, graph, stamp)
    }
  }

  /// mm/rmap.c:rmap_walk_anon looks through the tree of the folio's anon_vma for the folio's pages.
  ///
  /// Without the folio's lock (folio_referenced), a write fault may give the folio to another anon_vma under the same
  /// root in between, and UFFDIO_MOVE to any, at any index.
  private mutating func expectTree(
    _ start: WalkStart, of frame: WalkFrame, since: UInt64, _ graph: borrowing RmapGraph, _ stamp: EventStamp
  ) {
    guard frame.folioIsLocked || !walks.foliosWander else { return }
    let folio = Contradiction.Object.folio(frame.folio)
    if start.first != frame.index {
      note(.walkStep, folio, .first, was: .pages(frame.index), now: .pages(start.first), since: since, stamp)
    }
    if let pages = frame.pages {
      let last = frame.index + (pages &- 1)
      if start.last != last {
        note(.walkStep, folio, .last, was: .pages(last), now: .pages(start.last), since: since, stamp)
      }
    }
    guard start.anonVMA != frame.mapping.anonVMA else { return }
    let noteTree = { (audit: inout RecordingAudit) in
      audit.note(
        .walkStep, folio, .anonVMA, was: .kernel(frame.mapping.anonVMA), now: .kernel(start.anonVMA), since: since,
        stamp)
    }
    if frame.folioIsLocked { return noteTree(&self) }
    if let named = graph.anonVMA(at: frame.mapping.anonVMA) {
      if graph[named].root != start.root { noteTree(&self) }
    } else if graph.birthWasSeen(at: start.root) {
      noteTree(&self)  // Whatever has this root was born within the recording, and lives while pages need it.
    }
    if graph.anonVMA(at: start.anonVMA) == nil, graph.birthWasSeen(at: start.root) { noteTree(&self) }
  }

  private mutating func expectNext(_ step: WalkStep, _ walker: UnsafePointer<Walker>?, _ stamp: EventStamp) {
    expectLock(step.lock, of: step.root, stamp)
    guard let walker, walker.pointee.walk != nil else { return noteLoneStep(.walkNext, stamp) }
    let (first, last) = (walker.pointee.walk?.start.first, walker.pointee.walk?.start.last)
    let awaitsStep = walker.pointee.walk?.awaitsStep ?? false
    if awaitsStep || walker.pointee.walk?.lastVisit == .entered || walker.pointee.walk?.start.root != step.root {
      noteStep(.walkNext, stamp)
    }
    if !awaitsStep, let node = walker.pointee.walk?.visited.last, node != step.node {
      note(.walkStep, .task(stamp.pid), .node, was: .kernel(node), now: .kernel(step.node), stamp)
    }
    if let first, first != step.first {
      note(.walkStep, .task(stamp.pid), .first, was: .pages(first), now: .pages(step.first), stamp)
    } else if let last, last != step.last {
      note(.walkStep, .task(stamp.pid), .last, was: .pages(last), now: .pages(step.last), stamp)
    }
  }

  private mutating func expectFound(_ avc: KernelAddress, _ walker: UnsafePointer<Walker>?, _ stamp: EventStamp) {
    guard let awaitsStep = walker?.pointee.walk?.awaitsStep else { return noteLoneStep(.walkNext, stamp) }
    // A return whose entry was not recorded: what came before it is not known either.
    if !awaitsStep { note(.walkStep, .task(stamp.pid), .node, now: .kernel(avc), stamp) }
  }

  // MARK: The visits

  private mutating func expectVisit(
    _ visit: WalkVisit, _ walker: UnsafePointer<Walker>, _ graph: borrowing RmapGraph, _ stamp: EventStamp
  ) {
    guard let frame = walker.pointee.frame else { return }
    if visit.isShared { walks.shared = frame.callback }
    if let purpose = graph.purpose(ofCallback: frame.callback) {
      if purpose != visit.purposeOfFunction {
        note(
          .walkStep, .callback(frame.callback), .purpose, was: .callback(purpose), now: .callback(visit.purpose), stamp)
      }
    } else if let other = graph.callback(for: visit.purposeOfFunction) {
      note(.walkStep, .callback(frame.callback), .purpose, was: .kernel(other), now: .callback(visit.purpose), stamp)
    }
    expectPlace(of: visit, walker, frame, graph, stamp)
    guard let migration = visit.migration, migration.source != visit.folio else { return }
    if let restored = walker.pointee.restored, restored != migration.source {
      note(.walkStep, .folio(visit.folio), .folio, was: .kernel(restored), now: .kernel(migration.source), stamp)
    }
    if !graph.isMigrating(migration.source), graph.isMigrating(migration.sourceMapping, migration.sourceIndex) {
      // A folio waits for its restoring that is where this one says that it was: no two are.
      note(.walkStep, .folio(migration.source), .step, now: .missing, stamp)
    }
  }

  /// The callback is called for the folio that is looked for and the VMA that the walk has come to, once.
  private mutating func expectPlace(
    of visit: WalkVisit, _ walker: UnsafePointer<Walker>, _ frame: WalkFrame, _ graph: borrowing RmapGraph,
    _ stamp: EventStamp
  ) {
    guard walker.pointee.walk != nil else { return }
    guard walker.pointee.walk?.awaitsStep == false, walker.pointee.walk?.lastVisit == .passedOver else {
      return noteStep(visit.purpose.kind, stamp)
    }
    if visit.folio != frame.folio {
      return note(.walkStep, .task(stamp.pid), .visited, was: .kernel(frame.folio), now: .kernel(visit.folio), stamp)
    }
    guard !frame.isKSM, let avc = walker.pointee.walk?.visited.last.flatMap({ graph.avc(at: $0) }), graph[avc].isLinked
    else { return }
    let view = graph[graph[avc].vma].view
    // mm/internal.h:vma_address
    let isThere =
      frame.pages == 1 ? visit.address == view.address(of: frame.index) : view.contains(visit.address)
    if view.address != visit.vma {
      note(
        .walkStep, .task(stamp.pid), .vma, was: .kernel(view.address), now: .kernel(visit.vma),
        since: graph[avc].stamp.ordinal, stamp)
    } else if !isThere {
      note(.walkStep, .folio(visit.folio), .mapped, now: .user(visit.address), stamp)
    }
  }
}
