import Checking
import Invariants
import RecordingFormat
import Reports
import RmapEvents
import TestSupport
import Testing

/// Goal: a recording keeps its verdict whatever it was not meant to hold, and owns up to what it lacks.
@Suite struct LevelTests {
  private func check(_ name: String, only names: String...) -> RecordingResult {
    let invariants = Invariant.all.filter { names.isEmpty || names.contains($0.name) }
    return RecordingCheck(invariants: invariants).run(path: "\(tracesFolder)/\(name)/trace.dat")
  }

  @Test func theLevelIsThatOfTheHighestKind() {
    #expect(RecordingLevel(of: []) == .structure)
    #expect(RecordingLevel(of: [.insert, .remove, .fork]) == .structure)
    #expect(RecordingLevel(of: [.insert, .folioRemove]) == .pages)
    // One kind of a level is enough to claim it: what else is missing is then a flaw.
    #expect(RecordingLevel(of: [.insert, .walkNext]) == .walks)
  }

  @Test(arguments: [
    ("6.1-structure", RecordingLevel.structure), ("6.12-pages-v6", .pages), ("6.12-healthy", .walks),
  ])
  func whatIsAboveTheLevelIsNotRecorded(name: String, level: RecordingLevel) {
    let result = check(name)
    #expect(result.level == level)
    for entry in result.invariants { #expect(entry.isRecorded == (entry.invariant.level <= level)) }
  }

  @Test(arguments: ["6.1-structure", "6.12-pages-v6", "6.12-healthy"]) func aRecordingOfAnyLevelCanHold(name: String) {
    #expect(check(name).verdict == .holds)
  }

  @Test func nothingRecordedIsNothingDecided() {
    let result = check("6.12-pages-v6", only: "walk-coverage")
    #expect(result.verdict == .undecided)
    #expect(TextReport.render(result).contains("\n  walk-coverage    not recorded\n"))
    #expect(JUnitReport.render([result]).contains("<skipped message=\"not recorded: needs level walks\"/>"))
    #expect(KTAPReport.render([result]).contains("ok 1 walk-coverage # SKIP not recorded: needs level walks\n"))
    #expect(SARIFReport.render([result]).contains("\"kind\" : \"notApplicable\""))
    #expect(JSONReport.render([result]).contains("\"recorded\" : false"))
  }
}
