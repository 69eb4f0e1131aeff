import Foundation
import Invariants
import ModelRecording
import Reports
import RmapEvents
import RmapTestSupport
import TestSupport
import Testing

@testable import Checking

/// Goal: of a recording with thousands of violations there is a page that a browser opens, and nothing is lost in it.
/// Method: a model kernel with one defect after another, recorded.
@Suite struct ManyViolations {
  private static let wanted: UInt64 = 8000

  private func recording(at path: String) throws {
    let writer = try ModelRecorder(path: path)
    let kernel = Kernel(.v6_12)
    kernel.reusesAddresses = true
    var generator = SeededGenerator(seed: 8000)
    for _ in 0..<2 {
      for defect in RmapTestSupport.Defect.allCases {
        kernel.defect = defect
        kernel.live(400, &generator)
        kernel.takeSteps { writer.append($0.event, pid: $0.pid) }
      }
    }
    try writer.finish(path: path)
  }

  @Test func aPageOfThemIsSmallAndAccountsForEach() throws {
    let folder = try makeTemporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "trace.dat").path
    try recording(at: path)
    var check = RecordingCheck(limit: .all)
    check.drawing = .findingsInFull(HTMLReport.picturesShown)
    let result = check.run(path: path)
    #expect(result.violations >= Self.wanted, "\(result.violations) violations")

    let page = HTMLReport.render([result])
    #expect(page.utf8.count <= 1_000_000, "\(page.utf8.count) bytes")
    #expect(page.contains("<svg "))
    let defects = page.components(separatedBy: "<article>").dropFirst()
    #expect(defects.count == min(result.defects.count, 100))
    #expect(page.contains("\(result.defects.count) defects, \(result.violations) violations."))
    for (text, defect) in zip(defects, result.defects) {
      #expect(text.contains("Fingerprint \(defect.fingerprint)."))
      #expect(defect.occurrences == 1 || text.contains("<p class=\"faint\">\(defect.occurrences) times. "))
      #expect(defect.follows.isEmpty || text.contains("\(defect.followCount) follow: "))
      #expect(text.contains("rmapcheck show --at \(defect.first.stamp.ordinal) "))
    }
    // What the page leads to has each of them.
    #expect(result.defects.reduce(0) { $0 + $1.occurrences + $1.followCount } == result.violations)
    let json = ReportFormat.json.render([result])
    let report = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    let recording = try #require((report["recordings"] as? [[String: Any]])?.first)
    #expect((recording["violations"] as? [Any])?.count == Int(result.violations))
  }
}
