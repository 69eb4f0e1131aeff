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

  @Test func aPageOfKSMIsMappedAsItsCallerWants() throws {
    let history = History {
      $0.fault()
      $0.write("p.V", 18)
      $0.mergeSame("p.V", 17, "p.V", 18)
    }
    let wrong = history.alteringFolio("folio add") { $0.isExclusive = true }
    #expect(try doer(wrong, "page-exclusive") == "replace_page itself")
  }

  private let moved = History {
    $0.fault()
    $0.mmap("p.W", 32..<36)
    $0.userfaultMove("p.V", 17, "p.W", 33)
    $0.munmap("p.W")
  }

  @Test func userfaultMoveKeepsTheIndex() throws {
    let old = UInt64(17)
    let wrong = moved.alteringFolio("folio remove") { $0.index = PgOff(old) }
    let (before, shown) = (moved.number("folio move"), moved.number("folio remove"))
    #expect(try doer(wrong, "reach") == "move_pages \(before) to folio_remove_rmap_ptes \(shown)")
    #expect(wrong.judged().firsts.first?.responsible == .kind(.userfaultMove))
  }

  @Test func userfaultMoveTakesTheVMAItComesFrom() throws {
    let from = moved.entry("enter prepare").vma
    let wrong = moved.alteringFolio("folio move") { $0.vma = from }
    #expect(try doer(wrong, "reach") == "move_pages itself")
  }

  private let unmapped = History {
    $0.fault()
    $0.write("p.V", 18)
    $0.munmap("p.V")
  }

  @Test func munmapForgetsAPage() throws {
    #expect(try doer(unmapped.dropping("folio remove"), "anon-vma-death") == "unmap_vmas itself")
  }

  /// A merge that drops a VMA's anon_vma leaves its pages, too: only what else is zapped tells them apart.
  @Test func whoLeavesAllPagesIsNotKnown() throws {
    let (first, last) = (unmapped.number("folio remove"), unmapped.number("folio remove", -1))
    let name = try doer(unmapped.dropping(first...last), "anon-vma-death")
    #expect(name.hasSuffix("handled by unlink_anon_vmas \(first)"), "\(name)")
  }

  @Test func aWalkBeginsWithTheWrongIndex() throws {
    let wrong = History.migrated.replacingWalk("walk visit", -1) { event in
      guard case .visit(var visit) = event else { return event }
      visit.migration?.index = PgOff(99)
      return .visit(visit)
    }
    let name = try doer(wrong, "migration")
    #expect(name.hasSuffix("to rmap_walk_anon \(wrong.number("walk visit", -1))"), "\(name)")
    let earlier = wrong.replacingWalk("walk begin", -1) { event in
      guard case .begin(var frame) = event else { return event }
      frame.index = PgOff(99)
      return .begin(frame)
    }
    #expect(try doer(earlier, "migration") == "folio_migrate_mapping itself")
  }
}
