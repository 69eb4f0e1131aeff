import RecordingFormat
import Reports

/// A night's report as one HTML file: the text's sections as tables, and the grid of kernels × workloads with its trends. It
/// needs no network and no script.
public struct MorningPage {
  private let report: MorningReport
  private let grid: Grid

  /// The page of a report.
  public init(_ report: MorningReport, _ grid: Grid) {
    self.report = report
    self.grid = grid
  }

  /// The file.
  public var html: String {
    let title = escape("rmapcheck \(report.night): \(report.summary)")
    return """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <title>\(title)</title><style>\(Self.style)</style></head><body>
      <h1>\(escape("Night \(report.night)"))</h1>
      <p>\(escape(report.summary)); \(report.since.map { escape("compared with \($0)") } ?? "the first night")</p>
      \(trends)\(sections)\(table)
      <details><summary>The whole report as text</summary><pre>\(escape(report.text))</pre></details>
      </body></html>

      """
  }

  private static let style = """
    :root{color-scheme:light dark;--line:#8886;--good:#2a7d4f;--bad:#b3261e;--odd:#9a6a00;--none:#777}
    @media(prefers-color-scheme:dark){:root{--good:#6fcf97;--bad:#ff8a80;--odd:#e6b450;--none:#aaa}}
    body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:72em;padding:0 1em}
    table{border-collapse:collapse;margin:.5em 0 1.5em}th,td{border:1px solid var(--line);padding:.2em .5em;text-align:left}
    th{font-weight:600}td{vertical-align:top}code,pre{font-family:ui-monospace,monospace;font-size:12px}
    pre{overflow-x:auto}.wide{overflow-x:auto}svg{vertical-align:middle}figure{display:inline-block;margin:0 2em 1em 0}
    .holds{color:var(--good)}.violated{color:var(--bad)}.damaged,.undecided{color:var(--odd)}.missing,.gone{color:var(--none)}
    """

  // MARK: Sections

  private var sections: String {
    MorningReport.State.allCases.map { state in
      let entries = report.defects(state)
      guard !entries.isEmpty else { return "" }
      let rows = entries.map { entry in
        """
        <tr><td><code>\(entry.fingerprint)</code><td>\(escape(entry.invariant))<td><code>\(escape(entry.function))</code>\
        <td>\(escape(entry.what))<td>\(escape((entry.kernels.isEmpty ? entry.lines : entry.kernels).joined(separator: ", ")))\
        <td>\(tests(entry.tests))<td>\(escape(entry.since))<td>\(entry.nights)<td>\(entry.seen) of \(entry.runs)\
        <td>\(escape(entry.good ?? ""))<td>\(escape(note(entry)))
        """
      }
      return """
        <h2>\(escape(state.rawValue.capitalizedFirst)) defects: \(entries.count)</h2><div class="wide"><table>
        <tr><th>Fingerprint<th>Invariant<th>Function<th>What<th>Kernels<th>Tests<th>Since<th>Nights<th>Runs\
        <th>Good<th>Note
        \(rows.joined(separator: "\n"))
        </table></div>

        """
    }.joined() + coverage + absent
  }

  private func note(_ entry: MorningReport.DefectEntry) -> String {
    let until = entry.until.map { " (until \($0))" } ?? ""
    return entry.reason.map { $0 + until } ?? entry.lastSeen.map { "last seen \($0)" } ?? ""
  }

  private func tests(_ names: [String]) -> String {
    let first = escape(names.first ?? "")
    guard names.count > 1 else { return first }
    return "<details><summary>\(names.count)</summary>\(names.map(escape).joined(separator: "<br>"))</details>"
  }

  private var coverage: String {
    guard !report.coverageLost.isEmpty else { return "" }
    let rows = report.coverageLost.map { entry in
      "<tr><td>\(escape(entry.invariant))<td>\(escape(entry.line))<td>\(percent(entry.before))"
        + "<td>\(entry.now.map(percent) ?? "nothing")<td>\(escape(entry.reason ?? ""))<td>\(tests(entry.tests))"
    }
    return "<h2>Less decided: \(rows.count)</h2><table><tr><th>Invariant<th>Kernel<th>Before<th>Now<th>Why<th>Tests\n"
      + rows.joined(separator: "\n") + "\n</table>\n"
  }

  private var absent: String {
    let gone = report.gone.map { entry in
      "<tr class=\"gone\"><td>\(escape(entry.test))<td>gone<td>\(escape("last \(entry.last)"))"
        + escape(entry.note.map { "; \($0)" } ?? "")
    }
    let odd = report.infrastructure.map { entry in
      "<tr><td>\(escape(entry.test))<td class=\"\(entry.verdict.rawValue)\">\(entry.verdict.rawValue)<td>\(escape(entry.note))"
    }
    guard !(gone + odd).isEmpty else { return "" }
    return "<h2>Says nothing of the kernel: \(gone.count + odd.count)</h2><table><tr><th>Test<th>State<th>Why\n"
      + (gone + odd).joined(separator: "\n") + "\n</table>\n"
  }

