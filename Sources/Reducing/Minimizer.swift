import Invariants
import RmapEvents

/// Leaves out parts of a history as long as the violation shows: delta debugging, by halves, then by ever smaller pieces, at
/// last part by part until none can go. Then operations are opened, if what they did shows it without them.
struct Minimizer {
  private let history: History
  private let trial: Trial
  private var effort: Effort
  /// Records that stay: those that the proof rests on, and those between its objects.
  private let fixed: Set<Int>
  private var parts: [Part]
  /// How many selections were judged.
  private(set) var trials = 0
  /// Whether every part was tried, so that none can be left out.
  private(set) var isMinimal = false

  init(_ history: History, _ trial: Trial, _ effort: Effort) {
    self.history = history
    self.trial = trial
    self.effort = effort
    let finding = trial.target.finding
    fixed = NamedObjects(finding).eventsBetween(history)
      .union(finding.events.compactMap { history.place(of: $0.ordinal) })
    parts = Part.all(of: history)
  }

  /// The records that are left, in order of time.
  var kept: [Int] { Self.records(parts) }

  private var isOver: Bool { effort.isOver }

  /// How far from the violation's objects others are taken along at once.
  private static let neighbourhoods = 3

  mutating func run() {
    chooseNeighbourhood()
    repeat {
      sweepBySize()
      if isOver { return }
    } while openOperation()
    isMinimal = true
  }

  /// Begins with what has to do with the violation's objects, if that is enough.
  private mutating func chooseNeighbourhood() {
    let named = NamedObjects(trial.target.finding)
    for near in named.neighbourhoods(parts, history, count: Self.neighbourhoods) {
      let rest = parts.filter { part in part.records.contains(where: fixed.contains) }
      let chosen = Dictionary((near + rest).map { ($0.records[0], $0) }, uniquingKeysWith: { first, _ in first })
        .sorted { $0.key < $1.key }.map(\.value)
      if isOver || accept(chosen) { return }
    }
  }

  private mutating func sweepBySize() {
    var size = max(1, parts.count / 2)
    while true {
      let hasShrunk = sweep(size)
      if isOver { return }
      if size == 1, !hasShrunk { return }
      size = max(1, size / 2)
    }
  }

  /// Tries to leave out each `size` parts in a row, the last first; returns whether any went.
  private mutating func sweep(_ size: Int) -> Bool {
    var end = parts.count
    var hasShrunk = false
    while end > 0, !isOver {
      let start = max(0, end - size)
      let stays = parts[start..<end].filter { $0.records.contains(where: fixed.contains) }
      // An operation with a fixed record stays for now: it is opened later, if it can be.
      if stays.count < end - start, accept(Array(parts[..<start]) + stays + parts[end...]) { hasShrunk = true }
      end = start
    }
    return hasShrunk
  }

  /// Takes one operation apart, so that what it did can be left out step by step: without all but what has to stay, or else
  /// without its entry and return. Returns whether one could be.
  private mutating func openOperation() -> Bool {
    for place in parts.indices.reversed() {
      guard case .operation(_, let content) = parts[place], !isOver else { continue }
      // One whose entry the proof names stays whole.
      if fixed.contains(parts[place].records[0]) { continue }
      let necessary = parts[place].records.filter(fixed.contains).map(Part.single)
      for replacement in [necessary, content] {
        if accept(Array(parts[..<place]) + replacement + parts[(place + 1)...]) { return true }
      }
    }
    return false
  }

  private mutating func accept(_ candidate: [Part]) -> Bool {
    trials += 1
    let records = Self.records(candidate)
    effort.judge(records.count)
    guard trial.shows(records) else { return false }
    parts = candidate
    return true
  }

  private static func records(_ parts: [Part]) -> [Int] { parts.flatMap(\.records).sorted() }
}
