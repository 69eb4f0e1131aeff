public import Checking
import Invariants
import Policies
import RmapEvents

/// The comparison as a table for spreadsheets: one line for each workload and policy (RFC 4180).
public enum ComparisonTable {
  /// The whole table with its heading.
  public static func render(_ compared: [ComparedWorkload]) -> String {
    let columns = columns
    var lines = [columns.map(\.name).joined(separator: ",")]
    for workload in compared {
      for result in workload.results {
        lines.append(columns.map { quoted($0.value(workload, result)) }.joined(separator: ","))
      }
    }
    return lines.joined(separator: "\r\n") + "\r\n"
  }

  private typealias Column = (name: String, value: (ComparedWorkload, PolicyResult) -> String)

  private static var columns: [Column] {
    [
      ("workload", { work, _ in work.name }),
      ("policy", { $1.policy.name }),
      ("verdict", { $1.isCorrect.map { $0 ? "holds" : "violated" } ?? "undecided" }),
      ("decided", { "\($1.decided)" }),
      ("violations", { "\($1.violations)" }),
      ("first_wrong_event", { $1.findings.first.map { "\($0.finding.stamp.ordinal)" } ?? "" }),
      ("first_wrong_invariant", { $1.findings.first?.invariant.name ?? "" }),
      ("anon_vmas_now", { "\($1.costs.anonVMAs.now)" }),
      ("anon_vmas_peak", { "\($1.costs.anonVMAs.peak)" }),
      ("anon_vmas_total", { "\($1.costs.anonVMAs.total)" }),
      ("avcs_now", { "\($1.costs.avcs.now)" }),
      ("avcs_peak", { "\($1.costs.avcs.peak)" }),
      ("avcs_total", { "\($1.costs.avcs.total)" }),
      ("bytes_now", { "\($1.costs.bytes)" }),
      ("bytes_peak", { "\($1.costs.peakBytes)" }),
      ("growth", { $1.growth.isBounded ? "bounded" : "grows" }),
      ("depth_max", { "\($1.costs.deepest)" }),
      ("chain_max", { "\($1.costs.longestChain)" }),
      ("reuses", { "\($1.costs.reuses)" }),
    ] + distributions.flatMap(distributionColumns)
  }

  private typealias Part = (name: String, value: (PolicyResult) -> Distribution)

  private static var distributions: [Part] {
    [
      ("depth_sampled", { $0.samples.depths }), ("chain_sampled", { $0.samples.chains }),
      ("fork_avcs", { $0.costs.linkedPerFork }),
      ("page_visited", { $0.samples.pages.visited }), ("page_mapping", { $0.samples.pages.mapping }),
      ("page_in_vain", { $0.samples.pages.inVain }), ("walk_visited", { $0.samples.walks.visited }),
      ("walk_mapping", { $0.samples.walks.mapping }), ("walk_in_vain", { $0.samples.walks.inVain }),
    ]
  }

  private static func distributionColumns(_ part: Part) -> [Column] {
    [
      ("\(part.name)_mean", { thousandths(part.value($1).mean) }),
      ("\(part.name)_p50", { "\(part.value($1).percentile(50))" }),
      ("\(part.name)_p99", { "\(part.value($1).percentile(99))" }),
      ("\(part.name)_max", { "\(part.value($1).maximum)" }),
    ]
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
    return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// Three digits behind the point.
  static func thousandths(_ value: Double) -> String {
    let thousandths = Int((value * 1000).rounded())
    let digits = String(thousandths % 1000)
    return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
  }
}
