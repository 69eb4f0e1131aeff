public import Checking
import Invariants
import RecordingFormat
import RmapEvents

/// SARIF 2.1.0: one result for each defect, one of kind `informational` for each invariant that is broken only in consequence
/// of one, one of kind `open`, `pass` or `notApplicable` for each without any violation; a notification for each recording that is damaged or in doubt.
public enum SARIFReport {
  /// All results.
  public static func render(_ results: [RecordingResult], _ options: ReportOptions = ReportOptions()) -> String {
    let rules = Invariant.all.map { invariant in
      Rule(
        id: invariant.name, shortDescription: Message(text: invariant.statement),
        help: Message(text: invariant.source))
    }
    let identified = zip(results, RunIdentity.of(results))
    let run = Run(
      tool: ToolEntry(driver: Driver(name: Tool.name, version: options.tool.fullVersion, rules: rules)),
      invocations: [
        Invocation(
          executionSuccessful: !results.contains { $0.damage != nil },
          toolExecutionNotifications: identified.flatMap(notifications))
      ],
      results: identified.flatMap(entries))
    return JSONReport.encode(Log(runs: [run]))
  }

  /// What keeps a recording from being judged is no result of a rule.
  private static func notifications(_ result: RecordingResult, _ identity: RunIdentity) -> [Notification] {
    let place = Location(result, identity)
    let damage = result.damage.map {
      Notification(id: result.verdict == .missing ? "missing" : "damaged", level: "error", text: $0, place)
    }
    return [damage].compactMap { $0 }
      + result.doubts.map { Notification(id: "undecided", level: "warning", text: $0, place) }
  }

  private static func entries(_ result: RecordingResult, _ identity: RunIdentity) -> [Entry] {
    result.invariants.flatMap { entry -> [Entry] in
      let name = entry.invariant.name
      let place = Location(result, identity)
      switch entry.outcome(in: result) {
      case .passed: return [Entry(name, kind: "pass", entry.counts, place, [name, identity.name])]
      case .skipped(let reason):
        let kind = entry.isRecorded ? "open" : "notApplicable"
        return [Entry(name, kind: kind, reason, place, [name, identity.name])]
      case .failed:
        let own = result.defects.filter { $0.invariant.number == entry.invariant.number }
        if own.isEmpty {
          let count = counted(entry.ledger.violations, "violation")
          return [
            Entry(name, kind: "informational", "\(count), in consequence of others", place, [name, identity.name])
          ]
        }
        return own.map { defect in
          let first = defect.first
          return Entry(
            name, kind: "fail", "\(first.what) [\(result.functions[first.responsible])]",
            Location(result, identity, first), [defect.fingerprint, identity.name],
            properties: [
              "contradiction": first.contradiction.text, "occurrences": "\(defect.occurrences)",
              "follows": defect.follows.isEmpty ? "" : TextReport.follows(defect),
            ])
        }
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
    let tool: ToolEntry
    let invocations: [Invocation]
    let results: [Entry]
  }

  private struct ToolEntry: Encodable { let driver: Driver }

  private struct Driver: Encodable {
    let name: String
    let version: String
    let rules: [Rule]
  }

  private struct Rule: Encodable {
    let id: String
    let shortDescription: Message
    let help: Message
  }

  private struct Invocation: Encodable {
    let executionSuccessful: Bool
    let toolExecutionNotifications: [Notification]
  }

  private struct Notification: Encodable {
    let descriptor: Descriptor
    let level: String
    let message: Message
    let locations: [Location]

    init(id: String, level: String, text: String, _ location: Location) {
      descriptor = Descriptor(id: id)
      self.level = level
      message = Message(text: text)
      locations = [location]
    }
  }

  private struct Descriptor: Encodable { let id: String }
  private struct Message: Encodable { let text: String }

  private struct Entry: Encodable {
    let ruleId: String
    let kind: String
    let level: String
    let message: Message
    let locations: [Location]
    /// By these a result is known again in the next night's log: neither has a path or an address in it.
    let partialFingerprints: [String: String]
    let properties: [String: String]?

    init(
      _ rule: String, kind: String, _ text: String, _ location: Location, _ marks: [String],
      properties: [String: String]? = nil
    ) {
      ruleId = rule
      self.kind = kind
      level = kind == "fail" ? "error" : "none"
      message = Message(text: text)
      locations = [location]
      partialFingerprints = ["defect/v1": marks[0], "run/v1": marks[1]]
      self.properties = properties
    }
  }

  private struct Location: Encodable {
    let physicalLocation: PhysicalLocation
    let logicalLocations: [LogicalLocation]

    init(_ result: RecordingResult, _ identity: RunIdentity, _ finding: Finding? = nil) {
      physicalLocation = PhysicalLocation(artifactLocation: ArtifactLocation(uri: reference(toFileAt: result.path)))
      let event = finding.map { LogicalLocation(name: "event \($0.stamp.ordinal)", kind: "event") }
      logicalLocations = [LogicalLocation(name: identity.name, kind: "run")] + [event].compactMap { $0 }
    }
  }

  private struct PhysicalLocation: Encodable { let artifactLocation: ArtifactLocation }
  private struct ArtifactLocation: Encodable { let uri: String }

  private struct LogicalLocation: Encodable {
    let name: String
    let kind: String
  }
}

/// A path as a reference of RFC 3986: a relative one stays one.
func reference(toFileAt path: String) -> String {
  let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/!$&'()*+,;=@:".utf8)
  var encoded = ""
  for byte in path.utf8 {
    if plain.contains(byte) {
      encoded.unicodeScalars.append(Unicode.Scalar(byte))
    } else {
      let digits = String(byte, radix: 16, uppercase: true)
      encoded += "%" + (digits.count < 2 ? "0" : "") + digits
    }
  }
  if path.hasPrefix("/") { return "file://" + encoded }
  // What stands before a colon would be taken for a scheme.
  return encoded.prefix { $0 != "/" }.contains(":") ? "./" + encoded : encoded
}
