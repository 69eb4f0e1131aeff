import RmapEvents

/// What the steps of a walk say of it, against each other.
extension RmapGraph {
  /// `done` and `anon_lock` are constants beside their callback (mm/rmap.c: try_to_unmap, try_to_migrate,
  /// folio_referenced, remove_migration_ptes; mm/page_idle.c, mm/damon); `invalid_vma` depends on the folio.
  mutating func compare(_ frame: WalkFrame) {
    let shape = WalkShape(
      callback: frame.callback, endsWhenUnmapped: frame.endsWhenUnmapped, hasOwnLocking: frame.hasOwnLocking)
    if let known = walking.shapes.first(where: { $0.callback == shape.callback }) {
      if known != shape { contradict(.walkStep) }
    } else if walking.shapes.count < WalkShape.kept {
      walking.shapes.append(shape)
    }
    // A mapped page is not put together with others: a large folio may be split, but no small one grows.
    if frame.pages != 1, !frame.isKSM, frame.mapping.isAnonymous, let slot = folioOf[frame.folio.raw],
      folios[slot].birthWasSeen, !folios[slot].isLarge, !folios[slot].isHugetlb
    {
      contradict(.walkStep)
    }
  }

  /// mm/rmap.c:rmap_walk_anon looks through the tree of the folio's anon_vma for the folio's pages.
  ///
  /// Without the folio's lock (folio_referenced), a write fault may give the folio to another anon_vma under the same
  /// root in between, and UFFDIO_MOVE to any, at any index.
  mutating func compare(_ start: WalkStart, with frame: WalkFrame) {
    guard frame.folioIsLocked || !walking.foliosWander else { return }
    if start.first != frame.index { contradict(.walkStep) }
    if let pages = frame.pages, start.last != frame.index + (pages &- 1) { contradict(.walkStep) }
    guard start.anonVMA != frame.mapping.anonVMA else { return }
    if frame.folioIsLocked { return contradict(.walkStep) }
    if let named = anonVMANode(at: frame.mapping.anonVMA) {
      if named.root != start.root { contradict(.walkStep) }
    } else if birthWasSeen(at: start.root) {
      contradict(.walkStep)  // Whatever has this root was born within the recording, and lives while pages need it.
    }
    if anonVMAOf[start.anonVMA.raw] == nil, birthWasSeen(at: start.root) { contradict(.walkStep) }
  }

  /// A walk takes pages away in its callbacks, and nowhere else.
  mutating func compareRemoval() {
    guard let slot = walking.walkerOf[UInt64(UInt32(bitPattern: currentPID)) + 1],
      let last = walking.walkers[slot].walk?.lastVisit, last != .entered, let frame = walking.walkers[slot].frame,
      walking.callbacksSeen.contains(where: { $0.address == frame.callback })
    else { return }
    contradict(.walkStep)
  }

  /// mm/migrate.c:remove_migration_pte maps the folio that took the other one's place, which is locked, and no other.
  mutating func compareRestored(_ event: FolioEvent) {
    guard !event.isLarge, let slot = walking.walkerOf[UInt64(UInt32(bitPattern: currentPID)) + 1],
      walking.walkers[slot].walk?.lastVisit == .entered, let visit = walking.walkers[slot].restoring
    else { return }
    let isTheSame = event.folio == visit.folio && event.mapping == visit.migration?.mapping
    if !isTheSame || event.vma.address != visit.vma { contradict(.walkStep) }
  }

  /// Whether a folio waits for its restoring that is where this one says that it was: no two are.
  func waits(_ migration: WalkVisit.Migration) -> Bool {
    var found = false
    walking.migratingOf.forEach { slot in
      let folio = walking.migrating[slot]
      if folio.mapping == migration.sourceMapping, folio.index == migration.sourceIndex { found = true }
    }
    return found
  }
}

/// What comes with a walk's callback.
struct WalkShape: Equatable {
  let callback: KernelAddress
  let endsWhenUnmapped: Bool
  let hasOwnLocking: Bool
  /// There are less than ten callbacks in the kernel.
  static let kept = 32
}
