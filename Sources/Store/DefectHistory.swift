import RecordingFormat

/// What became of each defect, by kernel line.
///
/// Whether it was there in a night is said by the runs of the tests that showed it in the remembered nights: those runs in
/// which its invariant was decided. A damaged run, or one that lost the events, does not say that it is gone.
struct DefectHistory {
  private typealias Pair = NightWindow.Pair

  /// A run that says whether the defect was there.
  private struct Judged {
    let run: NightWindow.Run
    let incident: NightWindow.Incident?
    var isSeen: Bool { incident != nil }
  }

  private let window: NightWindow
  private let since: Int
  private let runs: [Int64: NightWindow.Run]
  /// By test, in the order of nights.
  private let runsOfTest: [Int64: [NightWindow.Run]]
  private let incidents: [Pair: [NightWindow.Incident]]

  init(_ window: NightWindow) {
    self.window = window
    since = window.since ?? -1
    let runs = Dictionary(uniqueKeysWithValues: window.runs.map { ($0.id, $0) })
    self.runs = runs
    runsOfTest = Dictionary(grouping: window.runs, by: \.test)
    incidents = Dictionary(grouping: window.incidents) { incident in
      Pair(defect: incident.defect, line: runs[incident.run].flatMap { window.tests[$0.test]?.line } ?? "")
    }
  }

  /// One entry for each defect and state, by state, then the newest first.
  func entries(known: KnownDefects) -> [MorningReport.DefectEntry] {
    var found: [Key: [Course]] = [:]
    for (pair, incidents) in incidents {
      guard let defect = window.defects[pair.defect] else { continue }
      let course = Course(pair: pair, defect: defect, judged: judged(pair, defect, incidents))
      guard var state = state(of: course) else { continue }
      if let entry = known.entries[defect.fingerprint], state != .fixed, state != .untested {
        state = isOver(entry) ? .new : .known
      }
      found[Key(state: state, defect: pair.defect), default: []].append(course)
    }
    let order = Dictionary(uniqueKeysWithValues: MorningReport.State.allCases.enumerated().map { ($1, $0) })
    return found.map { entry($0.key.state, $0.value, known) }.sorted { one, other in
      if one.state != other.state { return (order[one.state] ?? 0) < (order[other.state] ?? 0) }
      if one.since != other.since { return one.since > other.since }
      return (one.invariant, one.fingerprint) < (other.invariant, other.fingerprint)
    }
  }

  private func isOver(_ entry: KnownDefects.Entry) -> Bool {
    guard let until = entry.until, let night = window.nights.last else { return false }
    // The day itself is still covered, also where a night's name goes on with the time.
    return night.prefix(until.count) > until
  }

  private struct Key: Hashable {
    let state: MorningReport.State
    let defect: Int64
  }

  // MARK: One defect on one line

  /// What the runs of the remembered nights say of it, in their order.
  private struct Course {
    let pair: Pair
    let defect: NightWindow.Defect
    let judged: [Judged]

    /// Whether runs of the same kernel, checked by the same program, say now this, now that.
    var isMixed: Bool {
      struct Machine: Hashable { let test, build, tool: Int64 }
      let groups = Dictionary(grouping: judged.filter { !$0.run.release.isEmpty }) {
        Machine(test: $0.run.test, build: $0.run.build, tool: $0.run.tool)
      }
      return groups.values.contains { Set($0.map(\.isSeen)).count > 1 }
    }

    /// How often it came or went from one night to the next, in the test in which that happened most.
    var changes: Int {
      Dictionary(grouping: judged, by: \.run.test).values.map { judged in
        let nights = Dictionary(grouping: judged, by: \.run.night).sorted { $0.key < $1.key }
        let seen = nights.map { $0.value.contains(where: \.isSeen) }
        return zip(seen, seen.dropFirst()).count { $0 != $1 }
      }.max() ?? 0
    }
  }

