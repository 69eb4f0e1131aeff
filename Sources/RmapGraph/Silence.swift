public import RmapEvents

/// An mm that fork has filled within the recording, and in which only the task that forked has been at work so far.
public struct SilentMM: Sendable {
  /// The mm.
  public let mm: KernelAddress
  /// The first event of the fork.
  public let forked: EventStamp
  /// The last one, ns.
  public internal(set) var lastForked: UInt64
  /// Whether the mm is gone, since another fork has filled one at its address.
  public internal(set) var isGone = false
  /// Where the VMA lies that the fork has come to.
  fileprivate var position: UserAddress
}

/// Which of the mms made by fork have been at work: in a whole recording their tasks show, since a child that returns to
/// user space writes to its stack, and one that ends takes its mm down.
struct Silence: ~Copyable {
  fileprivate var slotOf = SlotMap()
  fileprivate var mms = Slab<SilentMM>()
  /// Who was looked at last: the next event is mostly of the same.
  fileprivate var last = (pid: Int32(-1), mm: KernelAddress.null)
  /// Whether there has ever been one that was at work.
  fileprivate(set) var someHaveActed = false
  /// The first one that went without having been at work.
  fileprivate var gone: SilentMM?

  /// Whether there is none.
  @inline(__always) var isEmpty: Bool { mms.count == 0 }

  /// An mm is made at the address of one whose end was not seen.
  mutating func lose(_ mm: KernelAddress) {
    guard let slot = slotOf[mm.raw] else { return }
    if gone == nil {
      gone = mms[slot]
      gone?.isGone = true
    }
    remove(mm)
  }

  /// A step of the fork that fills an mm, VMA by VMA, upwards (kernel/fork.c:dup_mmap): anon_vma_fork, then
  /// copy_page_range.
  mutating func noteForking(_ entry: OperationEntry, _ stamp: EventStamp) {
    let (mm, place) = (entry.vma.mm, entry.source.start)
    guard mm != entry.source.mm else { return }
    if let slot = slotOf[mm.raw] {
      let goesOn =
        mms[slot].forked.pid == stamp.pid
        && (place > mms[slot].position
          || entry.kind == .copyRange && place == mms[slot].position)
      if goesOn {
        mms[slot].lastForked = stamp.timestamp
        mms[slot].position = place
        return
      }
      lose(mm)
    }
    let fresh = SilentMM(mm: mm, forked: stamp, lastForked: stamp.timestamp, position: place)
    slotOf.set(mm.raw, to: mms.insert(fresh))
    last.pid = -1
  }

  /// A task is at work in an mm. The last one to let go of an mm takes it down, whoever that is.
  @inline(__always) mutating func noteActing(_ pid: Int32, in mm: KernelAddress, isTakingDown: Bool = false) {
    if last.pid == pid, last.mm == mm, !isTakingDown { return }
    noteOtherActing(pid, in: mm, isTakingDown)
  }

  @inline(never) private mutating func noteOtherActing(_ pid: Int32, in mm: KernelAddress, _ isTakingDown: Bool) {
    last = (pid, mm)
    guard let slot = slotOf[mm.raw], isTakingDown || mms[slot].forked.pid != pid else { return }
    if mms[slot].forked.pid != pid { someHaveActed = true }
    remove(mm)
  }

  fileprivate mutating func remove(_ mm: KernelAddress) {
    guard let slot = slotOf[mm.raw] else { return }
    slotOf.remove(mm.raw)
    mms.remove(slot)
  }
}

extension RmapGraph {
  /// The mms made by fork in which no other task has been at work, in the order of their forks.
  public var silentMMs: [SilentMM] {
    var found: [SilentMM] = []
    if let gone = mms.silence.gone { found.append(gone) }
    mms.silence.slotOf.forEach { found.append(mms.silence.mms[$0]) }
    return found.sorted { $0.forked.ordinal < $1.forked.ordinal }
  }

  /// Whether the task of any other mm made by fork was seen.
  public var childrenHaveActed: Bool { mms.silence.someHaveActed }
}
