// RecordingAudit: what in a recording contradicts itself, before any rule of the kernel is judged by it.
//
// One idea: the kernel can't have done what two events say that exclude each other, so one of the events is wrong: damaged,
// out of order, or of another object than it says. From such a recording no violation follows, and no pass. So each event is
// held against the graph before the graph applies it. What does not fit is kept as data, a `Contradiction`: which object,
// which of its fields, what that was and since which event, and what it is. The report prints it; the verdict is at best
// undecided for what the contradiction touches (`Contradiction.Kind.level`).
//
// The audit changes nothing, asks no invariant, and knows nothing of files. A new look is a method here, called from the
// moment of `GraphObserver` at which both values are at hand (RecordingAudit+VMAs.swift has those of VMAs, …+Folios.swift
// those of folios), a case of `Contradiction.Field` if the field is new, and a recording in `CheckingTests` that was changed
// to show it. What a healthy kernel may do at the same moment belongs into the comment: each look was once a false alarm.

public import RmapEvents
import RmapGraph

/// Looks for what contradicts itself in a recording.
///
/// The graph lends itself before it applies an event, or a part of one, and the audit holds what the event says against
/// what the graph has. It changes nothing in the graph, and judges the recording only; the kernel is the invariants'
/// business. The graph tells, and never judges.
public struct RecordingAudit: Sendable {
  /// What it has found.
  public private(set) var contradictions = Contradictions()
  /// The first sign that what some task did was left out, if nothing else is known of whose events these are.
  public private(set) var leftOut: LeftOut?
  /// Operations that another one is to follow.
  var notes: ContiguousArray<Note> = []
  /// How many of them are of copy_vma.
  var notedCopies = 0
  /// Whether vm_area_alloc and vm_area_dup are recorded.
  var birthsAreRecorded = false
  /// Whether the last references to anon_vmas are recorded.
  var putsAreRecorded = false
  /// Whether exit_mmap frees its VMAs by a function that is recorded.
  var exitFreesVMAs = false
  /// Whether unlink_anon_vmas sets `vma->anon_vma` to NULL, as the first VMA that was freed after it has shown.
  var unlinkClears: Bool?
  var walks = WalkAudit()

  /// An audit of a recording from its beginning.
  public init() { notes.reserveCapacity(Note.kept) }

  /// Goes on as if the recording began here.
  public mutating func reset() {
    let kept = (contradictions, unlinkClears, leftOut)
    self = RecordingAudit()
    (contradictions, unlinkClears, leftOut) = kept
  }

  /// Forgets what an event of a level can have changed; see ``RmapGraph/RmapGraph/forget(from:)``.
  public mutating func forget(from level: RecordingLevel) {
    if level == .structure { reset() } else { walks = WalkAudit() }
  }

  /// Notes a contradiction. Not inlined: it hardly ever happens.
  @inline(never) mutating func note(
    _ kind: Contradiction.Kind, _ object: Contradiction.Object, _ field: Contradiction.Field,
    was: Contradiction.Value? = nil, now: Contradiction.Value, since: UInt64? = nil, _ stamp: EventStamp
  ) {
    contradictions.note(
      Contradiction(kind: kind, object: object, field: field, was: was, now: now, since: since, at: stamp))
  }

  /// Notes a sign of events that were left out. Not inlined: it hardly ever happens.
  @inline(never) mutating func noteLeftOut(_ what: LeftOut.What, _ stamp: EventStamp) {
    if leftOut == nil { leftOut = LeftOut(what: what, at: stamp) }
  }

  // MARK: What an event says by itself

  @inline(__always) mutating func expectTask(_ stamp: EventStamp) {
    if UInt32(bitPattern: stamp.pid) > EventStamp.pidMax {
      note(.noTask, .task(stamp.pid), .pid, now: .number(Int64(stamp.pid)), stamp)
    }
  }

  /// The lock of a root.
  @inline(__always) mutating func expectLock(_ lock: LockView?, of root: KernelAddress, _ stamp: EventStamp) {
    if let lock, !LockView.isPossible(lock.count) {
      note(.noLock, .anonVMA(root), .rwsem, now: .word(lock.count), stamp)
    }
  }

  // MARK: Experiments

  /// What it holds, as one number; see ``RmapGraph/RmapGraph/fingerprint()``.
  package func fingerprint() -> UInt64 {
    var hasher = Hasher()
    hasher.combine([birthsAreRecorded, putsAreRecorded, exitFreesVMAs])
    for note in notes {
      hasher.combine(note.kind)
      hasher.combine(note.pid)
      hasher.combine(note.view)
      hasher.combine(note.address)
      hasher.combine(note.result)
    }
    walks.add(to: &hasher)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }
}

/// An operation that another one is to follow: vm_area_dup, copy_vma.
struct Note: Sendable {
  let kind: EventKind
  let pid: Int32
  /// The VMA that it copied.
  let view: VMAView
  /// Where copy_vma put the copy.
  let address: UserAddress
  let result: KernelAddress
  /// The number of the event with which it returned.
  let ordinal: UInt64
  /// More than this many are not waiting at a time: one for each CPU.
  static let kept = 64
}
