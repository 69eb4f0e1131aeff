import Invariants
import RecordingAudit
import RmapEvents
import RmapTestSupport
import Testing

@testable import RmapGraph

/// Goal: what looks wrong for a moment and is the kernel's way is not reported. Method: one healthy history for
/// each such window; at the end every process exits, and nothing of them may be left.
@Suite struct LegalWindowTests {
  static let versions: [Kernel.Version] = [.v6_1, .v6_8, .v6_12]

  /// Judges the history; returns how its graph fared.
  @discardableResult
  private func expectHealthy(
    _ history: History, sourceLocation: SourceLocation = #_sourceLocation
  ) -> GraphStatistics {
    var graph = RmapGraph()
    let outcome = history.judged(in: &graph)
    #expect(outcome.findings == [], "\(history)", sourceLocation: sourceLocation)
    #expect(graph.liveObjectCount == 0, "\(history)", sourceLocation: sourceLocation)
    #expect(outcome.contradictions.kept == [], "\(history)", sourceLocation: sourceLocation)
    return graph.statistics
  }

  @Test(arguments: versions)
  func hugePageIsSplitWithinARangeChange(_ version: Kernel.Version) {
    let statistics = expectHealthy(
      History(version) { k in
        k.mmap("p.V", 512..<1536)
        k.writeHuge("p.V", 512)
        // __split_vma: vma_prepare, vma_adjust_trans_huge, vma_complete
        k.split("p.V", at: 700, "p.W") { k.splitPMD("p.V", 512) }
        k.munmap("p.W")
        k.exit("p")
      })
    #expect(statistics.unpredictedUnmaps == 0)
    #expect(statistics.predictedUnmaps >= 512)
  }

  @Test(arguments: versions)
  func hugePageIsInheritedMovedAndSplit(_ version: Kernel.Version) {
    let statistics = expectHealthy(
      History(version) { k in
        k.mmap("p.V", 512..<1024)
        k.writeHuge("p.V", 512)
        k.fork("p", "c")
        k.mremap("p.V", to: 2048, "p.W")
        k.write("c.V", 600)
        k.discard("p.W", 2050)
        k.exit("p")
        k.exit("c")
      })
    #expect(statistics.unpredictedUnmaps == 0)
    #expect(statistics.inheritedPages == 512)
  }

  @Test(arguments: versions)
  func execMovesItsTemporaryStack(_ version: Kernel.Version) {
    for shift: UInt64 in [2, 64] {
      expectHealthy(
        History(version) { k in
          k.mmap("p.stack", 128..<136, flags: Kernel.temporaryStack)
          k.write("p.stack", 134)
          k.write("p.stack", 135)
          k.moveStack("p.stack", down: shift)
          k.write("p.stack", 133 - shift)
          k.exit("p")
        })
    }
  }

  @Test(arguments: versions)
  func mergedPagesHaveNoAnonVMA(_ version: Kernel.Version) {
    expectHealthy(
      History(version) { k in
        k.fault()
        k.write("p.V", 18)
        k.mmap("q.V", 32..<36)
        k.write("q.V", 33)
        k.mergeSame("p.V", 17, "p.V", 18)
        k.mergeSame("p.V", 17, "q.V", 33)
        k.fork("q", "c")
        k.mremap("q.V", to: 64, "q.W")
        k.write("q.W", 65)
        k.exit("p")
        k.exit("q")
        k.exit("c")
      })
  }

  /// Downwards through the VMA: where each removal is, the callback's address says.
  @Test(arguments: versions)
  func mergedPagesAreReclaimedInTheOrderOfTheirItems(_ version: Kernel.Version) {
    let history = History(version) { k in
      k.recordsWalks = true
      k.mmap("p.V", 16..<24)
      for page: UInt64 in 17...20 { k.write("p.V", page) }
      for page: UInt64 in 18...20 { k.mergeSame("p.V", 17, "p.V", page) }
      k.swapOutMerged("p.V", inOrder: [20, 18])
      k.swapIn("p.V", 20)
      k.swapIn("p.V", 18)
      k.write("p.V", 17)
      k.exit("p")
    }
    let statistics = expectHealthy(history)
    #expect(statistics.unpredictedUnmaps == 0)
  }

  /// Where ksmd's doings were not recorded, a copy takes the place of a page of KSM that the model does not have there.
  @Test(arguments: versions)
  func aPageThatWasMergedUnseenIsNotOwed(_ version: Kernel.Version) {
    var history = History(version) { k in
      k.fault()
      k.write("p.V", 18)
      k.mergeSame("p.V", 17, "p.V", 18)
      k.write("p.V", 18)
      k.exit("p")
    }
    let merging = (history.number("folio add"), history.number("folio remove"))
    history = history.dropping(merging.0...merging.1)
    #expect(history.judged().ledger("replacement").violations == 0)
  }

