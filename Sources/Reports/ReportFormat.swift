public import Checking

/// The forms in which results can be written.
public enum ReportFormat: String, CaseIterable, Sendable {
  case text, json, junit, ktap, sarif

  /// Whether results can be written one by one, as they come; all others need the whole run.
  public var isIncremental: Bool { self == .text }

  /// The whole report over all results.
  public func render(_ results: [RecordingResult]) -> String {
    switch self {
    case .text: results.map(TextReport.render).joined(separator: "\n") + TextReport.total(results)
    case .json: JSONReport.render(results)
    case .junit: JUnitReport.render(results)
    case .ktap: KTAPReport.render(results)
    case .sarif: SARIFReport.render(results)
    }
  }
}
