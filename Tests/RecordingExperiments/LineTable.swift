public import Checking
import Invariants
import RecordingAudit
import RecordingFormat
import RmapGraph

/// What recordings of each kernel line come to together: events, violations, contradictions, predicted unmappings; and how
/// often each rule was decided, and which share of its checks that is.
public struct LineTable: Sendable {
  private struct Sums {
    var recordings = 0
    var events: UInt64 = 0
    var violations: UInt64 = 0
    var contradictions: UInt64 = 0
    /// Of processes born in the recording: as the model had it, and not.
    var unmaps: (predicted: UInt64, not: UInt64) = (0, 0)
    /// By the rule's name.
    var checks: [String: (decided: UInt64, undecided: UInt64)] = [:]
  }
  private var lines: [String: Sums] = [:]
  private var releases: [String: Set<String>] = [:]

  /// An empty table.
  public init() {}

  /// Adds a recording to its kernel's line: the first two numbers of the release; of another architecture than x86-64 with
  /// its name and the size of its pages.
  public mutating func add(_ result: RecordingResult) {
    let kernel = result.sidecar?.kernel
    let release = kernel?.release ?? result.kernel ?? ""
    let numbers = release.split { !$0.isNumber }.prefix(2).joined(separator: ".")
    var line = numbers.isEmpty ? "unknown" : numbers
    if let machine = kernel?.machine, machine != "x86_64" {
      line += " \(machine)" + (kernel?.pageSize.map { ", \($0 / 1024) KiB" } ?? "")
    }
    releases[line, default: []].insert(release)
    var sums = lines[line] ?? Sums()
    sums.recordings += 1
    sums.events &+= result.events
    sums.violations &+= UInt64(result.violations)
    sums.contradictions &+= result.contradictions.total
    sums.unmaps.predicted &+= result.statistics.predictedUnmapsOfBorn
    sums.unmaps.not &+= result.statistics.unpredictedUnmapsOfBorn
    for entry in result.invariants where entry.isRecorded {
      sums.checks[entry.invariant.name, default: (0, 0)].decided &+= entry.ledger.decided
      sums.checks[entry.invariant.name, default: (0, 0)].undecided &+= entry.ledger.undecidedTotal
    }
    lines[line] = sums
  }

  /// Both tables.
  public var text: String {
    let names = lines.keys.sorted(by: isEarlier)
    var rows = [
      ["line", "recordings", "events", "violations", "contradictions", "unmappings predicted", "kernels"],
      ["---", "---:", "---:", "---:", "---:", "---:", "---"],
    ]
    for name in names {
      guard let sums = lines[name] else { continue }
      let (predicted, not) = sums.unmaps
      rows.append([
        name, "\(sums.recordings)", Self.grouped(sums.events), Self.grouped(sums.violations),
        Self.grouped(sums.contradictions), "\(Self.grouped(predicted)) of \(Self.grouped(predicted &+ not))",
        releases[name, default: []].sorted().joined(separator: ", "),
      ])
    }
    let rules =
      [["rule"] + names, ["---"] + names.map { _ in "---:" }] + Invariant.all.map { rule(of: $0.name, names) }
    let total = lines.values.reduce(UInt64(0)) { $0 &+ $1.events }
    return Self.table(rows) + "\n\(Self.grouped(total)) events\n\n" + Self.table(rules)
  }

  private func rule(of name: String, _ lines: [String]) -> [String] {
    [name]
      + lines.map { line in
        guard let (decided, undecided) = self.lines[line]?.checks[name], decided &+ undecided > 0 else { return "" }
        // Rounded down: 100 % is all of them.
        let tenths = decided.multipliedFullWidth(by: 1000)
        let share = (decided &+ undecided).dividingFullWidth(tenths).quotient
        return "\(Self.grouped(decided)) (\(share == 1000 ? "100" : "\(share / 10).\(share % 10)") %)"
      }
  }

  /// `6.2` before `6.10`.
  private func isEarlier(_ left: String, _ right: String) -> Bool {
    let numbers = [left, right].map { $0.split { !$0.isNumber }.prefix(2).compactMap { Int($0) } }
    return numbers[0] == numbers[1] ? left < right : numbers[0].lexicographicallyPrecedes(numbers[1])
  }

  /// `1234567` as `1,234,567`.
  private static func grouped(_ number: some BinaryInteger) -> String {
    let digits = String(number)
    return digits.enumerated().map { index, digit in
      index > 0 && (digits.count - index).isMultiple(of: 3) ? ",\(digit)" : "\(digit)"
    }.joined()
  }

  private static func table(_ rows: [[String]]) -> String {
    rows.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }
}
