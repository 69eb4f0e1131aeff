import Invariants
import RmapEvents
import RmapTestSupport
import Testing

/// Goal: who puts a page where another one is and does not take that away is named. Method: a copy at a write fault, and a
/// huge page that is split, and the same without the removal.
@Suite struct ReplacementTests {
  private let copied = History {
    $0.fault()
    $0.write("p.V", 18)
    $0.fork("p", "c")
    $0.write("c.V", 17)
    $0.write("c.V", 18)
  }

  private let split = History {
    $0.mmap("p.V", 512..<1024)
    $0.writeHuge("p.V", 512)
    $0.splitPMD("p.V", 512)
    $0.discard("p.V", 600)
  }

  private func finding(_ history: History) -> Finding? {
    history.judged().ledger("replacement").findings.first
  }

  @Test func whatIsTakenAwayHolds() {
    for history in [copied, split] {
      let outcome = history.judged()
      #expect(outcome.findings == [])
      #expect(outcome.ledger("replacement").decided > 0)
    }
  }

  @Test func aCopyLeavesTheOldPageMapped() throws {
    let left = copied.dropping("folio remove")
    let finding = try #require(self.finding(left))
    #expect(finding.what == "A page is replaced and its mapping not taken away.")
    #expect(finding.contradiction.text == "the task goes on to another step without folio_remove_rmap of O")
    #expect(finding.doer == .step(try #require(finding.established.first?.stamp)))
    #expect(finding.doer?.began.ordinal == UInt64(left.number("folio new", 3)))
    #expect(finding.stamp.ordinal == UInt64(left.number("folio new", 4)))
  }

  @Test func aSplitLeavesThePMDMapped() throws {
    let left = split.dropping("folio remove")
    let finding = try #require(self.finding(left))
    #expect(finding.what == "A PMD's mapping is split and not taken away.")
    #expect(finding.doer?.began.ordinal == UInt64(left.number("folio add")))
  }

  @Test func anotherTaskMayDoAnythingMeanwhile() {
    let number = copied.number("folio remove")
    let other = copied.inserting(History.Step(copied.steps[number - 2].event, pid: 99), at: number)
    #expect(other.judged().ledger("replacement").violations == 0)
  }
}
