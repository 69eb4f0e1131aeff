// RmapEvents: what can happen to the graph, as plain values. No C, no files, no kernel versions.
//
// One idea: this is the waist of the pipeline. On one side, recordings of any kind and kernel are brought into these
// values; on the other, graph and invariants know nothing else. So a test can write a history by hand, a simulated
// kernel can emit one, and both are judged as a recording is.
//
// An address is not an identity: the kernel reuses it. `KernelAddress` is what an event says; which tenant it meant
// is for the graph to find out. Quantities have types of their own (addresses of the kernel and of user space, page
// offsets), so that they can't be mixed up.
//
// `RmapEvent` is one event as one value. On the hot path there is none: events travel in an `EventBatch`, with a
// *lane* for each kind, because a value that may be of any kind is copied at the size of the largest.
//
// A field that only some kernels or recordings have is a `RecordedField`, so that an invariant can say that it needs
// it.

@_exported public import Vocabulary

/// One recorded step of the kernel's anonymous reverse mapping.
///
/// Everything downstream of the decoder speaks in these values. Names are those of the recording's own
/// vocabulary, which is the same on every kernel; see the probe table in `KernelProbes`.
public enum RmapEvent: Sendable {
  /// Entry of `anon_vma_interval_tree_insert`: an AVC is about to enter its anon_vma's tree.
  case insert(TreeUpdate)
  /// Entry of `anon_vma_interval_tree_remove`: an AVC is about to leave its anon_vma's tree.
  case remove(TreeUpdate)
  /// Entry of one of the operations that change the graph.
  case enter(OperationEntry)
  /// Return of one of the operations that change the graph.
  case leave(OperationReturn)
  /// Entry of `__put_anon_vma`: the last reference is gone, the anon_vma is freed.
  case put(AnonVMAPut)
  /// Entry of `vm_area_free`.
  case vmaFree(VMAFree)
  /// A folio's mapping is added, removed, moved or looked at.
  case folio(FolioEvent)
  /// Entry of `__unmap_hugepage_range`: a VMA of hugetlbfs loses what it maps in a range.
  case hugetlbUnmap(HugetlbUnmap)
  /// The kernel's own rmap walk takes a step.
  case walk(WalkEvent)
}

/// An anon_vma's lock as a tree event saw it (`root->rwsem`, kernel/locking/rwsem.c).
public struct LockView: Hashable, Sendable {
  /// `rwsem.count`: bit 0 is set while a writer holds it.
  public var count: UInt64
  /// The pid of the owner's task; meaningful while write-held.
  public var ownerPID: Int32

  /// Memberwise.
  @inlinable public init(count: UInt64, ownerPID: Int32) {
    self.count = count
    self.ownerPID = ownerPID
  }

  // kernel/locking/rwsem.c: bit 0 is the writer's, bits 3 to 7 are not in use, readers count from bit 8 to bit 62.

  @inlinable static var writer: UInt64 { 1 }
  @inlinable static var readers: UInt64 { 0x7fff_ffff_ffff_ff00 }
  @inlinable static var impossible: UInt64 { 0xffff_ffff_8000_00f8 }

  /// Whether a writer holds the lock.
  @inlinable public var isWriteLocked: Bool { count & Self.writer != 0 }

  /// Whether the task holds it as a writer; nil if its owner does not say.
  ///
  /// kernel/locking/rwsem.c, 5.3 to 5.11: a writer that has waited long marks the owner that it has become
  /// (rwsem_disable_reader_optspin, bit 1). Through such an address the two bytes behind are read as its pid: the upper half
  /// of the pid, and the lower one of the tgid, which is the same but for threads. No recording says that its kernel does
  /// this; on others, only an owner whose pid has this one's upper half as its lower one is taken for a marked one.
  public func isWriteHeld(by pid: Int32) -> Bool? {
    if !isWriteLocked { return false }
    if ownerPID == pid { return true }
    let (word, own) = (UInt32(bitPattern: ownerPID), UInt32(bitPattern: pid))
    if word & 0xffff == own >> 16, word != 0 { return word >> 16 == own & 0xffff ? true : nil }
    return word > EventStamp.pidMax ? nil : false
  }

  /// Whether a reader may hold the lock: one that only tries is counted for a moment too.
  @inlinable public var mayBeReadLocked: Bool { count & Self.readers != 0 }

  /// Whether a writer or a reader holds an rwsem with this count.
  public static func isHeld(_ count: UInt64) -> Bool { count & (writer | readers) != 0 }

  /// Whether a word can be an rwsem's: there are no more readers than tasks, 2^22 (PID_MAX_LIMIT).
  @inlinable public static func isPossible(_ count: UInt64) -> Bool { count & impossible == 0 }
}

/// An AVC that is about to enter or leave its tree, with everything that it leads to, before the tree changes.
public struct TreeUpdate: Sendable {
  /// The `anon_vma_chain`.
  public var avc: KernelAddress
  /// `avc->vma`.
  public var vma: VMAView
  /// `avc->anon_vma`.
  public var anonVMA: KernelAddress
  /// The tree argument minus `offsetof(struct anon_vma, rb_root)`: whose tree it really is.
  public var treeOwner: KernelAddress
  /// `anon_vma->root`.
  public var root: KernelAddress
  /// `anon_vma->root->root`.
  public var rootOfRoot: KernelAddress
  /// `anon_vma->parent`.
  public var parent: KernelAddress
  /// `anon_vma->refcount`.
  public var refcount: Int32
  /// `anon_vma->num_children`; nil where the kernel counts `degree` instead.
  public var children: UInt64?
  /// `anon_vma->num_active_vmas`; nil where the kernel counts `degree` instead.
  public var active: UInt64?
  /// Whether the tree holds no AVC at this moment (`rb_root.rb_node == NULL`).
  public var treeIsEmpty: Bool
  /// `root->refcount`.
  public var rootRefcount: Int32
  /// The root's lock; nil where it was not recorded (PREEMPT_RT has another type).
  public var lock: LockView?
  /// `vma->vm_page_prot`; nil where it was not recorded.
  public var protection: UInt64?

