import Checking
import Foundation
import Invariants
import RecordingFormat
import Reports
import RmapEvents
import TestSupport
import Testing
import Vocabulary

/// Goal: JSONReportSchema.md and the JSON Schema beside it have every field of the report, and no other. Method: both
/// against the fields of the values that are encoded, those that are nil included.
@Suite struct SchemaDocumentTests {
  /// The document's headings, by the names of the types.
  private static let headings = [
    "Document": "Overview", "ToolEntry": "A tool", "RunEntry": "A run", "Recording": "A recording",
    "MadeEntry": "A making", "LossEntry": "A gap", "ContradictionEntry": "A contradiction",
    "InvariantEntry": "An invariant", "DefectEntry": "A defect", "FollowEntry": "A consequence",
    "ViolationEntry": "A violation", "StepEntry": "A step", "ObjectEntry": "An object", "FactEntry": "A fact",
    "EventEntry": "An event",
  ]

  private static let folder = "\(repository)/Sources/rmapcheck/RmapCheck.docc"
  private let text: String
  /// The fields of every struct in a report, by its type.
  private let types: [String: Set<String>]

  init() throws {
    text = try String(contentsOfFile: "\(Self.folder)/JSONReportSchema.md", encoding: .utf8)
    types = Self.fields(of: JSONReport.document(Self.results, ReportOptions()))
  }

  /// Of these recordings there are gaps, contradictions, violations, and both ways to say who did it.
  private static var results: [RecordingResult] {
    ["6.1-fault-wrong-root", "6.12-faults", "6.12-lossy"].map { RecordingCheck().run(path: tracePath($0)) }
  }

  @Test func tablesHaveTheFields() throws {
    let tables = self.tables()
    #expect(Set(types.keys) == Set(Self.headings.keys))
    for (type, fields) in types {
      let heading = try #require(Self.headings[type])
      #expect(tables[heading] == fields, "\(heading)")
    }
    #expect(Set(tables.keys) == Set(Self.headings.values))
  }

  @Test func schemaHasTheFields() throws {
    let schema = try Data(contentsOf: URL(filePath: "\(Self.folder)/Resources/rmapcheck-report-1.schema.json"))
    var objects: Set<Set<String>> = []
    collectProperties(try JSONSerialization.jsonObject(with: schema), into: &objects)
    #expect(objects == Set(types.values))
  }

  /// The names of the properties of every object in a JSON Schema.
  private func collectProperties(_ node: Any, into objects: inout Set<Set<String>>) {
    if let array = node as? [Any] { array.forEach { collectProperties($0, into: &objects) } }
    guard let object = node as? [String: Any] else { return }
    if let properties = object["properties"] as? [String: Any] { objects.insert(Set(properties.keys)) }
    object.values.forEach { collectProperties($0, into: &objects) }
  }

  @Test func wordsAreNamed() {
    let words: [String] =
      UndecidedReason.allCases.map(\.word) + Verdict.allCases.map(\.rawValue) + RecordingLevel.allCases.map(\.rawValue)
    for word in words + [JSONReport.schema] { #expect(text.contains("`\(word)`"), "\(word)") }
  }

  /// The fields of every struct in a value, by its type.
  private static func fields(of value: some Encodable) -> [String: Set<String>] {
    var types: [String: Set<String>] = [:]
    collect(value, into: &types)
    return types
  }

  private static func collect(_ value: Any, into types: inout [String: Set<String>]) {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .struct:
      types["\(mirror.subjectType)", default: []].formUnion(mirror.children.compactMap(\.label))
      for child in mirror.children { collect(child.value, into: &types) }
    case .collection, .optional:
      for child in mirror.children { collect(child.value, into: &types) }
    default: break
    }
  }

  /// The first columns of the tables, by heading.
  private func tables() -> [String: Set<String>] {
    var tables: [String: Set<String>] = [:]
    var heading = ""
    for line in text.split(separator: "\n") {
      if let title = line.firstMatch(of: /^##+ (.*)/) { heading = String(title.1) }
      if let row = line.firstMatch(of: /^\| `(\w+)` \|/) { tables[heading, default: []].insert(String(row.1)) }
    }
    return tables
  }
}
