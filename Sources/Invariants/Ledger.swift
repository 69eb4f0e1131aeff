/// What one invariant has found in one recording: how often it was decided, how often it could not be, and
/// the violations.
public struct Ledger: Sendable {
  /// Checks that were decided, violations included.
  public private(set) var decided: UInt64 = 0
  /// Checks that could not be decided, by ``UndecidedReason``.
  public private(set) var undecided: [UInt64]
  /// All violations.
  public private(set) var violations: UInt64 = 0
  /// The violations that are kept with their full explanation (see ``FindingLimit``), in the order of their events.
  public private(set) var findings: [Finding] = []
  private let limit: FindingLimit
  private var keys: Set<UInt64> = []
  private var reasonForUnknown = UndecidedReason.predatesRecording

  /// An empty ledger that keeps so many findings.
  public init(keeping limit: FindingLimit = .standard) {
    self.limit = limit
    undecided = Array(repeating: 0, count: UndecidedReason.allCases.count)
  }

  /// The rule was looked at and holds.
  @inline(__always) public mutating func holds() { decided &+= 1 }

  /// The rule could not be decided here.
  @inline(__always) public mutating func cannotTell(_ reason: UndecidedReason) {
    let reason = reason == .predatesRecording ? reasonForUnknown : reason
    undecided[Int(reason.rawValue)] &+= 1
  }

  /// Nothing contradicts the rule: it holds if the model has all that could.
  @inline(__always) public mutating func decide(if isWhole: Bool) {
    if isWhole { holds() } else { cannotTell(.predatesRecording) }
  }

  /// From now on, what the model does not know may be unknown for another reason than its age.
  mutating func blame(_ reason: UndecidedReason) { reasonForUnknown = reason }

  /// The rule is broken. `key` names the object: a second violation with the same key is only counted, unless all are
  /// kept.
  public mutating func broken(key: UInt64, _ finding: () -> Finding) {
    decided &+= 1
    violations &+= 1
    let isNew = keys.insert(key).inserted
    if limit.keeps(isNew: isNew, kept: findings.count) { findings.append(finding()) }
  }

  /// Whether a violation with this key has been reported, so that another need not be looked into.
  public func isKnown(key: UInt64) -> Bool { keys.contains(key) }

  /// How often a reason kept the rule from being decided.
  public func undecided(_ reason: UndecidedReason) -> UInt64 { undecided[Int(reason.rawValue)] }

  /// All counts as one number.
  var countsSoFar: UInt64 {
    undecided.reduce(decided &* 31 &+ violations) { ($0 ^ $0 >> 29) &* 0xbf58_476d_1ce4_e5b9 &+ $1 }
  }

  /// How often it could not be decided, whatever the reason.
  public var undecidedTotal: UInt64 { undecided.reduce(0, &+) }
}
