// Reports: results, in the forms that people and programs read.
//
// One idea: a report adds nothing and leaves out nothing that matters. What it says is in the result; the same result
// gives the same bytes, at any number of jobs, so that reports can be compared. Text is for mails: no colour, 80
// columns, `TextLayout` wraps it; the mail form is its first defect and what a mailing list asks for. JSON is the complete form, with a schema that only grows; JUnit, KTAP and SARIF are
// for CI systems, which know tests that pass, fail, or are skipped: `undecided` is never a pass in any of them.
//
// Names of tasks and text of sidecars come from others. Every string passes `printable`, so that no file clears a
// terminal or forges a line of a report.
//
// A new form is one file, a case of `ReportFormat`, and a line in its `render`. Comparisons of policies have forms of
// their own, in Comparison/.

public import Checking
public import Reducing

/// The forms in which results can be written.
public enum ReportFormat: String, CaseIterable, Sendable {
  case text, json, junit, ktap, sarif, html, mail

  /// Whether results can be written one by one, as they come; all others need the whole run.
  public var isIncremental: Bool { self == .text }

  /// The whole report over all results.
  public func render(_ results: [RecordingResult], _ options: ReportOptions = ReportOptions()) -> String {
    switch self {
    case .text:
      results.map { TextReport.render($0, options) }.joined(separator: "\n")
        + (results.count > 1 ? "\n" + TextReport.total(results) : "")
    case .json: JSONReport.render(results, options)
    case .junit: JUnitReport.render(results, options)
    case .ktap: KTAPReport.render(results)
    case .sarif: SARIFReport.render(results, options)
    case .html: HTMLReport.render(results, options)
    case .mail: MailReport.render(results, options)
    }
  }
}

/// What a report leaves to whoever asks for it.
public struct ReportOptions: Sendable {
  /// How many defects of a recording are shown in full, if nothing else is said.
  public static let violationsShown = 8

  /// How many defects of a recording text shows in full; nil for all, and for every violation that follows from them.
  public var violationsShown: Int?

  /// The few events that show a recording's first defect, by its path, where they were looked for and found.
  public var witnesses: [String: BriefWitness] = [:]

  /// The program that reports.
  public var tool: Tool

  /// The given ones.
  public init(violationsShown: Int? = Self.violationsShown, tool: Tool = Tool()) {
    self.violationsShown = violationsShown
    self.tool = tool
  }
}