  private func judged(
    _ pair: Pair, _ defect: NightWindow.Defect, _ incidents: [NightWindow.Incident]
  ) -> [Judged] {
    let byRun = Dictionary(incidents.map { ($0.run, $0) }) { first, _ in first }
    let tests = Set(incidents.compactMap { runs[$0.run]?.test })
    let decided = window.decided[defect.invariant] ?? []
    return tests.flatMap { runsOfTest[$0] ?? [] }
      .filter { byRun[$0.id] != nil || ($0.verdict != .damaged && decided.contains($0.id)) }
      .sorted { ($0.night, $0.test, $0.source) < ($1.night, $1.test, $1.source) }
      .map { Judged(run: $0, incident: byRun[$0.id]) }
  }

  /// nil: it was fixed before the night that is compared with, and is none of this report's.
  private func state(of course: Course) -> MorningReport.State? {
    let isSeen = course.judged.contains { $0.isSeen && $0.run.night > since }
    let wasSeen = window.history[course.pair]?.lastBefore != nil
    if isSeen, !wasSeen { return .new }
    if course.isMixed || course.changes > 2 { return .flaky }
    // Of each test, what its last night before says.
    let old = Dictionary(grouping: course.judged.filter { $0.run.night <= since }, by: \.run.test)
    let showedIt = old.filter { _, judged in
      judged.contains { $0.isSeen && $0.run.night == judged.last?.run.night }
    }
    if isSeen { return showedIt.isEmpty ? .new : .known }
    guard !showedIt.isEmpty else { return nil }
    let isJudgedNow = course.judged.contains { $0.run.night > since && showedIt[$0.run.test] != nil }
    return isJudgedNow ? .fixed : .untested
  }

  // MARK: Its entry

  private func entry(
    _ state: MorningReport.State, _ courses: [Course], _ known: KnownDefects
  ) -> MorningReport.DefectEntry {
    let defect = courses[0].defect
    let judged = courses.flatMap(\.judged)
    let seen = judged.filter(\.isSeen)
    let lastNight = seen.map(\.run.night).max() ?? 0
    let lastSeen = seen.filter { $0.run.night == lastNight }
      .sorted {
        (window.tests[$0.run.test]?.name ?? "", $0.run.source) < (window.tests[$1.run.test]?.name ?? "", $1.run.source)
      }
    let histories = courses.compactMap { window.history[$0.pair] }
    let first = histories.map(\.first).filter { !$0.night.isEmpty }.min { $0.night < $1.night }
    let good = good(state, judged, lastNight)
    let entry = known.entries[defect.fingerprint]
    let kernels = Set(lastSeen.map(\.run.release).filter { !$0.isEmpty })
    return MorningReport.DefectEntry(
      fingerprint: defect.fingerprint, state: state, invariant: defect.invariant, what: defect.what,
      function: defect.doer, lines: Set(courses.map(\.pair.line)).sorted(), kernels: kernels.sorted(),
      tests: unique(lastSeen.compactMap { window.tests[$0.run.test]?.name }),
      recording: lastSeen.first?.run.path ?? "", event: lastSeen.first?.incident?.event ?? 0,
      since: first?.night ?? "", sinceKernel: first?.kernel ?? "", nights: histories.map(\.nights).max() ?? 0,
      seen: seen.count, runs: judged.count, good: good.map { window.nights[$0.night] }, goodKernel: good?.release,
      lastSeen: lastNight > since ? nil : window.nights[lastNight], reason: entry?.reason, until: entry?.until)
  }

  /// The run without it that is next to those with it: before them, or for one that is fixed, after them.
  private func good(_ state: MorningReport.State, _ judged: [Judged], _ lastNight: Int) -> NightWindow.Run? {
    let clean = judged.filter { !$0.isSeen }.map(\.run).sorted { ($0.night, $0.source) < ($1.night, $1.source) }
    if state == .fixed { return clean.first { $0.night > lastNight } }
    let start = judged.filter { $0.isSeen && $0.run.night > since }.map(\.run.night).min() ?? lastNight
    return clean.last { $0.night < start }
  }

  private func unique(_ names: [String]) -> [String] {
    names.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }
}
