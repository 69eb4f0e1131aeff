import RecordingAudit
import RmapEvents
import RmapTestSupport
import Testing

@testable import RmapGraph

/// Goal: the graph holds what the events say. Method: look into it in the middle of a history.
@Suite struct GraphTests {
  private func replay(_ history: History, into graph: inout RmapGraph) {
    _ = history.judged(in: &graph)
  }

  @Test func chainsAndTreesAfterAFork() throws {
    let history = History {
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
      $0.fork("p", "c")
      $0.write("c.V", 17)
    }
    var graph = RmapGraph()
    replay(history, into: &graph)
    let (root, own) = (history.tree("insert").anonVMA, history.tree("insert", 3).anonVMA)
    let nodes = (graph.anonVMANode(at: root), graph.anonVMANode(at: own))
    let rootNode = try #require(nodes.0)
    let ownNode = try #require(nodes.1)
    #expect(rootNode.isRoot && rootNode.parent == root)
    #expect((rootNode.children, rootNode.active) == (2, 1))
    #expect((rootNode.linkedCount, rootNode.rootedCount, rootNode.mappedPages) == (2, 1, 1))
    #expect(!ownNode.isRoot && ownNode.root == root && ownNode.parent == root)
    #expect((ownNode.children, ownNode.active, ownNode.mappedPages) == (0, 1, 1))
    #expect(rootNode.birth.ordinal == 3 && rootNode.birthWasSeen)

    let slot = graph.vmaOf[history.tree("insert", 3).vma.address.raw]
    let child = try #require(slot)
    var chain: [KernelAddress] = []
    graph.forEachAVC(of: VMAID(slot: child)) { _, avc in
      chain.append(graph.anonVMA(avc.anonVMA)?.address ?? .null)
      return true
    }
    #expect(chain == [own, root], "newest first")
    #expect(graph.statistics.inheritedPages == 1)
    #expect(graph.statistics.predictedUnmaps == 1)
  }

  @Test func identityIsNotTheAddress() throws {
    let history = History {
      $0.reusesAddresses = true
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
      $0.munmap("p.V")
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
    }
    #expect(history.tree("insert", 1).anonVMA == history.tree("insert", 2).anonVMA)
    var graph = RmapGraph()
    replay(history.ending(at: history.number("insert", 1)), into: &graph)
    var whole = RmapGraph()
    replay(history, into: &whole)
    let address = history.tree("insert").anonVMA
    let ids = (graph.anonVMA(at: address), whole.anonVMA(at: address))
    let first = try #require(ids.0)
    let second = try #require(ids.1)
    let nodes = (whole.anonVMA(first), whole.anonVMA(second))
    #expect(first != second)
    #expect(nodes.0 == nil, "the first tenant is dead")
    #expect(nodes.1?.birth.ordinal == UInt64(history.number("insert", 2)))
  }

  @Test(arguments: [Kernel.Version.v6_8, .v6_12, .v7_3])
  func aHugeFolioIsFollowedWhereUserfaultfdMovesIt(version: Kernel.Version) throws {
    let history = History(version) {
      $0.mmap("p.V", 1024..<2048)
      $0.mmap("p.W", 4096..<5120)
      $0.writeHuge("p.V", 1024)
      $0.userfaultMoveHuge("p.V", 1024, "p.W", 4608)
      $0.write("p.V", 1030)
      $0.exit("p")
    }
    var graph = RmapGraph()
    let outcome = history.judged(in: &graph)
    #expect(outcome.findings == [] && outcome.contradictions.total == 0, "\(history)")
    #expect(graph.statistics.unpredictedUnmaps == 0 && graph.statistics.predictedUnmaps > 512)
  }

  /// A recording of some tasks: the end of an anon_vma and the birth of the next one at its address, below another root,
  /// were not seen. A VMA that is older than the recording leaves that one's tree by an AVC that was never inserted.
  @Test func anAVCThatNobodyInsertedIsOfAnotherAnonVMA() throws {
    let whole = History {
      $0.reusesAddresses = true
      $0.mmap("r.V", 16..<20)
      $0.write("r.V", 17)
      $0.mmap("p.V", 64..<68)
      $0.write("p.V", 65)
      $0.munmap("p.V")
      $0.mmap("p.W", 72..<76)  // It gets the old one's struct: the child's VMA is to be met for the first time.
      $0.fork("r", "q")
      $0.munmap("q.V")
    }
    let (first, second) = (whole.tree("insert", 2), whole.tree("insert", 4))
    #expect(first.anonVMA == second.anonVMA && first.root != second.root && first.vma.address != second.vma.address)
    #expect(whole.judged().contradictions.total == 0)
    let partial = whole.dropping(whole.number("enter unlink", 1)...whole.number("enter unlink", 2) - 1)
    let outcome = partial.judged()
    #expect(outcome.findings == [])
    #expect(outcome.contradictions.first(of: .anonVMADeath)?.now == .missing)
  }

  /// A recording without one thread of a process: it has faulted in a VMA that another one has mapped, and unmaps.
  @Test func aFirstFaultThatWasNotRecordedBreaksNoRule() throws {
    let whole = History {
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
      $0.munmap("p.V")
    }
    #expect(whole.judged().contradictions.total == 0)
    let (first, last) = (whole.number("enter prepare"), whole.number("folio seen"))
    var graph = RmapGraph()
    let partial = whole.dropping(first...last)
    let outcome = partial.judged(in: &graph)
    #expect(outcome.findings == [])
    #expect(outcome.contradictions.first(of: .vmaView)?.field == .anonVMA)
    // Where all tasks were recorded, the kernel did it.
    graph = RmapGraph(allTasksAreRecorded: true)
    #expect(partial.judged(in: &graph).findings.contains { $0.hasPrefix("vma-state: ") })
  }

