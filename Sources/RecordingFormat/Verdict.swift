/// What a check of one recording, or of several, came to.
public enum Verdict: String, Codable, Sendable, CaseIterable {
  /// Every invariant was decided at least once and none is broken; nothing was lost.
  case holds
  /// At least one invariant is proved broken.
  case violated
  /// The file is damaged, or is no recording.
  case damaged
  /// There is no such file, or no permission to read it.
  case missing
  /// Something kept an invariant from being decided: lost events, a missing probe, no events of ours.
  case undecided

  /// The exit status that scripts see.
  public var exitStatus: Int32 {
    switch self {
    case .holds: 0
    case .violated: 1
    case .damaged: 3
    case .missing: 66  // EX_NOINPUT
    case .undecided: 4
    }
  }

  /// The verdict on several recordings: a proved violation outweighs everything; then what will not get better by
  /// recording more of the same, a file that is damaged or not there; then what was not decided.
  public static func combined(_ verdicts: some Sequence<Verdict>) -> Verdict {
    let all = Set(verdicts)
    for worst in [Verdict.violated, .damaged, .missing, .undecided] where all.contains(worst) { return worst }
    return all.isEmpty ? .undecided : .holds
  }
}
