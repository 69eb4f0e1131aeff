import Checking
import EventDecoding
import Invariants
import RecordingFormat
import TestSupport
import TraceReading

/// What became of one mutation.
public struct MutationTrial: Sendable {
  /// How a mutation ends.
  public enum Fate: String, Sendable, CaseIterable {
    /// A violation was found.
    case violation
    /// The verdict was lowered, or a doubt stated that was not there.
    case lowered
    /// It means the same: the course of the check is the same, and of a changed field so it is with every other value
    /// that was tried: nobody reads it there.
    case same
    /// The course of the check is the same, but would not be with every value: a rule reads the field, and the new
    /// value is one that no rule forbids. Or a dropped record can as well have come after the end of the recording.
    case allowed
    /// Nothing was said, and as much or more was decided.
    case unnoticed
    /// Nothing was said, and less was decided.
    case quiet
  }

  /// The mutation.
  public let mutation: Mutation
  /// The event's name.
  public let event: String
  /// For a swap, the name of the event that it changed places with.
  public let partner: String?
  /// Its fate.
  public let fate: Fate

  /// Whether somebody who reads the verdict is warned.
  public var isKilled: Bool { fate == .violation || fate == .lowered }
  /// Whether it says the same as before, and need not be noticed.
  public var isEquivalent: Bool { fate == .same || fate == .allowed }
}

extension MemoryRecording {
  /// Tries `count` mutations of each change for each kind of event, and for changes of fields for each field.
  public mutating func mutations(
    count: Int, changes: [Mutation.Change] = Mutation.Change.allCases, seed: UInt64,
    _ deliver: (MutationTrial) -> Void
  ) {
    var generator = SeededGenerator(seed: seed)
    let whole = course()
    for target in targets(changes) {
      for _ in 0..<count { tryOut(target, whole, &generator, deliver) }
    }
  }

  /// Tries `count` mutations of one change, each of any kind of event and any of its fields.
  public mutating func sampleOfMutations(
    _ change: Mutation.Change, count: Int, seed: UInt64, _ deliver: (MutationTrial) -> Void
  ) {
    var generator = SeededGenerator(seed: seed)
    let whole = course()
    let targets = targets([change])
    for _ in 0..<count {
      guard let target = targets.randomElement(using: &generator) else { return }
      tryOut(target, whole, &generator, deliver)
    }
  }

  /// What can be changed of one kind of event: the records, and where a field is changed, which.
  private struct Target {
    let change: Mutation.Change
    let field: EventField?
    let places: [Int]
  }

  private func targets(_ changes: [Mutation.Change]) -> [Target] {
    let kinds = Dictionary(grouping: records.indices) { records[$0].eventID }.sorted { $0.key < $1.key }
    let decoder = EventDecoder(formats: file.eventFormats)
    return kinds.flatMap { id, places -> [Target] in
      guard decoder.identifiers.contains(id), let format = file.eventFormats[id] else { return [] }
      return changes.flatMap { change -> [Target] in
        guard change == .other || change == .bit else { return [Target(change: change, field: nil, places: places)] }
        return Mutation.fields(of: format).map { Target(change: change, field: $0, places: places) }
      }
    }
  }

  private mutating func tryOut(
    _ target: Target, _ whole: Course, _ generator: inout SeededGenerator, _ deliver: (MutationTrial) -> Void
  ) {
    guard let index = target.places.randomElement(using: &generator),
      let mutation = Mutation(
        target.change, of: index, field: target.field, in: self, donors: target.places, using: &generator)
    else { return }
    deliver(trial(mutation, whole, donors: target.places, using: &generator))
  }

  private mutating func trial(
    _ mutation: Mutation, _ whole: Course, donors: [Int], using generator: inout SeededGenerator
  ) -> MutationTrial {
    let partner = mutation.change == .swap ? name(of: records[mutation.index + 1]) : nil
    let event = name(of: records[mutation.index])
    var fate = with(mutation) { $0.fate(of: $0.check($0.records.lazy.map(Item.record))) }
    if fate == .unnoticed || fate == .quiet {
      // Apart, since it takes longer, and few are left.
      let course = with(mutation) { $0.course() }
      if whole.isSame(as: course, after: mutation) {
        fate = isRead(mutation, whole, donors: donors, using: &generator) ? .allowed : .same
      } else if mutation.change == .drop, whole.isSame(as: withLast(mutation.index) { $0.course() }, after: mutation) {
        fate = .allowed
      }
    }
    return MutationTrial(mutation: mutation, event: event, partner: partner, fate: fate)
  }

  /// Whether another value of the field that a mutation changes, in the same record, changes the course of the check.
  private mutating func isRead(
    _ mutation: Mutation, _ whole: Course, donors: [Int], using generator: inout SeededGenerator
  ) -> Bool {
    for other in mutation.others(in: self, donors: donors, using: &generator)
    where !with(other, { whole.isSame(as: $0.course(), after: other) }) {
      return true
    }
    return false
  }

  private func fate(of result: RecordingResult) -> MutationTrial.Fate {
    if result.violations > 0 { return .violation }
    if result.verdict != baseline.verdict || result.doubts.count > baseline.doubts.count { return .lowered }
    let ledgers = zip(baseline.invariants, result.invariants).map { ($0.ledger, $1.ledger) }
    return ledgers.contains { $0.decided > $1.decided } ? .quiet : .unnoticed
  }
}
