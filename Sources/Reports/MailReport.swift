public import Checking
import Invariants
import RecordingFormat
import RmapEvents

/// The report for a mailing list: plain ASCII, and no more than a screen or two. All that whoever gets it needs to know of the
/// kernel, the machine and the recording, the first defect in full, and the command that shows it again.
public enum MailReport {
  /// No recording's part is longer.
  static let mostLines = 60

  /// All results, one after another.
  public static func render(_ results: [RecordingResult], _ options: ReportOptions = ReportOptions()) -> String {
    results.map { render($0, options) }.joined(separator: "\n")
  }

  /// One recording's mail.
  static func render(_ result: RecordingResult, _ options: ReportOptions) -> String {
    var end = TextLayout()
    end.line()
    end.line("To see it again, with the recording:")
    let commands = Commands(fileName(of: result.path))
    for command in [commands.check] + again(result, commands) { end.line("  " + command) }
    var lines = begin(result, options, linesOfARow[0])
    let room = mostLines - end.lines.count
    // What was recorded gives way to what is wrong.
    for most in linesOfARow.dropFirst() where lines.count + linesOfOthers(result) > room {
      lines = begin(result, options, most)
    }
    if result.defects.count > 1 { lines += others(result, room: room - lines.count) }
    // What is left out, the commands show.
    if lines.count > room { lines = lines.prefix(room - 1) + ["[...]"] }
    return (lines + end.lines).map { ascii($0) + "\n" }.joined()
  }

  /// How many lines a row of what was recorded may have: a command line or a configuration can be longer than all the rest.
  private static let linesOfARow = [6, 3, 1]

  /// What the other defects take at least.
  private static func linesOfOthers(_ result: RecordingResult) -> Int { result.defects.count > 1 ? 4 : 0 }

  private static func begin(_ result: RecordingResult, _ options: ReportOptions, _ linesOfARow: Int) -> [String] {
    var page = TextLayout()
    page.paragraph("Subject:", "[rmapcheck] \(subject(result))", indent: 9)
    page.line()
    origin(result, options, linesOfARow, &page)
    if let defect = result.defects.first {
      page.line()
      TextReport.render(defect, result, &page)
    }
    return page.lines
  }

  private static func subject(_ result: RecordingResult) -> String {
    let kernel = result.kernel ?? "unknown kernel"
    guard let first = result.defects.first else { return "\(result.verdict.rawValue), \(kernel)" }
    return "\(first.invariant.name) broken by \(result.functions[first.first.responsible]), \(kernel)"
  }

  /// What was recorded, where and when, and what judged it; so many lines of each row.
  private static func origin(
    _ result: RecordingResult, _ options: ReportOptions, _ linesOfARow: Int, _ page: inout TextLayout
  ) {
    func say(_ label: String, _ text: String) {
      var part = TextLayout()
      part.paragraph(label, folded(text, to: TextLayout.width - indent), indent: indent)
      let shown = part.lines.prefix(linesOfARow)
      for line in shown.dropLast() { page.line(line) }
      guard let last = shown.last else { return }
      page.line(shown.count == part.lines.count ? last : last.prefix(TextLayout.width - 6) + " [...]")
    }
    for row in Origin(result, options).rows { say(row.label, row.text) }
    let defects = result.defects.isEmpty ? nil : counted(result.defects.count, "defect")
    let violations = result.violations == 0 ? nil : counted(result.violations, "violation")
    let verdict = [result.verdict.rawValue, defects, violations, result.damage].compactMap { $0 }
    say("Verdict", verdict.joined(separator: ", "))
    for doubt in result.doubts.prefix(2) { say("Doubt", doubt) }
  }

  private static let indent = 11

  /// A text with no word longer than so many letters: a command's arguments may be.
  private static func folded(_ text: String, to width: Int) -> String {
    text.split(separator: " ").map { word in
      var (parts, rest): ([Substring], Substring) = ([], word)
      while rest.count > width {
        parts.append(rest.prefix(width))
        rest = rest.dropFirst(width)
      }
      return (parts + [rest]).joined(separator: " ")
    }.joined(separator: " ")
  }

  /// What shows the first defect: its picture, and the few events that it takes.
  private static func again(_ result: RecordingResult, _ commands: Commands) -> [String] {
    guard let first = result.defects.first?.first else { return [] }
    return [commands.show(first.stamp.ordinal), commands.reduce(1)]
  }

  /// A line for each of the other defects, as far as there is room.
  private static func others(_ result: RecordingResult, room: Int) -> [String] {
    var page = TextLayout()
    page.line()
    page.line("Further defects:")
    var left = result.defects.count - 1
    for defect in result.defects.dropFirst() {
      guard page.lines.count + (left > 1 ? 2 : 1) <= room else { break }
      page.line(
        "  \(defect.invariant.name), \(result.functions[defect.first.responsible]), event "
          + "\(defect.first.stamp.ordinal), \(counted(defect.violations, "violation"))")
      left -= 1
    }
    if left > 0 { page.line("  and \(left) more") }
    return page.lines
  }

  /// Names of tasks and commands may have other letters; a mail for a list has not.
  private static func ascii(_ line: String) -> String {
    String(line.unicodeScalars.map { $0.isASCII ? Character($0) : "?" })
  }
}
