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
    var page = TextLayout()
    page.paragraph("Subject:", "[rmapcheck] \(subject(result))", indent: 9)
    page.line()
    origin(result, options, &page)
    if let defect = result.defects.first {
      page.line()
      TextReport.render(defect, result, &page)
    }
    var end = TextLayout()
    end.line()
    end.line("To see it again, with the recording:")
    end.line("  rmapcheck check \(name(of: result.path))")
    var lines = page.lines
    if result.defects.count > 1 { lines += others(result, room: mostLines - lines.count - end.lines.count) }
    // What is left out, the command shows.
    let room = mostLines - end.lines.count
    if lines.count > room { lines = lines.prefix(room - 1) + ["[...]"] }
    return (lines + end.lines).map { ascii($0) + "\n" }.joined()
  }

  private static func subject(_ result: RecordingResult) -> String {
    let kernel = result.kernel ?? "unknown kernel"
    guard let first = result.defects.first else { return "\(result.verdict.rawValue), \(kernel)" }
    return "\(first.invariant.name) broken by \(result.functions[first.first.responsible]), \(kernel)"
  }

  /// What was recorded, where and when, and what judged it.
  private static func origin(_ result: RecordingResult, _ options: ReportOptions, _ page: inout TextLayout) {
    let (sidecar, kernel) = (result.sidecar, result.sidecar?.kernel)
    func say(_ label: String, _ parts: [String?]) {
      let text = parts.compactMap { $0 }.joined(separator: ", ")
      if !text.isEmpty { page.paragraph(label, folded(text, to: TextLayout.width - 11), indent: 11) }
    }
    say("Kernel", [result.kernel ?? kernel?.release, kernel?.version])
    say("Config", kernel?.configuration?.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } ?? [])
    say("Machine", [kernel?.machine, sidecar?.recorder?.cpus.map { counted(UInt64($0), "CPU") }, kernel?.commandLine])
    say("Modules", kernel?.modules ?? [])
    say("Workload", [sidecar?.workload?.command?.joined(separator: " ")])
    say("Date", [sidecar?.date])
    say("Recorder", [sidecar?.recorder?.version])
    let losses = result.losses.isEmpty ? "none lost" : counted(UInt64(result.losses.count), "gap")
    say(
      "Recording", [name(of: result.path), result.xxh64.map { "XXH64 \($0)" }, counted(result.events, "event"), losses])
    say("Checked", ["\(Tool.name) \(options.tool.fullVersion)"])
    let defects = result.defects.isEmpty ? nil : counted(UInt64(result.defects.count), "defect")
    let violations = result.violations == 0 ? nil : counted(result.violations, "violation")
    say("Verdict", [result.verdict.rawValue, defects, violations, result.damage])
    for doubt in result.doubts.prefix(2) { say("Doubt", [doubt]) }
  }

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

  /// The file without its folders, which are nobody else's.
  private static func name(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// Names of tasks and commands may have other letters; a mail for a list has not.
  private static func ascii(_ line: String) -> String {
    String(line.unicodeScalars.map { $0.isASCII ? Character($0) : "?" })
  }
}
