import Foundation
import RecordingFormat
import Testing

@testable import Store

/// Goal: the morning report says of each defect what a person says who has all nights before them.
/// Method: nights of a few runs, each category by a history that is in it and one that is just not.
@Suite struct ReportTests {
  private let nights: Nights

  init() throws { nights = try Nights() }

  /// `a new`, one for each defect, in the report's order.
  private func states(
    _ night: String? = nil, since: String? = nil, known: String = ""
  ) throws -> [String] {
    let report = try nights.store.report(night: night, since: since, known: try KnownDefects(known, path: "known"))
    return report.defects.map { "\($0.fingerprint.suffix(1)) \($0.state.rawValue)" }
  }

  private func status() throws -> Int32 { try nights.store.report().exitStatus }

  @Test func newKnownAndFixed() throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init(defects: "ab"))
    try nights.add("2026-11-02", .init(release: "6.12.2-amd64", defects: "bc"))
    #expect(try states() == ["c new", "a fixed", "b known"])
    #expect(try status() == 1)
    let report = try nights.store.report()
    let new = report.defects[0]
    #expect(new.good == "2026-11-01" && new.goodKernel == "6.12.1-amd64" && new.kernels == ["6.12.2-amd64"])
    #expect(new.event == 8 && new.recording == "recordings/paths/trace.dat")
    #expect(report.defects[1].good == "2026-11-02" && report.defects[1].lastSeen == "2026-11-01")
    #expect(report.defects[2].nights == 2 && report.defects[2].seen == 2 && report.defects[2].runs == 2)
    // The night after, nothing is new, and what was fixed is told of once.
    try nights.add("2026-11-03", .init(release: "6.12.3-amd64", defects: "bc"))
    #expect(try states() == ["c known", "b known"])
    #expect(try status() == 0)
    // Against the first night it is still news.
    #expect(try states(since: "2026-11-01") == ["c new", "a fixed", "b known"])
    // And the second night's report is what it was.
    #expect(try states("2026-11-02") == ["c new", "a fixed", "b known"])
  }

  @Test func inTheFirstNightAllIsNew() throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init(defects: "a"), .init(workload: "fork"))
    let report = try nights.store.report()
    #expect(try states() == ["a new"] && report.since == nil && report.defects[0].good == nil)
    #expect(report.text.hasPrefix("Night 2026-11-01, the first one\n  1 new\n"))
  }

  /// A defect that is known on one line is news on another.
  @Test func linesAreToldApart() throws {
    defer { nights.remove() }
    let other = Nights.Run(line: "6.1", release: "6.1.1-amd64")
    try nights.add("2026-11-01", .init(defects: "a"), other)
    var broken = other
    broken.defects = "a"
    try nights.add("2026-11-02", .init(defects: "a"), broken)
    #expect(try states() == ["a new", "a known"])
    #expect(try nights.store.report().defects.map(\.lines) == [["6.1"], ["6.12"]])
  }

  @Test func backAgainIsNew() throws {
    defer { nights.remove() }
    for (day, defects) in ["a", "", "a"].enumerated() {
      try nights.add("2026-11-0\(day + 1)", .init(release: "6.12.\(day)-amd64", defects: defects))
    }
    #expect(try states() == ["a new"])
    #expect(try nights.store.report().text.contains("back; first seen 2026-11-01"))
  }

  /// The same kernel, other results; or gone and back more than once.
  @Test func flaky() throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init(defects: "a"))
    try nights.add("2026-11-02", .init())
    #expect(try states() == ["a flaky"])
    let entry = try nights.store.report().defects[0]
    #expect(entry.seen == 1 && entry.runs == 2 && entry.lastSeen == "2026-11-01")
    // Another program on the same recording is no other result of the kernel.
    let again = try Nights()
    defer { again.remove() }
    try again.add("2026-11-01", .init(defects: "a", recording: "r"), tool: "abc")
    try again.add("2026-11-02", .init(recording: "r"), tool: "def")
    #expect(try again.store.report().defects.map(\.state) == [.fixed])
  }

  @Test func flakyAcrossKernels() throws {
    defer { nights.remove() }
    for (day, defects) in ["a", "", "a", "", "a"].enumerated() {
      try nights.add("2026-11-0\(day + 1)", .init(release: "6.12.\(day)-amd64", defects: defects))
    }
    #expect(try states() == ["a flaky"] && status() == 0)
    #expect(try nights.store.report().text.contains("in 3 of 5 runs"))
  }

  /// A run that can't say is no proof that a defect is gone.
  @Test(arguments: [
    Nights.Run(verdict: .damaged, note: "cut"), Nights.Run(verdict: .undecided, checks: ["lock-root": (5, 0)]),
    Nights.Run(workload: "another"),
  ])
  func notTestedIsNotFixed(run: Nights.Run) throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init(defects: "a"))
    var run = run
    run.release = "6.12.2-amd64"
    try nights.add("2026-11-02", run)
    #expect(try states() == ["a untested"])
    #expect(try status() != 0)
    // The night in which it is tested again.
    try nights.add("2026-11-03", .init(release: "6.12.3-amd64"))
    #expect(try states() == ["a fixed"])
  }

  @Test func listOfKnownDefects() throws {
    defer { nights.remove() }
    let list = """
      # ours
      \(Nights.fingerprint("a")) 2026-11-02 reported upstream
      \(Nights.fingerprint("b")) - our own module
      \(Nights.fingerprint("c")) - never seen
      """
    try nights.add("2026-11-02", .init(defects: "ab"))
    #expect(try states(known: list) == ["a known", "b known"])
    let report = try nights.store.report(known: try KnownDefects(list, path: "known"))
    #expect(report.exitStatus == 0 && report.defects[0].reason == "reported upstream")
    #expect(report.unknownKnown == [Nights.fingerprint("c")] && report.text.contains("which was never seen"))
    // The day after, the list says nothing any more of the first.
    try nights.add("2026-11-03", .init(defects: "ab"))
    #expect(try states(known: list) == ["a new", "b known"])
    #expect(try nights.store.report(known: KnownDefects(list, path: "known")).text.contains("which is past"))
  }

  @Test(arguments: [
    "abc - short", "000000000000000A - upper", "000000000000000a", "000000000000000a soon x",
    "000000000000000a 2027-13-01 x",
  ])
  func badLists(line: String) throws {
    defer { nights.remove() }
    #expect(throws: StoreError.self) { try KnownDefects("# list\n\(line)\n", path: "known") }
    let error = #expect(throws: StoreError.self) { try KnownDefects("# list\n\(line)\n", path: "known") }
    #expect(error?.description.hasPrefix("known:2: not FINGERPRINT UNTIL REASON") == true)
  }
}