  @Test(arguments: versions)
  func copyIsMappedBeforeTheOldPageIsRemoved(_ version: Kernel.Version) {
    let statistics = expectHealthy(
      History(version) { k in
        k.copyOnWrite()
        k.exit("c")
        k.exit("p")
      })
    #expect(statistics.unpredictedUnmaps == 0)
    #expect(statistics.predictedUnmaps == 3)
  }

  @Test(arguments: versions)
  func pagesMigrateAndSwap(_ version: Kernel.Version) {
    let statistics = expectHealthy(
      History(version) { k in
        k.swap()
        k.migrate("p.V", 17)
        k.swapOut("p.V", 17)
        k.write("c.V", 17)
        k.swapIn("p.V", 17)
        k.write("p.V", 17)
        k.exit("c")
        k.exit("p")
      })
    #expect(statistics.unpredictedUnmaps == 0)
  }

  @Test(arguments: versions)
  func pageThatChangesDuringForkMayOrMayNotBeShared(_ version: Kernel.Version) {
    let history = History(version) { k in
      k.fault()
      k.write("p.V", 18)
      k.fork("p", "c")
      k.discard("p.V", 17)
      k.discard("c.V", 18)
      k.discard("p.V", 18)
      k.exit("c")
      k.exit("p")
    }
    // kswapd removes the parent's page, and another thread the child's, before copy_page_range returns.
    for count in 1...3 {
      var early = history
      let step = early.steps.remove(at: history.number("folio remove", count) - 1)
      early.steps.insert(step, at: history.number("leave copyRange") - 1)
      expectHealthy(early)
    }
  }

  @Test(arguments: versions)
  func loserOfTheFirstFaultFreesItsAnonVMA(_ version: Kernel.Version) {
    expectHealthy(
      History(version) { k in
        k.mmap("p.V", 16..<20)
        k.write("p.V", 17, overtaking: "p-thread")
        k.exit("p")
      })
  }

  @Test(arguments: versions)
  func addressesAreUsedAgain(_ version: Kernel.Version) {
    let history = History(version) { k in
      k.reusesAddresses = true
      for _ in 0..<3 {
        k.fault()
        k.fork("p", "c")
        k.write("c.V", 17)
        k.exit("p")
        k.write("c.V", 18)
        k.exit("c")
        // What was a child's anon_vma becomes a root, and the other way round.
        k.mmap("q.V", 64..<68)
        k.write("q.V", 65)
        k.fork("q", "r")
        k.exit("r")
        k.exit("q")
      }
    }
    expectHealthy(history)
  }

