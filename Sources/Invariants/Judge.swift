import RmapEvents
public import RmapGraph

/// Calls each invariant at the moments that it asked for, and keeps its ledger.
///
/// The invariants' functions are sorted by moment once; at an event only those that asked for it are called,
/// through plain function values. Situations cannot be copied, so none ever is on the way to them.
public struct Judge: Sendable {
  /// The invariants that judge, in catalog order.
  public let invariants: [Invariant]
  /// Their ledgers, in the same order.
  public private(set) var ledgers: [Ledger]

  private let moments = Moments()

  /// A judge of the given invariants, which keeps so many findings of each, and notes in `defects` what follows from what.
  public init(_ invariants: [Invariant], keeping limit: FindingLimit = .standard, _ defects: DefectLog = DefectLog()) {
    self.invariants = invariants
    ledgers = invariants.map { Ledger(of: $0.number, keeping: limit, defects) }
    for (ledger, invariant) in invariants.enumerated() {
      for check in invariant.checks { check.enlist(moments, ledger) }
    }
  }

  /// One invariant's ledger; nil if it does not judge here.
  public func ledger(of invariant: Invariant) -> Ledger? {
    invariants.firstIndex { $0.number == invariant.number }.map { ledgers[$0] }
  }

  /// The counts of all ledgers as one number, for experiments that compare two replays.
  package var countsSoFar: UInt64 {
    ledgers.reduce(0) { ($0 ^ $1.countsSoFar) &* 0x9e37_79b9_7f4a_7c15 &+ 1 }
  }

  /// From now on, what the model does not know may be unknown for another reason than that it is older than the
  /// recording.
  public mutating func blame(_ reason: UndecidedReason) {
    for index in ledgers.indices { ledgers[index].blame(reason) }
  }
}

/// One line a moment: whoever asked for it is called.
extension Judge: SelectiveObserver {
  /// See ``GraphObserver``.
  public mutating func didEnter(_ s: borrowing EntrySituation, in graph: borrowing RmapGraph) {
    moments.didEnter[Int(s.operation.kind.rawValue)](s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func willInsertAVC(_ s: borrowing TreeSituation, in graph: borrowing RmapGraph) {
    moments.willInsertAVC(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func willRemoveAVC(_ s: borrowing TreeSituation, in graph: borrowing RmapGraph) {
    moments.willRemoveAVC(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func didPrepareAnonVMA(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
    moments.didPrepareAnonVMA(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func didSplitVMA(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
    moments.didSplitVMA(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func didCloneAnonVMAs(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
    moments.didCloneAnonVMAs(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func didForkAnonVMA(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
    moments.didForkAnonVMA(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func didSeeForkedAnonVMA(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {
    moments.didSeeForkedAnonVMA(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func didUnlinkAnonVMAs(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {
    moments.didUnlinkAnonVMAs(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func willFreeVMA(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {
    moments.willFreeVMA(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func willFreeAnonVMA(_ s: borrowing PutSituation, in graph: borrowing RmapGraph) {
    moments.willFreeAnonVMA(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func didStrandAVC(_ s: borrowing StrandedSituation, in graph: borrowing RmapGraph) {
    moments.didStrandAVC(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func didSeeFolio(_ s: borrowing FolioSituation, in graph: borrowing RmapGraph) {
    moments.didSeeFolio(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func didChangeVMAOfPage(_ s: borrowing PageSituation, in graph: borrowing RmapGraph) {
    if s.placeIsUncertain { return }
    moments.didChangeVMAOfPage(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func willUnmapHugetlb(_ s: borrowing HugetlbSituation, in graph: borrowing RmapGraph) {
    moments.willUnmapHugetlb(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func willWalkTree(_ s: borrowing WalkStepSituation, in graph: borrowing RmapGraph) {
    moments.willWalkTree(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func willVisitVMA(_ s: borrowing WalkVisitSituation, in graph: borrowing RmapGraph) {
    moments.willVisitVMA(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func didEndWalk(_ s: borrowing WalkSituation, in graph: borrowing RmapGraph) {
    moments.didEndWalk(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func willRestoreMapping(_ s: borrowing MigrationSituation, in graph: borrowing RmapGraph) {
    moments.willRestoreMapping(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func didTryToUnmap(_ s: borrowing UnmapSituation, in graph: borrowing RmapGraph) {
    moments.didTryToUnmap(s, graph, &ledgers)
  }
  /// See ``GraphObserver``.
  public mutating func didReplaceMapping(_ s: borrowing ReplacementSituation, in graph: borrowing RmapGraph) {
    moments.didReplaceMapping(s, graph, &ledgers)
  }
}
