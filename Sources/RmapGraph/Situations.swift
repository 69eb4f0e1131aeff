public import RmapEvents

// Situations lend what they speak of: they cannot be copied, and so do not outlive the call that hands them over. An
// event or an operation in them is not a copy either, but lies where the graph has it.

/// An AVC that is about to enter or leave its tree.
public struct TreeSituation: ~Copyable {
  private let pin = Pin()
  @usableFromInline let updatePlace: UnsafePointer<TreeUpdate>
  /// The event.
  @inlinable public var update: TreeUpdate {
    @inline(__always) unsafeAddress { updatePlace }
  }
  /// The event's place.
  public let stamp: EventStamp
  /// Whether the AVC enters the tree; else it leaves it.
  public let isInsertion: Bool
  /// The VMA.
  public let vma: VMAID
  /// The anon_vma.
  public let anonVMA: AnonVMAID
  /// The AVC, if the model has met it.
  public let avc: AVCID?
  /// The innermost operation that the task is in.
  public let operation: OuterOperation?
  /// The same, where it lies.
  public let operationPlace: UnsafePointer<Operation>?
  /// Insertion: whether the anon_vma is new with this event. Removal: whether it can't be the one that was at its address.
  public let anonVMAIsNew: Bool
  /// Whether another task may be half-way through an operation on the same root.
  public let isContended: Bool
}

/// An operation that has been entered.
public struct EntrySituation: ~Copyable {
  private let pin = Pin()
  @usableFromInline let operationPlace: UnsafePointer<Operation>
  /// The operation.
  @inlinable public var operation: Operation {
    @inline(__always) unsafeAddress { operationPlace }
  }
  /// The operation that it runs inside, if any.
  public let outer: OuterOperation?
  /// The entry's place.
  public let stamp: EventStamp
  /// The VMA that it changes, if the model has met it; for a move the destination.
  public let vma: VMAID?
  /// The VMA that it copies or moves from, if the model has met it.
  public let source: VMAID?
}

/// An operation that has returned.
public struct OperationSituation: ~Copyable {
  private let pin = Pin()
  @usableFromInline let operationPlace: UnsafePointer<Operation>
  /// The operation.
  @inlinable public var operation: Operation {
    @inline(__always) unsafeAddress { operationPlace }
  }
  /// Whether it runs inside another one (a clone inside a fork).
  public let outer: OuterOperation?
  /// What it returned.
  public let result: OperationReturn
  /// The return's place.
  public let stamp: EventStamp
  /// The VMA that it changed.
  public let vma: VMAID
  /// The VMA that it copied, if the model has met it.
  public let source: VMAID?
}

/// A VMA at the beginning or the end of unlink_anon_vmas, or at its death.
public struct VMASituation: ~Copyable {
  private let pin = Pin()
  /// The VMA.
  public let vma: VMAID
  /// What the event says of it; for a death, address, mm and anon_vma only.
  public let view: VMAView
  /// The event's place.
  public let stamp: EventStamp
  /// Why the VMA ends.
  public let function: EventKind
}

/// An anon_vma whose last reference is gone.
public struct PutSituation: ~Copyable {
  private let pin = Pin()
  /// The event.
  public let put: AnonVMAPut
  /// The event's place.
  public let stamp: EventStamp
  /// The anon_vma that dies: the event's own, or its root that dies with it.
  public let anonVMA: AnonVMAID
  /// Whether the task that frees it has just removed its last AVC, so that it is beyond doubt the one that the model
  /// knows at this address.
  public let isFreedByLastMember: Bool
  /// Whether it is the root that dies as its last child is freed (mm/rmap.c:__put_anon_vma).
  public let isImplicitRoot: Bool
  /// Whether another task may be half-way through an operation on the same root.
  public let isContended: Bool
}

/// An AVC that a range change took out of its tree and did not put back.
public struct StrandedSituation: ~Copyable {
  private let pin = Pin()
  /// The AVC, which the model still has, parked.
  public let avc: AVCID
  /// The first event that the task can only come to after the range change.
  public let stamp: EventStamp
}

/// A VMA of hugetlbfs that is about to lose what it maps in a range.
public struct HugetlbSituation: ~Copyable {
  private let pin = Pin()
  /// The event.
  public let unmap: HugetlbUnmap
  /// The event's place.
  public let stamp: EventStamp
}

