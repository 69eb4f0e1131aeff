import Invariants
import RmapTestSupport
import Testing

/// Goal: a kernel that does one thing wrong is caught. Method: random histories of a kernel with a seeded defect,
/// until one of them violates an invariant; hardly any may go by in which the defect went wrong unnoticed.
@Suite struct DefectTests {
  private static let seed = testSeed("DefectTests")

  /// What is noticed only by what comes later: a walk through the whole tree, a fault in the VMA, another event of
  /// a page that was moved, the last reference's end.
  private static let late: Set<Defect> = [
    .insertsInFront, .dontUnmapKeepsPgoff, .moveMistakesPlace, .splitKeepsPgoff, .walkTakesRoot, .walkLeavesOut,
    .putDropsTwo, .reuseMovesNothing,
  ]

  @Test(arguments: Defect.allCases)
  func defectIsDetected(_ defect: Defect) {
    var unnoticed = 0
    for number in 0..<UInt64(400) {
      var generator = SeededGenerator(seed: Self.seed &+ number)
      let (history, fired) = History.random(
        60, version: number % 2 == 0 ? .v6_12 : .v6_1, with: defect, using: &generator)
      let isDetected = !history.judged().findings.isEmpty
      #expect(fired > 0 || !isDetected, "\(defect) did nothing, seed \(Self.seed) + \(number)")
      if isDetected { return }
      if fired > 0 { unnoticed += 1 }
      #expect(unnoticed < 2 || Self.late.contains(defect), "\(defect), seed \(Self.seed) + \(number)")
    }
    Issue.record("\(defect) went unnoticed in \(unnoticed) histories, seed \(Self.seed)")
  }
}
