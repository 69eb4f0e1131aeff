extension Invariant {
  /// Every invariant, in the order of reports: one line each.
  public static let all: [Invariant] = [
    .avcLink,
    .lockRoot,
    .rootLocked,
    .intervalKey,
    .forkClosure,
    .copyClosure,
    .counters,
    .anonVMADeath,
    .vmaDeath,
    .reach,
    .pageOwner,
  ]
}
