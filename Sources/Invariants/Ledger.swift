public import RmapEvents

/// What one invariant has found in one recording: how often it was decided, how often it could not be, and
/// the violations.
public struct Ledger: Sendable {
  /// How many violations are kept with their full explanation; all are counted.
  static let findingsKept = 64

  /// Checks that were decided, violations included.
  public private(set) var decided: UInt64 = 0
  /// Checks that could not be decided, by ``UndecidedReason``.
  public private(set) var undecided: [UInt64]
  /// All violations.
  public private(set) var violations: UInt64 = 0
  /// The first violations, each of another object, in the order of their events.
  public private(set) var findings: [Finding] = []
  private var keys: Set<UInt64> = []
  private var reasonForUnknown = UndecidedReason.predatesRecording

  /// An empty ledger.
  public init() { undecided = Array(repeating: 0, count: UndecidedReason.allCases.count) }

  /// The rule was looked at and holds.
  @inline(__always) public mutating func holds() { decided &+= 1 }

  /// The rule could not be decided here.
  @inline(__always) public mutating func cannotTell(_ reason: UndecidedReason) {
    let reason = reason == .predatesRecording ? reasonForUnknown : reason
    undecided[Int(reason.rawValue)] &+= 1
  }

  /// From now on, what the model does not know may be unknown for another reason than its age.
  mutating func blame(_ reason: UndecidedReason) { reasonForUnknown = reason }

  /// The rule is broken. `key` names the object: a second violation with the same key is only counted.
  public mutating func broken(key: UInt64, _ finding: () -> Finding) {
    decided &+= 1
    violations &+= 1
    guard findings.count < Self.findingsKept, keys.insert(key).inserted else { return }
    findings.append(finding())
  }

  /// Whether a violation with this key has been reported, so that another need not be looked into.
  public func isKnown(key: UInt64) -> Bool { keys.contains(key) }

  /// How often a reason kept the rule from being decided.
  public func undecided(_ reason: UndecidedReason) -> UInt64 { undecided[Int(reason.rawValue)] }

  /// How often it could not be decided, whatever the reason.
  public var undecidedTotal: UInt64 { undecided.reduce(0, &+) }
}

/// One violation, as data: reports render it.
public struct Finding: Sendable, Equatable {
  /// What is wrong, in one sentence.
  public let what: String
  /// The kernel function in which it became visible.
  public let function: String
  /// The event that proves it.
  public let stamp: EventStamp
  /// The objects that the explanation speaks of: a letter and what it stands for.
  public let objects: [(name: String, description: String)]
  /// What was established before.
  public let established: [Fact]
  /// What contradicts it.
  public let contradiction: Fact
  /// The rule, with its kernel source.
  public let rule: String

  /// A statement and the event behind it.
  public struct Fact: Sendable, Equatable {
    /// The statement.
    public let text: String
    /// The event; nil where the fact is the absence of one.
    public let stamp: EventStamp?

    /// A fact from its parts.
    public init(_ text: String, _ stamp: EventStamp? = nil) {
      self.text = text
      self.stamp = stamp
    }
  }

  /// A violation from its parts.
  public init(
    what: String, function: String, stamp: EventStamp,
    objects: [(name: String, description: String)], established: [Fact] = [], contradiction: Fact,
    rule: String
  ) {
    self.what = what
    self.function = function
    self.stamp = stamp
    self.objects = objects
    self.established = established
    self.contradiction = contradiction
    self.rule = rule
  }

  /// Every event that the explanation rests on, in their order.
  public var events: [EventStamp] {
    var all = established.compactMap(\.stamp) + [stamp]
    if let last = contradiction.stamp { all.append(last) }
    var seen: Set<UInt64> = []
    return all.filter { $0.isRecorded && seen.insert($0.ordinal).inserted }
      .sorted { $0.ordinal < $1.ordinal }
  }

  /// Equality of all that is shown.
  public static func == (left: Finding, right: Finding) -> Bool {
    left.what == right.what && left.function == right.function && left.stamp == right.stamp
      && left.objects.elementsEqual(right.objects, by: ==)
      && left.established == right.established && left.contradiction == right.contradiction
      && left.rule == right.rule
  }
}
