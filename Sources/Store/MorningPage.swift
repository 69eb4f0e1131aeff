import RecordingFormat
import Reports

/// A night's report as one HTML file: the text's sections as tables, and the grid of kernels × workloads with its trends. It
/// needs no network and no script.
public struct MorningPage {
  private let report: MorningReport
  let grid: Grid

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
      \(sections)\(table)\(trends)
      <details><summary>The whole report as text</summary><pre>\(escape(report.text))</pre></details>
      </body></html>

      """
  }

  private static let style = """
    :root{color-scheme:light dark;--line:#8886;--good:#2a7d4f;--bad:#b3261e;--odd:#9a6a00;--none:#777}
    @media(prefers-color-scheme:dark){:root{--good:#6fcf97;--bad:#ff8a80;--odd:#e6b450;--none:#aaa}}
    body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:80em;padding:0 1em}
    table{border-collapse:collapse;margin:.5em 0 1.5em}th,td{border:1px solid var(--line);padding:.3em .6em;text-align:left}
    th{font-weight:600;white-space:nowrap}td{vertical-align:top;overflow-wrap:anywhere}.word{white-space:nowrap}
    tbody th{font-weight:400;white-space:normal;vertical-align:top}code,pre{font-family:ui-monospace,monospace;font-size:12px}
    pre,.wide{overflow-x:auto}svg{vertical-align:middle}figure{display:inline-block;margin:0 2em 1em 0}.quiet{color:var(--none)}
    .holds{color:var(--good)}.violated{color:var(--bad)}.damaged,.undecided{color:var(--odd)}.missing,.gone{color:var(--none)}
    """

  // MARK: Sections

  private var sections: String {
    MorningReport.State.allCases.map { state in
      let entries = report.defects(state)
      guard !entries.isEmpty else { return "" }
      let rows = entries.map { entry in
        """
        <tr><td class="word">\(escape(entry.invariant))<br><code>\(escape(entry.function))</code><br>\
        <code class="quiet">\(entry.fingerprint)</code><td>\(escape(entry.what))\
        <td>\(escape((entry.kernels.isEmpty ? entry.lines : entry.kernels).joined(separator: ", ")))\
        <td>\(tests(entry.tests))<td>\(escape(report.story(entry)))<td class="word">\(entry.seen) of \(entry.runs)\
        <td>event \(entry.event) of \(escape(entry.recording))<td>\(escape(note(entry)))
        """
      }
      return """
        <h2>\(escape(state.rawValue.capitalizedFirst)) defects: \(entries.count)</h2><div class="wide"><table>
        <thead><tr><th>Defect<th>What<th>Kernels<th>Tests<th>When<th>Runs<th>See<th>Note<tbody>
        \(rows.joined(separator: "\n"))
        </table></div>

        """
    }.joined() + coverage + absent
  }

  private func note(_ entry: MorningReport.DefectEntry) -> String {
    let over = entry.state == .new ? ", which is past" : ""
    return entry.reason.map { $0 + (entry.until.map { " (until \($0)\(over))" } ?? "") } ?? ""
  }

  private func tests(_ names: [String]) -> String {
    let first = escape(names.first ?? "")
    guard names.count > 1 else { return first }
    return "<details><summary>\(names.count)</summary>\(names.map(escape).joined(separator: "<br>"))</details>"
  }

  private var coverage: String {
    guard !report.coverageLost.isEmpty else { return "" }
    let rows = report.coverageLost.map { entry in
      "<tr><td>\(escape(entry.invariant))<td>\(escape(entry.line))<td class=\"word\">\(percent(entry.before))"
        + "<td class=\"word\">\(entry.now.map(percent) ?? "nothing")<td>\(escape(entry.reason ?? ""))<td>\(tests(entry.tests))"
    }
    return "<h2>Less decided: \(rows.count)</h2><table><thead>"
      + "<tr><th>Invariant<th>Kernel<th>Before<th>Now<th>Why<th>Tests<tbody>\n"
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
    return "<h2>Says nothing of the kernel: \(gone.count + odd.count)</h2><table><thead>"
      + "<tr><th>Test<th>State<th>Why<tbody>\n"
      + (gone + odd).joined(separator: "\n") + "\n</table>\n"
  }

  func percent(_ permille: UInt64) -> String { "\(permille / 10).\(permille % 10) %" }

  func escape(_ text: String) -> String {
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
