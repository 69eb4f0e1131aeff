public import RmapGraph

/// Calls each invariant at the moments that it asked for, and keeps its ledger.
///
/// The invariants' functions are sorted by moment once; at an event only those that asked for it are called,
/// through plain function values.
public struct Judge: GraphObserver, Sendable {
  /// The invariants that judge, in catalog order.
  public let invariants: [Invariant]
  /// Their ledgers, in the same order.
  public private(set) var ledgers: [Ledger]

  private typealias Call<Situation> = (
    ledger: Int, judge: @Sendable (borrowing Situation, borrowing RmapGraph, inout Ledger) -> Void
  )
  private var onLinking: [Call<TreeSituation>] = []
  private var onUnlinking: [Call<TreeSituation>] = []
  private var onEntered: [Call<EntrySituation>] = []
  private var onReturned: [Call<OperationSituation>] = []
  private var onCloned: [Call<OperationSituation>] = []
  private var onForked: [Call<OperationSituation>] = []
  private var onForkSeen: [Call<VMASituation>] = []
  private var onUnlinked: [Call<VMASituation>] = []
  private var onFreeing: [Call<VMASituation>] = []
  private var onPutting: [Call<PutSituation>] = []
  private var onStranded: [Call<StrandedSituation>] = []
  private var onFolio: [Call<FolioSituation>] = []
  private var onPage: [Call<PageSituation>] = []
  private var onWalkStep: [Call<WalkStepSituation>] = []
  private var onWalked: [Call<WalkSituation>] = []
  private var onRestoring: [Call<MigrationSituation>] = []

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
    case .linking(let judge): onLinking.append((ledger, judge))
    case .unlinking(let judge): onUnlinking.append((ledger, judge))
    case .entered(let judge): onEntered.append((ledger, judge))
    case .returned(let judge): onReturned.append((ledger, judge))
    case .cloned(let judge): onCloned.append((ledger, judge))
    case .forked(let judge): onForked.append((ledger, judge))
    case .forkSeen(let judge): onForkSeen.append((ledger, judge))
    case .unlinked(let judge): onUnlinked.append((ledger, judge))
    case .freeing(let judge): onFreeing.append((ledger, judge))
    case .putting(let judge): onPutting.append((ledger, judge))
    case .stranded(let judge): onStranded.append((ledger, judge))
    case .folio(let judge): onFolio.append((ledger, judge))
    case .page(let judge): onPage.append((ledger, judge))
    case .walkStep(let judge): onWalkStep.append((ledger, judge))
    case .walked(let judge): onWalked.append((ledger, judge))
    case .restoring(let judge): onRestoring.append((ledger, judge))
    }
  }

  // MARK: GraphObserver

  /// See ``GraphObserver``.
  public mutating func linking(_ situation: borrowing TreeSituation, in graph: borrowing RmapGraph) {
    for call in onLinking { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func unlinking(
    _ situation: borrowing TreeSituation, in graph: borrowing RmapGraph
  ) {
    for call in onUnlinking { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func entered(
    _ situation: borrowing EntrySituation, in graph: borrowing RmapGraph
  ) {
    for call in onEntered { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func returned(
    _ situation: borrowing OperationSituation, in graph: borrowing RmapGraph
  ) {
    for call in onReturned { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func cloned(
    _ situation: borrowing OperationSituation, in graph: borrowing RmapGraph
  ) {
    for call in onCloned { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func forked(
    _ situation: borrowing OperationSituation, in graph: borrowing RmapGraph
  ) {
    for call in onForked { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func forkSeen(_ situation: borrowing VMASituation, in graph: borrowing RmapGraph) {
    for call in onForkSeen { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func unlinked(_ situation: borrowing VMASituation, in graph: borrowing RmapGraph) {
    for call in onUnlinked { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func freeing(_ situation: borrowing VMASituation, in graph: borrowing RmapGraph) {
    for call in onFreeing { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func putting(_ situation: borrowing PutSituation, in graph: borrowing RmapGraph) {
    for call in onPutting { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func stranded(
    _ situation: borrowing StrandedSituation, in graph: borrowing RmapGraph
  ) {
    for call in onStranded { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func folio(_ situation: borrowing FolioSituation, in graph: borrowing RmapGraph) {
    for call in onFolio { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func page(_ situation: borrowing PageSituation, in graph: borrowing RmapGraph) {
    for call in onPage { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func walkStepping(
    _ situation: borrowing WalkStepSituation, in graph: borrowing RmapGraph
  ) {
    for call in onWalkStep { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func walked(
    _ situation: borrowing WalkSituation, in graph: borrowing RmapGraph
  ) {
    for call in onWalked { call.judge(situation, graph, &ledgers[call.ledger]) }
  }

  /// See ``GraphObserver``.
  public mutating func restoring(
    _ situation: borrowing MigrationSituation, in graph: borrowing RmapGraph
  ) {
    for call in onRestoring { call.judge(situation, graph, &ledgers[call.ledger]) }
  }
}
