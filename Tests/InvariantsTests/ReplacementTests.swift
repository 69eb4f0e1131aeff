import Invariants
import RmapEvents
import RmapTestSupport
import Testing

/// Goal: who puts a page where another one is and does not take that away is named. Method: a copy at a write fault, and a
/// huge page that is split, and the same without the removal.
@Suite struct ReplacementTests {
  private let copied = History.copied
  private let split = History.splitPMD

  private func finding(_ history: History) -> Finding? {
    history.judged().ledger("replacement").findings.first
  }

  @Test func aCopyLeavesTheOldPageMapped() throws {
    let left = copied.dropping("folio remove")
    let finding = try #require(self.finding(left))
    #expect(finding.doer == .step(try #require(finding.established.first?.stamp)))
    #expect(finding.doer?.began.ordinal == UInt64(left.number("folio new", 3)))
  }

  @Test func aSplitLeavesThePMDMapped() throws {
    let left = split.dropping("folio remove")
    let finding = try #require(self.finding(left))
    #expect(finding.doer?.began.ordinal == UInt64(left.number("folio add")))
  }

  @Test func anotherTaskMayDoAnythingMeanwhile() {
    let number = copied.number("folio remove")
    let other = copied.inserting(History.Step(copied.steps[number - 2].event, pid: 99), at: number)
    #expect(other.judged().ledger("replacement").violations == 0)
  }
}
