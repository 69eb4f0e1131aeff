import Checking
import Foundation
import Invariants
import RecordingFormat
import TestSupport
import Testing

/// A kernel that was made to break a rule and died later: its recording left it page by page, while it ran.
@Suite struct CrashedKernelTests {
  private let folder = "\(tracesFolder)/6.12-crash"

  @Test func itIsReplayedToItsEndAndTheViolationStands() {
    let result = RecordingCheck().run(path: "\(folder)/trace.dat")
    #expect(result.damage == nil, "read up to the last whole page")
    #expect(result.losses == [])
    #expect(result.verdict == .violated)
    #expect(result.findings.first?.invariant.name == "fork-closure")
    #expect(result.doubts.contains { $0.contains("ended early (Kernel panic") })
    #expect(result.doubts.contains { $0.contains("were not counted") })
  }

  @Test func itsLastWordsLieBesideIt() throws {
    let words = try String(contentsOfFile: "\(folder)/panic.txt", encoding: .utf8)
    #expect(words.contains("Kernel panic - not syncing: sysrq triggered crash"))
  }
}
