/// A step of one of the kernel's own rmap walks.
public enum WalkEvent: Sendable {
  /// A folio is looked for (rmap_walk_anon, rmap_walk_ksm).
  case begin(WalkFrame)
  /// The folio is no longer looked for.
  case end
  /// Entry of `anon_vma_interval_tree_iter_first`.
  case first(WalkStart)
  /// Entry of `anon_vma_interval_tree_iter_next`.
  case next(WalkStep)
  /// Return of either: the AVC that is visited, or null at the walk's end.
  case found(KernelAddress)
  /// Entry of the walk's callback for one VMA.
  case visit(WalkVisit)
  /// Return of the callback: whether the walk is to go on.
  case visited(goesOn: Bool)
}

/// What a walk looks for, and what may legally end it early (`struct rmap_walk_control`).
public struct WalkFrame: Sendable {
  /// Whether it is a walk of KSM, which looks through the trees of several anon_vmas.
  public var isKSM: Bool
  /// A walk of KSM: whether it looks for the index of one rmap_item at a time (7.3), not for all.
  public var isOfOneIndex: Bool
  /// The folio.
  public var folio: KernelAddress
  /// `folio->mapping`.
  public var mapping: FolioMapping
  /// `folio->index`.
  public var index: PgOff
  /// How many pages the folio has; nil if that makes no sense.
  public var pages: UInt64?
  /// `rmap_one`: the function that is called for each VMA.
  public var callback: KernelAddress
  /// Whether there is a `done`: the walk ends when the folio is no longer mapped.
  public var endsWhenUnmapped: Bool
  /// Whether the walk locks the anon_vma by `anon_lock`, not by the caller's own hold on it.
  public var hasOwnLocking: Bool
  /// Whether `invalid_vma` may pass VMAs over.
  public var passesOver: Bool

  /// Memberwise.
  @inlinable public init(
    isKSM: Bool = false, isOfOneIndex: Bool = false, folio: KernelAddress, mapping: FolioMapping, index: PgOff,
    pages: UInt64?,
    callback: KernelAddress, endsWhenUnmapped: Bool, hasOwnLocking: Bool, passesOver: Bool
  ) {
    self.isKSM = isKSM
    self.isOfOneIndex = isOfOneIndex
    self.folio = folio
    self.mapping = mapping
    self.index = index
    self.pages = pages
    self.callback = callback
    self.endsWhenUnmapped = endsWhenUnmapped
    self.hasOwnLocking = hasOwnLocking
    self.passesOver = passesOver
  }

  /// Whether the caller holds the folio's lock, so that neither mapping nor size can change: try_to_unmap and
  /// try_to_migrate, which have a `done`, and remove_migration_ptes, which has no `anon_lock`, demand it;
  /// folio_referenced and page_idle do not (up to 6.18).
  @inlinable public var folioIsLocked: Bool { endsWhenUnmapped || !hasOwnLocking }
}

/// The start of a walk in one tree.
public struct WalkStart: Sendable {
  /// The anon_vma that the tree belongs to.
  public var anonVMA: KernelAddress
  /// `anon_vma->root`.
  public var root: KernelAddress
  /// The first offset that is looked for.
  public var first: PgOff
  /// The last one.
  public var last: PgOff
  /// The root's lock; nil where it was not recorded.
  public var lock: LockView?

  /// Memberwise.
  @inlinable public init(
    anonVMA: KernelAddress, root: KernelAddress, first: PgOff, last: PgOff, lock: LockView?
  ) {
    self.anonVMA = anonVMA
    self.root = root
    self.first = first
    self.last = last
    self.lock = lock
  }
}

/// A step from one AVC to the next.
public struct WalkStep: Sendable {
  /// The AVC that was visited last.
  public var node: KernelAddress
  /// `anon_vma->root`.
  public var root: KernelAddress
  /// The first offset that is looked for.
  public var first: PgOff
  /// The last one.
  public var last: PgOff
  /// The root's lock; nil where it was not recorded.
  public var lock: LockView?

  /// Memberwise.
  @inlinable public init(
    node: KernelAddress, root: KernelAddress, first: PgOff, last: PgOff, lock: LockView?
  ) {
    self.node = node
    self.root = root
    self.first = first
    self.last = last
    self.lock = lock
  }
}

/// A walk's callback for one VMA.
public struct WalkVisit: Sendable {
  /// What the callback does.
  public enum Purpose: UInt8, Sendable {
    /// Asks whether the folio was used lately (folio_referenced_one).
    case referenced
    /// Unmaps it (try_to_unmap_one).
    case unmap
    /// Puts migration entries in its place (try_to_migrate_one).
    case migrate
    /// Puts the new folio in the place of migration entries (remove_migration_pte).
    case restore

    /// The kind of the callback's events.
    public var kind: EventKind {
      switch self {
      case .referenced: .walkReferenced
      case .unmap: .walkUnmap
      case .migrate: .walkMigrate
      case .restore: .walkRestore
      }
    }
  }

  /// What it does.
  public var purpose: Purpose
  /// The folio; for ``Purpose/restore`` the new one.
  public var folio: KernelAddress
  /// The VMA.
  public var vma: KernelAddress
  /// Where the folio would be mapped in it.
  public var address: UserAddress
  /// Whether its function serves more than one purpose: until 5.14 try_to_unmap_one also migrates, and until 5.15 munlock
  /// looks by it.
  public var isShared = false
  /// What its function is for, of a shared one the purpose whose walks may pass over VMAs.
  public var purposeOfFunction: Purpose { isShared ? .migrate : purpose }
  /// A restore: the old folio and both folios' mapping and index.
  public var migration: Migration?

  /// Memberwise.
  @inlinable public init(
    purpose: Purpose, folio: KernelAddress, vma: KernelAddress, address: UserAddress,
    migration: Migration? = nil
  ) {
    self.purpose = purpose
    self.folio = folio
    self.vma = vma
    self.address = address
    self.migration = migration
  }

  /// The old and the new folio of a migration, as the new one is being mapped.
  public struct Migration: Sendable {
    /// The old folio.
    public var source: KernelAddress
    /// The old folio's mapping.
    public var sourceMapping: FolioMapping
    /// The old folio's index.
    public var sourceIndex: PgOff
    /// The new folio's mapping.
    public var mapping: FolioMapping
    /// The new folio's index.
    public var index: PgOff

    /// Memberwise.
    @inlinable public init(
      source: KernelAddress, sourceMapping: FolioMapping, sourceIndex: PgOff, mapping: FolioMapping,
      index: PgOff
    ) {
      self.source = source
      self.sourceMapping = sourceMapping
      self.sourceIndex = sourceIndex
      self.mapping = mapping
      self.index = index
    }
  }
}
