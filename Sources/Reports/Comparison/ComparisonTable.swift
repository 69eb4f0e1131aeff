public import Comparing
import Invariants
import Policies
import RecordingFormat
import RmapEvents

/// The comparison as a table for spreadsheets: one line for each workload and policy (RFC 4180). A workload without
/// results has one line, too; a policy's verdict counts for nothing where the workload's is undecided.
public enum ComparisonTable {
  /// The whole table with its heading.
  public static func render(_ compared: [ComparedWorkload]) -> String {
    let columns = columns
    var lines = [columns.map(\.name).joined(separator: ",")]
    for workload in compared {
      let results: [PolicyResult?] = workload.results.isEmpty ? [nil] : workload.results.map(Optional.some)
      for result in results {
        lines.append(columns.map { quoted(printable($0.value(workload, result))) }.joined(separator: ","))
      }
    }
    return lines.joined(separator: "\r\n") + "\r\n"
  }

  private typealias Column = (name: String, value: (ComparedWorkload, PolicyResult?) -> String)

  private static var columns: [Column] {
    let policies = policyColumns + distributions.flatMap(distributionColumns)
    return [("workload", { work, _ in work.name }), ("workload_verdict", { work, _ in work.verdict.rawValue })]
      + policies.map { column in (column.name, { _, result in result.map(column.value) ?? "" }) } + workloadColumns
  }

  private static var workloadColumns: [Column] {
    [
      ("damage", { work, _ in work.damage ?? "" }),
      ("doubts", { work, _ in work.doubts.joined(separator: "; ") }),
      ("forks_agreed", { work, _ in work.agreement.map { "\($0.forks.agreed)" } ?? "" }),
      ("forks_differed", { work, _ in work.agreement.map { "\($0.forks.differed)" } ?? "" }),
      ("forks_not_compared", { work, _ in work.agreement.map { "\($0.forks.unknown)" } ?? "" }),
      ("pages_agreed", { work, _ in work.agreement.map { "\($0.owners.agreed)" } ?? "" }),
      ("pages_differed", { work, _ in work.agreement.map { "\($0.owners.differed)" } ?? "" }),
      ("pages_not_compared", { work, _ in work.agreement.map { "\($0.owners.unknown)" } ?? "" }),
    ]
  }

  private typealias PolicyColumn = (name: String, value: (PolicyResult) -> String)

  private static var policyColumns: [PolicyColumn] {
    [
      ("policy", { $0.policy.name }),
      ("verdict", { $0.isCorrect.map { $0 ? "holds" : "violated" } ?? "undecided" }),
      ("decided", { "\($0.decided)" }),
      ("undecided", { "\($0.undecided)" }),
      ("untested", { $0.untested.map(\.name).joined(separator: " ") }),
      ("violations", { "\($0.violations)" }),
      ("first_wrong_event", { $0.findings.first.map { "\($0.finding.stamp.ordinal)" } ?? "" }),
      ("first_wrong_invariant", { $0.findings.first?.invariant.name ?? "" }),
      ("anon_vmas_now", { "\($0.costs.anonVMAs.now)" }),
      ("anon_vmas_peak", { "\($0.costs.anonVMAs.peak)" }),
      ("anon_vmas_total", { "\($0.costs.anonVMAs.total)" }),
      ("avcs_now", { "\($0.costs.avcs.now)" }),
      ("avcs_peak", { "\($0.costs.avcs.peak)" }),
      ("avcs_total", { "\($0.costs.avcs.total)" }),
      ("bytes_now", { "\($0.costs.bytes)" }),
      ("bytes_peak", { "\($0.costs.peakBytes)" }),
      ("growth", { $0.growth.word }),
      ("depth_max", { "\($0.costs.deepest)" }),
      ("chain_max", { "\($0.costs.longestChain)" }),
      ("reuses", { "\($0.costs.reuses)" }),
      ("mappings_looked_for", { "\($0.rule.decided)" }),
      ("mappings_missed", { "\($0.rule.missed)" }),
      ("mappings_dangling", { "\($0.rule.dangling)" }),
      ("first_missed_step", { $0.rule.misses.first.map { "\($0.step + 1)" } ?? "" }),
      ("contexts_peak", { "\($0.costs.contexts.peak)" }),
      ("contexts_dead_peak", { "\($0.costs.deadContexts.peak)" }),
      ("remaps_peak", { "\($0.costs.remaps.peak)" }),
      ("pinned_vmas_peak", { "\($0.costs.pinned.peak)" }),
      ("vmas_peak", { "\($0.costs.vmas.peak)" }),
      ("plain_bytes_80", { "\($0.costs.plainBytes(anonVMA: 80))" }),
      ("plain_bytes_96", { "\($0.costs.plainBytes(anonVMA: 96))" }),
      ("rewritten_at_fork", { "\($0.costs.rewrittenAtFork)" }),
      ("rewritten_at_move", { "\($0.costs.rewrittenAtMove)" }),
      ("copied_at_move", { "\($0.costs.copiedAtMove)" }),
      ("mergeable", { "\($0.costs.mergeable)" }),
      (
        "pages_by_one_lookup",
        { $0.samples.pages.visited.total == 0 ? "" : thousandths($0.samples.pages.shareByOneLookup) }
      ),
    ]
  }

  private typealias Part = (name: String, value: (PolicyResult) -> Distribution)

  private static var distributions: [Part] {
    [
      ("depth_sampled", { $0.samples.depths }), ("chain_sampled", { $0.samples.chains }),
      ("fork_avcs", { $0.costs.linkedPerFork }),
      ("page_visited", { $0.samples.pages.visited }), ("page_mapping", { $0.samples.pages.mapping }),
      ("page_in_vain", { $0.samples.pages.inVain }), ("walk_visited", { $0.samples.walks.visited }),
      ("walk_mapping", { $0.samples.walks.mapping }), ("walk_in_vain", { $0.samples.walks.inVain }),
      ("page_contexts", { $0.samples.pages.contexts }), ("page_lookups", { $0.samples.pages.lookups }),
      ("fork_allocations", { $0.costs.forkAllocations }), ("fork_locks", { $0.costs.forkLocks }),
      ("first_fault_allocations", { $0.costs.firstFaultAllocations }),
      ("first_fault_locks", { $0.costs.firstFaultLocks }),
    ]
  }

  /// Empty where nothing was measured: that is not 0.
  private static func distributionColumns(_ part: Part) -> [PolicyColumn] {
    let figures: [(name: String, value: (Distribution) -> String)] = [
      ("mean", { thousandths($0.mean) }), ("p50", { "\($0.percentile(50))" }),
      ("p99", { "\($0.percentile(99))" }), ("max", { "\($0.maximum)" }),
    ]
    return figures.map { figure in
      (
        "\(part.name)_\(figure.name)",
        { result in
          let distribution = part.value(result)
          return distribution.total == 0 ? "" : figure.value(distribution)
        }
      )
    }
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
