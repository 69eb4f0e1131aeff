import RmapEvents
import RmapGraph

extension Invariant {
  /// Code that judges at one kind of moment; ``GraphObserver`` has the same names.
  public struct Check: Sendable {
    /// The level of the events at which it judges.
    let level: RecordingLevel
    /// Adds the code to the judge's calls; the number is its ledger's.
    let enlist: @Sendable (Moments, Int) -> Void
  }
}

/// Who judges at which moment.
struct Moments: Sendable {
  /// By the operation's kind.
  let didEnter = EventKind.allCases.map { _ in Calls<EntrySituation>() }
  let willInsertAVC = Calls<TreeSituation>()
  let willRemoveAVC = Calls<TreeSituation>()
  let didPrepareAnonVMA = Calls<OperationSituation>()
  let didSplitVMA = Calls<OperationSituation>()
  let didCloneAnonVMAs = Calls<OperationSituation>()
  let didForkAnonVMA = Calls<OperationSituation>()
  let didSeeForkedAnonVMA = Calls<VMASituation>()
  let didUnlinkAnonVMAs = Calls<VMASituation>()
  let willFreeVMA = Calls<VMASituation>()
  let willFreeAnonVMA = Calls<PutSituation>()
  let didStrandAVC = Calls<StrandedSituation>()
  let didSeeFolio = Calls<FolioSituation>()
  let didChangeVMAOfPage = Calls<PageSituation>()
  let willUnmapHugetlb = Calls<HugetlbSituation>()
  let willWalkTree = Calls<WalkStepSituation>()
  let willVisitVMA = Calls<WalkVisitSituation>()
  let didEndWalk = Calls<WalkSituation>()
  let willRestoreMapping = Calls<MigrationSituation>()
  let didTryToUnmap = Calls<UnmapSituation>()
  let didReplaceMapping = Calls<ReplacementSituation>()
}

extension Invariant.Check {
  /// After the entry of an operation of these kinds.
  static func didEnter(_ kinds: [EventKind], _ judge: @escaping Judgement<EntrySituation>) -> Self {
    Self(level: .structure) { moments, ledger in
      for kind in kinds { moments.didEnter[Int(kind.rawValue)].add(judge, ledger) }
    }
  }

  /// Before an AVC enters its tree.
  @inline(__always) static func willInsertAVC(_ judge: @escaping Judgement<TreeSituation>) -> Self {
    Self(level: .structure) { $0.willInsertAVC.add(judge, $1) }
  }

  /// Before an AVC leaves its tree.
  @inline(__always) static func willRemoveAVC(_ judge: @escaping Judgement<TreeSituation>) -> Self {
    Self(level: .structure) { $0.willRemoveAVC.add(judge, $1) }
  }

  /// After __anon_vma_prepare.
  @inline(__always) static func didPrepareAnonVMA(_ judge: @escaping Judgement<OperationSituation>) -> Self {
    Self(level: .structure) { $0.didPrepareAnonVMA.add(judge, $1) }
  }

  /// Before a VMA of hugetlbfs loses what it maps in a range.
  @inline(__always) static func willUnmapHugetlb(_ judge: @escaping Judgement<HugetlbSituation>) -> Self {
    Self(level: .pages) { $0.willUnmapHugetlb.add(judge, $1) }
  }

  /// After __split_vma.
  @inline(__always) static func didSplitVMA(_ judge: @escaping Judgement<OperationSituation>) -> Self {
    Self(level: .structure) { $0.didSplitVMA.add(judge, $1) }
  }

  /// After anon_vma_clone.
  @inline(__always) static func didCloneAnonVMAs(_ judge: @escaping Judgement<OperationSituation>) -> Self {
    Self(level: .structure) { $0.didCloneAnonVMAs.add(judge, $1) }
  }

  /// After anon_vma_fork.
  @inline(__always) static func didForkAnonVMA(_ judge: @escaping Judgement<OperationSituation>) -> Self {
    Self(level: .structure) { $0.didForkAnonVMA.add(judge, $1) }
  }

  /// When the anon_vma that a fork gave the child comes in sight.
  @inline(__always) static func didSeeForkedAnonVMA(_ judge: @escaping Judgement<VMASituation>) -> Self {
    Self(level: .structure) { $0.didSeeForkedAnonVMA.add(judge, $1) }
  }

  /// After unlink_anon_vmas.
  @inline(__always) static func didUnlinkAnonVMAs(_ judge: @escaping Judgement<VMASituation>) -> Self {
    Self(level: .structure) { $0.didUnlinkAnonVMAs.add(judge, $1) }
  }

  /// Before a VMA is freed.
  @inline(__always) static func willFreeVMA(_ judge: @escaping Judgement<VMASituation>) -> Self {
    Self(level: .structure) { $0.willFreeVMA.add(judge, $1) }
  }

  /// Before an anon_vma is freed.
  @inline(__always) static func willFreeAnonVMA(_ judge: @escaping Judgement<PutSituation>) -> Self {
    Self(level: .structure) { $0.willFreeAnonVMA.add(judge, $1) }
  }

  /// When an AVC is not put back after a range change.
  @inline(__always) static func didStrandAVC(_ judge: @escaping Judgement<StrandedSituation>) -> Self {
    Self(level: .structure) { $0.didStrandAVC.add(judge, $1) }
  }

  /// At a folio's event.
  @inline(__always) static func didSeeFolio(_ judge: @escaping Judgement<FolioSituation>) -> Self {
    Self(level: .pages) { $0.didSeeFolio.add(judge, $1) }
  }

  /// When a mapped page's VMA has changed under it.
  @inline(__always) static func didChangeVMAOfPage(_ judge: @escaping Judgement<PageSituation>) -> Self {
    Self(level: .pages) { $0.didChangeVMAOfPage.add(judge, $1) }
  }

  /// Before a walk looks at a tree.
  @inline(__always) static func willWalkTree(_ judge: @escaping Judgement<WalkStepSituation>) -> Self {
    Self(level: .walks) { $0.willWalkTree.add(judge, $1) }
  }

  /// Before a walk's callback looks at one VMA.
  @inline(__always) static func willVisitVMA(_ judge: @escaping Judgement<WalkVisitSituation>) -> Self {
    Self(level: .walks) { $0.willVisitVMA.add(judge, $1) }
  }

  /// At the end of a walk.
  @inline(__always) static func didEndWalk(_ judge: @escaping Judgement<WalkSituation>) -> Self {
    Self(level: .walks) { $0.didEndWalk.add(judge, $1) }
  }

  /// Before a migrated folio is mapped in a VMA.
  @inline(__always) static func willRestoreMapping(_ judge: @escaping Judgement<MigrationSituation>) -> Self {
    Self(level: .walks) { $0.willRestoreMapping.add(judge, $1) }
  }

  /// When a walk's callback has unmapped a folio in a VMA, or is known not to have.
  @inline(__always) static func didTryToUnmap(_ judge: @escaping Judgement<UnmapSituation>) -> Self {
    Self(level: .walks) { $0.didTryToUnmap.add(judge, $1) }
  }

  /// When a replaced mapping is gone, or is known not to have been taken away.
  @inline(__always) static func didReplaceMapping(_ judge: @escaping Judgement<ReplacementSituation>) -> Self {
    Self(level: .pages) { $0.didReplaceMapping.add(judge, $1) }
  }
}