  /// Memberwise.
  @inlinable public init(
    avc: KernelAddress, vma: VMAView, anonVMA: KernelAddress, treeOwner: KernelAddress,
    root: KernelAddress, rootOfRoot: KernelAddress, parent: KernelAddress, refcount: Int32,
    children: UInt64?, active: UInt64?, treeIsEmpty: Bool, rootRefcount: Int32, lock: LockView?,
    protection: UInt64? = nil
  ) {
    self.avc = avc
    self.vma = vma
    self.anonVMA = anonVMA
    self.treeOwner = treeOwner
    self.root = root
    self.rootOfRoot = rootOfRoot
    self.parent = parent
    self.refcount = refcount
    self.children = children
    self.active = active
    self.treeIsEmpty = treeIsEmpty
    self.rootRefcount = rootRefcount
    self.lock = lock
    self.protection = protection
  }
}

/// Entry of an operation; fields that the operation lacks are zero.
public struct OperationEntry: Sendable {
  /// Which operation.
  public var kind: EventKind
  /// The VMA that the operation changes or makes; for ``EventKind/moveTables`` the destination.
  public var vma: VMAView
  /// The VMA that it copies, forks or moves from.
  public var source: VMAView
  /// The address that it works at: a split's, a move's new address.
  public var address: UserAddress
  /// Where a move starts.
  public var sourceAddress: UserAddress
  /// How far it moves, in bytes.
  public var length: UInt64
  /// The mm that exits, or in which UFFDIO_MOVE moves.
  public var mm: KernelAddress
  /// A move: whether it takes the rmap locks (`need_rmap_locks`); nil where it was not recorded.
  public var takesRmapLocks: Bool?
  /// A prepare: `vma->vm_mm->mmap_lock.count`; nil where it was not recorded.
  public var mmapLockCount: UInt64?
  /// A prepare: whether the VMA has neither `vm_ops` nor `vm_file`; nil where it was not recorded.
  public var isPlainAnonymous: Bool?

  /// Memberwise.
  @inlinable public init(
    kind: EventKind, vma: VMAView = .none, source: VMAView = .none,
    address: UserAddress = UserAddress(0), sourceAddress: UserAddress = UserAddress(0),
    length: UInt64 = 0, mm: KernelAddress = .null, takesRmapLocks: Bool? = nil,
    mmapLockCount: UInt64? = nil, isPlainAnonymous: Bool? = nil
  ) {
    self.kind = kind
    self.vma = vma
    self.source = source
    self.address = address
    self.sourceAddress = sourceAddress
    self.length = length
    self.mm = mm
    self.takesRmapLocks = takesRmapLocks
    self.mmapLockCount = mmapLockCount
    self.isPlainAnonymous = isPlainAnonymous
  }
}

/// Return of an operation.
public struct OperationReturn: Sendable {
  /// Which operation.
  public var kind: EventKind
  /// What it returned, sign-extended: an error, a length in bytes, or a pointer.
  public var value: Int64

  /// Memberwise.
  @inlinable public init(kind: EventKind, value: Int64 = 0) {
    self.kind = kind
    self.value = value
  }

  /// Whether the value is a kernel error (`-ENOMEM` and its like).
  @inlinable public var failed: Bool { value < 0 && value >= -4095 }
}

/// The last reference to an anon_vma is gone (mm/rmap.c:__put_anon_vma).
public struct AnonVMAPut: Sendable {
  /// The anon_vma.
  public var anonVMA: KernelAddress
  /// `->root`.
  public var root: KernelAddress
  /// `->parent`; nil where it was not recorded.
  public var parent: KernelAddress?
  /// `->refcount`, 0 by the kernel's rule.
  public var refcount: Int32
  /// `->root->refcount`; when it is 1 the root dies in the same call.
  public var rootRefcount: Int32
  /// `->num_children`; nil where the kernel counts `degree` instead.
  public var children: UInt64?
  /// `->num_active_vmas`; nil where the kernel counts `degree` instead.
  public var active: UInt64?
  /// Whether its tree is empty (`rb_root.rb_node == NULL`).
  public var treeIsEmpty: Bool

  /// Memberwise.
  @inlinable public init(
    anonVMA: KernelAddress, root: KernelAddress, parent: KernelAddress? = nil, refcount: Int32, rootRefcount: Int32,
    children: UInt64?, active: UInt64?, treeIsEmpty: Bool
  ) {
    self.anonVMA = anonVMA
    self.root = root
    self.parent = parent
    self.refcount = refcount
    self.rootRefcount = rootRefcount
    self.children = children
    self.active = active
    self.treeIsEmpty = treeIsEmpty
  }
}

/// A VMA is given back to its cache (kernel/fork.c:vm_area_free).
public struct VMAFree: Sendable {
  /// The `vm_area_struct`.
  public var vma: KernelAddress
  /// `vm_mm`.
  public var mm: KernelAddress
  /// `vma->anon_vma` at this moment.
  public var anonVMA: KernelAddress

  /// Memberwise.
  @inlinable public init(vma: KernelAddress, mm: KernelAddress, anonVMA: KernelAddress) {
    self.vma = vma
    self.mm = mm
    self.anonVMA = anonVMA
  }
}
