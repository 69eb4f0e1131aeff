import Comparing
import Policies
import RmapEvents

/// What holds for designs of any kind: whether walks find what is mapped, and what that takes.
extension ComparisonText {
  /// Smallest workloads with more steps than this are told by their first and last ones.
  private static let stepsShown = 24

  static func walkRule(_ results: [PolicyResult], _ page: inout TextLayout) {
    page.line()
    page.line("  walks find        mappings      missed  dangling  first at step")
    for result in results {
      let rule = result.rule
      let first = rule.misses.first.map { "\($0.step + 1)" } ?? "-"
      page.line(
        "  \(column(result.policy.name, 15)) \(column(rule.decided, 10))  \(column(rule.missed, 10))"
          + "  \(column(rule.dangling, 8))  \(first)")
    }
    let unknown = results.filter { $0.rule.unknown > 0 }.map { "\($0.policy.name) \($0.rule.unknown)" }
    if !unknown.isEmpty {
      page.paragraph(
        "  apart", "mappings at places where no VMA is known: \(unknown.joined(separator: ", "))", indent: 13)
    }
  }

  // MARK: In the terms of the designs' authors

  static func otherObjects(_ results: [PolicyResult], _ page: inout TextLayout) {
    let today = results.first { $0.policy.name == Policy.splitCounters.name }?.costs
    page.line()
    page.line("  at most         contexts    dead  remaps  pinned   bytes of all, by themselves")
    for result in results {
      let costs = result.costs
      let bytes = costs.plainBytes(anonVMA: 80)
      page.line(
        "  \(column(result.policy.name, 15)) \(column(costs.contexts.peak, 8)) \(column(costs.deadContexts.peak, 7))"
          + " \(column(costs.remaps.peak, 7)) \(column(costs.pinned.peak, 7)) \(column(bytes, 10))"
          + (today.map { "  \(percent(bytes, of: $0.plainBytes(anonVMA: 80)))" } ?? ""))
    }
    guard today != nil else { return }
    page.paragraph(
      "",
      "anon_vmas of 80 bytes, AVCs of 64, contexts of 96, maple nodes of 256, pinned VMAs of 192, the most of each; "
        + "and how much more or less than \(Policy.splitCounters.name)", indent: 4)
  }

  private static func percent(_ value: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "-" }
    let change = (Double(value) - Double(whole)) * 100 / Double(whole)
    return (change < 0 ? "-" : "+") + tenths(change.magnitude) + " %"
  }

  static func work(_ results: [PolicyResult], _ page: inout TextLayout) {
    page.line()
    page.line("  work            a fork allocates       locks   first fault   pages rewritten")
    page.line("                    mean       max        mean   alloc  lock   fork  move copied")
    for result in results {
      let costs = result.costs
      page.line(
        "  \(column(result.policy.name, 15))\(column(tenths(costs.forkAllocations.mean), right: 7))"
          + column(UInt64(costs.forkAllocations.maximum), 10)
          + column(tenths(costs.forkLocks.mean), right: 12)
          + column(tenths(costs.firstFaultAllocations.mean), right: 8)
          + column(tenths(costs.firstFaultLocks.mean), right: 6) + column(costs.rewrittenAtFork, 7)
          + column(costs.rewrittenAtMove, 6) + column(costs.copiedAtMove, 7))
    }
    let mergeable = results.filter { $0.costs.mergeable > 0 }.map { "\($0.policy.name) \($0.costs.mergeable)" }
    if !mergeable.isEmpty {
      page.paragraph(
        "  mergeable", "VMAs that a move could have merged: \(mergeable.joined(separator: ", "))", indent: 13)
    }
  }

  static func lookups(_ results: [PolicyResult], _ page: inout TextLayout) {
    guard results.contains(where: { $0.samples.pages.lookups.total > 0 }) else { return }
    page.line()
    page.line("  the same walks           contexts                VMAs looked up   one lookup")
    page.line("                     mean    p99     max      mean    p99     max          %")
    for result in results {
      let pages = result.samples.pages
      let contexts =
        pages.contexts.total == 0
        ? column("-", right: 9) + column("-", right: 7) + column("-", right: 8)
        : column(tenths(pages.contexts.mean), right: 9) + column(UInt64(pages.contexts.percentile(99)), 7)
          + column(UInt64(pages.contexts.maximum), 8)
      page.line(
        "  \(column(result.policy.name, 14))\(contexts)" + column(tenths(pages.lookups.mean), right: 10)
          + column(UInt64(pages.lookups.percentile(99)), 7) + column(UInt64(pages.lookups.maximum), 8)
          + column(tenths(pages.shareByOneLookup), right: 10))
    }
  }

  // MARK: Misses

  static func misses(_ result: PolicyResult, _ compared: ComparedWorkload, _ page: inout TextLayout) {
    guard let miss = result.rule.misses.first, let workload = compared.workload else { return }
    page.line()
    page.line("Design \(result.policy.name): a walk does not find a page")
    render(miss, workload, &page)
    if miss.pages == 1, let other = result.rule.misses.first(where: { $0.pages > 1 }) {
      page.paragraph("And", "a folio of several pages, not all of whose mappings are found:", indent: 7)
      render(other, workload, &page)
    }
    let more = result.rule.missed + result.rule.dangling - 1
    if more > 0 { page.paragraph("", "\(counted(more, "more mapping")) not found.", indent: 7) }
    if let smallest = result.smallest { render(smallest, &page) }
    let option = compared.isFile ? "--steps " : compared.reading == nil ? "--scenario " : ""
    let source = option + compared.name
    page.paragraph("Again", "rmapcheck compare \(source) --policy \(result.policy.name)", indent: 7)
  }

  private static func render(_ miss: WalkRule.Miss, _ workload: Workload, _ page: inout TextLayout) {
    let origin = workload.steps[miss.step].origin
    page.paragraph(
      "Step",
      "\(miss.step + 1) of the workload\(origin > 0 ? ", recorded event \(origin)" : ""): "
        + workload.describe(step: miss.step), indent: 7)
    page.paragraph(
      "Page",
      "\(miss.page)\(miss.pages > 1 ? ", of a folio of \(miss.pages) pages" : ""), which VMA \(miss.vma) of mm \(miss.mm) maps at page 0x\(String(miss.place, radix: 16))",
      indent: 7)
    page.paragraph(
      "Walk",
      miss.dangling.map { "none: what the \($0.rawValue) points to is freed" } ?? miss.trail.joined(separator: "; "),
      indent: 7)
  }

  private static func render(_ smallest: Shrinking.Result, _ page: inout TextLayout) {
    let workload = smallest.workload
    page.paragraph(
      "Least", "\(counted(workload.steps.count, "step")) that show it (numbered anew):", indent: 7)
    for number in workload.steps.indices {
      if number == stepsShown / 2, workload.steps.count > stepsShown {
        page.line("       ... \(workload.steps.count - stepsShown) more; --shrunk FOLDER writes all")
      }
      guard
        workload.steps.count <= stepsShown || number < stepsShown / 2 || number >= workload.steps.count - stepsShown / 2
      else { continue }
      page.paragraph("     \(column(UInt64(number + 1), 3))", workload.describe(step: number), indent: 9)
    }
    page.paragraph(
      "Then",
      "page \(smallest.miss.page), which VMA \(smallest.miss.vma) maps, is not found: "
        + (smallest.miss.dangling.map { "what the \($0.rawValue) points to is freed" }
          ?? smallest.miss.trail.joined(separator: "; ")),
      indent: 7)
  }
}
