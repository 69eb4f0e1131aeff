import Checking
import Foundation
import RecordingFormat
import Reports
import TestSupport
import Testing

/// Goal: the reports say the same thing in every form, with the same bytes at any number of jobs.
@Suite struct Reporting {
  private static func results(jobs: Int) async -> [RecordingResult] {
    let names = ["6.1-fault-wrong-root", "6.12-fault-drop-avc", "6.12-lossy", "6.12-two-buffers", "none"]
    let paths = names.map { "\(tracesFolder)/\($0)/trace.dat" }
    var results: [RecordingResult] = []
    await BatchCheck(check: RecordingCheck(), jobs: jobs).run(paths) { results.append($0) }
    return results
  }

  @Test(arguments: ReportFormat.allCases) func sameBytesAtAnyNumberOfJobs(format: ReportFormat) async {
    let alone = await Self.results(jobs: 1)
    let together = await Self.results(jobs: 4)
    #expect(format.render(alone) == format.render(together))
  }

  @Test func textFitsEightyColumnsWithoutColour() async {
    // A path or an address can't be broken; everything else is.
    for line in ReportFormat.text.render(await Self.results(jobs: 2)).split(separator: "\n") {
      #expect(line.count <= 80 || line.contains(tracesFolder), "\(line)")
      #expect(!line.contains("\u{1b}"))
    }
  }

  @Test func jsonNamesItsSchemaAndTheFirstWrongEvent() async throws {
    let text = ReportFormat.json.render(await Self.results(jobs: 2))
    let report = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(report["schema"] as? String == "rmapcheck-report/1")
    #expect(report["verdict"] as? String == "violated")
    let recordings = try #require(report["recordings"] as? [[String: Any]])
    #expect(recordings.map { $0["verdict"] as? String } == ["violated", "violated", "undecided", "holds", "missing"])
    let first = try #require((recordings[1]["violations"] as? [[String: Any]])?.first)
    #expect(first["invariant"] as? String == "fork-closure")
    #expect((first["event"] as? [String: Any])?["number"] as? Int == 2117)
  }

  @Test func junitIsXMLWithAFailureAndASkip() async throws {
    let text = ReportFormat.junit.render(await Self.results(jobs: 2))
    let parser = XMLCounter(text)
    #expect(parser.isWellFormed)
    #expect(parser.counts["testsuite"] == 5)
    #expect((parser.counts["failure"] ?? 0) >= 2)
    #expect((parser.counts["skipped"] ?? 0) >= 1)
    #expect(parser.counts["error"] == 1)
    // The recording's own case is the one in error: nothing passes that was not read.
    #expect(text.contains("name=\"recording\">\n      <error type=\"missing\""))
  }

  @Test func ktapPlansEveryRecordingAndNeverPassesAnUndecidedOne() async {
    let lines = ReportFormat.ktap.render(await Self.results(jobs: 2)).split(separator: "\n")
    #expect(lines.prefix(2) == ["KTAP version 1", "1..5"])
    let tests = lines.filter { $0.hasPrefix("ok ") || $0.hasPrefix("not ok ") }
    #expect(tests.map { $0.hasPrefix("not") } == [true, true, false, false, true])
    #expect(tests[2].contains("# SKIP undecided"))
    #expect(!tests[3].contains("# SKIP"))
  }

  @Test func sarifHasAResultForEachViolation() async throws {
    let text = ReportFormat.sarif.render(await Self.results(jobs: 2))
    let log = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let run = try #require((log["runs"] as? [[String: Any]])?.first)
    let kinds = try #require(run["results"] as? [[String: Any]]).map { $0["kind"] as? String }
    #expect(kinds.contains("fail") && kinds.contains("pass") && kinds.contains("open"))
  }

  @Test func exitStatusPutsAProvedViolationFirst() {
    #expect(Verdict.combined([.holds, .undecided, .damaged, .violated]).exitStatus == 1)
    #expect(Verdict.combined([.holds, .undecided, .missing, .damaged]).exitStatus == 3)
    #expect(Verdict.combined([.holds, .undecided, .missing]).exitStatus == 66)
    #expect(Verdict.combined([.holds, .undecided]).exitStatus == 4)
    #expect(Verdict.combined([.holds, .holds]).exitStatus == 0)
    #expect(Verdict.combined([]).exitStatus == 4)
  }
}
