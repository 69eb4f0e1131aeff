public import Checking
import Foundation
import Invariants
import RmapEvents

/// Recordings of faults, each with the defects that a check counts: one for a single fault, if the report is to be read.
public struct DefectTable: Sendable {
  /// One recording.
  public struct Row: Sendable {
    /// Its folder's name.
    public let name: String
    /// Its defects' fingerprints, in their order.
    public let fingerprints: [String]
    /// All violations.
    public let violations: UInt64
    /// The first defect: `fork-closure, anon_vma_fork`.
    public let first: String
  }

  /// The recordings that are violated, in the order in which they were added.
  public private(set) var rows: [Row] = []

  /// An empty table.
  public init() {}

  /// Adds a recording, if it is violated.
  public mutating func add(_ name: String, _ result: RecordingResult) {
    guard let first = result.defects.first else { return }
    rows.append(
      Row(
        name: name, fingerprints: result.defects.map(\.fingerprint), violations: result.violations,
        first: "\(first.invariant.name), \(result.functions[first.first.responsible])"))
  }

  /// The recordings of one fault each: `6.12-fault-drop-avc`.
  public var single: [Row] { rows.filter { $0.name.contains("-fault-") } }

  /// How many of them have one defect.
  public var singleWithOneDefect: Int { single.count { $0.fingerprints.count == 1 } }

  /// The faults that were recorded on both of two kernel lines, and whether the first defect is the same.
  public func pairs(_ one: String, _ other: String) -> [(fault: String, isSame: Bool)] {
    func firsts(_ line: String) -> [String: String] {
      let prefix = "\(line)-fault-"
      let own = rows.filter { $0.name.hasPrefix(prefix) }
      return Dictionary(
        own.map { (String($0.name.dropFirst(prefix.count)), $0.fingerprints[0]) },
        uniquingKeysWith: { first, _ in first })
    }
    let (left, right) = (firsts(one), firsts(other))
    return left.keys.sorted().compactMap { fault in right[fault].map { (fault, $0 == left[fault]) } }
  }

  /// The table, and the sums below it.
  public var text: String {
    var lines = [
      "| recording | violations | defects | first defect | fingerprint |", "| --- | ---: | ---: | --- | --- |",
    ]
    for row in rows {
      let cells = [row.name, "\(row.violations)", "\(row.fingerprints.count)", row.first, row.fingerprints[0]]
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    let pairs = pairs("6.1", "6.12")
    let others = pairs.filter { !$0.isSame }.map(\.fault).joined(separator: ", ")
    lines += [
      "", "\(singleWithOneDefect) of \(single.count) recordings of one fault have one defect",
      "\(pairs.count(where: \.isSame)) of \(pairs.count) faults have the same first fingerprint on 6.1 and 6.12"
        + (others.isEmpty ? "" : "; not \(others)"), "",
    ]
    return lines.joined(separator: "\n")
  }
}
