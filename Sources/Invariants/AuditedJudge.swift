public import RecordingAudit
public import RmapEvents
public import RmapGraph

/// The judge of the kernel, and beside it the audit of the recording, which sees each moment first.
///
/// Not generic over the judge: the graph's code is specialized for one concrete observer.
public struct AuditedJudge: Sendable {
  /// The audit.
  public var audit = RecordingAudit()
  /// The judge.
  public var judge: Judge

  /// An audit that begins, beside a judge.
  public init(_ judge: Judge) { self.judge = judge }
}

extension AuditedJudge: GraphObserver {
  // MARK: What the audit looks at, and some of it the observer too

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willMeetVMA(
    _ view: VMAView, as vma: VMAID?, at stamp: EventStamp, in graph: borrowing RmapGraph
  ) { audit.willMeetVMA(view, as: vma, at: stamp, in: graph) }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willEnter(_ s: borrowing EnteringSituation, in graph: borrowing RmapGraph) {
    audit.willEnter(s, in: graph)
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willAllocateVMA(
    _ result: OperationReturn, at stamp: EventStamp, in graph: borrowing RmapGraph
  ) { audit.willAllocateVMA(result, at: stamp, in: graph) }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willLeave(_ s: borrowing LeavingSituation, in graph: borrowing RmapGraph) {
    audit.willLeave(s, in: graph)
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willApply(_ put: AnonVMAPut, at stamp: EventStamp, in graph: borrowing RmapGraph) {
    audit.willApply(put, at: stamp, in: graph)
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willApply(_ free: VMAFree, at stamp: EventStamp, in graph: borrowing RmapGraph) {
    audit.willApply(free, at: stamp, in: graph)
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willApply(_ event: WalkEvent, at stamp: EventStamp, in graph: borrowing RmapGraph) {
    audit.willApply(event, at: stamp, in: graph)
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func didEncounterFolio(_ s: borrowing EncounterSituation, in graph: borrowing RmapGraph) {
    audit.didEncounterFolio(s, in: graph)
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willInsertAVC(_ s: borrowing TreeSituation, in graph: borrowing RmapGraph) {
    audit.willInsertAVC(s, in: graph)
    judge.willInsertAVC(s, in: graph)
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willRemoveAVC(_ s: borrowing TreeSituation, in graph: borrowing RmapGraph) {
    audit.willRemoveAVC(s, in: graph)
    judge.willRemoveAVC(s, in: graph)
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willFreeVMA(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {
    audit.willFreeVMA(s, in: graph)
    judge.willFreeVMA(s, in: graph)
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func willFreeAnonVMA(_ s: borrowing PutSituation, in graph: borrowing RmapGraph) {
    audit.willFreeAnonVMA(s, in: graph)
    judge.willFreeAnonVMA(s, in: graph)
  }

  /// See ``RmapGraph/GraphObserver``.
  public mutating func didSeeFolio(_ s: borrowing FolioSituation, in graph: borrowing RmapGraph) {
    audit.didSeeFolio(s, in: graph)
    judge.didSeeFolio(s, in: graph)
  }

  // MARK: What the observer alone looks at

  /// See ``RmapGraph/GraphObserver``.
  public mutating func didEnter(_ s: borrowing EntrySituation, in graph: borrowing RmapGraph) {
    judge.didEnter(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func didPrepareAnonVMA(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
    judge.didPrepareAnonVMA(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func didSplitVMA(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
    judge.didSplitVMA(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func didCloneAnonVMAs(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
    judge.didCloneAnonVMAs(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func didForkAnonVMA(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
    judge.didForkAnonVMA(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func didSeeForkedAnonVMA(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {
    judge.didSeeForkedAnonVMA(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func didUnlinkAnonVMAs(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {
    judge.didUnlinkAnonVMAs(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func didStrandAVC(_ s: borrowing StrandedSituation, in graph: borrowing RmapGraph) {
    judge.didStrandAVC(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func didChangeVMAOfPage(_ s: borrowing PageSituation, in graph: borrowing RmapGraph) {
    judge.didChangeVMAOfPage(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func willWalkTree(_ s: borrowing WalkStepSituation, in graph: borrowing RmapGraph) {
    judge.willWalkTree(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func willVisitVMA(_ s: borrowing WalkVisitSituation, in graph: borrowing RmapGraph) {
    judge.willVisitVMA(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func didEndWalk(_ s: borrowing WalkSituation, in graph: borrowing RmapGraph) {
    judge.didEndWalk(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func willRestoreMapping(_ s: borrowing MigrationSituation, in graph: borrowing RmapGraph) {
    judge.willRestoreMapping(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func didTryToUnmap(_ s: borrowing UnmapSituation, in graph: borrowing RmapGraph) {
    judge.didTryToUnmap(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func didReplaceMapping(_ s: borrowing ReplacementSituation, in graph: borrowing RmapGraph) {
    judge.didReplaceMapping(s, in: graph)
  }
  /// See ``RmapGraph/GraphObserver``.
  public mutating func willUnmapHugetlb(_ s: borrowing HugetlbSituation, in graph: borrowing RmapGraph) {
    judge.willUnmapHugetlb(s, in: graph)
  }
}