  /// An AVC that should have been inserted is no event that is missing: the prepare is there.
  @Test func aPrepareThatLinksNothingIsJudged() throws {
    let whole = History {
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
      $0.munmap("p.V")
    }
    let insertion = whole.number("insert")
    let outcome = whole.dropping(insertion...insertion).judged()
    #expect(outcome.findings.contains { $0.hasPrefix("prepare-closure: ") || $0.hasPrefix("vma-state: ") })
  }

  /// A recording without ksmd: at the end a page of KSM is unmapped where the model has another one, which has long gone.
  @Test func pagesThatKsmdHasReplacedUnseenAreNotOwed() throws {
    var history = History(.v6_12) {
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
      $0.write("p.V", 18)
      $0.mergeSame("p.V", 17, "p.V", 18)
      $0.exit("p")
    }
    #expect(history.judged().findings == [])
    let pid = history.steps[0].pid
    history.steps.removeAll { $0.pid != pid }
    let outcome = history.judged()
    #expect(outcome.findings == [])
  }

  @Test func resetForgetsEverythingButStatistics() {
    let history = History {
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
      $0.fork("p", "c")
    }
    var graph = RmapGraph()
    replay(history, into: &graph)
    #expect(graph.liveObjectCount > 0)
    graph.reset()
    #expect(graph.liveObjectCount == 0)
    #expect(graph.statistics.inheritedPages == 1)
  }

  @Test func displacedPagesAreBounded() {
    var history = History {
      $0.mmap("p.V", 0..<200)
      for page in 0..<UInt64(200) { $0.write("p.V", page) }
      $0.fork("p", "c")
      for page in 0..<UInt64(200) { $0.write("c.V", page) }
    }
    // No copy's old page is ever removed, as far as the recording shows.
    history.steps.removeAll { $0.event.label == "folio remove" }
    var graph = RmapGraph()
    replay(history, into: &graph)
    #expect(graph.paging.displaced.count == RmapGraph.displacedKept)
  }

  /// A task that is in an operation when its turn comes to be forgotten is kept, and its turn comes again.
  @Test func idleTasksAreBounded() {
    let entry = RmapEvent.enter(OperationEntry(kind: .unlink)), end = RmapEvent.leave(OperationReturn(kind: .unlink))
    var history = History { _ in }
    func run(_ pids: ClosedRange<Int32>) {
      for pid in pids { history.steps += [History.Step(entry, pid: pid), History.Step(end, pid: pid)] }
    }
    run(1...1)
    history.steps.append(History.Step(entry, pid: 1))
    run(2...200)
    var graph = RmapGraph()
    replay(history, into: &graph)
    #expect(graph.work.tasks.count == RestingTasks.kept + 1)
    #expect(graph.liveObjectCount == 1)
    history.steps.append(History.Step(end, pid: 1))
    run(201...300)
    graph = RmapGraph()
    #expect(history.judged(in: &graph).contradictions.total == 0)
    #expect(graph.work.tasks.count == RestingTasks.kept)
    #expect(graph.liveObjectCount == 0)
  }

  @Test func unmapsOfAnMMThatDiesAndIsMadeAgain() {
    var graph = RmapGraph()
    let (mm, other) = (KernelAddress(0xffff_8880_0000_1000), KernelAddress(0xffff_8880_0000_2000))
    func unmap(in mm: KernelAddress) -> UInt64 {
      let before = (graph.statistics.predictedUnmaps, graph.statistics.unpredictedUnmaps)
      graph.statistics.predictedUnmaps += 1
      graph.countUnmaps(in: mm, since: before)
      return graph.statistics.predictedUnmapsOfBorn
    }
    #expect(unmap(in: mm) == 0)
    graph.noteBirth(of: mm)
    #expect(unmap(in: mm) == 1)
    #expect(unmap(in: other) == 1)
    graph.removePages(of: mm)
    #expect(unmap(in: mm) == 1)
    graph.noteBirth(of: mm)
    #expect(unmap(in: other) == 1)
    #expect(unmap(in: mm) == 2)
  }

  @Test func missingReturnsAreCounted() {
    let history = History {
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
      $0.fork("p", "c")
    }
    var graph = RmapGraph()
    replay(history.dropping("leave clone"), into: &graph)
    #expect(graph.statistics.missingReturns == 1)
  }

  @Test func unpredictedUnmapsAreCounted() {
    let history = History {
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
      $0.munmap("p.V")
    }
    var graph = RmapGraph()
    replay(history.dropping("folio new"), into: &graph)
    #expect(graph.statistics.unpredictedUnmaps == 1)
    #expect(graph.statistics.predictedUnmaps == 0)
    #expect(graph.liveObjectCount == 0)
  }

  @Test func recordedFieldsHaveTheirMeaning() {
    #expect(FolioMapping(0xffff_8880_0000_1001).isAnonymous)
    #expect(FolioMapping(0xffff_8880_0000_1003).isKSM)
    #expect(!FolioMapping(0xffff_8880_0000_1000).isAnonymous)
    #expect(KernelAddress(0xff11_0000_0000_0000).isKernel)
    #expect(!KernelAddress(0x7fff_0000_0000_0000).isKernel)
    #expect(OperationReturn(kind: .clone, value: -12).failed)
    #expect(!OperationReturn(kind: .copyVMA, value: -131_391_622_742_016).failed)
    #expect(VMAView.none.pages == 0)
    #expect("\(KernelAddress(0xff))" == "0x00000000000000ff")
  }
}
