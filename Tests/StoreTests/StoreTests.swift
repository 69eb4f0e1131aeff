import Foundation
import GRDB
import RecordingFormat
import Testing

@testable import Store

/// Goal: what is in a store depends on what was added, not on how.
@Suite struct StoreTests {
  private let nights: Nights

  init() throws { nights = try Nights() }

  @Test func theOrderOfAddingIsNoMatter() throws {
    defer { nights.remove() }
    let history: [(String, [Nights.Run])] = [
      ("2026-11-01", [.init(defects: "ab"), .init(workload: "fork")]),
      ("2026-11-02", [.init(defects: "b"), .init(workload: "fork", defects: "c"), .init(workload: "exec")]),
      ("2026-11-03", [.init(defects: "bc"), .init(workload: "fork", defects: "c")]),
    ]
    var texts: Set<String> = []
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
      let other = try Nights()
      defer { other.remove() }
      for place in order {
        let (night, runs) = history[place]
        // Each run as a report of its own, as a farm has them, or all at once.
        let reports = try (order[0] == 0 ? [runs] : runs.reversed().map { [$0] }).map { runs in
          try Nights.report(
            night,
            runs.map { run in
              var run = run
              run.recording = "\(night)-\(run.workload)"
              return run
            })
        }
        _ = try other.store.add(reports, night: night)
      }
      let report = try other.store.report()
      texts.insert(report.text + report.json + MorningPage(report, try other.store.grid()).html)
    }
    #expect(texts.count == 1)
  }

  /// Between the steps of its making, a store is not yet what it will be.
  @Test func severalMakeItAtOnce() async throws {
    defer { nights.remove() }
    for round in 0..<40 {
      let path = nights.folder.appending(path: "\(round).db").path
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 { group.addTask { _ = try NightStore(path: path, .adding) } }
        try await group.waitForAll()
      }
    }
  }

  @Test func addingAgainReplaces() throws {
    defer { nights.remove() }
    let broken = try Nights.report("1", [.init(defects: "a", recording: "r")])
    #expect(try nights.store.add([broken], night: "2026-11-01") == Addition(added: 1, replaced: 0))
    #expect(try nights.store.add([broken], night: "2026-11-01") == Addition(added: 0, replaced: 1))
    let mended = try Nights.report("1", [.init(recording: "r")])
    #expect(try nights.store.add([mended], night: "2026-11-01") == Addition(added: 0, replaced: 1))
    let report = try nights.store.report()
    #expect(report.defects.isEmpty && report.verdicts == ["holds": 1])
  }

  /// What a replaced run had seen was not seen.
  @Test func replacingForgetsSinceWhen() throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init(defects: "a", recording: "r"))
    try nights.add("2026-11-02", .init(defects: "a"))
    try nights.add("2026-11-01", .init(recording: "r"))
    #expect(try nights.store.report().defects.map(\.since) == ["2026-11-02"])
    #expect(try nights.store.report().defects.map(\.state) == [.new])
  }

  /// What died is undecided until it is checked; it is one run then.
  @Test func aCheckTakesThePlaceOfNone() throws {
    defer { nights.remove() }
    let none = try Nights.report(
      "1", [.init(verdict: .undecided, recording: "recordings/paths/trace.dat", note: "died")])
    _ = try nights.store.add([none], night: "2026-11-01")
    #expect(try nights.store.report().verdicts == ["undecided": 1])
    try nights.add("2026-11-01", .init())
    #expect(try nights.store.report().verdicts == ["holds": 1])
  }

  /// Two recordings of the same test in one night are two runs of it.
  @Test func aTestMayRunTwice() throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init(defects: "a"), .init())
    let report = try nights.store.report()
    #expect(report.verdicts == ["holds": 1, "violated": 1])
    #expect(report.defects.map { "\($0.seen) of \($0.runs)" } == ["1 of 2"] && report.defects[0].tests.count == 1)
  }

  @Test func aTreeIsFollowedOverItsLines() throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init(line: "6.1", defects: "ab"), tree: "stable")
    try nights.add("2026-11-02", .init(line: "6.12", release: "6.12", defects: "b"), tree: "stable")
    #expect(try nights.store.report().defects.map(\.state) == [.fixed, .known])
    #expect(try nights.store.report().defects[1].tests == ["stable/amd64/paths/pages"])
  }

  @Test func pruningKeepsSinceWhen() throws {
    defer { nights.remove() }
    for day in 1...5 { try nights.add("2026-11-0\(day)", .init(defects: "a"), .init(workload: "w\(day)")) }
    #expect(try nights.store.prune(before: "2026-11-04") == 3)
    #expect(try nights.store.nights() == ["2026-11-04", "2026-11-05"])
    let report = try nights.store.report()
    #expect(report.defects.map(\.since) == ["2026-11-01"] && report.defects.map(\.state) == [.known])
    #expect(report.gone.map(\.test) == ["6.12/amd64/w4/pages"])
  }

  @Test func anOlderReportIsRead() throws {
    defer { nights.remove() }
    // Of the first version: no names, no fingerprints, no tool.
    let text = """
      {"schema": "rmapcheck-report/1", "verdict": "violated", "recordings": [{"path": "night/6.12-a/trace.dat",
      "verdict": "violated", "kernel": "6.12.1-amd64", "records": 9, "events": 8, "doubts": [], "losses": [],
      "invariants": [{"name": "reach", "number": 1, "verdict": "violated", "decided": 3, "undecided": {},
      "violations": 2}], "violations": [{"invariant": "reach", "what": "VMA 0xff is lost.", "function": "f",
      "event": {"number": 4}}, {"invariant": "reach", "what": "VMA 0xee is lost.", "function": "f",
      "event": {"number": 5}}]}]}
      """
    _ = try nights.store.add([try NightResult(Data(text.utf8), path: "old.json")], night: "1")
    let report = try nights.store.report()
    #expect(report.defects.count == 1 && report.defects[0].tests == ["unknown/plain/6.12-a_trace.dat"])
    #expect(report.defects[0].event == 4)
  }

  @Test(arguments: [
    ("[1, 2", "not JSON"), ("{}", "schema is missing"),
    ("{\"schema\": \"rmapcheck-recording/1\", \"recordings\": []}", "its schema is"),
    ("{\"schema\": \"rmapcheck-report/1\", \"recordings\": [{\"path\": 1}]}", "recordings.[0].path has another type"),
  ])
  func whatIsNoReport(text: String, message: String) throws {
    defer { nights.remove() }
    let error = #expect(throws: StoreError.self) { try NightResult(Data(text.utf8), path: "x.json") }
    #expect(error?.kind == .damaged && error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  /// Neither someone else's file nor one of a newer version is written to.
  @Test func whatIsNoStore() throws {
    defer { nights.remove() }
    func error(_ path: String, _ access: NightStore.Access = .reading) -> StoreError? {
      do { _ = try NightStore(path: path, access) } catch { return error }
      return nil
    }
    let none = nights.folder.appending(path: "none.db").path
    #expect(error(none)?.kind == .missing && error(none, .changing)?.kind == .missing)
    #expect(!FileManager.default.fileExists(atPath: none))
    let text = nights.folder.appending(path: "text").path
    try String(repeating: "This is no database. ", count: 100).write(toFile: text, atomically: true, encoding: .utf8)
    #expect(error(text, .adding)?.description == "\(text): not a store of rmapcheck")
    #expect(error(nights.folder.path, .adding)?.kind == .damaged)
    #expect(error("/nowhere/at/all.db", .adding)?.kind == .unwritable)
    // Killed just after it was made: the next writer goes on.
    let begun = nights.folder.appending(path: "begun.db").path
    try DatabaseQueue(path: begun).write {
      try $0.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
    }
    #expect(error(begun, .adding) == nil)
    try nights.store.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999')") }
    #expect(error(nights.path)?.description.contains("a newer rmapcheck") == true)
    try nights.store.write { try $0.execute(sql: "PRAGMA application_id = 7") }
    #expect(error(nights.path, .adding)?.description.contains("not a store of rmapcheck") == true)
  }

  @Test func whatIsNoNight() throws {
    defer { nights.remove() }
    func message(_ night: String?, _ since: String?) -> String? {
      do { _ = try nights.store.report(night: night, since: since) } catch { return error.description }
      return nil
    }
    #expect(message(nil, nil)?.contains("no night in the store") == true)
    try nights.add("2026-11-01", .init())
    try nights.add("2026-11-02", .init())
    #expect(
      message("2026-11-03", nil) == "there is no night 2026-11-03 in the store; the last are 2026-11-01, 2026-11-02")
    #expect(message("2026-11-01", "2026-11-02")?.contains("is not before") == true)
  }
}
