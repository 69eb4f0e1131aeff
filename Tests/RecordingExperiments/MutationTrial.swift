import Checking
import EventDecoding
import Invariants
import RmapEvents
import RmapTestSupport
import TraceReading

/// What became of one mutation.
public struct MutationTrial: Sendable {
  /// How a mutation ends.
  public enum Fate: String, Sendable, CaseIterable {
    /// A violation was found.
    case violation
    /// The verdict was lowered, or a doubt stated that was not there.
    case lowered
    /// The changed field is not read: the event is the same.
    case unread
    /// Nothing depends on the order of the two records: every count of the check is the same.
    case commutes
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
  public var isEquivalent: Bool { fate == .unread || fate == .commutes }
}

extension MemoryRecording {
  /// Tries `count` mutations of each change for each kind of event, and for changes of fields for each field.
  public mutating func mutations(
    count: Int, changes: [Mutation.Change] = Mutation.Change.allCases, seed: UInt64,
    _ deliver: (MutationTrial) -> Void
  ) {
    var generator = SeededGenerator(seed: seed)
    let kinds = Dictionary(grouping: records.indices) { records[$0].eventID }.sorted { $0.key < $1.key }
    let decoder = EventDecoder(formats: file.eventFormats)
    for (id, places) in kinds {
      guard decoder.identifiers.contains(id), let format = file.eventFormats[id] else { continue }
      for change in changes {
        let fields: [EventField?] = change == .other || change == .bit ? Mutation.fields(of: format) : [nil]
        for field in fields {
          for _ in 0..<count {
            guard let index = places.randomElement(using: &generator),
              let mutation = Mutation(
                change, of: index, field: field, in: self, donors: places, using: &generator)
            else { continue }
            deliver(trial(mutation, decoder))
          }
        }
      }
    }
  }

  private mutating func trial(_ mutation: Mutation, _ decoder: EventDecoder) -> MutationTrial {
    let record = records[mutation.index]
    let partner = mutation.change == .swap ? name(of: records[mutation.index + 1]) : nil
    let before = event(mutation.index, decoder)
    let (after, result) = with(mutation) { mutant in
      (
        mutation.field == nil ? "" : mutant.event(mutation.index, decoder),
        mutant.check(mutant.records.lazy.map(Item.record))
      )
    }
    let isSameEvent = mutation.field != nil && mutation.fieldName != "common_pid" && before == after
    return MutationTrial(
      mutation: mutation, event: name(of: record), partner: partner,
      fate: isSameEvent ? .unread : fate(of: mutation, result))
  }

  /// All that the decoder makes of a record, as text.
  private func event(_ index: Int, _ decoder: EventDecoder) -> String {
    var batch = EventBatch()
    let outcome = bytes.withUnsafeBytes {
      decoder.decode(records[index].raw(in: $0), ordinal: 1, into: &batch)
    }
    guard batch.count == 1 else { return "\(outcome)" }
    let place = Int(batch.items[0].index)
    switch batch.items[0].kind {
    case .insert, .remove: return "\(batch.updates[place])"
    case .enter: return "\(batch.entries[place])"
    case .leave: return "\(batch.returns[place])"
    case .put: return "\(batch.puts[place])"
    case .vmaFree: return "\(batch.vmaFrees[place])"
    case .hugetlbUnmap: return "\(batch.hugetlbUnmaps[place])"
    case .walk: return "\(batch.walks[place])"
    case .folio:
      let folio = batch.folios[place]
      // The removal of a file's page: nothing in it is looked at.
      let isFile = folio.step == .remove && !folio.mapping.isAnonymous && !folio.mapping.isKSM
      return isFile ? "a file's page" : "\(folio)"
    }
  }

  private func fate(of mutation: Mutation, _ result: RecordingResult) -> MutationTrial.Fate {
    if result.violations > 0 { return .violation }
    if result.verdict != baseline.verdict || result.doubts.count > baseline.doubts.count { return .lowered }
    let ledgers = zip(baseline.invariants, result.invariants).map { ($0.ledger, $1.ledger) }
    if mutation.change == .swap, result.statistics == baseline.statistics,
      ledgers.allSatisfy({ $0.decided == $1.decided && $0.undecidedTotal == $1.undecidedTotal })
    {
      return .commutes
    }
    return ledgers.contains { $0.decided > $1.decided } ? .quiet : .unnoticed
  }
}
