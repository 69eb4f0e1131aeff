public import Checking
import Invariants
import RecordingFormat
import RmapEvents

/// SARIF 2.1.0: one result for each violation, and one of kind `open` or `pass` for each invariant without any.
public enum SARIFReport {
  /// All results.
  public static func render(_ results: [RecordingResult]) -> String {
    let rules = Invariant.all.map { invariant in
      Rule(
        id: invariant.name, shortDescription: Message(text: invariant.statement),
        help: Message(text: invariant.source))
    }
    let run = Run(
      tool: Tool(driver: Driver(name: "rmapcheck", rules: rules)),
      invocations: [Invocation(executionSuccessful: !results.contains { $0.damage != nil })],
      results: results.flatMap(entries))
    return JSONReport.encode(Log(runs: [run]))
  }

  private static func entries(_ result: RecordingResult) -> [Entry] {
    if let damage = result.damage, result.invariants.isEmpty {
      return [Entry(nil, kind: "open", level: "none", "damaged: \(damage)", result.path, nil)]
    }
    return result.invariants.flatMap { entry -> [Entry] in
      let name = entry.invariant.name
      guard entry.verdict == .violated else {
        guard entry.isRecorded else {
          return [
            Entry(name, kind: "notApplicable", level: "none", "not recorded", result.path, nil)
          ]
        }
        let isOpen = entry.verdict != .holds || result.verdict != .holds
        let text = "decided \(entry.ledger.decided), undecided \(entry.ledger.undecidedTotal)"
        return [Entry(name, kind: isOpen ? "open" : "pass", level: "none", text, result.path, nil)]
      }
      return entry.findings.map { finding in
        let text = "\(finding.what) \(finding.contradiction.text). [\(finding.function)]"
        return Entry(name, kind: "fail", level: "error", text, result.path, finding.stamp.ordinal)
      }
    }
  }

  private struct Log: Encodable {
    let version = "2.1.0"
    let schema = "https://json.schemastore.org/sarif-2.1.0.json"
    let runs: [Run]

    enum CodingKeys: String, CodingKey {
      case version, runs
      case schema = "$schema"
    }
  }

  private struct Run: Encodable {
    let tool: Tool
    let invocations: [Invocation]
    let results: [Entry]
  }

  private struct Tool: Encodable { let driver: Driver }

  private struct Driver: Encodable {
    let name: String
    let rules: [Rule]
  }

  private struct Rule: Encodable {
    let id: String
    let shortDescription: Message
    let help: Message
  }

  private struct Invocation: Encodable { let executionSuccessful: Bool }

  private struct Message: Encodable { let text: String }

  private struct Entry: Encodable {
    let ruleId: String?
    let kind: String
    let level: String
    let message: Message
    let locations: [Location]

    init(
      _ rule: String?, kind: String, level: String, _ text: String, _ path: String, _ event: UInt64?
    ) {
      ruleId = rule
      self.kind = kind
      self.level = level
      message = Message(text: text)
      locations = [
        Location(
          physicalLocation: PhysicalLocation(artifactLocation: ArtifactLocation(uri: path)),
          logicalLocations: event.map { [LogicalLocation(name: "event \($0)", kind: "event")] })
      ]
    }
  }

  private struct Location: Encodable {
    let physicalLocation: PhysicalLocation
    let logicalLocations: [LogicalLocation]?
  }

  private struct PhysicalLocation: Encodable { let artifactLocation: ArtifactLocation }
  private struct ArtifactLocation: Encodable { let uri: String }

  private struct LogicalLocation: Encodable {
    let name: String
    let kind: String
  }
}
