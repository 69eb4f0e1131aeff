import RecordingFormat

/// How the runs of a night differ from those before, apart from defects.
struct RunChanges {
  /// How many of 1000 checks fewer are worth a line.
  static let fall: UInt64 = 100

  private let window: NightWindow
  /// By test: the runs since the night that it is compared with.
  private var now: [Int64: [NightWindow.Run]] = [:]
  /// Those of the last night before in which it came.
  private var before: [Int64: [NightWindow.Run]] = [:]
  /// Those of the last night before in which it could be judged: what was decided then.
  private var judged: [Int64: [NightWindow.Run]] = [:]

  init(_ window: NightWindow) {
    self.window = window
    // Runs come in the order of their nights.
    func note(_ run: NightWindow.Run, in runs: inout [Int64: [NightWindow.Run]]) {
      if runs[run.test]?.first?.night != run.night { runs[run.test] = [] }
      runs[run.test, default: []].append(run)
    }
    // Of a file of which nothing could be read, not even what was recorded is known: its test has the file's name, and does
    // not come again.
    func isNameless(_ run: NightWindow.Run) -> Bool {
      run.verdict == .damaged && window.tests[run.test]?.name.hasPrefix("unknown/") == true
    }
    for run in window.runs {
      if let since = window.since, run.night <= since {
        if run.verdict != .missing, !isNameless(run) { note(run, in: &before) }
        if run.isJudged { note(run, in: &judged) }
      } else {
        // Of several nights since then, the last one says how it is.
        note(run, in: &now)
      }
    }
  }

  private func name(_ test: Int64) -> String { window.tests[test]?.name ?? "" }

  /// Those that came before and not now, and those whose file could not be read.
  var gone: [MorningReport.GoneEntry] {
    var entries: [MorningReport.GoneEntry] = []
    for (test, runs) in before where now[test] == nil {
      guard let last = runs.last else { continue }
      entries.append(
        .init(test: name(test), last: window.nights[last.night], isNew: last.night == window.since, note: nil))
    }
    for (test, runs) in now {
      for run in runs where run.verdict == .missing {
        let last = before[test]?.last
        entries.append(
          .init(
            test: name(test), last: last.map { window.nights[$0.night] } ?? "never", isNew: true,
            note: "\(run.path): \(run.note ?? "missing")"))
      }
    }
    return entries.sorted { ($0.test, $0.note ?? "") < ($1.test, $1.note ?? "") }
  }

  var infrastructure: [MorningReport.InfrastructureEntry] {
    now.flatMap { test, runs in
      let worst = Set((before[test] ?? []).map(\.verdict))
      return runs.filter { $0.verdict == .damaged || $0.verdict == .undecided }.map { run in
        MorningReport.InfrastructureEntry(
          test: name(test), recording: run.path, verdict: run.verdict, note: run.note ?? reason(run),
          isNew: !worst.contains(run.verdict))
      }
    }.sorted { ($0.verdict.rawValue, $0.test, $0.recording) < ($1.verdict.rawValue, $1.test, $1.recording) }
  }

  /// Why a run is undecided that has no doubt as a whole: which invariants.
  private func reason(_ run: NightWindow.Run) -> String {
    let open = (window.decisions[run.id] ?? [:]).filter { $0.value.verdict == .undecided }.keys.sorted()
    return open.isEmpty ? "an invariant had nothing to decide" : "not decided: \(open.joined(separator: ", "))"
  }

  // MARK: Coverage

  /// How much of an invariant was decided in a test's runs of one night, ‰; nil if nothing was.
  private func share(_ runs: [NightWindow.Run], _ invariant: String) -> UInt64? {
    let entries = runs.compactMap { window.decisions[$0.id]?[invariant] }
    let decided = entries.reduce(0.0) { $0 + Double($1.decided) }
    let all = entries.reduce(decided) { $0 + Double($1.undecided) }
    return decided == 0 ? nil : UInt64(decided / all * 1000)
  }

  private struct Group: Hashable {
    let invariant: String
    let line: String
    let reason: String?
    let isLost: Bool
  }

  /// What was decided before and is not now, or less of it. Recordings that are damaged or were not checked are told of
  /// apart.
  var coverageLost: [MorningReport.CoverageEntry] {
    var groups: [Group: [(test: String, before: UInt64, now: UInt64?)]] = [:]
    for (test, runs) in now {
      let judgedNow = runs.filter(\.isJudged)
      guard let old = judged[test], !judgedNow.isEmpty else { continue }
      let invariants = Set(old.flatMap { (window.decisions[$0.id] ?? [:]).keys })
      for invariant in invariants {
        guard let shareBefore = share(old, invariant) else { continue }
        let shareNow = share(judgedNow, invariant)
        if let shareNow, shareNow + Self.fall > shareBefore { continue }
        let reason = judgedNow.compactMap { window.decisions[$0.id]?[invariant]?.reason }.first
        let group = Group(
          invariant: invariant, line: window.tests[test]?.line ?? "", reason: reason, isLost: shareNow == nil)
        groups[group, default: []].append((name(test), shareBefore, shareNow))
      }
    }
    return groups.map { group, tests in
      let sorted = tests.sorted { $0.test < $1.test }
      // The one that lost most.
      let worst = sorted.min { ($0.now ?? 0, $1.before) < ($1.now ?? 0, $0.before) }
      return MorningReport.CoverageEntry(
        invariant: group.invariant, line: group.line, tests: sorted.map(\.test), before: worst?.before ?? 0,
        now: worst?.now, reason: group.reason)
    }.sorted {
      ($0.now ?? 0, $0.invariant, $0.line, $0.tests.first ?? "") < (
        $1.now ?? 0, $1.invariant, $1.line, $1.tests.first ?? ""
      )
    }
  }
}
