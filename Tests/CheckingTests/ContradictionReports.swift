import Checking
import Foundation
import RecordingAudit
import Reports
import RmapEvents
import TestSupport
import Testing

/// Goal: reports say which object contradicts itself, and since when. Method: a kept recording of a faulty kernel that
/// does, as every report shows it.
@Suite struct ContradictionReports {
  private static let result = RecordingCheck().run(path: "\(tracesFolder)/6.12-faults/trace.dat")

  @Test func textNamesTheObjectAndTheEvents() throws {
    let found = Self.result.contradictions
    let first = try #require(found.first)
    let text = TextReport.render(Self.result)
    let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(
      words.contains(
        "contradicts itself \(found.total) time\(found.total == 1 ? "" : "s"), first at event \(first.at.ordinal): \(first.text(Self.result.functions))"
      ))
    for other in found.kept.dropFirst() {
      #expect(words.contains("also event \(other.at.ordinal): \(other.text(Self.result.functions))"))
    }
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test func jsonHasThemAsData() throws {
    let document = try JSONSerialization.jsonObject(with: Data(JSONReport.render([Self.result]).utf8))
    let recordings = try #require((document as? [String: Any])?["recordings"] as? [[String: Any]])
    let entries = try #require(recordings.first?["contradictions"] as? [[String: Any]])
    let found = Self.result.contradictions
    #expect(!entries.isEmpty && entries.count == found.kept.count)
    for (entry, contradiction) in zip(entries, found.kept) {
      #expect(entry["kind"] as? String == contradiction.kind.word)
      #expect(entry["object"] as? String == contradiction.object.text(Self.result.functions))
      #expect(entry["field"] as? String == contradiction.field.name)
      #expect(entry["was"] as? String == contradiction.was?.text(Self.result.functions))
      #expect(entry["is"] as? String == contradiction.now.text(Self.result.functions))
      #expect(entry["since"] as? UInt64 == contradiction.since)
      #expect((entry["at"] as? [String: Any])?["number"] as? UInt64 == contradiction.at.ordinal)
      #expect(entry["count"] as? UInt64 == found.count(of: contradiction.kind))
    }
  }
}
