extension Invariant {
  /// Every invariant, one line each, in the order of reports: what an operation did wrong stands before what
  /// followed from it.
  public static let all: [Invariant] = [
    .avcLink,
    .lockRoot,
    .rootLocked,
    .intervalKey,
    .prepareClosure,
    .forkClosure,
    .copyClosure,
    .mergeClosure,
    .vmaState,
    .sharedAnonVMA,
    .parentClosure,
    .counters,
    .refcount,
    .anonVMADeath,
    .vmaDeath,
    .reach,
    .pageOwner,
    .indexFixed,
    .pageExclusive,
    .mremapLock,
    .prepareLock,
    .unfaultedPgoff,
    .unfaultedAnonPgoff,
    .offsetPair,
    .pureAnonPgoff,
    .fileMerge,
    .forkOffset,
    .remapReset,
    .spareAnonVMA,
    .hugetlbUnmapRange,
    .ksmOffset,
    .visibleAttr,
    .walkOrder,
    .migration,
    .walkCoverage,
    .walkUnmaps,
    .replacement,
  ]
}

extension Invariant {
  /// The invariant with a name (`reach`, `Reach`) or a number (`I15`, `15`).
  public static func named(_ name: String) -> Invariant? {
    let number = Int(name.drop { $0 == "I" || $0 == "i" })
    return all.first { $0.name == name.lowercased() || $0.number == number }
  }
}
