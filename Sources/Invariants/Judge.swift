import RmapEvents
public import RmapGraph

/// Calls each invariant at the moments that it asked for, and keeps its ledger.
///
/// The invariants' functions are sorted by moment once; at an event only those that asked for it are called,
/// through plain function values. Situations cannot be copied, so none ever is on the way to them.
public struct Judge: GraphObserver, Sendable {
  /// The invariants that judge, in catalog order.
  public let invariants: [Invariant]
  /// Their ledgers, in the same order.
  public private(set) var ledgers: [Ledger]

  private var onLinking: ContiguousArray<TreeCall> = []
  private var onUnlinking: ContiguousArray<TreeCall> = []
  private var onEntered: ContiguousArray<EntryCall> = []
  private var onReturned: ContiguousArray<OperationCall> = []
  private var onCloned: ContiguousArray<OperationCall> = []
  private var onForked: ContiguousArray<OperationCall> = []
  private var onForkSeen: ContiguousArray<VMACall> = []
  private var onUnlinked: ContiguousArray<VMACall> = []
  private var onFreeing: ContiguousArray<VMACall> = []
  private var onPutting: ContiguousArray<PutCall> = []
  private var onStranded: ContiguousArray<StrandedCall> = []
  private var onFolio: ContiguousArray<FolioCall> = []
  private var onPage: ContiguousArray<PageCall> = []
  private var onWalkStep: ContiguousArray<WalkStepCall> = []
  private var onVisiting: ContiguousArray<VisitCall> = []
  private var onWalked: ContiguousArray<WalkCall> = []
  private var onRestoring: ContiguousArray<MigrationCall> = []

  /// A judge of the given invariants.
  public init(_ invariants: [Invariant]) {
    self.invariants = invariants
    ledgers = invariants.map { _ in Ledger() }
    for (index, invariant) in invariants.enumerated() {
      for check in invariant.checks { register(check, index) }
    }
  }

  /// One invariant's ledger; nil if it does not judge here.
  public func ledger(of invariant: Invariant) -> Ledger? {
    invariants.firstIndex { $0.number == invariant.number }.map { ledgers[$0] }
  }

  /// From now on, what the model does not know may be unknown for another reason than that it is older than the
  /// recording.
  public mutating func blame(_ reason: UndecidedReason) {
    for index in ledgers.indices { ledgers[index].blame(reason) }
  }

  private mutating func register(_ check: Invariant.Check, _ ledger: Int) {
    switch check {
    case .linking(let judge): onLinking.append(TreeCall(ledger: ledger, judge: judge))
    case .unlinking(let judge): onUnlinking.append(TreeCall(ledger: ledger, judge: judge))
    case .entered(let kinds, let judge):
      onEntered.append(EntryCall(ledger: ledger, kinds: EventKindSet(kinds), judge: judge))
    case .returned(let judge): onReturned.append(OperationCall(ledger: ledger, judge: judge))
    case .cloned(let judge): onCloned.append(OperationCall(ledger: ledger, judge: judge))
    case .forked(let judge): onForked.append(OperationCall(ledger: ledger, judge: judge))
    case .forkSeen(let judge): onForkSeen.append(VMACall(ledger: ledger, judge: judge))
    case .unlinked(let judge): onUnlinked.append(VMACall(ledger: ledger, judge: judge))
    case .freeing(let judge): onFreeing.append(VMACall(ledger: ledger, judge: judge))
    case .putting(let judge): onPutting.append(PutCall(ledger: ledger, judge: judge))
    case .stranded(let judge): onStranded.append(StrandedCall(ledger: ledger, judge: judge))
    case .folio(let judge): onFolio.append(FolioCall(ledger: ledger, judge: judge))
    case .page(let judge): onPage.append(PageCall(ledger: ledger, judge: judge))
    case .walkStep(let judge): onWalkStep.append(WalkStepCall(ledger: ledger, judge: judge))
    case .visiting(let judge): onVisiting.append(VisitCall(ledger: ledger, judge: judge))
    case .walked(let judge): onWalked.append(WalkCall(ledger: ledger, judge: judge))
    case .restoring(let judge): onRestoring.append(MigrationCall(ledger: ledger, judge: judge))
    }
  }

  // MARK: GraphObserver

