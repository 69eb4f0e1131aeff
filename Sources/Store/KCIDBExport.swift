internal import GRDB
import RecordingFormat
import Reports

/// A night in KCIDB's I/O schema, v5.3: each kernel as a checkout and a build, each invariant of each run as a test, each
/// defect as an issue, and each run that showed it as an incident.
///
/// What was not decided is SKIP, a damaged recording ERROR, a missing one MISS: only a broken invariant is FAIL.
public struct KCIDBExport: Encodable, Sendable {
  let version = Version()
  let checkouts: [Checkout]
  let builds: [Build]
  let tests: [Test]
  let issues: [Issue]
  let incidents: [Incident]

  struct Version: Encodable {
    let major = 5
    let minor = 3
  }

  struct Checkout: Encodable {
    let id, origin: String
    let tree_name: String?
    let git_commit_hash, git_commit_name: String?
    let valid = true
  }

  struct Build: Encodable {
    let checkout_id, id, origin: String
    let architecture, compiler, comment: String?
    /// nil: nothing is known of that kernel.
    let status: String?
    let misc: [String: String]
  }

  struct Test: Encodable {
    let build_id, id, origin, path, status: String
    let start_time, comment: String?
    let misc: [String: String]
  }

  struct Issue: Encodable {
    let id, origin: String
    let version = 1
    let report_subject, comment: String
    let culprit = ["code": true, "tool": false, "harness": false]
    let misc: [String: String]
  }

  struct Incident: Encodable {
    let id, origin, issue_id: String
    let issue_version = 1
    let test_id, comment: String
    let present = true
  }

  /// As JSON.
  public var json: String { JSONReport.encode(self) }
}

extension NightStore {
  /// A night, the last one if none is named, for KCIDB.
  /// - Parameter origin: the name of the CI system that submits it: `a` to `z`, digits and `_`.
  /// - Throws: ``StoreError``.
  public func kcidb(night: String? = nil, origin: String) throws(StoreError) -> KCIDBExport {
    try read { db in
      let window = try NightWindow(db, night: night, since: nil)
      let last = window.nights.count - 1
      let runs = window.runs.filter { $0.night == last }
      return try KCIDBWriter(db: db, origin: origin, night: window.nights[last], window: window).export(runs)
    }
  }
}

private struct KCIDBWriter {
  let db: Database
  let origin: String
  let night: String
  let window: NightWindow

  func export(_ runs: [NightWindow.Run]) throws -> KCIDBExport {
    let builds = try builds(runs)
    let ids = Set(runs.map(\.id))
    let incidents = window.incidents.filter { ids.contains($0.run) }
    let defects = Set(incidents.map(\.defect)).compactMap { window.defects[$0] }.sorted {
      $0.fingerprint < $1.fingerprint
    }
    return KCIDBExport(
      checkouts: builds.map(\.checkout), builds: builds.map(\.build), tests: try runs.flatMap(tests),
      issues: defects.map(issue), incidents: try incident(incidents, runs))
  }

  // MARK: Kernels

  private func builds(
    _ runs: [NightWindow.Run]
  ) throws -> [(checkout: KCIDBExport.Checkout, build: KCIDBExport.Build)] {
    // A kernel has one line, whatever runs on it.
    let lines = Dictionary(runs.map { ($0.build, window.tests[$0.test]?.line ?? "") }) { first, _ in first }
    return try Row.fetchAll(db, sql: "SELECT * FROM build ORDER BY release, version, id").compactMap { row in
      let id: Int64 = row["id"]
      guard let line = lines[id] else { return nil }
      let (release, source): (String, String) = (row["release"], row["source"])
      let name = Self.key(row)
      let isHash = source.count == 40 && source.allSatisfy { $0.isHexDigit && !$0.isUppercase }
      let checkout = KCIDBExport.Checkout(
        id: "\(origin):\(name)", origin: origin, tree_name: line, git_commit_hash: isHash ? source : nil,
        git_commit_name: source.isEmpty || isHash ? some(release) : source)
      let misc = ["version": "version", "package": "package", "configuration": "configuration"]
        .compactMapValues { some(row[$0]) }
      let build = KCIDBExport.Build(
        checkout_id: checkout.id, id: "\(origin):\(name)", origin: origin,
        architecture: some(row["machine"]).map(Self.architecture), compiler: some(row["compiler"]),
        comment: some(release), status: release.isEmpty ? nil : "PASS", misc: misc)
      return (checkout, build)
    }
  }

