internal import GRDB
import RecordingFormat

/// What adding came to.
public struct Addition: Sendable, Equatable {
  /// Runs that are new to the night.
  public var added = 0
  /// Runs of recordings that the night had already.
  public var replaced = 0
  /// Runs whose objects were counted.
  public var measured = 0
}

extension NightStore {
  /// Adds reports to a night, all of them or none.
  ///
  /// - Parameters:
  ///   - results: what `check` found.
  ///   - comparisons: what `compare` counted, of recordings that the night has, by these results or earlier ones.
  ///   - night: its name; nights are ordered by their names, so a date is a good one.
  ///   - tree: what to call the kernels instead of their line (`6.12`): the name of a tree that moves from line to line.
  /// - Throws: ``StoreError``.
  public func add(
    _ results: [NightResult], comparisons: [NightComparison] = [], night: String, tree: String? = nil
  ) throws(StoreError) -> Addition {
    try write { db in
      var addition = Addition()
      var rows = Rows(db)
      let nightID = try rows.id("night", ["name": night])
      var places = FormerPlaces(before: night)
      for result in results {
        let tool = try rows.id(
          "tool", ["version": result.tool?.version ?? "", "source": result.tool?.commit ?? ""])
        for recording in result.recordings {
          let former = try places.test(ofMissing: recording, db)
          let run = try rows.run(recording, TestName(recording, tree: tree), former, night: nightID, tool: tool)
          if run.isNew { addition.added += 1 } else { addition.replaced += 1 }
          try rows.decisions(recording, run: run.id)
          try rows.incidents(recording, run: run.id, night: night, line: TestName(recording, tree: tree).line)
        }
      }
      for workload in comparisons.flatMap(\.workloads) {
        guard let size = workload.size else { continue }
        guard try rows.size(size, ofRecording: workload.name, night: nightID) else {
          throw StoreError(
            .missing, "night \(night) has no result of \(workload.name), which was compared: add that of check, too")
        }
        addition.measured += 1
      }
      return addition
    }
  }
}

/// A test, by the names that `check` gives it.
struct TestName {
  let line: String
  let flavour: String
  let workload: String
  let level: String?
  let fault: String?

  init(_ recording: NightResult.Recording, tree: String?) {
    let run = recording.run
    line = tree ?? run?.kernel ?? "unknown"
    flavour = run?.flavour ?? "plain"
    // Reports had no names at first: what they have is the path, and that all files are called trace.dat.
    workload = run?.workload ?? recording.path.split(separator: "/").suffix(2).joined(separator: "_")
    level = run?.level
    fault = run?.fault
  }

  /// `6.12/cloud-amd64/anon_vma_paths/pages`: without the number by which a report tells several runs of it apart.
  var name: String {
    ([line, flavour, workload] + [level, fault.map { "fault-\($0)" }].compactMap { $0 }).joined(separator: "/")
  }
}

/// Writes rows, and knows the numbers of those that it has seen.
private struct Rows {
  let db: Database
  private var known: [String: Int64] = [:]

  init(_ db: Database) { self.db = db }

  /// The number of a row with those values, which is made if need be.
  mutating func id(_ table: String, _ values: KeyValuePairs<String, String>) throws -> Int64 {
    let key = ([table] + values.map(\.value)).joined(separator: "\0")
    if let id = known[key] { return id }
    let columns = values.map(\.key)
    let arguments = StatementArguments(values.map(\.value))
    let condition = columns.map { "\($0) = ?" }.joined(separator: " AND ")
    let found = try Int64.fetchOne(db, sql: "SELECT id FROM \(table) WHERE \(condition)", arguments: arguments)
    if let found {
      known[key] = found
      return found
    }
    let places = columns.map { _ in "?" }.joined(separator: ", ")
    try db.execute(
      sql: "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(places))", arguments: arguments)
    known[key] = db.lastInsertedRowID
    return db.lastInsertedRowID
  }

