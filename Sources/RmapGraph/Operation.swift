public import RmapEvents

/// An operation that a task has entered and not yet left.
public struct Operation: Sendable {
  /// The operation's kind.
  public let kind: EventKind
  /// What the entry probe saw.
  public let entry: OperationEntry
  /// The entry.
  public let stamp: EventStamp
  /// The root whose graph the operation has begun to change, once a tree event has shown it.
  var root: AnonVMAID?
  /// The VMA whose chain or anon_vma it changes.
  var subject: VMAID?
  /// A split, a copy_vma: the VMA that it cloned, the new one.
  public internal(set) var copy: VMAID?
  /// How many AVCs it has linked.
  public internal(set) var linked = 0
  /// A clone for fork: the anon_vma that the kernel's rule has chosen to be used again
  /// (mm/rmap.c:anon_vma_clone: the first with num_children < 2 and num_active_vmas == 0).
  public internal(set) var reuse: AnonVMAID?
  /// Whether it is known what encloses the operation.
  public let isClear: Bool
  /// An unlink: the anon_vma whose last AVC it removed, and which nobody else refers to.
  public internal(set) var due: AnonVMAID?
  /// A fork: how many anon_vmas that were in no tree it has put.
  public internal(set) var sparesPut = 0
  /// An exit_mmap: the end of the VMA that it unlinked last.
  public internal(set) var unlinkedUpTo = UserAddress(0)
  /// An unlink: whether the VMA's own part is over (counters lowered, `vma->anon_vma` cleared).
  var isSettled = false

  init(entry: OperationEntry, stamp: EventStamp, isClear: Bool) {
    kind = entry.kind
    self.isClear = isClear
    self.entry = entry
    self.stamp = stamp
  }
}

/// What there is to know of the operation around a step: all but the fields of its entry.
public struct OuterOperation: Sendable {
  /// The operation's kind.
  public let kind: EventKind
  /// Its entry.
  public let stamp: EventStamp
  /// The address of the VMA that it changes.
  public let vma: KernelAddress
  /// A split, a copy_vma: the VMA that it cloned, the new one.
  public let copy: VMAID?
}

extension EventKind {
  /// Which operations the kernel enters from within which: anon_vma_fork calls anon_vma_clone, and that calls
  /// unlink_anon_vmas when it fails; split, copy and merge clone; exit and munmap unlink.
  func mayEnclose(_ inner: EventKind) -> Bool {
    switch self {
    case .mmExit: inner == .unlink
    case .fork: inner == .clone || inner == .unlink
    case .clone: inner == .unlink
    case .split: inner == .clone || inner == .unlink || inner == .vmaDup
    case .copyVMA: inner == .clone || inner == .unlink || inner == .vmaDup
    case .userfaultMove: inner == .prepare
    case .copyRange: false
    default: false
    }
  }

  /// Whether the kernel never enters this operation from within another of ours.
  var isOutermost: Bool {
    switch self {
    case .prepare, .fork, .copyRange, .moveTables, .split, .copyVMA, .mmExit, .vmaAlloc, .userfaultMove: true
    default: false
    }
  }
}

/// What the model knows of one task.
struct Task: ~Copyable {
  private(set) var pid: Int32
  /// Whether it is known which operations the task is in: it has begun one that nothing encloses.
  var isClear: Bool
  /// Entered operations, outermost first.
  var operations = Lane<Operation>()
  /// The AVCs that it has taken out of their trees for a range change, by address.
  var parked: ContiguousArray<KernelAddress> = []
  /// Page ranges that VMAs have given up since then; to be looked at once all AVCs are back.
  var givenUp: ContiguousArray<GivenUpRange> = []
  /// Whether it is among the idle tasks that are kept for a while.
  var isResting = false

  var isIdle: Bool { operations.isEmpty && parked.isEmpty && givenUp.isEmpty }

  /// The index of the innermost operation.
  var last: Int? { operations.isEmpty ? nil : operations.count - 1 }

  /// The operation that the task is in, where it lies.
  var innermostPlace: UnsafePointer<Operation>? {
    operations.isEmpty ? nil : operations.address(of: operations.count - 1)
  }

  /// The operation that the task is in.
  var innermost: OuterOperation? { outer(of: operations.count) }

  /// The operation that the task's other ones are part of: what a kernel developer would say that it is doing.
  var outermost: EventKind? {
    if operations.isEmpty { return nil }
    if operations[0].kind != .mmExit { return operations[0].kind }
    return operations.count > 1 ? operations[1].kind : nil
  }

  /// The operation around one of its operations.
  func outer(of index: Int) -> OuterOperation? {
    guard index > 0 else { return nil }
    return OuterOperation(
      kind: operations[index - 1].kind, stamp: operations[index - 1].stamp,
      vma: operations[index - 1].entry.vma.address, copy: operations[index - 1].copy)
  }

  /// Whether the task is in an operation of a kind.
  func isIn(_ kind: EventKind) -> Bool {
    for index in 0..<operations.count where operations[index].kind == kind { return true }
    return false
  }

  /// Another task takes the place of one that is idle.
  mutating func begin(_ pid: Int32, isClear: Bool) {
    self.pid = pid
    self.isClear = isClear
  }
}

/// Tasks that have become idle: the one that came first is replaced first, and its slot is given back unless it is in an
/// operation again just then.
struct RestingTasks {
  /// Several for each CPU of most machines: who runs there comes back soon.
  static let kept = 64
  var tasks = InlineArray<64, UInt32>(repeating: .max)
  var next = 0
}

/// Addresses that a VMA no longer covers.
struct GivenUpRange {
  var vma: VMAView
  var start: UserAddress
  var end: UserAddress
}
