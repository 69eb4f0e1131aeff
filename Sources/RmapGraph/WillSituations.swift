public import RmapEvents

// What the graph tells before it applies an event, or goes on to the next part of one. It is as before then.

/// A task is about to enter an operation. Those that can't enclose it are gone: their returns were not recorded.
public struct EnteringSituation: ~Copyable {
  @usableFromInline let operationPlace: UnsafePointer<Operation>
  /// The operation, which the task has just been given.
  @inlinable public var operation: Operation {
    @inline(__always) unsafeAddress { operationPlace }
  }
  /// The operation around it, where it lies.
  public let outerPlace: UnsafePointer<Operation>?
  /// The entry's place.
  public let stamp: EventStamp
}

/// A function is about to return. Operations inside it are gone: their returns were not recorded.
public struct LeavingSituation: ~Copyable {
  /// The operation, where it lies; nil if the task has not entered it, as far as the recording shows.
  public let operationPlace: UnsafePointer<Operation>?
  /// Whether no other operation is around it.
  public let isOutermost: Bool
  /// Whether it is known which operations the task is in.
  public let taskIsClear: Bool
  /// What it returns.
  public let result: OperationReturn
  /// The return's place.
  public let stamp: EventStamp
}

/// A step with a folio that is not simply a change of what the graph has of it, before the graph goes on with it.
public struct EncounterSituation: ~Copyable {
  /// What the event comes upon.
  public enum Encounter: Sendable {
    /// A page is unmapped, or looked at, that the graph has not mapped there.
    case noPage
    /// A write fault gives a folio to another anon_vma.
    case move
    /// The same, of a folio that the graph does not have.
    case unknownMove
    /// The event shows a folio that is not anonymous, at the address of one that the graph may have.
    case notAnonymous
    /// A page is mapped where the graph has it mapped.
    case mappedTwice
  }

  /// What the event comes upon.
  public let encounter: Encounter
  @usableFromInline let eventPlace: UnsafePointer<FolioEvent>
  /// The event.
  @inlinable public var event: FolioEvent {
    @inline(__always) unsafeAddress { eventPlace }
  }
  /// The graph's folio at the event's address.
  public let folio: FolioID?
  /// Where its first page is in the VMA, by its index.
  public let address: UserAddress?
  /// The event's place.
  public let stamp: EventStamp
}

/// An invariant has no use for these: the audit of the recording has.
extension SelectiveObserver where Self: ~Copyable {
  /// Does nothing.
  public mutating func willMeetVMA(
    _ view: VMAView, as vma: VMAID?, at stamp: EventStamp, in graph: borrowing RmapGraph
  ) {}
  /// Does nothing.
  public mutating func willEnter(_ situation: borrowing EnteringSituation, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func willAllocateVMA(_ result: OperationReturn, at stamp: EventStamp, in graph: borrowing RmapGraph) {
  }
  /// Does nothing.
  public mutating func willLeave(_ situation: borrowing LeavingSituation, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func willApply(_ put: AnonVMAPut, at stamp: EventStamp, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func willApply(_ free: VMAFree, at stamp: EventStamp, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func willApply(_ event: WalkEvent, at stamp: EventStamp, in graph: borrowing RmapGraph) {}
  /// Does nothing.
  public mutating func didEncounterFolio(_ situation: borrowing EncounterSituation, in graph: borrowing RmapGraph) {}
}
