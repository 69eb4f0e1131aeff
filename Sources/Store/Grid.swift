internal import GRDB
import RecordingFormat

/// The last nights of every test: kernels × workloads, with their course.
public struct Grid: Sendable {
  /// What the runs of a test came to in one night.
  struct Point: Sendable {
    let night: Int
    /// The worst of its runs.
    let verdict: Verdict
    let defects: Int
    let events: UInt64
    let decided: UInt64
    let undecided: UInt64
    /// The largest of its runs; nil where none was compared.
    let size: NightComparison.Size?
  }

  /// A test's place and its course.
  struct Cell: Sendable {
    let line: String
    let flavour: String
    let workload: String
    let points: [Point]
  }

  /// The names of the nights, oldest first.
  let nights: [String]
  /// By workload, then by kernel.
  let cells: [Cell]
}

extension NightStore {
  /// The nights up to one, the last one if none is named.
  /// - Throws: ``StoreError``.
  public func grid(night: String? = nil) throws(StoreError) -> Grid {
    try read { db in
      let all = try String.fetchAll(db, sql: "SELECT name FROM night ORDER BY name")
      let nights = Array(all.filter { night == nil || $0 <= night ?? "" }.suffix(NightWindow.trend))
      let places = Dictionary(uniqueKeysWithValues: nights.enumerated().map { ($1, $0) })
      var points: [Int64: [Grid.Point]] = [:]
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT run.test, night.name, GROUP_CONCAT(DISTINCT verdict) AS verdicts, SUM(events) AS events,
            SUM(sums.decided) AS decided, SUM(sums.undecided) AS undecided, SUM(incidents) AS incidents,
            MAX(size.anon_vmas) AS anon_vmas, MAX(size.avcs) AS avcs, MAX(size.bytes) AS bytes
          FROM run JOIN night ON night.id = run.night
          LEFT JOIN (SELECT run, SUM(decided) AS decided, SUM(undecided) AS undecided FROM decision GROUP BY run) sums
            ON sums.run = run.id
          LEFT JOIN size ON size.run = run.id
          LEFT JOIN (SELECT run, COUNT(*) AS incidents FROM incident GROUP BY run) seen ON seen.run = run.id
          WHERE night.name BETWEEN ? AND ? GROUP BY run.test, night.name ORDER BY night.name
          """, arguments: [nights.first, nights.last])
      while let row = try rows.next() {
        let verdicts = (row["verdicts"] as String).split(separator: ",").compactMap { Verdict(rawValue: String($0)) }
        points[row["test"], default: []].append(
          Grid.Point(
            night: places[row["name"]] ?? 0, verdict: Verdict.combined(verdicts), defects: row["incidents"] ?? 0,
            events: UInt64(row["events"] as Int64), decided: UInt64(row["decided"] as Int64? ?? 0),
            undecided: UInt64(row["undecided"] as Int64? ?? 0), size: size(row)))
      }
      let tests = try Row.fetchAll(db, sql: "SELECT * FROM test ORDER BY workload, level, fault, line, flavour")
      let cells = tests.compactMap { row -> Grid.Cell? in
        guard let points = points[row["id"]] else { return nil }
        let parts = [row["workload"], row["level"], (row["fault"] as String?).map { "fault-\($0)" }] as [String?]
        return Grid.Cell(
          line: row["line"], flavour: row["flavour"], workload: parts.compactMap { $0 }.joined(separator: "/"),
          points: points)
      }
      return Grid(nights: nights, cells: cells)
    }
  }

  private func size(_ row: Row) -> NightComparison.Size? {
    guard let anonVMAs: Int64 = row["anon_vmas"], let avcs: Int64 = row["avcs"], let bytes: Int64 = row["bytes"] else {
      return nil
    }
    return .init(anonVMAs: UInt64(anonVMAs), avcs: UInt64(avcs), bytes: UInt64(bytes))
  }
}