  /// See ``GraphObserver``.
  public mutating func linking(_ situation: borrowing TreeSituation, in graph: borrowing RmapGraph) {
    for index in onLinking.indices {
      onLinking[index].judge(situation, graph, &ledgers[onLinking[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func unlinking(
    _ situation: borrowing TreeSituation, in graph: borrowing RmapGraph
  ) {
    for index in onUnlinking.indices {
      onUnlinking[index].judge(situation, graph, &ledgers[onUnlinking[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func entered(
    _ situation: borrowing EntrySituation, in graph: borrowing RmapGraph
  ) {
    let kind = situation.operation.kind
    for index in onEntered.indices where onEntered[index].kinds.contains(kind) {
      onEntered[index].judge(situation, graph, &ledgers[onEntered[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func returned(
    _ situation: borrowing OperationSituation, in graph: borrowing RmapGraph
  ) {
    for index in onReturned.indices {
      onReturned[index].judge(situation, graph, &ledgers[onReturned[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func cloned(
    _ situation: borrowing OperationSituation, in graph: borrowing RmapGraph
  ) {
    for index in onCloned.indices {
      onCloned[index].judge(situation, graph, &ledgers[onCloned[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func forked(
    _ situation: borrowing OperationSituation, in graph: borrowing RmapGraph
  ) {
    for index in onForked.indices {
      onForked[index].judge(situation, graph, &ledgers[onForked[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func forkSeen(_ situation: borrowing VMASituation, in graph: borrowing RmapGraph) {
    for index in onForkSeen.indices {
      onForkSeen[index].judge(situation, graph, &ledgers[onForkSeen[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func unlinked(_ situation: borrowing VMASituation, in graph: borrowing RmapGraph) {
    for index in onUnlinked.indices {
      onUnlinked[index].judge(situation, graph, &ledgers[onUnlinked[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func freeing(_ situation: borrowing VMASituation, in graph: borrowing RmapGraph) {
    for index in onFreeing.indices {
      onFreeing[index].judge(situation, graph, &ledgers[onFreeing[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func putting(_ situation: borrowing PutSituation, in graph: borrowing RmapGraph) {
    for index in onPutting.indices {
      onPutting[index].judge(situation, graph, &ledgers[onPutting[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func stranded(
    _ situation: borrowing StrandedSituation, in graph: borrowing RmapGraph
  ) {
    for index in onStranded.indices {
      onStranded[index].judge(situation, graph, &ledgers[onStranded[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func folio(_ situation: borrowing FolioSituation, in graph: borrowing RmapGraph) {
    for index in onFolio.indices {
      onFolio[index].judge(situation, graph, &ledgers[onFolio[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func page(_ situation: borrowing PageSituation, in graph: borrowing RmapGraph) {
    guard !situation.placeIsUncertain else { return }
    for index in onPage.indices {
      onPage[index].judge(situation, graph, &ledgers[onPage[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func walkStepping(
    _ situation: borrowing WalkStepSituation, in graph: borrowing RmapGraph
  ) {
    for index in onWalkStep.indices {
      onWalkStep[index].judge(situation, graph, &ledgers[onWalkStep[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func visiting(
    _ situation: borrowing WalkVisitSituation, in graph: borrowing RmapGraph
  ) {
    for index in onVisiting.indices {
      onVisiting[index].judge(situation, graph, &ledgers[onVisiting[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func walked(
    _ situation: borrowing WalkSituation, in graph: borrowing RmapGraph
  ) {
    for index in onWalked.indices {
      onWalked[index].judge(situation, graph, &ledgers[onWalked[index].ledger])
    }
  }

  /// See ``GraphObserver``.
  public mutating func restoring(
    _ situation: borrowing MigrationSituation, in graph: borrowing RmapGraph
  ) {
    for index in onRestoring.indices {
      onRestoring[index].judge(situation, graph, &ledgers[onRestoring[index].ledger])
    }
  }
}

// One invariant's function for one kind of situation, and its ledger. A type for each kind: a function in a generic
// container would be called through a thunk of the compiler's.

private struct TreeCall: Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing TreeSituation, borrowing RmapGraph, inout Ledger) -> Void
}

private struct EntryCall: Sendable {
  let ledger: Int
  let kinds: EventKindSet
  let judge: @Sendable (borrowing EntrySituation, borrowing RmapGraph, inout Ledger) -> Void
}

/// Kinds of events, one bit each.
private struct EventKindSet: Sendable {
  private var bits: UInt64 = 0

  init(_ kinds: [EventKind]) {
    for kind in kinds { bits |= 1 << UInt64(kind.rawValue) }
  }

  @inline(__always) func contains(_ kind: EventKind) -> Bool { bits >> UInt64(kind.rawValue) & 1 == 1 }
}

private struct OperationCall: Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing OperationSituation, borrowing RmapGraph, inout Ledger) -> Void
}

private struct VMACall: Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing VMASituation, borrowing RmapGraph, inout Ledger) -> Void
}

private struct PutCall: Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing PutSituation, borrowing RmapGraph, inout Ledger) -> Void
}

private struct StrandedCall: Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing StrandedSituation, borrowing RmapGraph, inout Ledger) -> Void
}

private struct FolioCall: Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing FolioSituation, borrowing RmapGraph, inout Ledger) -> Void
}

private struct PageCall: Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing PageSituation, borrowing RmapGraph, inout Ledger) -> Void
}

private struct WalkStepCall: Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing WalkStepSituation, borrowing RmapGraph, inout Ledger) -> Void
}

private struct VisitCall: Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing WalkVisitSituation, borrowing RmapGraph, inout Ledger) -> Void
}

private struct WalkCall: Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing WalkSituation, borrowing RmapGraph, inout Ledger) -> Void
}

private struct MigrationCall: Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing MigrationSituation, borrowing RmapGraph, inout Ledger) -> Void
}
