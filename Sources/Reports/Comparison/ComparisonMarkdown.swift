public import Comparing
import Policies

/// The costs of designs as tables of a page in Markdown: a table for each figure, a row for each design (or several that
/// are the same), a column for each workload. The articles on designs are made of them (scripts/figures).
public enum ComparisonMarkdown {
  /// All tables.
  public static func render(_ compared: [ComparedWorkload]) -> String {
    let known = compared.filter { !$0.results.isEmpty }
    var parts = compared.filter(\.results.isEmpty).map { "\($0.name): \($0.damage ?? "no workload")\n" }
    if known.contains(where: { $0.agreement != nil }) { parts.append(agreements(known)) }
    if !known.isEmpty { parts += tables.compactMap { table($0.title, $0.cell, known) } }
    return parts.joined(separator: "\n")
  }

  /// A figure of a design on a workload, and the same of split-counters, where that is compared, too.
  private typealias Cell = (_ result: PolicyResult, _ today: PolicyResult?) -> String

  private static var tables: [(title: String, cell: Cell)] {
    [
      ("Peak bytes of all objects, and the change against split-counters", bytes),
      (
        "anon_vmas + AVCs (and VMAs that are gone and pinned), or contexts (of them dead) + ranges in remap trees, each at its peak",
        objects
      ),
      (
        "anon_vmas and AVCs against split-counters, at their peaks, and AVCs per anon_vma; and of all that were made",
        changes
      ),
      ("AVCs at the end, in all; the longest chain; AVCs that the fork of a VMA links (mean)", chains),
      ("The fork of a process: objects allocated, locks taken (means)", forks),
      ("The first fault in a VMA: objects allocated, locks taken (means)", firstFaults),
      ("Pages pointed elsewhere at fork, at move; copied at move", rewritten),
      ("VMAs that map a page: mean, max", { page, _ in meanAndMost(page.samples.pages.mapping) }),
      ("VMAs that a walk looks up: mean, max (contexts come to: mean, max)", lookups),
      ("Pages that one lookup answers", oneLookup),
      (
        "Recorded merges that the design would refuse (and how many VMAs more that makes at most); merges that a move makes "
          + "possible", merges
      ),
    ]
  }

  // MARK: Cells

  private static func bytes(_ result: PolicyResult, _ today: PolicyResult?) -> String {
    let bytes = result.costs.plainBytes(anonVMA: 80)
    guard let today, today.policy.name != result.policy.name else { return "\(bytes)" }
    return "\(bytes) (\(change(bytes, today.costs.plainBytes(anonVMA: 80))))"
  }

  private static func objects(_ result: PolicyResult, _ today: PolicyResult?) -> String {
    let costs = result.costs
    if costs.contexts.peak > 0 {
      return "\(costs.contexts.peak) (\(costs.deadContexts.peak)) + \(costs.remaps.peak)"
    }
    return "\(costs.anonVMAs.peak) + \(costs.avcs.peak)"
      + (costs.pinned.peak > 0 ? " (\(costs.pinned.peak) pinned)" : "")
  }

  private static func changes(_ result: PolicyResult, _ today: PolicyResult?) -> String {
    let costs = result.costs
    guard costs.anonVMAs.peak > 0, let other = today?.costs, other.anonVMAs.peak > 0 else { return "-" }
    let perAnonVMA = tenths(Double(costs.avcs.peak) / Double(costs.anonVMAs.peak))
    let (anonVMAs, avcs) = (change(costs.anonVMAs.peak, other.anonVMAs.peak), change(costs.avcs.peak, other.avcs.peak))
    let all = [\Costs.anonVMAs, \.avcs].map { change(costs[keyPath: $0].total, other[keyPath: $0].total) }
    return "\(anonVMAs), \(avcs), \(perAnonVMA); \(all.joined(separator: ", "))"
  }

  private static func chains(_ result: PolicyResult, _ today: PolicyResult?) -> String {
    let costs = result.costs
    guard costs.anonVMAs.peak > 0 else { return "-" }
    let linked = costs.linkedPerFork
    return "\(costs.avcs.now), \(costs.avcs.total); \(costs.longestChain); "
      + (linked.total == 0 ? "-" : tenths(linked.mean))
  }

  private static func forks(_ result: PolicyResult, _ today: PolicyResult?) -> String {
    let (allocations, locks) = (result.costs.forkAllocations, result.costs.forkLocks)
    return allocations.total == 0 ? "-" : "\(tenths(allocations.mean)), \(tenths(locks.mean))"
  }

  private static func firstFaults(_ result: PolicyResult, _ today: PolicyResult?) -> String {
    let (allocations, locks) = (result.costs.firstFaultAllocations, result.costs.firstFaultLocks)
    return allocations.total == 0 ? "-" : "\(tenths(allocations.mean)), \(tenths(locks.mean))"
  }

