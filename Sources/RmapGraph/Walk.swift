public import RmapEvents

/// One of the kernel's own walks through one anon_vma's tree.
public struct Walk: Sendable {
  /// Where it began, and what it looks for.
  public let start: WalkStart
  /// The event of its beginning.
  public let stamp: EventStamp
  /// The AVCs that it was given, in order.
  public internal(set) var visited: ContiguousArray<KernelAddress> = []
  /// What became of the AVC that it was given last.
  public internal(set) var lastVisit = LastVisit.passedOver
  /// The AVCs among them that it went on from without having called its callback.
  public internal(set) var passedOver: ContiguousArray<KernelAddress> = []
  /// Whether no step is missing.
  public internal(set) var isWhole = true
  /// Whether the model had all mappings of its folio when it began.
  public internal(set) var folioWasKnown = false
  /// Whether the return of a step is still to come.
  var awaitsReturn = true

  /// Whether the AVC that the walk asked for last was never seen.
  public var awaitsStep: Bool { awaitsReturn }

  /// What a walk did with an AVC.
  public enum LastVisit: Hashable, Sendable {
    /// Nothing, as far as the recording shows.
    case passedOver
    /// The callback was called and has not returned.
    case entered
    /// The callback has returned.
    case returned(goesOn: Bool)
  }

  init(start: WalkStart, stamp: EventStamp) {
    self.start = start
    self.stamp = stamp
  }
}

/// What the model knows of a task that walks.
public struct Walker {
  /// The task.
  public let pid: Int32
  /// What it looks for.
  public internal(set) var frame: WalkFrame?
  /// Whether the walk of a folio has begun and not returned.
  public internal(set) var isOpen = false
  /// The event of its beginning.
  public internal(set) var frameStamp = EventStamp.beforeRecording
  /// Its walk through one tree.
  public internal(set) var walk: Walk?
  /// The folio that a restoring walk takes the place of.
  public internal(set) var restored: KernelAddress?
  /// What the callback that has been entered is to map, in a walk that restores.
  public internal(set) var restoring: WalkVisit?
  /// Where the callback that has been entered looks for a page of KSM.
  var merged: WalkVisit?
  /// What the callback that has been entered is to unmap, where the model is sure of it.
  var unmapping: Unmapping?
}

/// A folio whose mappings have become migration entries.
public struct MigratingFolio: Sendable {
  /// `folio->mapping` when try_to_migrate began.
  public let mapping: FolioMapping
  /// `folio->index` then.
  public let index: PgOff
  /// The model's anon_vma behind ``mapping``, if it knew it.
  public let anonVMA: AnonVMAID?
  /// The beginning of try_to_migrate's walk.
  public let stamp: EventStamp
}

/// A walk is about to look at a tree: it begins in it or goes on.
public struct WalkStepSituation: ~Copyable {
  private let pin = Pin()
  /// The anon_vma's root.
  public let root: KernelAddress
  /// The root's lock; nil where it was not recorded.
  public let lock: LockView?
  /// Whether the walk begins.
  public let isFirst: Bool
  /// The event's place.
  public let stamp: EventStamp
}

/// A walk's callback is about to look at one VMA. The root is locked.
public struct WalkVisitSituation: ~Copyable {
  private let pin = Pin()
  /// The callback.
  public let visit: WalkVisit
  /// The walk through the tree, as it began; nil where that was not seen.
  public let start: WalkStart?
  /// What is looked for.
  public let frame: WalkFrame
  /// The VMA, if the model has met it.
  public let vma: VMAID?
  /// The event's place.
  public let stamp: EventStamp
}

/// A walk is over.
public struct WalkSituation: ~Copyable {
  private let pin = Pin()
  /// How a walk came to its end.
  public enum Ending: Sendable {
    /// The tree had no further AVC. The root is still locked.
    case exhausted
    /// The callback wanted no more. The root is still locked.
    case refused
    /// The walk of the folio ended without either. The root may have been unlocked since.
    case left
  }

  /// The walk.
  public let walk: Walk
  /// What is looked for; nil for walks outside of rmap_walk.
  public let frame: WalkFrame?
  /// How it ended.
  public let ending: Ending
  /// What the walk's callback does, if its calls are recorded.
  public let purpose: WalkVisit.Purpose?
  /// The event of its end.
  public let stamp: EventStamp
}

/// A new folio is about to take the place of an old one's migration entries in one VMA.
public struct MigrationSituation: ~Copyable {
  private let pin = Pin()
  /// The callback.
  public let visit: WalkVisit
  /// Both folios' mapping and index.
  public let migration: WalkVisit.Migration
  /// The old folio when its mappings became migration entries; nil if that was not seen.
  public let source: MigratingFolio?
  /// What the walk showed of the new folio as it began.
  public let begun: WalkFrame
  /// The event of its beginning.
  public let begunStamp: EventStamp
  /// The event's place.
  public let stamp: EventStamp
}

/// A walk's callback has unmapped a folio in one VMA, or was to do so and has not.
public struct UnmapSituation: ~Copyable {
  private let pin = Pin()
  /// The callback.
  public let purpose: WalkVisit.Purpose
  /// The folio.
  public let folio: KernelAddress
  /// The VMA.
  public let vma: VMAID
  /// Where the folio was mapped.
  public let address: UserAddress
  /// Whether no removal was told of, and the place is now mapped anew.
  public let isLeft: Bool
  /// The callback's entry; where it has left the mapping, its return.
  public let returned: EventStamp
  /// The event's place.
  public let stamp: EventStamp
}