/// A step in a folio's life.
public struct FolioSituation: ~Copyable {
  private let pin = Pin()
  @usableFromInline let eventPlace: UnsafePointer<FolioEvent>
  /// The event.
  @inlinable public var event: FolioEvent {
    @inline(__always) unsafeAddress { eventPlace }
  }
  /// The event's place.
  public let stamp: EventStamp
  /// The folio, if the model has met it: before the step for a removal, after it for all others.
  public let folio: FolioID?
  /// The VMA, if the model has met it.
  public let vma: VMAID?
  /// The AVC by which the VMA is a member of the anon_vma that the event shows as its own (`vma->anon_vma`).
  public let ownMembership: AVCID?
  /// A removal: the address that the page's offset leads to in the VMA; the kernel function is not told where it is.
  public let removedFrom: UserAddress?
  /// A removal: whether the model had this mapping.
  public let wasPredicted: Bool
  /// The model's mapping of the folio before the event, where it differs from what the event shows.
  public let priorMapping: FolioMapping?
  /// Whether ``priorMapping`` was predicted from the kernel's rules.
  public let priorWasPredicted: Bool
  /// The event that set ``priorMapping``.
  public let priorStamp: EventStamp
  /// The model's index of the folio before the event, where it knew the folio.
  public let priorIndex: PgOff?
  /// Whether the task is changing the VMA's range under the root's lock: its AVCs are in no tree meanwhile
  /// (mm/vma.c: vma_prepare to vma_complete, with vma_adjust_trans_huge in between).
  public let isInRangeChange: Bool
  /// Whether the event shows the folio's size, or the VMA's mm or range, otherwise than the graph has it, or a VMA that the
  /// graph does not have.
  public let differs: Bool
}

/// A mapped page whose VMA has changed under it: inherited by fork, moved by mremap, or left behind.
public struct PageSituation: ~Copyable {
  private let pin = Pin()
  /// How the page came into question.
  public enum Cause: Sendable {
    /// copy_page_range gave the child this page.
    case inherited
    /// move_page_tables moved it to the destination VMA.
    case moved
    /// The VMA that covered it was unlinked from its anon_vmas.
    case unlinked
    /// The VMA that covered it no longer covers its address.
    case givenUp
  }

  /// The cause.
  public let cause: Cause
  /// The folio.
  public let folio: FolioID
  /// Which page of the folio.
  public let subpage: UInt32
  /// Where it is mapped.
  public let address: UserAddress
  /// The VMA: the new one where it is inherited or moved, the old one otherwise.
  public let vma: VMAID
  /// What the operation said of that VMA.
  public let view: VMAView
  /// The event's place.
  public let stamp: EventStamp
  /// The function that did it.
  public let function: EventKind
  /// Whether the page may be elsewhere: a reuse at a write fault looks like UFFDIO_MOVE until the next event about it.
  public let placeIsUncertain: Bool
}