  private static func rewritten(_ result: PolicyResult, _ today: PolicyResult?) -> String {
    let costs = result.costs
    guard costs.rewrittenAtFork + costs.rewrittenAtMove + costs.copiedAtMove > 0 else { return "-" }
    return "\(costs.rewrittenAtFork), \(costs.rewrittenAtMove), \(costs.copiedAtMove)"
  }

  private static func lookups(_ result: PolicyResult, _ today: PolicyResult?) -> String {
    let (pages, contexts) = (result.samples.pages, result.samples.pages.contexts)
    return meanAndMost(pages.lookups) + (contexts.total == 0 ? "" : " (\(meanAndMost(contexts)))")
  }

  private static func oneLookup(_ result: PolicyResult, _ today: PolicyResult?) -> String {
    result.samples.pages.visited.total == 0 ? "-" : tenths(result.samples.pages.shareByOneLookup) + " %"
  }

  private static func merges(_ result: PolicyResult, _ today: PolicyResult?) -> String {
    let refused = result.oddities.refusedMerges + result.oddities.forcedMerges
    guard refused + result.costs.mergeable > 0, let today else { return "-" }
    return "\(refused) (\(change(today.costs.vmas.peak + refused, today.costs.vmas.peak))), \(result.costs.mergeable)"
  }

  private static func meanAndMost(_ distribution: Distribution) -> String {
    distribution.total == 0 ? "-" : "\(tenths(distribution.mean)), \(distribution.maximum)"
  }

  /// How much more or less it is, in tenths of a per cent.
  private static func change(_ value: UInt64, _ whole: UInt64) -> String {
    guard whole > 0 else { return "-" }
    let change = (Double(value) - Double(whole)) * 100 / Double(whole)
    return (change < 0 ? "-" : "+") + tenths(change.magnitude) + " %"
  }

  // MARK: Tables

  /// How far the simulation of the recorded kernel's own rule comes to the recorded graph.
  private static func agreements(_ compared: [ComparedWorkload]) -> String {
    var lines = [
      "What the simulation of the recorded kernel's own rule comes to of the recorded graph (and, with a plus, what is "
        + "not compared, its past not being in the recording):", "",
      "| recording | kernel | forks | of them reuses | first faults | splits, merges, moves | pages | births | joined | "
        + "anon_vmas with the same end |",
      "| --- | --- |" + String(repeating: " ---: |", count: 8),
    ]
    for workload in compared {
      guard let agreement = workload.agreement else { continue }
      let parts = [
        agreement.forks, agreement.prepares, agreement.copies, agreement.owners, agreement.births, agreement.joined,
        agreement.lifetimes,
      ]
      var cells = parts.map {
        "\($0.agreed) of \($0.agreed + $0.differed)" + ($0.unknown > 0 ? " (+\($0.unknown))" : "")
      }
      cells.insert("\(agreement.agreedReuses)", at: 1)
      lines.append(
        "| `\(name(workload))` | \(workload.reading?.kernel ?? "") | " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Designs that are the same everywhere share a row; those without any figure have none. No table without a row.
  private static func table(_ title: String, _ cell: Cell, _ compared: [ComparedWorkload]) -> String? {
    var rows: [(names: [String], cells: [String])] = []
    for (row, first) in (compared.first?.results ?? []).enumerated() {
      let cells = compared.map { workload -> String in
        guard row < workload.results.count else { return "-" }
        return cell(
          workload.results[row], workload.results.first { $0.policy.name == Policy.splitCounters.name })
      }
      guard cells.contains(where: { $0 != "-" }) else { continue }
      if let same = rows.firstIndex(where: { $0.cells == cells }) {
        rows[same].names.append("`\(first.policy.name)`")
      } else {
        rows.append((["`\(first.policy.name)`"], cells))
      }
    }
    guard !rows.isEmpty else { return nil }
    let heading = [
      "\(title):", "", "| |" + compared.map { " `\(name($0))` |" }.joined(),
      "| --- |" + String(repeating: " ---: |", count: compared.count),
    ]
    let lines = rows.map { "| \($0.names.joined(separator: ", ")) | \($0.cells.joined(separator: " | ")) |" }
    return (heading + lines).joined(separator: "\n") + "\n"
  }

  /// A recording's folder, or a scenario's name.
  private static func name(_ compared: ComparedWorkload) -> String {
    guard compared.reading != nil else { return printable(compared.name) }
    let parts = compared.name.split(separator: "/")
    return printable(String(parts.count > 1 ? parts[parts.count - 2] : parts.last ?? ""))
  }
}