  @Test(arguments: [true, false], [Kernel.Version.v6_8, .v6_12])
  func userfaultMovesAPage(_ isProbed: Bool, _ version: Kernel.Version) {
    func move(_ k: Kernel, _ from: String, _ page: UInt64, _ into: String, _ target: UInt64) {
      k.userfaultMove(from, page, into, target, isProbed: isProbed)
    }
    let history = History(version) { k in
      k.fault()
      k.write("p.V", 19)
      k.split("p.V", at: 18, "p.W")
      k.mmap("p.X", 64..<68)
      move(k, "p.V", 17, "p.V", 16)
      move(k, "p.W", 19, "p.V", 17)
      move(k, "p.V", 16, "p.X", 66)
      k.write("p.V", 16)
      k.write("p.X", 65)
      move(k, "p.X", 65, "p.W", 18)
      k.fork("p", "c")
      k.exit("p")
      k.exit("c")
    }
    let statistics = expectHealthy(history)
    if isProbed { #expect(statistics.unpredictedUnmaps == 0) }
    // The same for folios that are older than the recording.
    let late = history.dropping("folio new").dropping("folio seen")
    #expect(late.judged().findings == [])
  }

  @Test func rootThatDiedUnseenHasAnotherTenant() {
    let history = History { k in
      k.reusesAddresses = true
      k.fault()
      k.mmap("p.W", 64..<68)
      k.write("p.W", 65)
      k.munmap("p.V")
      k.munmap("p.W")
      k.mmap("q.V", 16..<20)
      // The winner gets the second root's address, the loser the first one's.
      k.write("q.V", 17, overtaking: "q-thread")
      k.exit("p")
      k.exit("q")
    }
    expectHealthy(history)
    let outcome = history.dropping("put").judged()
    #expect(outcome.findings == [])
    #expect(outcome.ledger("anon-vma-death").undecided(.contended) == 1)
  }

  @Test func rootThatDiedUnseenHasASpareAsTenant() {
    let history = History(.v7_3) { k in
      k.reusesAddresses = true
      k.fault()
      k.fork("p", "c")
      k.fork("c", "d")
      k.exit("c")
      k.mmap("p.W", 64..<68)
      k.write("p.W", 65)
      k.munmap("p.W")
      // Uses c's anon_vma again: the spare, at the address of the root that is gone, is put.
      k.fork("d", "e")
      k.exit("e")
      k.exit("d")
      k.exit("p")
    }
    let whole = history.judged().ledger("spare-anon-vma").decided
    expectHealthy(history)
    let outcome = history.dropping("put").judged()
    #expect(outcome.findings == [])
    #expect(outcome.ledger("spare-anon-vma").decided == whole)
  }

  @Test(arguments: versions)
  func mremapKeepsItsSource(_ version: Kernel.Version) {
    expectHealthy(
      History(version) { k in
        k.fault()
        k.fork("p", "c")
        k.mremap("c.V", to: 64, "c.W", keepingSource: true)
        k.write("c.V", 17)
        k.write("c.W", 65)
        k.exit("p")
        k.exit("c")
      })
  }

  @Test(arguments: versions)
  func pageIsUnmappedWhileMremapMovesIt(_ version: Kernel.Version) {
    let history = History(version) { k in
      k.fault()
      k.mremap("p.V", to: 64, "p.W")
      k.swapOut("p.W", 65)
      k.exit("p")
    }
    // kswapd finds it in the new VMA, or still in the old one, before move_page_tables returns.
    var early = history
    let removal = early.steps.remove(at: history.number("folio remove") - 1)
    early.steps.insert(removal, at: history.number("leave moveTables") - 1)
    #expect(expectHealthy(early).unpredictedUnmaps == 0)
    early = early.alteringFolio("folio remove") { $0.vma = early.entry("enter moveTables").source }
    #expect(expectHealthy(early).unpredictedUnmaps == 0)
  }

  /// Two threads write to a VMA for the first time. The slower one has seen no anon_vma, and its event gets its time
  /// when the faster one has mapped a page already.
  @Test(arguments: versions)
  func eventOfTheSlowerPrepareComesLate(_ version: Kernel.Version) {
    var history = History(version) { k in
      k.mmap("p.V", 16..<20)
      k.write("p.V", 17, overtaking: "q")
      k.exit("p")
    }
    let slower = history.steps.remove(at: history.number("enter prepare") - 1)
    history.steps.insert(slower, at: history.number("put") - 1)
    expectHealthy(history)
  }

  /// ftrace takes an event's time before its fields: the slower one's prepare shows what the faster one, whose events come
  /// later, has set meanwhile. So it stood in a recording of 6.12, 0.3 ms apart.
  @Test(arguments: versions)
  func eventOfTheSlowerPrepareIsReadLate(_ version: Kernel.Version) {
    var history = History(version) { k in
      k.mmap("p.V", 16..<20)
      k.write("p.V", 17, overtaking: "q")
      k.exit("p")
    }
    guard case .insert(let update) = history.steps[history.number("insert") - 1].event else {
      Issue.record("no insertion")
      return
    }
    var slower = history.entry("enter prepare")
    slower.vma.anonVMA = update.anonVMA
    history.steps[history.number("enter prepare") - 1].event = .enter(slower)
    expectHealthy(history)
    // Nobody has linked the VMA to another one by the time that it returns.
    slower.vma.anonVMA = KernelAddress(update.anonVMA.raw ^ 0x40)
    history.steps[history.number("enter prepare") - 1].event = .enter(slower)
    var graph = RmapGraph()
    let outcome = history.judged(in: &graph)
    #expect(outcome.findings == [])
    #expect(outcome.contradictions.total > 0)
  }

  /// mm/hugetlb.c:move_hugetlb_page_tables has stepped over a page table that is not there, far beyond the end.
  @Test(arguments: versions)
  func moveOfHugetlbReturnsMoreThanItsLength(_ version: Kernel.Version) {
    let history = History(version) { k in
      k.mmapHugetlb("p.V", 16..<20, pgoff: 0)
      k.write("p.V", 17)
      k.mremap("p.V", to: 64, "p.W")
      k.exit("p")
    }
    expectHealthy(history.returning(1 << 30, "leave moveTables"))
  }

  /// UFFDIO_MOVE of a page that mremap has taken away from the address of its index, or that was there before the
  /// recording: nobody knows where it is afterwards.
  @Test func userfaultMoveOfAPageThatWasMoved() {
    let history = History(.v6_12) { k in
      k.mmap("p.V", 16..<20)
      k.mmap("p.W", 32..<36)
      k.write("p.V", 17)
      k.mremap("p.V", to: 64, "p.X")
      k.userfaultMove("p.X", 65, "p.W", 33)
      k.exit("p")
    }
    expectHealthy(history)
    let late = History(.v6_12) { k in
      k.mmap("p.V", 16..<20)
      k.write("p.V", 17)
      k.mmap("p.W", 32..<36)
      k.userfaultMove("p.V", 17, "p.W", 33)
      k.exit("p")
    }
    let rest = late.starting(at: late.number("leave vmaAlloc", 2))
    var graph = RmapGraph()
    let outcome = rest.judged(in: &graph)
    #expect(outcome.findings == [], "\(rest)")
    #expect(outcome.contradictions.kept == [], "\(rest)")
  }

  @Test func operationsThatFailLeaveNothing() {
    for failing in [History.failingFork, .failingSplit] {
      #expect(failing.judged().findings == [])
    }
  }
}
