internal import GRDB
import RecordingFormat

/// What a night's report rests on: that night, the one that it is compared with, and as many before it as are remembered.
struct NightWindow {
  /// How many nights a test that did not come, and a defect that comes and goes, are remembered.
  static let memory = 14
  /// How many nights a trend shows.
  static let trend = 30

  /// One run of a test.
  struct Run {
    let id: Int64
    /// The night's place among ``nights``.
    let night: Int
    let test: Int64
    let build: Int64
    let tool: Int64
    let release: String
    let path: String
    let source: String
    let verdict: Verdict
    let records: UInt64
    let events: UInt64
    let note: String?

    /// Whether its file was read to its end, and there was something to judge.
    var isJudged: Bool { verdict != .damaged && verdict != .missing && events > 0 }
  }

  /// One test.
  struct Test {
    let name: String
    let line: String
    let flavour: String
    let workload: String
    let level: String?
    let fault: String?
  }

  /// One defect.
  struct Defect {
    let fingerprint: String
    let invariant: String
    let what: String
    let function: String
    let doer: String
    let rule: String
  }

  /// A defect on one kernel line.
  struct Pair: Hashable {
    let defect: Int64
    let line: String
  }

  /// What all nights up to the reported one say of a pair.
  struct History {
    /// The night in which it was first seen, and the kernel's release then.
    var first = (night: "", kernel: "")
    /// How many nights it was seen in.
    var nights = 0
    /// The last night, up to the one compared with, in which it was seen; nil if there is none.
    var lastBefore: String?
  }

  /// One run in which a defect was seen.
  struct Incident {
    let defect: Int64
    let run: Int64
    let findings: Int
    let event: UInt64
  }

  /// What one invariant came to in one run.
  struct Decision {
    let verdict: Verdict
    let decided: UInt64
    let undecided: UInt64
    let reason: String?
  }

  /// The names of the nights that are looked at, oldest first; the last one is reported.
  let nights: [String]
  /// The place of the night that it is compared with; nil if there is none.
  let since: Int?
  /// In the order of their nights, then of their tests' names and sources.
  let runs: [Run]
  let tests: [Int64: Test]
  let defects: [Int64: Defect]
  let incidents: [Incident]
  let history: [Pair: History]
  /// Of the runs that coverage is compared of: by run, then by the invariant's name.
  let decisions: [Int64: [String: Decision]]
  /// Of the invariants that any incident is of: those runs that decided them.
  let decided: [String: Set<Int64>]
  /// The programs that checked the last night, and the one that it is compared with.
  let tools: (last: [String], since: [String])
}

extension NightWindow {
  /// Fetches what the report of a night needs.
  /// - Throws: ``StoreError`` if there is no such night.
  init(_ db: Database, night: String?, since: String?) throws {
    let all = try String.fetchAll(db, sql: "SELECT name FROM night ORDER BY name")
    guard let last = try Self.place(of: night, in: all, or: all.indices.last) else {
      throw StoreError(.missing, "there is no night in the store; add results with `rmapcheck store add`")
    }
    let before = try Self.place(of: since, in: all, or: last > 0 ? last - 1 : nil)
    if let before, before >= last {
      throw StoreError(.missing, "\(all[before]) is not before \(all[last]): there is nothing to compare")
    }
    let start = max(0, min(before ?? last, last - Self.memory + 1))
    nights = Array(all[start...last])
    let sincePlace = before.map { $0 - start }
    self.since = sincePlace
    runs = try Self.runs(db, nights)
    tests = try Self.tests(db)
    defects = try Self.defects(db)
    let range = [nights.first, nights.last]
    incidents = try Row.fetchAll(
      db,
      sql: """
        SELECT incident.* FROM incident JOIN run ON run.id = incident.run JOIN night ON night.id = run.night
        WHERE night.name BETWEEN ? AND ? ORDER BY incident.run, incident.defect
        """, arguments: StatementArguments(range)
    ).map { row in
      Incident(
        defect: row["defect"], run: row["run"], findings: row["findings"], event: UInt64(row["event"] as Int64))
    }
    history = try Self.history(db, upTo: all[last], since: before.map { all[$0] })
    let compared = Self.compared(runs, since: sincePlace)
    decisions = try Self.decided(db, in: compared)
    let (defects, incidents) = (defects, incidents)
    let invariants = Set(incidents.compactMap { defects[$0.defect]?.invariant })
    decided = try Self.decided(db, invariants, range)
    tools = (
      try Self.tools(db, all[last]), try before.map { try Self.tools(db, all[$0]) } ?? []
    )
  }

  private static func place(of name: String?, in nights: [String], or other: Int?) throws -> Int? {
    guard let name else { return other }
    if let place = nights.firstIndex(of: name) { return place }
    let known = nights.suffix(5).joined(separator: ", ")
    throw StoreError(
      .missing, "there is no night \(name) in the store" + (known.isEmpty ? "" : "; the last are \(known)"))
  }

