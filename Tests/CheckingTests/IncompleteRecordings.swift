import Checking
import Foundation
import Invariants
import RecordingFormat
import Testing

/// Goal: a recording that lacks an event, has an unordered clock or lost records unmarked never proves a violation on
/// a healthy kernel, and never passes.
@Suite struct IncompleteRecordings {
  static let events = [
    "avc_insert", "avc_remove", "prepare", "prepare_ret", "clone", "clone_ret", "fork", "fork_ret", "unlink",
    "unlink_ret", "copy_range", "copy_range_ret", "move_tables", "move_tables_ret", "mm_exit", "mm_exit_ret", "av_put",
    "vma_free", "folio_new", "folio_add", "folio_add_pmd", "folio_remove", "folio_remove_pmd", "folio_move",
  ]

  @Test(arguments: events) func withoutOneEvent(event: String) throws {
    var recording = try PatchedRecording("6.12-pages-v6")
    // What vm_area_free and __vm_area_free tell is the same.
    for name in event == "vma_free" ? [event, "vma_release"] : [event] {
      try #require(recording.replace("name: \(name)\n", by: "name: \(name.dropLast())_\n") == 1)
    }
    let result = try recording.check()
    #expect(result.damage == nil)
    #expect(result.violations == 0)
    #expect(result.verdict == .undecided)
    #expect(result.invariants.contains { !$0.missing.isEmpty })
  }

  /// Nothing that needs a history, but whatever one event proves.
  private func decidesEachEventByItself(
    _ result: RecordingResult, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(result.violations == 0, sourceLocation: sourceLocation)
    for entry in result.invariants where entry.isRecorded {
      switch entry.invariant.name {
      case "root-locked", "prepare-lock", "unfaulted-pgoff":
        #expect(entry.ledger.decided > 0, sourceLocation: sourceLocation)
      case "fork-closure", "counters", "interval-key", "merge-closure", "anon-vma-death", "walk-order":
        #expect(entry.ledger.decided == 0, sourceLocation: sourceLocation)
      default: break
      }
      #expect(entry.verdict == .undecided, sourceLocation: sourceLocation)
      #expect(entry.ledger.undecided(.predatesRecording) == 0, sourceLocation: sourceLocation)
    }
  }

  @Test func withAClockThatIsNotOrdered() throws {
    var recording = try PatchedRecording("6.12-pages-v6")
    try #require(recording.replace("[mono]", by: "[perf]") > 0)
    let result = try recording.check()
    #expect(result.verdict == .undecided)
    #expect(
      result.doubts == ["the clock perf is not ordered across CPUs: record with -C mono (perf: -k CLOCK_MONOTONIC)"])
    decidesEachEventByItself(result)
  }

  @Test func withEventsDroppedUnmarked() throws {
    var recording = try PatchedRecording("6.12-pages-v6")
    try #require(recording.replace("dropped events: 0", by: "dropped events: 7") > 0)
    let result = try recording.check()
    #expect(result.verdict == .undecided)
    #expect(result.doubts.contains { $0.contains("dropped") })
    decidesEachEventByItself(result)
  }
}
