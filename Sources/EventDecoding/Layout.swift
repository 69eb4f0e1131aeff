import RmapEvents
import TraceReading
import Vocabulary

/// Where the fields of our events lie in their records.
enum Layout {
  /// Lays an event out, by the fields that its format has.
  static func shape(of name: EventName, _ finder: inout FieldFinder) -> Shape {
    switch name {
    case .avcInsert: .tree(TreeLayout(&finder, isInsertion: true), isInsertion: true)
    case .avcRemove: .tree(TreeLayout(&finder, isInsertion: false), isInsertion: false)
    case .put: .put(PutLayout(&finder))
    case .vmaFree, .vmaRelease: .vmaFree(VMAFreeLayout(&finder))
    case .prepare, .clone, .fork, .unlink, .copyRange, .moveTables, .split, .copyVMA, .userfaultMove, .mmExit, .vmaDup,
      .userfaultMovePMD:
      .entry(EntryLayout(&finder, name.declaration.kinds[0], ofOnePMD: name == .userfaultMovePMD))
    case .prepareReturn, .cloneReturn, .forkReturn, .copyRangeReturn, .moveTablesReturn, .splitReturn,
      .userfaultMoveReturn, .userfaultMovePMDReturn:
      .leave(LeaveLayout(&finder, name.declaration.kinds[0], .result))
    case .copyVMAReturn, .vmaAllocReturn, .vmaDupReturn:
      .leave(LeaveLayout(&finder, name.declaration.kinds[0], .vma))
    case .unlinkReturn, .mmExitReturn: .leave(LeaveLayout(&finder, name.declaration.kinds[0], nil))

    case .pageNew, .hugepageNew: .page(PageLayout(&finder, .new))
    case .pageAdd: .page(PageLayout(&finder, .add))
    case .hugepageAdd: .page(PageLayout(&finder, .add, isHugetlb: true))
    case .pageRemove: .page(PageLayout(&finder, .remove))
    case .pageMove: .page(PageLayout(&finder, .move))
    case .inRange, .inSplit, .inWalk, .inWriteFault, .inMerge, .inBalancing, .inHugetlbRange, .inHugetlbFault:
      .unmapper(UnmapperLayout(&finder))
    case .inCollapse: .unmapper(UnmapperLayout(&finder, bytes: finder.pageSize.bytesPerPMD))
    case .inUprobe: .unmapper(UnmapperLayout(&finder, bytes: finder.pageSize.bytes))
    case .folioNew: .folio(FolioLayout(&finder, .new, isPMD: false))
    case .folioAdd: .folio(FolioLayout(&finder, .add, isPMD: false))
    case .folioAddPMD: .folio(FolioLayout(&finder, .add, isPMD: true))
    case .folioRemove: .folio(FolioLayout(&finder, .remove, isPMD: false))
    case .folioRemovePMD: .folio(FolioLayout(&finder, .remove, isPMD: true))
    case .folioMove: .folio(FolioLayout(&finder, .move, isPMD: false))
    case .folioNewEntry: .folio(FolioLayout(&finder, .new, isPMD: false, isEntry: true))
    case .folioMoveEntry: .folio(FolioLayout(&finder, .move, isPMD: false, isEntry: true))
    case .lruAdd: .folio(FolioLayout(&finder, .seen, isPMD: false))
    case .hugetlbNew: .folio(FolioLayout(&finder, .new, isPMD: false, isHugetlb: true))
    case .hugetlbNewEntry: .folio(FolioLayout(&finder, .new, isPMD: false, isHugetlb: true, isEntry: true))
    case .hugetlbAdd: .folio(FolioLayout(&finder, .add, isPMD: false, isHugetlb: true))
    case .hugetlbUnmap: .hugetlbUnmap(HugetlbUnmapLayout(&finder))

    case .walk, .walkLocked: .walk(.frame(FrameLayout(&finder, isKSM: false)))
    case .walkKSM: .walk(.frame(FrameLayout(&finder, isKSM: true)))
    case .walkReturn, .walkLockedReturn, .walkKSMReturn: .walk(.end)
    case .walkFirst: .walk(.step(StepLayout(&finder, isFirst: true)))
    case .walkNext: .walk(.step(StepLayout(&finder, isFirst: false)))
    case .walkFirstReturn, .walkNextReturn: .walk(.found(finder.word(.avc)))
    case .oneReferenced: .walk(.visit(VisitLayout(&finder, .referenced)))
    case .oneUnmap: .walk(.visit(VisitLayout(&finder, .unmap)))
    case .oneMigrate: .walk(.visit(VisitLayout(&finder, .migrate)))
    case .oneRestore: .walk(.visit(VisitLayout(&finder, .restore)))
    case .oneReferencedReturn, .oneUnmapReturn, .oneMigrateReturn, .oneRestoreReturn:
      .walk(.visited(finder.number(.result)))
    }
  }

  /// The fields that the decoder reads of an event that has them all.
  static func fieldsRead(of name: EventName) -> Set<FieldName> {
    var finder = FieldFinder(EventFormat(id: 0, system: ProbeGroup.name, name: name.rawValue, fields: []))
    _ = shape(of: name, &finder)
    return Set(finder.asked)
  }
}

/// The layouts of all events.
enum Shape: Sendable {
  case tree(TreeLayout, isInsertion: Bool)
  case put(PutLayout)
  case vmaFree(VMAFreeLayout)
  case entry(EntryLayout)
  case leave(LeaveLayout)
  case folio(FolioLayout)
  case page(PageLayout)
  case unmapper(UnmapperLayout)
  case hugetlbUnmap(HugetlbUnmapLayout)
  case walk(WalkLayout)
}
