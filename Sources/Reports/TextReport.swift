public import Checking
import Invariants
import RecordingAudit
import RecordingFormat
import RmapEvents
import RmapGraph

/// The report for people, fit to be pasted into a mail: no colour, 80 columns, the same bytes every time.
///
/// What is wrong comes first, then what was looked at: the verdict, the defects, and the table of all invariants.
public enum TextReport {
  /// How many gaps of one recording are shown.
  static let lossesShown = 4

  /// One recording's part of the report.
  public static func render(_ result: RecordingResult, _ options: ReportOptions = ReportOptions()) -> String {
    var page = TextLayout()
    page.line("\(column(headline(result.verdict), 10)) \(result.path)")
    if let damage = result.damage {
      page.paragraph(result.isMissing ? "  missing" : "  damaged", damage, indent: 11)
    }
    if result.records > 0 { summary(result, &page) }
    losses(result, &page)
    for doubt in result.doubts { page.paragraph("  doubt", doubt, indent: 11) }
    // The first of all is among the doubts.
    for contradiction in result.contradictions.kept.dropFirst() {
      page.paragraph("  also", "event \(contradiction.at.ordinal): \(contradiction.text(result.functions))", indent: 11)
    }
    defects(result, options, &page)
    if !result.defects.isEmpty { page.line() }
    if result.events > 0 { table(result, &page) }
    return page.text
  }

  /// The last line of a report over several recordings.
  public static func total(_ results: [RecordingResult]) -> String {
    let counts = Verdict.allCases.map { verdict in
      "\(results.count { $0.verdict == verdict }) \(verdict.rawValue)"
    }
    return "\(counted(results.count, "recording")): " + counts.joined(separator: ", ") + "\n"
  }

  private static func headline(_ verdict: Verdict) -> String { verdict.rawValue.uppercased() }

  private static func summary(_ result: RecordingResult, _ page: inout TextLayout) {
    var parts: [String] = []
    if let kernel = result.kernel { parts.append("kernel \(kernel)") }
    parts.append("\(counted(result.events, "event")) of \(counted(result.records, "record"))")
    parts.append(result.losses.isEmpty ? "none lost" : counted(result.losses.count, "gap"))
    parts.append(result.checksum.map { "checksum \($0.word)" } ?? "no checksum")
    page.paragraph("  replayed", parts.joined(separator: ", "), indent: 11)
    let statistics = result.statistics
    guard let all = share(statistics.predictedUnmaps, statistics.unpredictedUnmaps) else { return }
    page.line("  predicted  \(all) page unmappings")
    if let born = share(statistics.predictedUnmapsOfBorn, statistics.unpredictedUnmapsOfBorn) {
      page.line("             \(born) in processes born in the recording")
    }
  }

  /// `99.1 % of 7966`, rounded down; nil of nothing.
  private static func share(_ hit: UInt64, _ miss: UInt64) -> String? {
    guard hit + miss > 0 else { return nil }
    let tenths = hit * 1000 / (hit + miss)
    return "\(tenths / 10).\(tenths % 10) % of \(hit + miss)"
  }

  /// What was lost, where and when.
  private static func losses(_ result: RecordingResult, _ page: inout TextLayout) {
    for loss in result.losses.prefix(lossesShown) {
      let what = loss.count.map { counted($0, "event") } ?? "an unknown number of events"
      let from = loss.after.map { seconds($0, rounded: result.roundsTimes) } ?? "the start"
      let to = loss.before.map { seconds($0, rounded: result.roundsTimes) } ?? "the end"
      page.paragraph("  lost", "\(what), cpu \(loss.cpu), from \(from) to \(to)", indent: 11)
    }
    let hidden = result.losses.count - lossesShown
    if hidden > 0 {
      page.paragraph("  lost", "\(counted(hidden, "more gap")) not shown; --format json has all", indent: 11)
    }
  }

  private static func share(_ entry: InvariantResult) -> String {
    guard let permille = entry.decidedPermille else { return "" }
    return column(permille / 10, 5) + ".\(permille % 10) %"
  }

  private static func table(_ result: RecordingResult, _ page: inout TextLayout) {
    // Where anything is in doubt, how much of it: the share of the checks that were decided.
    let showsShare = !result.doubts.isEmpty
    page.line("  invariant        verdict      decided  undecided  violations" + (showsShare ? "    share" : ""))
    for entry in result.invariants {
      guard entry.isRecorded else {
        page.line("  \(column(entry.invariant.name, 16)) not recorded")
        continue
      }
      guard entry.hasPart else {
        page.line("  \(column(entry.invariant.name, 16)) no occasion")
        continue
      }
      let ledger = entry.ledger
      page.line(
        "  \(column(entry.invariant.name, 16)) \(column(entry.verdict.rawValue, 10))"
          + " \(column(ledger.decided, 9)) \(column(ledger.undecidedTotal, 10))"
          + "  \(column(ledger.violations, 10))" + (showsShare ? share(entry) : ""))
    }
    let gaps = result.invariants.filter { $0.isRecorded && $0.lawGap != nil }
    for (index, entry) in gaps.enumerated() where !gaps[..<index].contains(where: { $0.lawGap == entry.lawGap }) {
      let concerned = gaps.filter { $0.lawGap == entry.lawGap }.map(\.invariant.name)
      let isAll = concerned.count == result.invariants.count(where: \.isRecorded)
      let names = isAll ? "every invariant" : concerned.joined(separator: ", ")
      page.paragraph("  no law", "\(names): \(entry.lawGap ?? "")", indent: 11)
    }
    for entry in result.invariants where entry.isRecorded && !entry.missing.isEmpty {
      let names = entry.missing.map { result.functions[$0] }.joined(separator: ", ")
      page.paragraph("  missing", "\(entry.invariant.name) needs events of \(names)", indent: 11)
    }
    for entry in result.invariants where !entry.missingFields.isEmpty {
      let names = entry.missingFields.map(\.meaning).joined(separator: ", ")
      page.paragraph("  missing", "\(entry.invariant.name) needs \(names): not recorded", indent: 11)
    }
  }
}
