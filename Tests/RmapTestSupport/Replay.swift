public import Invariants
public import RecordingAudit
import RmapEvents
public import RmapGraph

/// What the invariants say of a history.
public struct Outcome: Sendable {
  private let judge: Judge
  /// What contradicts itself in it.
  public let contradictions: Contradictions

  init(_ judge: Judge, _ contradictions: Contradictions) {
    self.judge = judge
    self.contradictions = contradictions
  }

  /// All counts as one number.
  public var counts: UInt64 { judge.countsSoFar }

  /// One invariant's ledger; an empty one if the history's kernel has no such rule.
  public func ledger(_ name: String) -> Ledger {
    guard let invariant = Invariant.named(name) else { preconditionFailure("no invariant is named \(name)") }
    return judge.ledger(of: invariant) ?? Ledger()
  }

  /// Every finding, as `name: what [contradiction] at event n`.
  public var findings: [String] {
    zip(judge.invariants, judge.ledgers).flatMap { invariant, ledger in
      ledger.findings.map {
        "\(invariant.name): \($0.what) [\($0.contradiction.text)] at event \($0.stamp.ordinal)"
      }
    }
  }

  /// The violations that follow from no other one, in the order of their events.
  public var firsts: [Finding] {
    let chains = judge.ledgers.first?.defects.chains ?? []
    return chains.map(\.first).enumerated()
      .sorted { ($0.element.stamp.ordinal, $0.offset) < ($1.element.stamp.ordinal, $1.offset) }.map(\.element)
  }

  /// How many checks of all invariants could not be decided.
  public var undecided: UInt64 { judge.ledgers.reduce(0) { $0 + $1.undecidedTotal } }
}

extension History {
  /// Judges the history by every invariant.
  public func judged() -> Outcome {
    var graph = RmapGraph()
    return judged(in: &graph)
  }

  /// Judges the history by every invariant, in a graph that the caller keeps.
  public func judged(in graph: inout RmapGraph) -> Outcome {
    var watch = AuditedJudge(Judge(invariants))
    replay(in: &graph, before: &watch)
    return Outcome(watch.judge, watch.audit.contradictions)
  }

  /// The same without an audit: the judge itself watches the graph.
  public func judgedAlone() -> Outcome {
    var graph = RmapGraph()
    var judge = Judge(invariants)
    replay(in: &graph, before: &judge)
    return Outcome(judge, Contradictions())
  }

  private var invariants: [Invariant] { Invariant.all.filter { $0.isOfKernel(with: marks) } }

  private func replay(in graph: inout RmapGraph, before observer: inout some GraphObserver) {
    for (index, step) in steps.enumerated() {
      let stamp = EventStamp(
        ordinal: UInt64(index + 1), timestamp: UInt64(index + 1) * 1000, pid: step.pid, cpu: 0)
      graph.apply(step.event, at: stamp, observer: &observer)
    }
  }
}
