public import Checking
public import Invariants
import RmapEvents
package import TraceReading

/// A witness as a report shows it: the events, without the recording that they make.
public struct BriefWitness: Sendable {
  /// The violation.
  public let finding: Finding
  /// The events, in their order.
  public let events: [Witness.Event]
  /// What the objects of its explanation are called.
  public let letters: [Witness.Letter]
  /// How many records the recording has.
  public let records: UInt64
}

extension BriefWitness {
  /// How far into a recording the violation may show: all events up to it are held in memory.
  static let mostEvents: UInt64 = 100_000
  /// How many events may be judged on the way, those left out included: on the order of a second.
  static let mostJudged: UInt64 = 2_000_000

  /// The witness of a recording's first defect, where it is cheap to find; nil elsewhere. Cheap is what takes few events, not
  /// what is quick: the same recording has the same report on every machine.
  package static func of(_ result: RecordingResult, _ input: RecordingInput) -> BriefWitness? {
    guard let first = result.defects.first, first.first.stamp.ordinal <= mostEvents else { return nil }
    let target = Target(first.invariant, first.first)
    guard let remainder = try? Reduction.remainder(of: target, in: result, input, Effort(events: mostJudged)),
      // Judged once more, by itself.
      remainder.isMinimal, remainder.trial.shows(remainder.kept)
    else { return nil }
    let history = remainder.history
    return BriefWitness(
      finding: first.first, events: remainder.kept.map { Witness.Event(history, history.records[$0]) },
      letters: NamedObjects.letters(first.first, shownAs: first.first, history), records: result.records)
  }
}

/// How much a reduction may cost.
struct Effort {
  private let deadline: Double
  private var eventsLeft: UInt64

  /// Until so many seconds have passed.
  init(seconds: Double) {
    deadline = Reduction.now + seconds
    eventsLeft = .max
  }

  /// Until so many events were judged.
  init(events: UInt64) {
    deadline = .infinity
    eventsLeft = events
  }

  /// Whether it is used up.
  var isOver: Bool { eventsLeft == 0 || deadline.isFinite && Reduction.now > deadline }

  /// Counts a judgement of so many events.
  mutating func judge(_ events: Int) { eventsLeft -= min(eventsLeft, UInt64(events)) }
}
