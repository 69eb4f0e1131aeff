import Foundation
import Invariants
import RmapTestSupport
import TestSupport
import Testing

/// Goal: a kernel that does one thing wrong is caught. Method: random histories of a kernel with a seeded defect; of
/// those in which the defect went wrong, a stated share violates an invariant, and none of the others does.
/// `RMAPCHECK_DEFECT_RATES=1` prints the share of each.
@Suite struct DefectTests {
  private static let seed = testSeed("DefectTests")
  /// In how many histories each defect goes wrong.
  private static let wanted = 40
  private static let printsRates = ProcessInfo.processInfo.environment["RMAPCHECK_DEFECT_RATES"] != nil

  /// The share, in percent, that must be caught: nearly all. What only a later event shows (a walk through the whole tree, a
  /// fault in the VMA, another event of a page that was moved, the last reference's end) may not come to one.
  private static func leastShare(_ defect: Defect) -> Int {
    switch defect {
    case .insertsInFront, .moveMistakesPlace, .dontUnmapKeepsPgoff, .reuseMovesNothing: 10
    case .mergeDropsAnonVMA, .reuseTakesShared, .walkTakesRoot: 55
    default: 80
    }
  }

  @Test(arguments: Defect.allCases)
  func defectIsDetected(_ defect: Defect) {
    var (wrong, detected) = (0, 0)
    for number in 0..<UInt64(2000) where wrong < Self.wanted {
      var generator = SeededGenerator(seed: Self.seed &+ number)
      let (history, fired) = History.random(
        60, version: number % 2 == 0 ? .v6_12 : .v6_1, with: defect, using: &generator)
      let isDetected = fired > 0 && !history.judged().findings.isEmpty
      if fired == 0 { continue }
      wrong += 1
      if isDetected { detected += 1 }
    }
    if Self.printsRates { print("| \(defect) | \(detected) of \(wrong) |") }
    #expect(wrong >= Self.wanted / 2, "\(defect) has too little occasion, seed \(Self.seed)")
    #expect(
      detected * 100 >= wrong * Self.leastShare(defect),
      "\(defect): \(detected) of \(wrong) histories, seed \(Self.seed)")
  }
}
