public import Comparing
import Invariants
import Policies
import RecordingFormat
import RmapEvents

/// The comparison of policies for people: tables of at most 80 columns, the same bytes every time.
public enum ComparisonText {
  /// How many findings of one policy are shown in full.
  static let findingsShown = 3

  /// One workload's part of the report.
  public static func render(_ compared: ComparedWorkload) -> String {
    var page = TextLayout()
    page.line("\(column(compared.verdict.rawValue.uppercased(), 10)) \(compared.name)")
    if let damage = compared.damage {
      page.paragraph(compared.verdict == .missing ? "  missing" : "  damaged", damage, indent: 13)
    }
    source(compared, &page)
    for doubt in compared.doubts { page.paragraph("  doubt", doubt, indent: 13) }
    guard !compared.results.isEmpty else { return page.text }
    correctness(compared.results, &page)
    walkRule(compared.results, &page)
    objects(compared.results, &page)
    otherObjects(compared.results, &page)
    work(compared.results, &page)
    lengths(compared.results, &page)
    pages(compared.results, &page)
    if compared.results.contains(where: { $0.samples.walks.visited.total > 0 }) {
      walks("the \(compared.results[0].samples.walks.visited.total) recorded walks", compared.results, &page) {
        $0.samples.walks
      }
    }
    let missed = (compared.reading?.recorded?.unknownWalks ?? 0) + compared.results[0].samples.walks.notMeasured
    if missed > 0 { page.line("  and \(counted(missed, "walk")) for folios that no known VMA maps: not measured") }
    lookups(compared.results, &page)
    for result in compared.results {
      findings(result, compared, &page)
      misses(result, compared, &page)
    }
    return page.text
  }

  // MARK: Where the workload is from

  private static func source(_ compared: ComparedWorkload, _ page: inout TextLayout) {
    if let reading = compared.reading {
      let kernel = reading.kernel.map { "kernel \($0), " } ?? ""
      page.paragraph("  recorded", "\(kernel)\(counted(reading.events, "event"))", indent: 13)
    }
    guard let workload = compared.workload else { return }
    page.paragraph(
      "  workload",
      "\(counted(workload.steps.count, "step")): \(counted(workload.mmCount, "mm")), "
        + "\(counted(workload.vmaCount, "VMA")), \(counted(workload.forkCount, "fork")) of a VMA",
      indent: 13)
    if let agreement = compared.agreement { self.agreement(agreement, &page) }
    if let assumed = compared.reading?.recorded?.assumedVMAs, assumed > 0 {
      page.paragraph(
        "  assumed", "\(counted(assumed, "VMA")) older than the recording: as if faulted in when first seen",
        indent: 13)
    }
  }

  private static func agreement(_ agreement: Agreement, _ page: inout TextLayout) {
    let (forks, rest) = (agreement.forks, [agreement.prepares, agreement.copies])
    page.paragraph(
      "  agreement",
      "\(Policy.splitCounters.name) against the recorded graph: \(share(forks)) forks (\(agreement.agreedReuses) of them "
        + "reuses), \(share(rest[0])) first faults, \(share(rest[1])) splits, merges and moves, "
        + "\(share(agreement.owners)) pages at their first mapping; root and parent of \(share(agreement.births)) new "
        + "anon_vmas; counters, tree and pointers of \(share(agreement.joined)) that are joined; "
        + "\(share(agreement.lifetimes)) anon_vmas with the same end",
      indent: 13)
    let unknown = forks.unknown + rest[0].unknown + rest[1].unknown + agreement.owners.unknown
    if unknown > 0 {
      page.paragraph(
        "  apart",
        "\(forks.unknown) forks, \(rest[0].unknown) first faults, \(rest[1].unknown) copies, "
          + "\(agreement.owners.unknown) pages of VMAs whose past the recording does not hold: not compared", indent: 13
      )
    }
    if let first = agreement.firstDifference {
      page.paragraph("  differs", "first at event \(first.event): \(first.text)", indent: 13)
    }
  }

  private static func share(_ count: Agreement.Count) -> String {
    "\(count.agreed) of \(count.agreed + count.differed)"
  }

  // MARK: Tables

  private static func correctness(_ results: [PolicyResult], _ page: inout TextLayout) {
    page.line()
    page.line("  correct         verdict     decided  violations  first wrong event")
    for result in results {
      let verdict = result.isCorrect.map { $0 ? "holds" : "violated" } ?? "undecided"
      let first = result.findings.first.map { "\($0.finding.stamp.ordinal), \($0.invariant.name)" } ?? "-"
      page.line(
        "  \(column(result.policy.name, 15)) \(column(verdict, 9)) \(column(result.decided, 9))"
          + "  \(column(result.violations, 10))  \(first)")
    }
    untested(results, &page)
    oddities(results, &page)
  }

  /// What a design's kernel could not do as the workload asked; one line for designs in which it is the same.
  private static func oddities(_ results: [PolicyResult], _ page: inout TextLayout) {
    var said: [(text: String, names: [String])] = []
    for result in results {
      let oddities = result.oddities
      let parts = [
        (oddities.deadVMAs, "operation on a dead VMA"), (oddities.strangers, "page first seen as anonymous already"),
        (oddities.unmapsOfNothing, "unmap of nothing"), (oddities.refusedMerges, "refused merge"),
        (oddities.forcedMerges, "merge made against the design"),
      ]
      let text = parts.filter { $0.0 > 0 }.map { "\($0.1): \($0.0)" }.joined(separator: ", ")
      guard !text.isEmpty else { continue }
      if let same = said.firstIndex(where: { $0.text == text }) {
        said[same].names.append(result.policy.name)
      } else {
        said.append((text, [result.policy.name]))
      }
    }
    for (text, names) in said {
      let whose = names.count == results.count ? "" : " (\(names.joined(separator: ", ")))"
      page.paragraph("  oddities", text + whose, indent: 13)
    }
  }