  private static func runs(_ db: Database, _ nights: [String]) throws -> [Run] {
    let places = Dictionary(uniqueKeysWithValues: nights.enumerated().map { ($1, $0) })
    return try Row.fetchAll(
      db,
      sql: """
        SELECT run.*, night.name AS night_name, build.release FROM run
        JOIN night ON night.id = run.night JOIN build ON build.id = run.build JOIN test ON test.id = run.test
        WHERE night.name BETWEEN ? AND ? ORDER BY night.name, test.name, run.source
        """, arguments: [nights.first, nights.last]
    ).map { row in
      Run(
        id: row["id"], night: places[row["night_name"]] ?? 0, test: row["test"], build: row["build"], tool: row["tool"],
        release: row["release"], path: row["path"], source: row["source"],
        verdict: Verdict(rawValue: row["verdict"]) ?? .undecided, records: UInt64(row["records"] as Int64),
        events: UInt64(row["events"] as Int64), note: row["note"])
    }
  }

  private static func tests(_ db: Database) throws -> [Int64: Test] {
    let rows = try Row.fetchAll(db, sql: "SELECT * FROM test")
    return Dictionary(
      uniqueKeysWithValues: rows.map { row in
        let test = Test(
          name: row["name"], line: row["line"], flavour: row["flavour"], workload: row["workload"], level: row["level"],
          fault: row["fault"])
        return (row["id"], test)
      })
  }

  private static func defects(_ db: Database) throws -> [Int64: Defect] {
    let rows = try Row.fetchAll(db, sql: "SELECT * FROM defect")
    return Dictionary(
      uniqueKeysWithValues: rows.map { row in
        let defect = Defect(
          fingerprint: row["fingerprint"], invariant: row["invariant"], what: row["what"], function: row["function"],
          doer: row["doer"], rule: row["rule"])
        return (row["id"], defect)
      })
  }

  private static func history(_ db: Database, upTo last: String, since: String?) throws -> [Pair: History] {
    var history: [Pair: History] = [:]
    for row in try Row.fetchAll(db, sql: "SELECT * FROM debut WHERE night <= ?", arguments: [last]) {
      let pair = Pair(defect: row["defect"], line: row["line"])
      history[pair, default: History()].first = (row["night"], row["kernel"])
    }
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT incident.defect, test.line, COUNT(DISTINCT run.night) AS nights,
          MAX(CASE WHEN night.name <= ? THEN night.name END) AS last_before
        FROM incident JOIN run ON run.id = incident.run JOIN test ON test.id = run.test
        JOIN night ON night.id = run.night WHERE night.name <= ? GROUP BY incident.defect, test.line
        """, arguments: [since ?? "", last])
    while let row = try rows.next() {
      let pair = Pair(defect: row["defect"], line: row["line"])
      history[pair, default: History()].nights = row["nights"]
      history[pair]?.lastBefore = row["last_before"]
    }
    return history
  }

  /// The runs that coverage is compared of: of each test those since the night compared with, and those of the last night
  /// before in which it could be judged.
  static func compared(_ runs: [Run], since: Int?) -> [Int64] {
    guard let since else { return runs.map(\.id) }
    var lastNight: [Int64: Int] = [:]
    for run in runs where run.night <= since && run.isJudged { lastNight[run.test] = run.night }
    return runs.filter { $0.night > since || lastNight[$0.test] == $0.night }.map(\.id)
  }

  static func decided(_ db: Database, in runs: [Int64]) throws -> [Int64: [String: Decision]] {
    var result: [Int64: [String: Decision]] = [:]
    let statement = try db.makeStatement(
      sql: """
        SELECT invariant.name, decision.verdict, decided, undecided, reason.text FROM decision
        JOIN invariant ON invariant.id = decision.invariant LEFT JOIN reason ON reason.id = decision.reason WHERE run = ?
        """)
    let verdicts = Dictionary(uniqueKeysWithValues: Verdict.allCases.map { ($0.code, $0) })
    for run in runs {
      let rows = try Row.fetchCursor(statement, arguments: [run])
      var entries: [String: Decision] = [:]
      while let row = try rows.next() {
        entries[row[0]] = Decision(
          verdict: verdicts[row[1]] ?? .undecided, decided: UInt64(row[2] as Int64), undecided: UInt64(row[3] as Int64),
          reason: row[4])
      }
      result[run] = entries
    }
    return result
  }

  private static func decided(
    _ db: Database, _ invariants: Set<String>, _ range: [String?]
  ) throws -> [String: Set<Int64>] {
    var result: [String: Set<Int64>] = [:]
    for name in invariants {
      let runs = try Int64.fetchSet(
        db,
        sql: """
          SELECT run.id FROM run JOIN night ON night.id = run.night JOIN decision ON decision.run = run.id
          WHERE night.name BETWEEN ? AND ? AND decided > 0
          AND decision.invariant = (SELECT id FROM invariant WHERE name = ?)
          """, arguments: StatementArguments(range + [name]))
      result[name] = runs
    }
    return result
  }

  private static func tools(_ db: Database, _ night: String) throws -> [String] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT DISTINCT tool.version, tool.source FROM tool JOIN run ON run.tool = tool.id
        JOIN night ON night.id = run.night WHERE night.name = ? ORDER BY 1, 2
        """, arguments: [night]
    ).map { row in
      let (version, source): (String, String) = (row[0], row[1])
      return source.isEmpty ? version : "\(version) (\(source))"
    }
  }
}
