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
  /// The entry of the operation that broke the rule, where the rule is one of what an operation comes to: what shows
  /// within it follows from this, though it shows before.
  public let operation: EventStamp?
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
    /// What came between the last event that shows it right and the first that shows it wrong; and which step in
    /// between is the last that is known to have handled it.
    case between(EventStamp, EventStamp, handled: EventStamp? = nil)
  }

  /// Memberwise; a `doer` from before the recording is dropped.
  public init(
    what: String, function: KernelFunction, stamp: EventStamp, doer: Doer? = nil,
    operation: EventStamp? = nil, objects: [(name: String, description: String)], established: [Fact] = [],
    contradiction: Fact,
    rule: String
  ) {
    self.what = what
    self.function = function
    self.stamp = stamp
    self.doer = doer.flatMap { $0.began.isRecorded && $0.began.ordinal < stamp.ordinal ? $0 : nil }
    self.operation = operation.flatMap { $0.isRecorded ? $0 : nil }
    self.objects = objects
    self.established = established
    self.contradiction = contradiction
    self.rule = rule
  }

  /// The function that broke the rule, as far as the events show it; otherwise the one in which it became visible.
  ///
  /// An operation goes on after the event by which it shows something right, and then nobody else is known to have been
  /// at it: so it comes before whoever finds it wrong.
  public var responsible: KernelFunction {
    let kind: EventKind? =
      switch doer {
      case nil: nil
      // A function without events of its own is named by the rule, and the step is the event that it shows by.
      case .step(let did): if case .named = function { nil } else { did.function }
      case .between(let right, _, let handled):
        handled?.function ?? right.function.flatMap { $0.changesGraph ? $0 : nil }
      }
    return kind.map { .kind($0) } ?? function
  }

  /// Every event that the explanation rests on, in their order.
  public var events: [EventStamp] {
    var all = established.compactMap(\.stamp) + [stamp]
    if let last = contradiction.stamp { all.append(last) }
    if let doer { all.append(doer.began) }
    if case .between(_, _, let handled?) = doer { all.append(handled) }
    var seen: Set<UInt64> = []
    return all.filter { $0.isRecorded && seen.insert($0.ordinal).inserted }
      .sorted { $0.ordinal < $1.ordinal }
  }

  /// Equality of all that is shown.
  public static func == (left: Finding, right: Finding) -> Bool {
    left.what == right.what && left.function == right.function && left.stamp == right.stamp
      && left.doer == right.doer && left.operation == right.operation
      && left.objects.elementsEqual(right.objects, by: ==)
      && left.established == right.established && left.contradiction == right.contradiction
      && left.rule == right.rule
  }
}

extension Finding.Doer {
  /// The event that it begins with.
  public var began: EventStamp {
    switch self {
    case .step(let stamp), .between(let stamp, _, _): stamp
    }
  }
}

extension EventKind {
  /// Whether it is an operation that changes the graph between its entry and its return.
  fileprivate var changesGraph: Bool {
    switch self {
    case .prepare, .clone, .fork, .unlink, .split, .copyVMA, .copyRange, .moveTables, .userfaultMove: true
    default: false
    }
  }
}