  // MARK: Grid

  /// Rows are workloads, columns kernels.
  private var table: String {
    struct Column: Hashable { let line, flavour: String }
    var rows: [String: [Column: Grid.Cell]] = [:]
    var columns: Set<Column> = []
    for cell in grid.cells {
      let column = Column(line: cell.line, flavour: cell.flavour)
      columns.insert(column)
      rows[cell.workload, default: [:]][column] = cell
    }
    let order = columns.sorted { ($0.line, $0.flavour) < ($1.line, $1.flavour) }
    let head = order.map { "<th>\(escape($0.line))<br>\(escape($0.flavour))" }.joined()
    let body = rows.sorted { $0.key < $1.key }.map { workload, cells in
      "<tr><th>\(escape(workload))" + order.map { column in cells[column].map(cell) ?? "<td>" }.joined()
    }
    return
      "<h2>Kernels and workloads</h2><p>The last verdict, the defects, and the course over \(grid.nights.count) nights: "
      + "share of checks decided (line), events (dots).</p><div class=\"wide\"><table><tr><th>\(head)\n"
      + body.joined(separator: "\n") + "\n</table></div>\n"
  }

  private func cell(_ cell: Grid.Cell) -> String {
    guard let last = cell.points.last else { return "<td>" }
    let isNow = last.night == grid.nights.count - 1
    let word = isNow ? last.verdict.rawValue : "gone"
    let defects = isNow && last.defects > 0 ? " \(last.defects)" : ""
    let decided = share(last).map { "\(percent($0)) decided, " } ?? ""
    let title = escape("\(grid.nights[last.night]): \(decided)\(last.events) events")
    return "<td class=\"\(word)\" title=\"\(title)\">\(word)\(defects) \(course(cell.points))"
  }

  private func share(_ point: Grid.Point) -> UInt64? {
    let all = Double(point.decided) + Double(point.undecided)
    return all == 0 ? nil : UInt64(Double(point.decided) / all * 1000)
  }

  /// A test's course, as wide as there are nights.
  private func course(_ points: [Grid.Point]) -> String {
    guard grid.nights.count > 1 else { return "" }
    let most = points.map(\.events).max() ?? 0
    let line = points.compactMap { point in share(point).map { "\(x(point.night)),\(18 - Int($0) * 16 / 1000)" } }
    let dots = points.filter { $0.events > 0 }.map { point in
      "M\(x(point.night)) \(18 - Int(16 * Double(point.events) / Double(max(1, most))))h0"
    }
    return "<svg width=\"64\" height=\"20\"><path d=\"\(dots.joined())\" stroke=\"currentColor\" stroke-width=\"2\" "
      + "stroke-linecap=\"round\" opacity=\".5\"/><polyline points=\"\(line.joined(separator: " "))\" fill=\"none\" "
      + "stroke=\"currentColor\"/></svg>"
  }

  private func x(_ night: Int) -> Int { 2 + night * 60 / max(1, grid.nights.count - 1) }

  // MARK: Trends

  /// All tests together.
  private var trends: String {
    guard grid.nights.count > 1 else { return "" }
    let zeros = [Double](repeating: 0, count: grid.nights.count)
    var (decided, all, events, runs, broken) = (zeros, zeros, zeros, zeros, zeros)
    for point in grid.cells.flatMap(\.points) {
      decided[point.night] += Double(point.decided)
      all[point.night] += Double(point.decided) + Double(point.undecided)
      events[point.night] += Double(point.events)
      runs[point.night] += 1
      broken[point.night] += point.verdict == .violated ? 1 : 0
    }
    let shares = zip(decided, all).map { $1 == 0 ? 0 : $0 / $1 * 100 }
    return chart("Decided, % of all checks", shares, from: 0, to: 100) + chart("Events", events)
      + chart("Tests", runs) + chart("Tests that are violated", broken)
  }

  private func chart(_ name: String, _ values: [Double], from low: Double = 0, to high: Double? = nil) -> String {
    let top = max(high ?? values.max() ?? 0, low + 1)
    let points = values.enumerated().map { index, value in
      "\(4 + index * 232 / max(1, values.count - 1)),\(76 - Int((value - low) / (top - low) * 70))"
    }
    let now = values.last ?? 0
    let text = high == nil ? "\(UInt64(now))" : percent(UInt64(now * 10))
    return "<figure><figcaption>\(escape(name)): \(text)</figcaption><svg width=\"240\" height=\"80\" role=\"img\" "
      + "aria-label=\"\(escape(name))\"><path d=\"M0 76.5h240\" stroke=\"currentColor\" opacity=\".4\"/><polyline "
      + "points=\"\(points.joined(separator: " "))\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\"/></svg></figure>\n"
  }

  private func percent(_ permille: UInt64) -> String { "\(permille / 10).\(permille % 10) %" }

  private func escape(_ text: String) -> String {
    // Line breaks of the text report are its own.
    text.split(separator: "\n", omittingEmptySubsequences: false).map { escaped(printable(String($0))) }
      .joined(separator: "\n")
  }

  private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
