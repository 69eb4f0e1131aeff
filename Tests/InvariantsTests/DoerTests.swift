import Invariants
import RmapEvents
import RmapTestSupport
import Testing

/// Goal: a violation names who broke the rule, also where that shows only later.
/// Method: the bad histories of the invariants that compare with the past; the expected step is read off the history.
@Suite struct DoerTests {
  private func doer(_ history: History, _ name: String) throws -> String {
    let finding = try #require(history.judged().ledger(name).findings.first)
    func words(_ stamp: EventStamp) -> String {
      "\(stamp.function.map { FunctionNames()[$0] } ?? "?") \(stamp.ordinal)"
    }
    return switch finding.doer {
    case nil: "\(FunctionNames()[finding.function]) itself"
    case .step(let stamp): words(stamp)
    case .between(let right, let wrong, let handled):
      "\(words(right)) to \(words(wrong))" + (handled.map { ", handled by \(words($0))" } ?? "")
    }
  }

  @Test func forkCountsNoChild() throws {
    // The root's next event after the fork that should have raised num_children is the split's removal of V.
    let history = History {
      $0.fault()
      $0.fork("p", "c")
      $0.split("p.V", at: 18, "p.X")
    }
    let raised = history.number("insert", 3)  // The child's own AVC: anon_vma_fork counts it at the parent.
    let shown = history.number("insert", 4)
    let lost = history.alteringTree("insert", 4) { $0.children = $0.children.map { $0 - 1 } }
    #expect(try doer(lost, "counters") == "anon_vma_fork \(raised)")
    #expect(shown > raised)
  }

  @Test func parentChangesBetween() throws {
    let history = History {
      $0.fault()
      $0.fork("p", "c")
      $0.split("c.V", at: 18, "c.X")
    }
    let own = history.number("insert", 3)
    let shown = history.number("insert", 5)
    #expect(history.tree("insert", 5).anonVMA == history.tree("insert", 3).anonVMA)
    let wrong = history.alteringTree("insert", 5) { $0.parent = $0.anonVMA }
    #expect(try doer(wrong, "fork-closure") == "anon_vma_fork \(own) to __split_vma \(shown)")
  }

  @Test func indexChangesBetween() throws {
    let history = History {
      $0.fault()
      $0.munmap("p.V")
    }
    let (new, gone) = (history.number("folio new"), history.number("folio remove"))
    let wrong = history.alteringFolio("folio remove") { $0.index = $0.index + 1 }
    let expected = "folio_add_new_anon_rmap \(new) to folio_remove_rmap_ptes \(gone)"
    #expect(try doer(wrong, "index-fixed") == expected)
  }

  @Test func forkLeavesAPageExclusive() throws {
    let history = History {
      $0.fault()
      $0.fork("p", "c")
      $0.exit("c")
    }
    let copied = history.number("leave copyRange")
    let wrong = history.alteringFolio("folio remove") { $0.isPageExclusive = true }
    #expect(try doer(wrong, "page-exclusive") == "copy_page_range \(copied)")
  }

  @Test func whatIsDoneWhereItShows() throws {
    let history = History {
      $0.fault()
    }
    let wrong = history.alteringFolio("folio new") { $0.index = $0.index + 1 }
    #expect(try doer(wrong, "reach") == "folio_add_new_anon_rmap itself")
  }
}
