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

  private let text: String
  /// The fields of every struct in a report, by its type.
  private let types: [String: Set<String>]

  init() throws {
    text = try String(contentsOfFile: "\(SchemaFields.documents)/JSONReportSchema.md", encoding: .utf8)
    var types: [String: Set<String>] = [:]
    SchemaFields.of(JSONReport.document(Self.results, ReportOptions()), into: &types)
    self.types = types
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
    #expect(try SchemaFields.ofSchema("rmapcheck-report-1") == Set(types.values))
  }

  @Test func wordsAreNamed() {
    let words: [String] =
      UndecidedReason.allCases.map(\.word) + Verdict.allCases.map(\.rawValue) + RecordingLevel.allCases.map(\.rawValue)
    for word in words + [JSONReport.schema] { #expect(text.contains("`\(word)`"), "\(word)") }
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
