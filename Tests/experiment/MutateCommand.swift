import ArgumentParser
import Checking
import RecordingExperiments
import RecordingFormat

/// Which changes of single events the check notices.
struct MutateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutate",
    abstract: "Drops, repeats, swaps and alters single events of healthy recordings, and counts who notices.")

  @Argument(help: "Healthy recordings, or folders of them.") var paths = ["traces/6.12-walks", "traces/6.1-walks"]
  @Option(help: "Mutations of each kind of event, change and field.") var count = 10
  @Option(help: "The seed.") var seed: UInt64 = 1
  @Flag(help: "A line for each mutation that nobody noticed.") var survivors = false
  @Flag(help: "With the kernel's counts of records, as in the sidecar that a recording has.") var counts = false
  @Flag(help: "A table for each change and each kind of event, instead of a line for each field.") var table = false
  @Option(help: "Only this change: drop, duplicate, swap, other, bit.") var change: String?

  /// The counts of one row.
  private struct Row {
    var fates: [MutationTrial.Fate: Int] = [:]
    var all: Int { fates.values.reduce(0, +) }
    var killed: Int { (fates[.violation] ?? 0) + (fates[.lowered] ?? 0) }
    var equivalent: Int { (fates[.same] ?? 0) + (fates[.allowed] ?? 0) }
    var rate: Double { all == equivalent ? 1 : Double(killed) / Double(all - equivalent) }
  }

  func run() throws {
    var rows: [String: Row] = [:]
    var total = Row()
    let changes = change.flatMap(Mutation.Change.init).map { [$0] } ?? Mutation.Change.allCases
    print("seed \(seed)")
    for path in paths.flatMap(RecordingSearch.recordings) {
      var recording = try MemoryRecording(path: path, counts: counts)
      guard recording.baseline.verdict == .holds else { continue }
      recording.mutations(count: count, changes: changes, seed: seed) { trial in
        let name = "\(trial.event) \(trial.mutation.change.rawValue) \(trial.mutation.fieldName ?? "")"
        rows[name, default: Row()].fates[trial.fate, default: 0] += 1
        total.fates[trial.fate, default: 0] += 1
        if survivors, !trial.isKilled, !trial.isEquivalent {
          let partner = trial.partner.map { " with \($0)" } ?? ""
          print("  \(trial.fate.rawValue) \(name)\(partner) event \(trial.mutation.index + 1) of \(path)")
        }
      }
    }
    if table {
      for part in 0..<2 { show(rows, total, by: part) }
    } else {
      for (name, row) in rows.sorted(by: { $0.key < $1.key }) { line(name, row) }
      line("all", total)
    }
  }

  /// One line for each change, or each kind of event with any that nobody noticed, the worst first.
  private func show(_ rows: [String: Row], _ total: Row, by part: Int) {
    var sums: [String: Row] = [:]
    for (name, row) in rows {
      let words = name.split(separator: " ")
      sums[String(words[1 - part]), default: Row()].fates.merge(row.fates, uniquingKeysWith: +)
    }
    let fates = MutationTrial.Fate.allCases
    print("\n| \(part == 0 ? "change" : "event") | all | \(fates.map(\.rawValue).joined(separator: " | ")) | noticed |")
    for (name, row) in sums.sorted(by: { ($0.value.rate, $0.key) < ($1.value.rate, $1.key) })
    where part == 0 || row.rate < 1 {
      cells(name, row)
    }
    cells("all", total)
  }

  private func cells(_ name: String, _ row: Row) {
    let counts = MutationTrial.Fate.allCases.map { "\(row.fates[$0] ?? 0)" }.joined(separator: " | ")
    print("| \(name) | \(row.all) | \(counts) | \(percent(row.rate)) % |")
  }

  private func line(_ name: String, _ row: Row) {
    let fates = MutationTrial.Fate.allCases.compactMap { fate in row.fates[fate].map { "\(fate.rawValue) \($0)" } }
    print(
      "\(name): \(percent(row.rate)) % of \(row.all - row.equivalent); "
        + fates.joined(separator: ", "))
  }
}
