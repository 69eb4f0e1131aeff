public import Checking
import Invariants
import RecordingFormat

/// A table of recordings: what was lost of each, and what a check says.
public struct RecordingTable: Sendable {
  private static let columns = [
    "recording", "kernel", "events", "lost", "missed", "verdict", "violations", "checks decided", "hold", "undecided",
  ]
  private var lines: [String] = []
  private var sums = [UInt64](repeating: 0, count: 5)
  private var verdicts: [String: Int] = [:]
  /// Whether a recording is missing, did not come to its end, or is violated or damaged.
  public private(set) var hasFailures = false

  /// An empty table.
  public init() {}

  /// Adds a recording; `result` is nil if there is none.
  public mutating func add(_ name: String, _ result: RecordingResult?) {
    guard let result else {
      hasFailures = true
      verdicts["not recorded", default: 0] += 1
      return lines.append("| \(name) | | | | | not recorded | | | | |")
    }
    let sidecar = result.sidecar
    let isComplete = sidecar?.recorder?.complete != false
    let missed = (sidecar?.probes ?? []).reduce(UInt64(0)) { $0 &+ ($1.missed ?? 0) }
    let lost = result.losses.reduce(UInt64(0)) { $0 &+ ($1.count ?? 0) }
    let decided = result.invariants.reduce(UInt64(0)) { $0 &+ $1.ledger.decided }
    let violations = UInt64(result.findings.count)
    let verdict = result.verdict.rawValue + (isComplete ? "" : ", not to its end")
    let open = result.invariants.filter { $0.verdict == .undecided && $0.isRecorded }.map(\.invariant.name)
    let cells = [
      name, sidecar?.kernel?.release ?? result.kernel ?? "", "\(result.events)", "\(lost)",
      isComplete ? "\(missed)" : "not counted", verdict, "\(violations)", "\(decided)",
      "\(result.invariants.count { $0.verdict == .holds })", open.joined(separator: ", "),
    ]
    lines.append("| " + cells.joined(separator: " | ") + " |")
    for (index, value) in [result.events, lost, missed, violations, decided].enumerated() { sums[index] &+= value }
    verdicts[verdict, default: 0] += 1
    if !isComplete || result.verdict == .violated || result.verdict == .damaged { hasFailures = true }
  }

  /// The table, and the sums in a last line.
  public var text: String {
    let rule = ["---", "---", "---:", "---:", "---:", "---", "---:", "---:", "---:", "---"]
    let head = [Self.columns, rule].map { "| " + $0.joined(separator: " | ") + " |" }
    let counts = verdicts.sorted { $0.key < $1.key }.map { ", \($0.value) \($0.key)" }.joined()
    let total =
      "\(lines.count) recordings, \(sums[0]) events, \(sums[4]) checks decided\(counts); \(sums[1]) lost, "
      + "\(sums[2]) missed, \(sums[3]) violations"
    return (head + lines + ["", total, ""]).joined(separator: "\n")
  }
}

/// How often each invariant was decided in each of some recordings.
public enum DecidedTable {
  /// `-` where an invariant was not recorded; in brackets how often it could not be decided.
  public static func text(_ results: [(name: String, result: RecordingResult)]) -> String {
    var rows = [["invariant"] + results.map(\.name), ["---"] + results.map { _ in "---:" }]
    for invariant in Invariant.all {
      rows.append(
        [invariant.name]
          + results.map { _, result in
            // A kernel that does not have the rule has no entry of it.
            guard let entry = result.invariants.first(where: { $0.invariant.name == invariant.name }), entry.isRecorded
            else { return "-" }
            let ledger = entry.ledger
            return "\(ledger.decided)" + (ledger.undecidedTotal > 0 ? " (\(ledger.undecidedTotal))" : "")
          })
    }
    return rows.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }
}