/// What watches the graph change. The graph itself never judges the kernel.
public protocol GraphObserver: ~Copyable {
  /// An event shows a VMA otherwise than the graph has it, or one that it does not have: then `vma` is nil. The graph is
  /// about to take over the view.
  mutating func willMeetVMA(
    _ view: VMAView, as vma: VMAID?, at stamp: EventStamp, in graph: borrowing RmapGraph)
  /// An operation is about to be entered.
  mutating func willEnter(_ situation: borrowing EnteringSituation, in graph: borrowing RmapGraph)
  /// vm_area_alloc or vm_area_dup has returned; the graph is as before.
  mutating func willAllocateVMA(_ result: OperationReturn, at stamp: EventStamp, in graph: borrowing RmapGraph)
  /// An operation is about to be left.
  mutating func willLeave(_ situation: borrowing LeavingSituation, in graph: borrowing RmapGraph)
  /// The last reference to an anon_vma is about to go; the graph may not have it.
  mutating func willApply(_ put: AnonVMAPut, at stamp: EventStamp, in graph: borrowing RmapGraph)
  /// A VMA is about to be freed; the graph may not have it.
  mutating func willApply(_ free: VMAFree, at stamp: EventStamp, in graph: borrowing RmapGraph)
  /// A walk is about to take a step.
  mutating func willApply(_ event: WalkEvent, at stamp: EventStamp, in graph: borrowing RmapGraph)
  /// A step with a folio has come upon something else than the graph would change by it.
  mutating func didEncounterFolio(_ situation: borrowing EncounterSituation, in graph: borrowing RmapGraph)
  /// An AVC is about to enter its tree; the graph is as before.
  mutating func willInsertAVC(_ situation: borrowing TreeSituation, in graph: borrowing RmapGraph)
  /// An AVC is about to leave its tree; the graph is as before.
  mutating func willRemoveAVC(_ situation: borrowing TreeSituation, in graph: borrowing RmapGraph)
  /// An operation has been entered: prepare, clone, fork, unlink, copy_page_range, move_page_tables, split, copy_vma.
  mutating func didEnter(_ situation: borrowing EntrySituation, in graph: borrowing RmapGraph)
  /// __anon_vma_prepare has returned.
  mutating func didPrepareAnonVMA(_ situation: borrowing OperationSituation, in graph: borrowing RmapGraph)
  /// __split_vma has returned.
  mutating func didSplitVMA(_ situation: borrowing OperationSituation, in graph: borrowing RmapGraph)
  /// anon_vma_clone has returned.
  mutating func didCloneAnonVMAs(_ situation: borrowing OperationSituation, in graph: borrowing RmapGraph)
  /// anon_vma_fork has returned.
  mutating func didForkAnonVMA(_ situation: borrowing OperationSituation, in graph: borrowing RmapGraph)
  /// The anon_vma that a fork gave the child has come in sight (`vma->anon_vma`).
  mutating func didSeeForkedAnonVMA(_ situation: borrowing VMASituation, in graph: borrowing RmapGraph)
  /// unlink_anon_vmas has returned; the graph still has what the recording did not see removed.
  mutating func didUnlinkAnonVMAs(_ situation: borrowing VMASituation, in graph: borrowing RmapGraph)
  /// A VMA is about to be freed.
  mutating func willFreeVMA(_ situation: borrowing VMASituation, in graph: borrowing RmapGraph)
  /// An anon_vma is about to be freed.
  mutating func willFreeAnonVMA(_ situation: borrowing PutSituation, in graph: borrowing RmapGraph)
  /// An AVC was taken out of its tree for a range change and is not coming back.
  mutating func didStrandAVC(_ situation: borrowing StrandedSituation, in graph: borrowing RmapGraph)
  /// A folio's mapping was added, moved or seen, or is about to be removed.
  mutating func didSeeFolio(_ situation: borrowing FolioSituation, in graph: borrowing RmapGraph)
  /// A mapped page's VMA changed under it.
  mutating func didChangeVMAOfPage(_ situation: borrowing PageSituation, in graph: borrowing RmapGraph)
  /// A VMA of hugetlbfs is about to lose what it maps in a range.
  mutating func willUnmapHugetlb(_ situation: borrowing HugetlbSituation, in graph: borrowing RmapGraph)
  /// A walk is about to look at a tree.
  mutating func willWalkTree(_ situation: borrowing WalkStepSituation, in graph: borrowing RmapGraph)
  /// A walk's callback is about to look at one VMA.
  mutating func willVisitVMA(_ situation: borrowing WalkVisitSituation, in graph: borrowing RmapGraph)
  /// A walk is over.
  mutating func didEndWalk(_ situation: borrowing WalkSituation, in graph: borrowing RmapGraph)
  /// A migrated folio is about to be mapped in one VMA.
  mutating func willRestoreMapping(_ situation: borrowing MigrationSituation, in graph: borrowing RmapGraph)
  /// A walk's callback has unmapped a folio, or is known not to have done so.
  mutating func didTryToUnmap(_ situation: borrowing UnmapSituation, in graph: borrowing RmapGraph)
  /// A mapping that another one has replaced is gone, or is known not to have been taken away.
  mutating func didReplaceMapping(_ situation: borrowing ReplacementSituation, in graph: borrowing RmapGraph)
}

/// An observer of some of the moments only. One that passes them on to others conforms to ``GraphObserver``: it does not
/// compile without each of them.
public protocol SelectiveObserver: GraphObserver, ~Copyable {}

/// No-ops for the moments that only invariants look at.
extension SelectiveObserver where Self: ~Copyable {
  /// Does nothing.
  public mutating func willUnmapHugetlb(_ situation: borrowing HugetlbSituation, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func didSplitVMA(_ situation: borrowing OperationSituation, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func didStrandAVC(_ situation: borrowing StrandedSituation, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func willWalkTree(_ situation: borrowing WalkStepSituation, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func willVisitVMA(_ situation: borrowing WalkVisitSituation, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func didEndWalk(_ situation: borrowing WalkSituation, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func willRestoreMapping(_ situation: borrowing MigrationSituation, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func didTryToUnmap(_ situation: borrowing UnmapSituation, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func didReplaceMapping(_ situation: borrowing ReplacementSituation, in graph: borrowing RmapGraph) {}
}