  /// What the verdicts do not rest on.
  private static func untested(_ results: [PolicyResult], _ page: inout TextLayout) {
    let never = results.flatMap { $0.untested.map(\.name) }
    var names: [String] = []
    for name in never where !names.contains(name) { names.append(name) }
    let texts = names.map { name in
      let count = never.count { $0 == name }
      return count == results.count ? name : "\(name) (\(count) of \(results.count) designs)"
    }
    if !texts.isEmpty {
      page.paragraph("  untested", "never decided here: \(texts.joined(separator: ", "))", indent: 13)
    }
    let undecided = results.filter { $0.undecided > 0 }.map { "\($0.policy.name) \($0.undecided)" }
    if !undecided.isEmpty {
      page.paragraph(
        "  undecided", "checks that could not be decided: \(undecided.joined(separator: ", "))", indent: 13)
    }
  }

  private static func objects(_ results: [PolicyResult], _ page: inout TextLayout) {
    page.line()
    page.line("  cost               anon_vmas                    AVCs              KiB")
    page.line("                   now   peak   total     now    peak     total    peak  growth")
    for result in results {
      let costs = result.costs
      page.line(
        "  \(column(result.policy.name, 14))\(column(costs.anonVMAs.now, 6)) \(column(costs.anonVMAs.peak, 6))"
          + " \(column(costs.anonVMAs.total, 7)) \(column(costs.avcs.now, 7)) \(column(costs.avcs.peak, 7))"
          + " \(column(costs.avcs.total, 9)) \(column(kibibytes(costs.peakBytes), 7))"
          + "  \(result.growth.word)")
    }
  }

  private static func kibibytes(_ bytes: UInt64) -> UInt64 { (bytes + 1023) / 1024 }

  private static func lengths(_ results: [PolicyResult], _ page: inout TextLayout) {
    page.line()
    page.line("  length               depth                chain         AVCs linked by a fork")
    page.line("                   max   mean    p99    max   mean    p99    max    mean    p99")
    for result in results {
      let (samples, costs) = (result.samples, result.costs)
      page.line(
        "  \(column(result.policy.name, 14))\(column(UInt64(costs.deepest), 6))"
          + shape(samples.depths, 7) + column(UInt64(costs.longestChain), 7) + shape(samples.chains, 7)
          + column(UInt64(costs.linkedPerFork.maximum), 7) + shape(costs.linkedPerFork, 8))
    }
  }

  private static func pages(_ results: [PolicyResult], _ page: inout TextLayout) {
    guard results.contains(where: { $0.samples.pages.visited.total + $0.samples.pages.dangling > 0 }) else {
      page.line()
      return page.line("  No mapped page is known at any sampled moment: no walks to measure.")
    }
    walks("walks for each mapped page, at \(results[0].samples.moments.count) moments", results, &page) {
      $0.samples.pages
    }
  }

  private static func shape(_ distribution: Distribution, _ width: Int) -> String {
    column(tenths(distribution.mean), right: width) + column(UInt64(distribution.percentile(99)), 7)
  }

  private static func walks(
    _ title: String, _ results: [PolicyResult], _ page: inout TextLayout, _ part: (PolicyResult) -> Samples.Walks
  ) {
    page.line()
    page.line("  \(title)")
    page.line("                      VMAs visited           of them mapping          in vain")
    page.line("                 mean   p50   p99   max    mean   p99   max    mean   p99   max")
    for result in results {
      let walks = part(result)
      page.line(
        "  \(column(result.policy.name, 14))\(column(tenths(walks.visited.mean), right: 5))"
          + column(UInt64(walks.visited.percentile(50)), 6) + rest(walks.visited)
          + column(tenths(walks.mapping.mean), right: 8) + rest(walks.mapping)
          + column(tenths(walks.inVain.mean), right: 8) + rest(walks.inVain))
      if walks.dangling > 0 {
        page.line("                 and \(counted(walks.dangling, "page")) whose anon_vma was freed")
      }
    }
  }

  private static func rest(_ distribution: Distribution) -> String {
    column(UInt64(distribution.percentile(99)), 6) + column(UInt64(distribution.maximum), 6)
  }

  // MARK: Findings

  private static func findings(_ result: PolicyResult, _ compared: ComparedWorkload, _ page: inout TextLayout) {
    for (invariant, finding, step) in result.findings.prefix(findingsShown) {
      page.line()
      page.line("Design \(result.policy.name)")
      TextReport.render(finding, invariant, names: [:], FunctionNames(), &page)
      guard let workload = compared.workload else { continue }
      let origin = workload.steps[step].origin
      let recorded = origin > 0 ? ", recorded event \(origin)" : ""
      page.paragraph("Step", "\(step + 1) of the workload\(recorded): \(workload.describe(step: step))", indent: 7)
    }
    let shown = min(result.findings.count, findingsShown)
    let hidden = result.violations - UInt64(shown)
    if hidden > 0 {
      page.line()
      page.line("  \(counted(hidden, "more violation")) of \(result.policy.name) not shown.")
    }
  }
}

/// One digit behind the point.
func tenths(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}

/// Right-aligned text.
func column(_ text: String, right width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}