  /// The same in any store: what the kernel says of itself.
  private static func key(_ row: Row) -> String {
    let columns = ["release", "version", "machine", "package", "compiler", "source", "configuration"]
    let release: String = row["release"]
    return "\(release.isEmpty ? "unknown" : release)/\(hash64(columns.map { row[$0] as String }))"
  }

  private static func architecture(_ machine: String) -> String {
    String(machine.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  private func some(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : plain($0) } }

  /// The schema allows every character but one.
  private func plain(_ text: String) -> String { text.replacing("\0", with: "?") }

  // MARK: Runs

  private func id(_ run: NightWindow.Run, _ name: String) -> String {
    plain("\(origin):\(night)/\(window.tests[run.test]?.name ?? "")/\(run.source)/\(name)")
  }

  private func tests(_ run: NightWindow.Run) throws -> [KCIDBExport.Test] {
    guard let test = window.tests[run.test],
      let row = try Row.fetchOne(
        db, sql: "SELECT build.*, run.recorded FROM run JOIN build ON build.id = run.build WHERE run.id = ?",
        arguments: [run.id])
    else { return [] }
    let (build, recorded): (String, String?) = ("\(origin):\(Self.key(row))", row["recorded"])
    let start = recorded.flatMap { $0.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) == nil ? nil : $0 }
    func entry(_ name: String, _ status: String, _ comment: String?, _ misc: [String: String]) -> KCIDBExport.Test {
      KCIDBExport.Test(
        build_id: build, id: id(run, name), origin: origin, path: path(test, name), status: status, start_time: start,
        comment: comment.map(plain), misc: misc.mapValues(plain))
    }
    let whole = entry(
      "recording", whole(run.verdict), run.note, ["recording": run.path, "events": "\(run.events)", "test": test.name])
    let decisions = try NightWindow.decided(db, in: [run.id])[run.id] ?? [:]
    return [whole]
      + decisions.sorted { $0.key < $1.key }.map { name, decision in
        entry(
          name, status(decision, run), decision.reason,
          ["decided": "\(decision.decided)", "undecided": "\(decision.undecided)"])
      }
  }

  private func path(_ test: NightWindow.Test, _ name: String) -> String {
    let parts =
      ["rmapcheck", test.workload] + [test.level, test.fault.map { "fault-\($0)" }].compactMap { $0 } + [name]
    return parts.map { part in
      String(part.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") ? $0 : "_" })
    }.joined(separator: ".")
  }

  private func whole(_ verdict: Verdict) -> String {
    switch verdict {
    case .holds, .violated: "DONE"
    case .undecided: "SKIP"
    case .damaged: "ERROR"
    case .missing: "MISS"
    }
  }

  private func status(_ decision: NightWindow.Decision, _ run: NightWindow.Run) -> String {
    switch decision.verdict {
    case .violated: "FAIL"
    // Behind the damage it may be broken.
    case .holds: run.verdict == .damaged ? "SKIP" : "PASS"
    default: "SKIP"
    }
  }

  // MARK: Defects

  private func issue(_ defect: NightWindow.Defect) -> KCIDBExport.Issue {
    KCIDBExport.Issue(
      id: "\(origin):\(defect.fingerprint)", origin: origin,
      report_subject: plain("\(defect.invariant) broken in \(defect.doer)"),
      comment: plain("\(defect.what)\n\n\(defect.rule)"),
      misc: ["fingerprint": defect.fingerprint, "invariant": defect.invariant, "function": plain(defect.function)])
  }

  /// One for each invariant that is broken because of a defect: the first and those that follow from it.
  private func incident(
    _ incidents: [NightWindow.Incident], _ runs: [NightWindow.Run]
  ) throws -> [KCIDBExport.Incident] {
    let byID = Dictionary(uniqueKeysWithValues: runs.map { ($0.id, $0) })
    return try incidents.flatMap { incident -> [KCIDBExport.Incident] in
      guard let defect = window.defects[incident.defect], let run = byID[incident.run] else { return [] }
      let place = "event \(incident.event) of \(run.path)"
      let others = try String.fetchAll(
        db,
        sql: """
          SELECT name FROM consequence JOIN invariant ON invariant.id = consequence.invariant
          WHERE run = ? AND defect = ? ORDER BY name
          """, arguments: [run.id, incident.defect])
      return ([(defect.invariant, place)] + others.map { ($0, "follows from \(place)") }).map { invariant, comment in
        let test = id(run, invariant)
        return KCIDBExport.Incident(
          id: "\(test)/\(defect.fingerprint)", origin: origin, issue_id: "\(origin):\(defect.fingerprint)",
          test_id: test, comment: plain(comment))
      }
    }
  }
}
