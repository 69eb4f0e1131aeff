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

  private let onLinking: Calls<TreeCall>
  private let onUnlinking: Calls<TreeCall>
  /// One for each kind of operation, by its raw value.
  private let onEntered: [Calls<EntryCall>]
  private let onReturned: Calls<OperationCall>
  private let onCloned: Calls<OperationCall>
  private let onForked: Calls<OperationCall>
  private let onForkSeen: Calls<VMACall>
  private let onUnlinked: Calls<VMACall>
  private let onFreeing: Calls<VMACall>
  private let onPutting: Calls<PutCall>
  private let onStranded: Calls<StrandedCall>
  private let onFolio: Calls<FolioCall>
  private let onPage: Calls<PageCall>
  private let onWalkStep: Calls<WalkStepCall>
  private let onVisiting: Calls<VisitCall>
  private let onWalked: Calls<WalkCall>
  private let onRestoring: Calls<MigrationCall>
  private let onUnmapped: Calls<UnmapCall>
  private let onReplaced: Calls<ReplacementCall>

  /// A judge of the given invariants, which keeps so many findings of each.
  public init(_ invariants: [Invariant], keeping limit: FindingLimit = .standard) {
    self.invariants = invariants
    ledgers = invariants.map { _ in Ledger(keeping: limit) }
    onLinking = Calls(invariants) { check, ledger in
      if case .linking(let judge) = check { TreeCall(ledger: ledger, judge: judge) } else { nil }
    }
    onUnlinking = Calls(invariants) { check, ledger in
      if case .unlinking(let judge) = check { TreeCall(ledger: ledger, judge: judge) } else { nil }
    }
    onEntered = EventKind.allCases.map { kind in
      Calls(invariants) { check, ledger in
        guard case .entered(let kinds, let judge) = check, kinds.contains(kind) else { return nil }
        return EntryCall(ledger: ledger, judge: judge)
      }
    }
    onReturned = Calls(invariants) { check, ledger in
      if case .returned(let judge) = check { OperationCall(ledger: ledger, judge: judge) } else { nil }
    }
    onCloned = Calls(invariants) { check, ledger in
      if case .cloned(let judge) = check { OperationCall(ledger: ledger, judge: judge) } else { nil }
    }
    onForked = Calls(invariants) { check, ledger in
      if case .forked(let judge) = check { OperationCall(ledger: ledger, judge: judge) } else { nil }
    }
    onForkSeen = Calls(invariants) { check, ledger in
      if case .forkSeen(let judge) = check { VMACall(ledger: ledger, judge: judge) } else { nil }
    }
    onUnlinked = Calls(invariants) { check, ledger in
      if case .unlinked(let judge) = check { VMACall(ledger: ledger, judge: judge) } else { nil }
    }
    onFreeing = Calls(invariants) { check, ledger in
      if case .freeing(let judge) = check { VMACall(ledger: ledger, judge: judge) } else { nil }
    }
    onPutting = Calls(invariants) { check, ledger in
      if case .putting(let judge) = check { PutCall(ledger: ledger, judge: judge) } else { nil }
    }
    onStranded = Calls(invariants) { check, ledger in
      if case .stranded(let judge) = check { StrandedCall(ledger: ledger, judge: judge) } else { nil }
    }
    onFolio = Calls(invariants) { check, ledger in
      if case .folio(let judge) = check { FolioCall(ledger: ledger, judge: judge) } else { nil }
    }
    onPage = Calls(invariants) { check, ledger in
      if case .page(let judge) = check { PageCall(ledger: ledger, judge: judge) } else { nil }
    }
    onWalkStep = Calls(invariants) { check, ledger in
      if case .walkStep(let judge) = check { WalkStepCall(ledger: ledger, judge: judge) } else { nil }
    }
    onVisiting = Calls(invariants) { check, ledger in
      if case .visiting(let judge) = check { VisitCall(ledger: ledger, judge: judge) } else { nil }
    }
    onWalked = Calls(invariants) { check, ledger in
      if case .walked(let judge) = check { WalkCall(ledger: ledger, judge: judge) } else { nil }
    }
    onRestoring = Calls(invariants) { check, ledger in
      if case .restoring(let judge) = check { MigrationCall(ledger: ledger, judge: judge) } else { nil }
    }
    onUnmapped = Calls(invariants) { check, ledger in
      if case .unmapped(let judge) = check { UnmapCall(ledger: ledger, judge: judge) } else { nil }
    }
    onReplaced = Calls(invariants) { check, ledger in
      if case .replaced(let judge) = check { ReplacementCall(ledger: ledger, judge: judge) } else { nil }
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

  // MARK: GraphObserver

  /// See ``GraphObserver``.
  public mutating func linking(_ situation: borrowing TreeSituation, in graph: borrowing RmapGraph) {
    for index in 0..<onLinking.count {
      onLinking[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func unlinking(
    _ situation: borrowing TreeSituation, in graph: borrowing RmapGraph
  ) {
    for index in 0..<onUnlinking.count {
      onUnlinking[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func entered(
    _ situation: borrowing EntrySituation, in graph: borrowing RmapGraph
  ) {
    let calls = onEntered[Int(situation.operation.kind.rawValue)]
    for index in 0..<calls.count {
      calls[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func returned(
    _ situation: borrowing OperationSituation, in graph: borrowing RmapGraph
  ) {
    for index in 0..<onReturned.count {
      onReturned[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func cloned(
    _ situation: borrowing OperationSituation, in graph: borrowing RmapGraph
  ) {
    for index in 0..<onCloned.count {
      onCloned[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func forked(
    _ situation: borrowing OperationSituation, in graph: borrowing RmapGraph
  ) {
    for index in 0..<onForked.count {
      onForked[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func forkSeen(_ situation: borrowing VMASituation, in graph: borrowing RmapGraph) {
    for index in 0..<onForkSeen.count {
      onForkSeen[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func unlinked(_ situation: borrowing VMASituation, in graph: borrowing RmapGraph) {
    for index in 0..<onUnlinked.count {
      onUnlinked[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func freeing(_ situation: borrowing VMASituation, in graph: borrowing RmapGraph) {
    for index in 0..<onFreeing.count {
      onFreeing[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func putting(_ situation: borrowing PutSituation, in graph: borrowing RmapGraph) {
    for index in 0..<onPutting.count {
      onPutting[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func stranded(
    _ situation: borrowing StrandedSituation, in graph: borrowing RmapGraph
  ) {
    for index in 0..<onStranded.count {
      onStranded[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func folio(_ situation: borrowing FolioSituation, in graph: borrowing RmapGraph) {
    for index in 0..<onFolio.count {
      onFolio[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func page(_ situation: borrowing PageSituation, in graph: borrowing RmapGraph) {
    guard !situation.placeIsUncertain else { return }
    for index in 0..<onPage.count {
      onPage[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func walkStepping(
    _ situation: borrowing WalkStepSituation, in graph: borrowing RmapGraph
  ) {
    for index in 0..<onWalkStep.count {
      onWalkStep[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func visiting(
    _ situation: borrowing WalkVisitSituation, in graph: borrowing RmapGraph
  ) {
    for index in 0..<onVisiting.count {
      onVisiting[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func walked(
    _ situation: borrowing WalkSituation, in graph: borrowing RmapGraph
  ) {
    for index in 0..<onWalked.count {
      onWalked[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func restoring(
    _ situation: borrowing MigrationSituation, in graph: borrowing RmapGraph
  ) {
    for index in 0..<onRestoring.count {
      onRestoring[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func unmapped(
    _ situation: borrowing UnmapSituation, in graph: borrowing RmapGraph
  ) {
    for index in 0..<onUnmapped.count {
      onUnmapped[index](situation, graph, &ledgers)
    }
  }

  /// See ``GraphObserver``.
  public mutating func replaced(
    _ situation: borrowing ReplacementSituation, in graph: borrowing RmapGraph
  ) {
    for index in 0..<onReplaced.count {
      onReplaced[index](situation, graph, &ledgers)
    }
  }
}
