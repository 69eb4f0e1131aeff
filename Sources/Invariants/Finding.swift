public import RmapEvents

/// One violation, as data: reports render it.
public struct Finding: Sendable, Equatable {
  /// What is wrong, in one sentence.
  public let what: String
  /// The kernel function in which it became visible.
  public let function: KernelFunction
  /// The event that proves it.
  public let stamp: EventStamp
  /// The step that did it, if it is not the one in which it became visible.
  public let doer: Doer?
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

    /// Memberwise; without a stamp, a fact that is no single event's.
    public init(_ text: String, _ stamp: EventStamp? = nil) {
      self.text = text
      self.stamp = stamp
    }
  }

  /// The step that broke the rule.
  public enum Doer: Sendable, Equatable {
    /// The function that the event is of: it set what is wrong, or left out what it owes.
    case step(EventStamp)
    /// What came between the last event that shows it right and the first that shows it wrong.
    case between(EventStamp, EventStamp)
  }

  /// Memberwise; a `doer` from before the recording is dropped.
  public init(
    what: String, function: KernelFunction, stamp: EventStamp, doer: Doer? = nil,
    objects: [(name: String, description: String)], established: [Fact] = [], contradiction: Fact,
    rule: String
  ) {
    self.what = what
    self.function = function
    self.stamp = stamp
    self.doer = doer.flatMap { $0.began.isRecorded && $0.began.ordinal < stamp.ordinal ? $0 : nil }
    self.objects = objects
    self.established = established
    self.contradiction = contradiction
    self.rule = rule
  }

  /// The function that broke the rule, as far as the events show it; otherwise the one in which it became visible.
  public var responsible: KernelFunction {
    guard case .step(let did) = doer, let kind = did.function else { return function }
    return .kind(kind)
  }

  /// Every event that the explanation rests on, in their order.
  public var events: [EventStamp] {
    var all = established.compactMap(\.stamp) + [stamp]
    if let last = contradiction.stamp { all.append(last) }
    if let doer { all.append(doer.began) }
    var seen: Set<UInt64> = []
    return all.filter { $0.isRecorded && seen.insert($0.ordinal).inserted }
      .sorted { $0.ordinal < $1.ordinal }
  }

  /// Equality of all that is shown.
  public static func == (left: Finding, right: Finding) -> Bool {
    left.what == right.what && left.function == right.function && left.stamp == right.stamp
      && left.doer == right.doer
      && left.objects.elementsEqual(right.objects, by: ==)
      && left.established == right.established && left.contradiction == right.contradiction
      && left.rule == right.rule
  }
}

extension Finding.Doer {
  /// The event that it begins with.
  public var began: EventStamp {
    switch self {
    case .step(let stamp), .between(let stamp, _): stamp
    }
  }
}
