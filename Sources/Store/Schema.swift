internal import GRDB
import Glibc

/// The tables, and how older stores become newer ones.
enum Schema {
  /// `rmap`: what tells a store from other SQLite files.
  static let applicationID = 0x726d_6170

  /// Makes the tables, or brings them up to date.
  /// - Throws: ``StoreError`` if it is someone else's database, or of a newer version; GRDB's errors.
  static func prepare(_ queue: DatabaseQueue, _ path: String) throws {
    let migrator = migrator()
    var failures: UInt32 = 0
    while true {
      do {
        if try !isCurrent(queue, migrator, path) { try migrator.migrate(queue) }
        return
      } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR && failures < 20 {
        // Another one is at it meanwhile: a table is there already, or not yet. It takes a few milliseconds.
        failures += 1
        usleep(failures * 10_000)
      }
    }
  }

  private static func isCurrent(_ queue: DatabaseQueue, _ migrator: DatabaseMigrator, _ path: String) throws -> Bool {
    try queue.read { db in
      // Whoever is killed while it is made leaves the migrator's own table, without a row.
      let isNew =
        try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM sqlite_master WHERE tbl_name != 'grdb_migrations'") == 0
      let id = try Int.fetchOne(db, sql: "PRAGMA application_id")
      guard isNew && id == 0 || id == applicationID else {
        throw StoreError(.damaged, "\(path): not a store of rmapcheck")
      }
      guard !isNew else { return false }
      guard try !migrator.hasBeenSuperseded(db) else {
        throw StoreError(.damaged, "\(path): a newer rmapcheck made this store; use that one")
      }
      return try migrator.hasCompletedMigrations(db)
    }
  }

  /// What is kept of each run.
  static let tablesOfRuns = ["decision", "incident", "consequence", "size"]

  private static func migrator() -> DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      try db.execute(sql: first)
    }
    migrator.registerMigration("2") { db in try db.execute(sql: second) }
    return migrator
  }

  /// What nothing refers to any more. A defect stays: since when it is known is not forgotten.
  static func removeOrphans(_ db: Database) throws {
    try db.execute(sql: "DELETE FROM test WHERE id NOT IN (SELECT test FROM run)")
    try db.execute(sql: "DELETE FROM build WHERE id NOT IN (SELECT build FROM run)")
    try db.execute(sql: "DELETE FROM tool WHERE id NOT IN (SELECT tool FROM run)")
    try db.execute(sql: "DELETE FROM reason WHERE id NOT IN (SELECT reason FROM decision WHERE reason IS NOT NULL)")
  }

  /// `run.source` is the recording's checksum, or its path where that is not known. `decision` has the invariants that had
  /// something to decide. `debut` outlives the runs that it is from.
  private static let first = """
    CREATE TABLE night (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE test (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, line TEXT NOT NULL, flavour TEXT NOT NULL,
      workload TEXT NOT NULL, level TEXT, fault TEXT);
    CREATE TABLE build (
      id INTEGER PRIMARY KEY, release TEXT NOT NULL, version TEXT NOT NULL, machine TEXT NOT NULL,
      package TEXT NOT NULL, compiler TEXT NOT NULL, source TEXT NOT NULL, configuration TEXT NOT NULL,
      UNIQUE (release, version, machine, package, compiler, source, configuration));
    CREATE TABLE tool (
      id INTEGER PRIMARY KEY, version TEXT NOT NULL, source TEXT NOT NULL, UNIQUE (version, source));
    CREATE TABLE run (
      id INTEGER PRIMARY KEY, night INTEGER NOT NULL REFERENCES night, test INTEGER NOT NULL REFERENCES test,
      source TEXT NOT NULL, path TEXT NOT NULL, build INTEGER NOT NULL REFERENCES build,
      tool INTEGER NOT NULL REFERENCES tool, verdict TEXT NOT NULL, recorded TEXT, records INTEGER NOT NULL,
      events INTEGER NOT NULL, note TEXT, UNIQUE (night, test, source));
    CREATE INDEX run_of_test ON run (test, night);
    CREATE TABLE invariant (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE reason (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE TABLE decision (
      run INTEGER NOT NULL REFERENCES run, invariant INTEGER NOT NULL REFERENCES invariant, verdict INTEGER NOT NULL,
      decided INTEGER NOT NULL, undecided INTEGER NOT NULL, violations INTEGER NOT NULL,
      reason INTEGER REFERENCES reason, PRIMARY KEY (run, invariant)) WITHOUT ROWID;
    CREATE TABLE defect (
      id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, invariant TEXT NOT NULL, what TEXT NOT NULL,
      function TEXT NOT NULL, doer TEXT NOT NULL, rule TEXT NOT NULL);
    CREATE TABLE debut (
      defect INTEGER NOT NULL REFERENCES defect, line TEXT NOT NULL, night TEXT NOT NULL, kernel TEXT NOT NULL,
      PRIMARY KEY (defect, line)) WITHOUT ROWID;
    CREATE TABLE incident (
      defect INTEGER NOT NULL REFERENCES defect, run INTEGER NOT NULL REFERENCES run, findings INTEGER NOT NULL,
      event INTEGER NOT NULL, PRIMARY KEY (defect, run)) WITHOUT ROWID;
    CREATE INDEX incident_of_run ON incident (run);
    """

  /// `consequence` has the other invariants that are broken because of a defect. `size` has the most objects that a run's
  /// processes had at a time, for those runs that were compared, too.
  private static let second = """
    CREATE TABLE consequence (
      run INTEGER NOT NULL REFERENCES run, defect INTEGER NOT NULL REFERENCES defect,
      invariant INTEGER NOT NULL REFERENCES invariant, PRIMARY KEY (run, defect, invariant)) WITHOUT ROWID;
    CREATE TABLE size (
      run INTEGER PRIMARY KEY REFERENCES run, anon_vmas INTEGER NOT NULL, avcs INTEGER NOT NULL, bytes INTEGER NOT NULL);
    """
}
