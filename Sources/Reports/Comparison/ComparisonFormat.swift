public import Comparing

/// The forms in which a comparison of policies can be written.
public enum ComparisonFormat: String, CaseIterable, Sendable {
  case text, json, csv, verdicts, markdown

  /// Whether workloads can be written one by one, as they come.
  public var isIncremental: Bool { self == .text }

  /// The whole report over all workloads.
  public func render(_ compared: [ComparedWorkload]) -> String {
    switch self {
    case .text: compared.map(ComparisonText.render).joined(separator: "\n")
    case .json: ComparisonJSON.render(compared)
    case .csv: ComparisonTable.render(compared)
    case .verdicts: ComparisonVerdicts.render(compared)
    case .markdown: ComparisonMarkdown.render(compared)
    }
  }
}
