internal import GRDB
import RecordingFormat

/// Which test a recording is of that is not there, so that nothing in it says: that of a recording of an earlier night at
/// the same place. Else the test would be gone, and one that was never there, too.
struct FormerPlaces {
  private let night: String
  /// Of the nights that a report remembers, the last one first: what lay where.
  private var places: [(night: Int64, parts: [Substring], test: Int64)]?

  init(before night: String) { self.night = night }

  /// nil if it is there, or says what it is, or nothing of the same name was there before.
  mutating func test(ofMissing recording: NightResult.Recording, _ db: Database) throws -> Int64? {
    guard recording.verdict == .missing, recording.run?.kernel ?? "unknown" == "unknown" else { return nil }
    let places = try places ?? fetch(db)
    self.places = places
    let parts = recording.path.split(separator: "/")
    // Each night may have a folder of its own: how much of the path is the same, from its end. All recordings may be
    // called trace.dat: then their folder counts.
    let needed = ["trace", "perf"].contains(parts.last?.prefix { $0 != "." } ?? "") ? 2 : 1
    var best: (night: Int64, same: Int, tests: Set<Int64>)?
    for place in places where best == nil || best?.night == place.night {
      let same = zip(parts.reversed(), place.parts.reversed()).prefix { $0 == $1 }.count
      guard same >= min(needed, parts.count), same >= best?.same ?? 0 else { continue }
      best = (place.night, same, same == best?.same ? best?.tests.union([place.test]) ?? [] : [place.test])
    }
    return best?.tests.count == 1 ? best?.tests.first : nil
  }

  private func fetch(_ db: Database) throws -> [(night: Int64, parts: [Substring], test: Int64)] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT run.night, run.path, run.test FROM run JOIN night ON night.id = run.night WHERE night.name IN
        (SELECT name FROM night WHERE name < ? ORDER BY name DESC LIMIT ?) ORDER BY night.name DESC, run.id
        """, arguments: [night, NightWindow.memory]
    ).map { row in (row[0], (row[1] as String).split(separator: "/"), row[2]) }
  }
}
