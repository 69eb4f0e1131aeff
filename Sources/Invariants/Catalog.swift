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
    .walkOrder,
    .migration,
    .walkCoverage,
  ]
}

extension Invariant {
  /// The invariant with a name (`reach`) or a number (`I15`, `15`).
  public static func named(_ name: String) -> Invariant? {
    let number = Int(name.drop { $0 == "I" || $0 == "i" })
    return all.first { $0.name == name || $0.number == number }
  }
}
