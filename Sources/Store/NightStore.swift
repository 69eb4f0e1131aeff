// Store: the results of many nights, in one SQLite file.
//
// One idea: a night's report is a pure function of what was added, in whatever order. What is added is the JSON report of
// `check`, and of `compare` where a night is to have the graph's size (NightResult.swift, NightComparison.swift); each run is
// one row, under the name of its test, with the checks that were decided per invariant and the defects that were seen, by
// fingerprint (Adding.swift). Adding a recording to a night again replaces what was there. Nights are ordered by their
// names, and no clock is read.
//
// What the mail says is computed in two steps: what it needs is fetched (NightWindow.swift), then compared as plain values
// (MorningReport.swift, DefectHistory.swift, RunChanges.swift), which Text, HTML and JSON print. KCIDB gets the same
// rows (KCIDBExport.swift).
//
// A change of the schema is a new migration at the end of Schema.swift; those that were released are never edited.

internal import GRDB
import Glibc

/// A store of nightly results: one SQLite file, with one writer at a time. Every change is one transaction: a writer that is
/// killed leaves what was there before.
public final class NightStore: Sendable {
  let queue: DatabaseQueue
  let path: String

  /// What a store is opened for.
  public enum Access: Sendable {
    /// To look at; it must be there.
    case reading
    /// To change; it must be there.
    case changing
    /// To add to; it is made if need be.
    case adding
  }

  /// How long a writer waits for another one, s.
  static let patience = 60.0

  /// Opens a store, and brings its schema up to date.
  /// - Throws: ``StoreError`` if it is not there, is no store, is of a newer version, or can't be written.
  public init(path: String, _ access: Access) throws(StoreError) {
    self.path = path
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFREG else { throw StoreError(.damaged, "\(path): not a file") }
    } else if access != .adding {
      throw StoreError(.missing, "\(path): \(String(cString: strerror(errno)))")
    }
    var configuration = Configuration()
    configuration.busyMode = .timeout(Self.patience)
    configuration.prepareDatabase { db in
      // The journal and its name are on the disk before a transaction counts.
      try db.execute(sql: "PRAGMA synchronous = EXTRA")
    }
    do {
      queue = try DatabaseQueue(path: path, configuration: configuration)
      try Schema.prepare(queue, path)
    } catch {
      throw StoreError(error, path)
    }
  }

  func read<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
    do { return try queue.read(body) } catch { throw StoreError(error, path) }
  }

  func write<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
    do { return try queue.write(body) } catch { throw StoreError(error, path) }
  }

  /// The names of all nights, oldest first.
  public func nights() throws(StoreError) -> [String] {
    try read { try String.fetchAll($0, sql: "SELECT name FROM night ORDER BY name") }
  }

  /// Forgets the nights before one. Since when a defect is known stays.
  /// - Returns: how many nights were forgotten.
  /// - Throws: ``StoreError``.
  public func prune(before night: String) throws(StoreError) -> Int {
    let count = try write { db in
      let old = "SELECT id FROM night WHERE name < ?"
      let runs = "SELECT id FROM run WHERE night IN (\(old))"
      for table in Schema.tablesOfRuns {
        try db.execute(sql: "DELETE FROM \(table) WHERE run IN (\(runs))", arguments: [night])
      }
      try db.execute(sql: "DELETE FROM run WHERE night IN (\(old))", arguments: [night])
      try db.execute(sql: "DELETE FROM night WHERE name < ?", arguments: [night])
      let count = db.changesCount
      try Schema.removeOrphans(db)
      return count
    }
    do { try queue.vacuum() } catch { throw StoreError(error, path) }
    return count
  }

  /// Forgets a test that will not be run again, in all nights.
  /// - Returns: how many runs of it there were.
  /// - Throws: ``StoreError``.
  public func forget(test: String) throws(StoreError) -> Int {
    try write { db in
      let runs = "SELECT run.id FROM run JOIN test ON test.id = run.test WHERE test.name = ?"
      for table in Schema.tablesOfRuns {
        try db.execute(sql: "DELETE FROM \(table) WHERE run IN (\(runs))", arguments: [test])
      }
      try db.execute(sql: "DELETE FROM run WHERE id IN (\(runs))", arguments: [test])
      let count = db.changesCount
      try db.execute(sql: "DELETE FROM night WHERE id NOT IN (SELECT night FROM run)")
      try Schema.removeOrphans(db)
      return count
    }
  }
}

/// What keeps a store from being used.
public struct StoreError: Error, CustomStringConvertible {
  /// What kind of obstacle it is.
  public enum Kind: Sendable {
    /// There is no such file, or no such night.
    case missing
    /// It is not what it should be.
    case damaged
    /// It can't be written.
    case unwritable
  }

  /// The kind.
  public let kind: Kind
  /// What is wrong, where, and what to do.
  public let description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  init(_ error: any Error, _ path: String) {
    if let error = error as? StoreError {
      self = error
      return
    }
    guard let error = error as? DatabaseError else {
      self.init(.unwritable, "\(path): \(error)")
      return
    }
    let message = error.message ?? "SQLite error \(error.resultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_NOTADB: self.init(.damaged, "\(path): not a store of rmapcheck")
    case .SQLITE_CORRUPT:
      self.init(.damaged, "\(path): the store is damaged (\(message)); restore it, or add the results to a new one")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(.unwritable, "\(path): another program has held it for \(Int(NightStore.patience)) s; try again")
    case .SQLITE_CANTOPEN: self.init(.unwritable, "\(path): it can't be opened or made (\(message))")
    default: self.init(.unwritable, "\(path): \(message)")
    }
  }
}
