import Foundation
import Invariants
import RecordingAudit
import RmapTestSupport
import TestSupport
import Testing

@testable import RmapGraph

/// Goal: no invariant cries wolf, and memory comes back. Method: random operations of a kernel in miniature,
/// recorded as real kernels would be by the probes of three lines, with addresses used again and with late returns.
/// `RMAPCHECK_HISTORIES=n` makes n histories of it.
@Suite struct RandomHistoryTests {
  /// How many histories: a third of them on each kernel.
  private static let count =
    ProcessInfo.processInfo.environment["RMAPCHECK_HISTORIES"].flatMap { UInt64($0) } ?? 2000

  /// The rules of single kernels have kernels of their own.
  private static let judged = Invariant.all.filter { $0.marker == nil }

  @Test(arguments: [Kernel.Version.v6_1, .v6_8, .v6_12])
  func healthyHistoriesHold(_ version: Kernel.Version) {
    let seed = testSeed()
    var decided: [String: UInt64] = [:]
    for number in 0..<Self.count / 3 {
      var generator = SeededGenerator(seed: seed &+ number)
      var history = History.random(
        30, version: version, reusingAddresses: number % 2 == 0, using: &generator)
      if number % 4 > 1 { history = history.overtaken(using: &generator) }
      var graph = RmapGraph()
      let outcome = history.judged(in: &graph)
      #expect(outcome.findings == [], "seed \(seed) + \(number)")
      #expect(graph.liveObjectCount == 0, "seed \(seed) + \(number)")
      #expect(graph.statistics.missingReturns == 0)
      #expect(outcome.contradictions.kept == [], "seed \(seed) + \(number)")
      if !outcome.findings.isEmpty || outcome.contradictions.total > 0 { return print(history) }
      for invariant in Self.judged {
        decided[invariant.name, default: 0] += outcome.ledger(invariant.name).decided
      }
    }
    for invariant in Self.judged {
      #expect(decided[invariant.name, default: 0] > 5, "\(invariant.name), seed \(seed)")
    }
  }
}
