import Invariants
import RmapEvents
import RmapTestSupport
import Testing

/// Goal: a walk's callback that unmaps a page and does not tell the rmap is named, and another thread that is faster is not.
/// Method: a healthy swap-out and swap-in, and migration, and the same without a removal, or with it by another task.
@Suite struct UnmapTests {
  private let swapped = History.swappedOutAndIn
  private let migrated = History.migrated

  @Test func whatIsToldHolds() {
    for history in [swapped, migrated] {
      let outcome = history.judged()
      #expect(outcome.findings == [])
      #expect(outcome.ledger("walk-unmaps").decided == 2)
    }
  }

  @Test func reclaimKeepsAMapping() throws {
    // The folio stays in the swap cache, and so keeps its anon_vma.
    let kept = swapped.dropping("folio remove").alteringFolio("folio new", 2) { $0.step = .add }
    let finding = try #require(kept.judged().ledger("walk-unmaps").findings.first)
    #expect(finding.doer?.began.ordinal == UInt64(kept.number("walk visited")))
  }

  @Test func anotherThreadMayTellOfItLater() {
    // zap_pte_range has cleared the entry, and comes to folio_remove_rmap only after the callback's return.
    let raced = swapped.moving("folio remove", to: "walk visited")
    #expect(raced.judged().ledger("walk-unmaps").violations == 0)
  }
}
