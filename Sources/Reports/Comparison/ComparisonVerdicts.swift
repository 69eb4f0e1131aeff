public import Comparing
import Policies
import RmapEvents

/// Every design's verdict on every workload, in one table: a line a workload, with the designs that break on it and the step
/// of each.
public enum ComparisonVerdicts {
  /// The whole table.
  public static func render(_ compared: [ComparedWorkload]) -> String {
    var page = TextLayout()
    page.line("workload                        designs that break, and at which step")
    for workload in compared {
      let name = workload.name.hasSuffix("/trace.dat") ? String(workload.name.dropLast(10)) : workload.name
      page.paragraph(column(name, 31), outcome(workload), indent: 32)
    }
    return page.text
  }

  private static func outcome(_ workload: ComparedWorkload) -> String {
    if let damage = workload.damage { return "damaged: \(damage)" }
    let broken = workload.results.filter { $0.isCorrect == false }
    let undecided = workload.results.filter { $0.isCorrect == nil }
    let holding = workload.results.count - broken.count - undecided.count
    var parts: [String] = []
    if !workload.doubts.isEmpty { parts.append("undecided (\(counted(workload.doubts.count, "doubt")))") }
    if !broken.isEmpty {
      parts.append(
        broken.map { "\($0.policy.name)\($0.firstWrongStep.map { " \($0 + 1)" } ?? "")" }.joined(separator: ", "))
    }
    if !undecided.isEmpty { parts.append("\(undecided.count) not put to the test") }
    if holding > 0 {
      parts.append(broken.isEmpty && undecided.isEmpty ? "none: all \(holding) hold" : "\(holding) hold")
    }
    return parts.joined(separator: "; ")
  }
}
