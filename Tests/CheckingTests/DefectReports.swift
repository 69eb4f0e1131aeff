import Foundation
import Invariants
import Reports
import RmapEvents
import TestSupport
import Testing

@testable import Checking

/// Goal: a report has one entry for each thing that is wrong, and every violation is counted under one of them.
/// Method: kept recordings of faulty kernels, of which it is known what was done to them.
@Suite struct DefectReports {
  private func check(_ name: String, _ limit: FindingLimit = .standard) -> RecordingResult {
    RecordingCheck(limit: limit).run(path: "\(tracesFolder)/\(name)/trace.dat")
  }

  @Test func whatFollowsFromAForkIsNoDefectOfItsOwn() throws {
    let result = check("6.12-fault-drop-avc")
    let defect = try #require(result.defects.first)
    #expect(result.defects.count == 1)
    #expect(defect.invariant.name == "fork-closure" && defect.first.stamp.ordinal == 2117 && defect.occurrences == 1)
    let follows = defect.follows.map { "\($0.invariant.name) \($0.count) \($0.firstEvent)" }
    #expect(follows == ["parent-closure 1 2117", "fork-closure 1 2118", "reach 32 2119"])
  }

  /// Eight lines of mm/ changed in each of these kernels.
  @Test(arguments: ["6.12-mm-defects-a", "6.12-mm-defects-b"]) func independentDefectsStayApart(name: String) {
    #expect(6...10 ~= check(name).defects.count)
  }

  @Test(arguments: ["6.12-faults", "6.12-mm-defects-b", "6.1-fault-lost-reference", "6.12-healthy"])
  func everyViolationIsCountedOnce(name: String) {
    let (some, all) = (check(name), check(name, .all))
    for result in [some, all] {
      #expect(result.defects.reduce(0) { $0 + $1.violations } == result.violations)
      // The first of each is there in full, however few are kept.
      let places = result.findingsOfDefects
      for (place, defect) in result.defects.enumerated() {
        #expect(places.contains { $0.defect == place && $0.finding == defect.first })
      }
      let events = result.defects.map(\.first.stamp.ordinal)
      #expect(events == events.sorted() && Set(result.defects.map(\.fingerprint)).count == events.count)
    }
    #expect(UInt64(all.findings.count) == all.violations)
    #expect(some.defects.map(\.fingerprint) == all.defects.map(\.fingerprint))
    #expect(some.defects.map(\.violations) == all.defects.map(\.violations))
  }

  @Test func whereNoWitnessWasLookedForTheCommandIsNamed() {
    let text = TextReport.render(check("6.12-fault-drop-avc"))
    #expect(text.contains("\nWitness: the few events that show it: rmapcheck reduce"))
  }

  /// What a report shows of each defect leads to its violations, and the first one's is the first.
  @Test func jsonLeadsFromDefectsToViolations() throws {
    let text = ReportFormat.json.render([check("6.12-fault-drop-root-avc")])
    let report = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let recording = try #require((report["recordings"] as? [[String: Any]])?.first)
    let defects = try #require(recording["defects"] as? [[String: Any]])
    let violations = try #require(recording["violations"] as? [[String: Any]])
    #expect(recording["xxh64"] as? String != nil)
    #expect((recording["made"] as? [String: Any])?["machine"] as? String == "x86_64")
    for (place, defect) in defects.enumerated() {
      let findings = try #require(defect["findings"] as? [Int])
      #expect(findings.allSatisfy { violations[$0]["defect"] as? Int == place })
      let first = try #require(findings.first.map { violations[$0] })
      #expect(first["fingerprint"] as? String == defect["fingerprint"] as? String)
      #expect((first["event"] as? [String: Any])?["number"] as? Int == defect["event"] as? Int)
    }
  }
}