/// Goal: what is not there any more is said: decisions, tests, whole recordings.
@Suite struct CoverageTests {
  private let nights: Nights

  init() throws { nights = try Nights() }

  @Test func lostCoverage() throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init(), .init(workload: "fork"))
    try nights.add("2026-11-02", .init(checks: ["reach": (0, 20), "lock-root": (50, 0)]), .init(workload: "fork"))
    let report = try nights.store.report()
    let lost = try #require(report.coverageLost.first)
    #expect(report.coverageLost.count == 1 && lost.invariant == "reach" && lost.before == 1000 && lost.now == nil)
    #expect(lost.tests == ["6.12/amd64/paths/pages"] && lost.reason == "not-recorded")
    #expect(report.exitStatus == 4)
  }

  /// A tenth of the checks is worth a line, less is not.
  @Test(arguments: [(89, 1), (91, 0)])
  func fallenShare(share: UInt64, lines: Int) throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init(checks: ["reach": (100, 0)]))
    try nights.add("2026-11-02", .init(checks: ["reach": (share, 100 - share)]))
    #expect(try nights.store.report().coverageLost.count == lines)
  }

  @Test func goneAndMissing() throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init(), .init(workload: "fork"))
    try nights.add("2026-11-02", .init())
    #expect(try nights.store.report().gone.map(\.test) == ["6.12/amd64/fork/pages"])
    #expect(try nights.store.report().exitStatus == 66)
    // It is still told of, but is no news.
    try nights.add("2026-11-03", .init())
    #expect(try nights.store.report().gone.map(\.isNew) == [false])
    #expect(try nights.store.report().exitStatus == 0)
    try nights.add("2026-11-04", .init(verdict: .missing, note: "no such file"))
    #expect(try nights.store.report().gone.map(\.isNew) == [false, true])
    // Until somebody says that it is not to come.
    #expect(try nights.store.forget(test: "6.12/amd64/fork/pages") == 1)
    #expect(try nights.store.report(night: "2026-11-03").gone.isEmpty)
  }

  /// The row of a plan that is recorded again after a night without: under the name that it had without a recording it was
  /// never there.
  @Test func whatNeverCameIsNotMissed() throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init(), .init(workload: "row", line: "unknown", verdict: .missing, note: "none"))
    try nights.add("2026-11-02", .init())
    #expect(try nights.store.report().gone.isEmpty && nights.store.report().exitStatus == 0)
  }

  /// A file that was cut in its head has only its own name: the recording that comes in its place is nothing new, nor is
  /// that file gone.
  @Test func whatCouldNotBeNamedIsNotMissed() throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init())
    try nights.add("2026-11-02", .init(workload: "trace", line: "unknown", verdict: .damaged, note: "cut"))
    #expect(try nights.store.report().gone.map(\.test) == ["6.12/amd64/paths/pages"])
    try nights.add("2026-11-03", .init())
    #expect(try nights.store.report().gone.isEmpty && nights.store.report().exitStatus == 0)
  }

  /// What was decided is compared with the last night that could say so; that a check died is one line, not one for each
  /// invariant.
  @Test(arguments: [Verdict.damaged, .missing, .undecided]) func lostCoverageAfterABadNight(verdict: Verdict) throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init())
    try nights.add("2026-11-02", .init(verdict: verdict, checks: [:], note: "died", events: 0))
    #expect(try nights.store.report().coverageLost.isEmpty && nights.store.report().exitStatus != 0)
    try nights.add("2026-11-03", .init(checks: ["reach": (0, 20), "lock-root": (50, 0)]))
    #expect(try nights.store.report().coverageLost.map(\.invariant) == ["reach"])
  }

  @Test func infrastructureIsNoFailure() throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init(), .init(workload: "fork"))
    try nights.add(
      "2026-11-02", .init(verdict: .damaged, note: "cut at byte 7"),
      .init(workload: "fork", verdict: .undecided, note: "lost"))
    let report = try nights.store.report()
    #expect(report.infrastructure.map(\.note) == ["cut at byte 7", "lost"] && report.defects.isEmpty)
    #expect(report.exitStatus == 3 && report.coverageLost.isEmpty && report.gone.isEmpty)
    #expect(report.summary == "1 damaged, 1 undecided")
  }
}
