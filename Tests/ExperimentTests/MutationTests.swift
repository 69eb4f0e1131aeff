import Checking
import Invariants
import RecordingExperiments
import RecordingFormat
import RmapEvents
import TestSupport
import Testing
import TraceReading

/// Goal: as many changed events are noticed as the documentation says. Method: a fixed sample of the mutations that
/// `scripts/experiment mutate` makes at length; whoever makes the check notice less sees it here.
@Suite struct MutationTests {
  /// How many of the sample of each class nobody notices, though they change something: of the drops that of a look at a
  /// page.
  static let survivors: [(change: Mutation.Change, count: Int)] = [
    (.drop, 1), (.duplicate, 0), (.swap, 0), (.other, 0), (.bit, 0),
  ]

  @Test(arguments: survivors) func noLessIsNoticed(_ known: (change: Mutation.Change, count: Int)) throws {
    var recording = try MemoryRecording(path: tracePath("6.12-walks"))
    var survivors: [String] = []
    recording.sampleOfMutations(known.change, count: 20, seed: 1) { trial in
      guard !trial.isKilled, !trial.isEquivalent else { return }
      survivors.append("\(trial.fate) \(trial.event) \(trial.mutation.fieldName ?? "") at \(trial.mutation.index + 1)")
    }
    #expect(survivors.count <= known.count, "\(survivors)")
  }

  /// The course of a check tells what the counts at its end do not.
  @Test func theSameCourseIsTheSameMeaning() throws {
    var recording = try MemoryRecording(path: tracePath("6.12-pages-v6"))
    let whole = recording.course()
    #expect(whole.isSame(as: recording.course()))
    let order = try #require(
      (1..<recording.records.count).first { recording.records[$0].cpu != recording.records[$0 - 1].cpu })
    recording.records.swapAt(order, 0)
    #expect(!whole.isSame(as: recording.course()))
  }
}

/// Goal: an event that makes no sense leaves decided what it cannot have been about. Method: one pointer of one record of a
/// kept recording is none.
@Suite struct MalformedEventTests {
  private func check(_ event: String, _ field: String) throws -> (whole: RecordingResult, damaged: RecordingResult) {
    var recording = try MemoryRecording(path: tracePath("6.12-walks"))
    let whole = recording.baseline
    let middle = recording.records.count / 2
    let place = try #require(
      recording.records.indices.dropFirst(middle).first {
        recording.name(of: recording.records[$0]) == event
      })
    let record = recording.records[place]
    let offset = try #require(recording.file.eventFormats[record.eventID]?.field(field)?.offset)
    for byte in 0..<8 { recording.bytes[record.offset + offset + byte] = byte == 0 ? 1 : 0 }
    let damaged = recording.check(recording.records.lazy.map(MemoryRecording.Item.record))
    #expect(damaged.malformed == 1 && damaged.verdict == .undecided && damaged.violations == 0)
    return (whole, damaged)
  }

  private func unaffected(_ event: String, _ field: String) throws -> Set<RecordingLevel> {
    let (whole, damaged) = try check(event, field)
    var levels = Set(RecordingLevel.allCases)
    for (before, after) in zip(whole.invariants, damaged.invariants) {
      guard before.verdict == .holds else { continue }
      let isAsBefore = after.verdict == .holds && after.ledger.decided == before.ledger.decided
      if !isAsBefore { levels.remove(before.invariant.highestLevel) }
    }
    return levels
  }

  @Test func aStepOfAWalkConcernsWalks() throws {
    #expect(try unaffected("walk_first", "rb") == [.structure, .pages])
  }

  @Test func aPageConcernsPagesAndWalks() throws {
    #expect(try unaffected("folio_new", "vma") == [.structure])
  }

  @Test func anInsertionConcernsAll() throws {
    #expect(try unaffected("avc_insert", "avc") == [])
  }
}
