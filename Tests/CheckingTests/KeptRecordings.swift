import Checking
import Invariants
import RecordingFormat
import RmapGraph
import TestSupport
import Testing

/// Goal: every recording in traces/ comes to the verdict, and the first violation, that its sidecar expects.
@Suite struct KeptRecordings {
  static let paths = RecordingSearch.recordings(at: tracesFolder)

  @Test func thereAreHealthyAndFaultyRecordingsOfBothKernelLines() {
    let names = Self.paths.map { $0.dropFirst(tracesFolder.count + 1) }
    for line in ["6.1-", "6.12-"] {
      #expect(names.contains { $0.hasPrefix(line + "healthy/") })
      #expect(names.count { $0.hasPrefix(line + "fault-") } >= 20)
    }
  }

  @Test(arguments: paths) func comesToItsExpectedVerdict(path: String) {
    let result = RecordingCheck().run(path: path)
    #expect(result.expectation == .met)
  }

  @Test(arguments: ["5.10-healthy", "6.1-healthy", "6.12-healthy", "6.18-healthy", "7.2-healthy", "7.3-healthy"])
  func decidesEveryInvariant(name: String) {
    let result = RecordingCheck().run(path: "\(tracesFolder)/\(name)/trace.dat")
    #expect(result.events >= 20_000)
    for entry in result.invariants where entry.missing.isEmpty {
      // 5.10 reuses a page on a write without giving it to the VMA's anon_vma, and has no PageAnonExclusive.
      let hasNoOccasion = name == "5.10-healthy" && entry.invariant.name == "page-exclusive"
      #expect(entry.ledger.decided > 0 || hasNoOccasion, "\(entry.invariant.name)")
      #expect(entry.ledger.violations == 0, "\(entry.invariant.name)")
    }
    let statistics = result.statistics
    #expect(statistics.predictedUnmapsOfBorn > 99 * statistics.unpredictedUnmapsOfBorn)
  }
}
