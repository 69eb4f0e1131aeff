public import RmapGraph

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
  /// For each of ``findings``, which of ``defects``' chains it is in.
  public private(set) var chains: [DefectLog.Chain] = []
  /// What follows from what, among the violations of all invariants of the judge.
  public let defects: DefectLog
  private let limit: FindingLimit
  /// The invariant's number.
  private let invariant: Int
  /// The objects that were reported, and the chain of the last violation of each.
  private var keys: [UInt64: DefectLog.Chain] = [:]
  private var reasonForUnknown = UndecidedReason.predatesRecording

  /// An empty ledger of the invariant with a number, which keeps so many findings.
  public init(of invariant: Int = 0, keeping limit: FindingLimit = .standard, _ defects: DefectLog = DefectLog()) {
    self.invariant = invariant
    self.defects = defects
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
  /// kept or it is the first of its defect.
  @inline(never) public mutating func broken(key: UInt64, in graph: borrowing RmapGraph, _ finding: () -> Finding) {
    decided &+= 1
    violations &+= 1
    let known = keys[key]
    // Of a flood, what is wrong with an object once more is not put into words again.
    if let known, limit != .all, violations > Self.mostExplained, defects.count(invariant, in: known) { return }
    let finding = finding()
    let (chain, isFirst) = defects.note(finding, of: invariant, in: graph)
    if known != nil || keys.count < Self.mostKeys { keys[key] = chain }
    if isFirst || limit.keeps(isNew: known == nil, kept: findings.count) {
      findings.append(finding)
      chains.append(chain)
    }
  }

  /// So many violations are all looked at for what they follow from.
  private static let mostExplained: UInt64 = 4096
  /// So many objects are known again.
  private static let mostKeys = 1 << 16

  /// Whether a violation with this key has been reported, so that another need not be looked into.
  public func isKnown(key: UInt64) -> Bool { keys[key] != nil }

  /// How often a reason kept the rule from being decided.
  public func undecided(_ reason: UndecidedReason) -> UInt64 { undecided[Int(reason.rawValue)] }

  /// All counts as one number.
  var countsSoFar: UInt64 {
    undecided.reduce(decided &* 31 &+ violations) { ($0 ^ $0 >> 29) &* 0xbf58_476d_1ce4_e5b9 &+ $1 }
  }

  /// How often it could not be decided, whatever the reason.
  public var undecidedTotal: UInt64 { undecided.reduce(0, &+) }
}