  private mutating func test(_ test: TestName) throws -> Int64 {
    if let id = known["test\0\(test.name)"] { return id }
    try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO test (name, line, flavour, workload, level, fault) VALUES (?, ?, ?, ?, ?, ?)"
    ).execute(arguments: [test.name, test.line, test.flavour, test.workload, test.level, test.fault])
    return try id("test", ["name": test.name])
  }

  private mutating func build(_ recording: NightResult.Recording) throws -> Int64 {
    let made = recording.made
    let configuration = (made?.configuration ?? [:]).sorted { $0.key < $1.key }
    return try id(
      "build",
      [
        "release": recording.kernel ?? "", "version": made?.kernelVersion ?? "", "machine": made?.machine ?? "",
        "package": made?.package ?? "", "compiler": made?.compiler ?? "", "source": made?.commit ?? "",
        "configuration": configuration.map { "\($0.key)=\($0.value)" }.joined(separator: "\n"),
      ])
  }

  mutating func run(
    _ recording: NightResult.Recording, _ test: TestName, _ former: Int64?, night: Int64, tool: Int64
  ) throws -> (id: Int64, isNew: Bool) {
    let testID = try former ?? self.test(test)
    let source = recording.xxh64 ?? recording.path
    // What could not be checked has no checksum; once it is, that takes its place.
    let old = try Int64.fetchAll(
      db.cachedStatement(sql: "SELECT id FROM run WHERE night = ? AND ((test = ? AND source = ?) OR source = ?)"),
      arguments: [night, testID, source, recording.path])
    for id in old { try remove(run: id) }
    let note = recording.damage ?? (recording.doubts.isEmpty ? nil : recording.doubts.joined(separator: "; "))
    try db.cachedStatement(
      sql: """
        INSERT INTO run (night, test, source, path, build, tool, verdict, recorded, records, events, note)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      night, testID, source, recording.path, try build(recording), tool, recording.verdict.rawValue,
      recording.made?.date, Int64(clamping: recording.records), Int64(clamping: recording.events), note,
    ])
    return (db.lastInsertedRowID, old.isEmpty)
  }

  mutating func decisions(_ recording: NightResult.Recording, run: Int64) throws {
    let insert = try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO decision (run, invariant, verdict, decided, undecided, violations, reason)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """)
    for entry in recording.invariants {
      let undecided = entry.undecided.values.reduce(UInt64(0)) { $0.addingReportingOverflow($1).partialValue }
      guard entry.decided > 0 || undecided > 0 || entry.violations > 0 else { continue }
      let reason = entry.verdict == .undecided ? entry.reason : nil
      try insert.execute(arguments: [
        run, try id("invariant", ["name": entry.name]), entry.verdict.code, Int64(clamping: entry.decided),
        Int64(clamping: undecided), Int64(clamping: entry.violations),
        try reason.map { try id("reason", ["text": $0]) },
      ])
    }
  }

  /// Keeps how many objects there were in the run of a recording, by its path.
  /// - Returns: whether the night has one.
  func size(_ size: NightComparison.Size, ofRecording path: String, night: Int64) throws -> Bool {
    // Of two at one place, that which was put there last.
    try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO size (run, anon_vmas, avcs, bytes)
        SELECT id, ?, ?, ? FROM run WHERE night = ? AND path = ? ORDER BY id DESC LIMIT 1
        """
    ).execute(arguments: [
      Int64(clamping: size.anonVMAs), Int64(clamping: size.avcs), Int64(clamping: size.bytes), night, path,
    ])
    return db.changesCount > 0
  }

  /// Removes a run. A defect that was first seen in it was first seen in the next one, then.
  private func remove(run: Int64) throws {
    let defects = try Int64.fetchAll(db, sql: "SELECT defect FROM incident WHERE run = ?", arguments: [run])
    let night = try String.fetchOne(
      db, sql: "SELECT name FROM night WHERE id = (SELECT night FROM run WHERE id = ?)", arguments: [run])
    for table in Schema.tablesOfRuns {
      try db.cachedStatement(sql: "DELETE FROM \(table) WHERE run = ?").execute(arguments: [run])
    }
    try db.cachedStatement(sql: "DELETE FROM run WHERE id = ?").execute(arguments: [run])
    for defect in defects {
      try db.execute(sql: "DELETE FROM debut WHERE defect = ? AND night = ?", arguments: [defect, night])
      try db.execute(
        sql: """
          INSERT OR IGNORE INTO debut (defect, line, night, kernel)
          SELECT incident.defect, test.line, night.name, build.release FROM incident
          JOIN run ON run.id = incident.run JOIN test ON test.id = run.test JOIN night ON night.id = run.night
          JOIN build ON build.id = run.build WHERE incident.defect = ? ORDER BY night.name, build.release
          """, arguments: [defect])
    }
  }

  mutating func incidents(_ recording: NightResult.Recording, run: Int64, night: String, line: String) throws {
    for seen in recording.seen {
      try db.cachedStatement(
        sql: "INSERT OR REPLACE INTO incident (defect, run, findings, event) VALUES (?, ?, ?, ?)"
      ).execute(arguments: [
        try defect(seen), run, Int64(clamping: seen.violations), Int64(clamping: seen.event),
      ])
      for invariant in seen.consequences.sorted() {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO consequence (run, defect, invariant) VALUES (?, ?, ?)")
          .execute(arguments: [run, try defect(seen), try id("invariant", ["name": invariant])])
      }
      try db.cachedStatement(
        sql: """
          INSERT INTO debut (defect, line, night, kernel) VALUES (?, ?, ?, ?)
          ON CONFLICT (defect, line) DO UPDATE SET night = excluded.night, kernel = excluded.kernel
          WHERE (excluded.night, excluded.kernel) < (night, kernel)
          """
      ).execute(arguments: [try id("defect", ["fingerprint": seen.fingerprint]), line, night, recording.kernel ?? ""])
    }
  }

  /// Kernels have other names for the same function: of all texts the first in the alphabet stays, whatever came first.
  private mutating func defect(_ seen: NightResult.Seen) throws -> Int64 {
    try db.cachedStatement(
      sql: """
        INSERT INTO defect (fingerprint, invariant, what, function, doer, rule) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (fingerprint) DO UPDATE SET
          what = excluded.what, function = excluded.function, doer = excluded.doer, rule = excluded.rule
        WHERE (excluded.doer, excluded.function, excluded.what, excluded.rule) < (doer, function, what, rule)
        """
    ).execute(arguments: [
      seen.fingerprint, seen.invariant, seen.what, seen.function, seen.doer, seen.rule,
    ])
    return try id("defect", ["fingerprint": seen.fingerprint])
  }
}

extension Verdict {
  /// As it stands in `decision`.
  var code: Int { Int(exitStatus) }
}
