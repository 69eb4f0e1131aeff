/// The kind of an event, as a dense index: which events a recording can hold, which an invariant needs, which function
/// did what. Several of a recording's events may be of one kind (``EventName``): those of different kernels.
public enum EventKind: UInt8, CaseIterable, Sendable {
  case insert, remove, prepare, clone, fork, unlink, copyRange, moveTables, split, copyVMA
  case mmExit, put, vmaAlloc, vmaDup, vmaFree, folioNew, folioAdd, folioRemove, folioMove, folioSeen
  case folioAddPMD, folioRemovePMD
  case userfaultMove
  case unmapIn
  case hugetlbNew, hugetlbAdd, hugetlbUnmap
  case walk, walkFirst, walkNext, walkReferenced, walkUnmap, walkMigrate, walkRestore

  /// The level that records events of this kind.
  public var level: RecordingLevel {
    switch self {
    case .insert, .remove, .prepare, .clone, .fork, .unlink, .copyRange, .moveTables, .split, .copyVMA,
      .mmExit, .put, .vmaAlloc, .vmaDup, .vmaFree:
      .structure
    case .folioNew, .folioAdd, .folioAddPMD, .folioRemove, .folioRemovePMD, .folioMove, .folioSeen,
      .userfaultMove, .unmapIn, .hugetlbNew, .hugetlbAdd, .hugetlbUnmap:
      .pages
    case .walk, .walkFirst, .walkNext, .walkReferenced, .walkUnmap, .walkMigrate, .walkRestore: .walks
    }
  }
}
