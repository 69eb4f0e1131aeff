import Invariants
import RmapTestSupport
import Testing

/// Goal: a kernel that does one thing wrong is caught. Method: random histories of a kernel with a seeded defect,
/// until one of them violates an invariant; hardly any may go by in which the defect went wrong unnoticed.
@Suite struct DefectTests {
  private static let seed = testSeed("DefectTests")

  @Test(arguments: Defect.allCases)
  func defectIsDetected(_ defect: Defect) {
    var unnoticed = 0
    for number in 0..<UInt64(40) {
      var generator = SeededGenerator(seed: Self.seed &+ number)
      let (history, fired) = History.random(
        60, version: number % 2 == 0 ? .v6_12 : .v6_1, with: defect, using: &generator)
      let f = history.judged().findings
      if !f.isEmpty { return print("DD \(defect) after \(number) unnoticed \(unnoticed) fired \(fired): \(f[0])") }
      if fired > 0 { unnoticed += 1 }
    }
    print("DD \(defect) NEVER unnoticed \(unnoticed)")
    Issue.record("\(defect) went unnoticed in \(unnoticed) histories, seed \(Self.seed)")
  }
}
