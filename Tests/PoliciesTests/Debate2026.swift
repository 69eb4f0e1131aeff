import RmapTestSupport
import TestSupport
import Testing

@testable import Policies

/// The designs of 2026: where they break and where they do not, with the steps that show it.
struct Debate2026 {
  private static func result(_ scenario: String, _ policy: String) throws -> PolicyResult {
    Simulation(try #require(Scenario.workload(named: scenario)), moments: 8).run(try #require(Policy.named(policy)))
  }

  /// Which designs miss a page in a scenario; all others hold. Those of 2014 are tested with their bugs.
  @Test(
    "Designs break where they are known to, and nowhere else",
    arguments: [
      ("child-reads", ["cow-prototype"]), ("moved-page", ["lazy-naive", "cow-prototype"]),
      ("child-swaps-in", ["hierarchy-rc3", "cow-prototype"]),
      (
        "split-folio",
        ["lazy", "lazy-shared", "lazy-repoint", "lazy-swapin", "lazy-naive", "cow-prototype"]
      ), ("parent-exits", ["cow-prototype"]),
      ("cached-fork", ["lazy", "lazy-shared", "lazy-repoint", "lazy-naive", "cow-prototype"]),
      (
        "cached-move",
        ["relocate", "lazy", "lazy-shared", "lazy-repoint", "cow-unshare", "lazy-naive", "cow-prototype"]
      ),
      ("kept-one:6", []), ("generations:2", []), ("never-forks:4", []), ("forks-once:4", []),
      ("moves:3", ["lazy-naive", "cow-prototype"]), ("libraries:4", ["cow-prototype"]),
      ("reading-chain:4", ["cow-prototype"]),
    ])
  func misses(scenario: String, broken: [String]) throws {
    for policy in Policy.all + Policy.historic {
      let result = try Self.result(scenario, policy.name)
      #expect(result.isCorrect == !broken.contains(policy.name), "\(policy.name) on \(scenario): \(result.rule.misses)")
      #expect(result.rule.isBroken == broken.contains(policy.name), "the rule sees what any invariant sees")
      #expect(result.oddities == SimulatedKernel.Oddities())
    }
  }

  /// F1: the page is mapped once, so that the walk ends before the offset of the moved VMA is tried.
  @Test("The prototype misses a page in a moved VMA") func movedPage() throws {
    let result = try Self.result("moved-page", "cow-prototype")
    let miss = try #require(result.rule.misses.first)
    #expect(miss.step == 4 && miss.page == 0 && miss.vma == 1 && miss.mm == 0 && miss.place == 0x2000)
    #expect(miss.trail.last == "the page is mapped once, so that the walk ends here")
    #expect(result.smallest?.workload.steps.count == 5)
  }

  /// F2: the walk begins at the parent, who has a copy by now, and ends there; the child is never looked at.
  @Test("The prototype misses a page that the child alone still maps") func childReads() throws {
    let result = try Self.result("child-reads", "cow-prototype")
    let miss = try #require(result.rule.misses.first)
    #expect(miss.step == 5 && miss.page == 0 && miss.vma == 1 && miss.mm == 1 && miss.place == 0x1000)
    #expect(miss.trail.first == "came to the context of mm 0" && !miss.trail.contains { $0.contains("of mm 1") })
    let smallest = try #require(result.smallest)
    #expect(smallest.workload.steps.count == 6)
    // It heals as the child writes: the page moves to its context.
    var workload = try #require(Scenario.workload(named: "child-reads"))
    workload.add(.reuse(Workload.VMA(number: 1), page: 0x1000))
    workload.add(.walk(Workload.Page(number: 0), count: 1))
    let healed = Simulation(workload, moments: 1).run(.cowPrototype)
    #expect(healed.rule.misses.map(\.step) == [5] && healed.samples.walks.mapping.maximum == 1)
  }

  /// F3: the child's context is not above the parent's.
  @Test("The prototype misses a page that the child swapped in first") func childSwapsIn() throws {
    let miss = try #require(try Self.result("child-swaps-in", "cow-prototype").rule.misses.first)
    #expect(miss.mm == 0 && miss.vma == 0 && !miss.trail.contains { $0.contains("mm 0") })
  }

  /// F2 without the parent: the first living context is that of the child that has unmapped the page.
  @Test("The prototype misses a page below a context that is dead") func parentExits() throws {
    let miss = try #require(try Self.result("parent-exits", "cow-prototype").rule.misses.last)
    #expect(miss.mm == 1 && miss.trail.first == "a context is dead and stepped over")
    #expect(miss.trail.contains("came to the context of mm 2") && !miss.trail.contains { $0.contains("mm 1") })
  }

  /// What fork does not duplicate keeps pointing to the parent's VMA.
  @Test("A page of the swap cache is lost to a lazy parent's child") func cachedFork() throws {
    let result = try Self.result("cached-fork", "lazy")
    let miss = try #require(result.rule.misses.first)
    #expect(miss.mm == 1 && miss.trail.first == "looked one VMA up at page 0x1000 of mm 0")
    // Without the step in which the page is unmapped, fork would have duplicated it.
    #expect(result.smallest?.workload.steps.count == 6)
  }

  /// A folio lies across two parts of a VMA, and only one of them is forked (MADV_DONTFORK for the other).
  @Test(
    "Both halves of a folio are found, though one of them is forked",
    arguments: ["lazy", "lazy-shared", "lazy-repaired"])
  func halfForked(policy: String) throws {
    var builder = WorkloadBuilder("half-forked")
    let process = builder.process()
    let lower = builder.map(process, 0x1000..<0x1010)
    let folio = builder.write(lower, 0x1004..<0x100c)
    _ = builder.split(lower, at: 0x1008)
    var workload = builder.workload
    let (child, mm) = (workload.newVMA(), workload.newMM())
    workload.add(.fork(child: child, mm, parent: lower))
    workload.add(.copyPages(child: child, parent: lower, runs: workload.addRuns([0x1000..<0x1008])))
    workload.add(.walk(folio, count: 8))
    let result = Simulation(workload, moments: 1).run(try #require(Policy.named(policy)))
    #expect(result.isCorrect == (policy == "lazy-repaired"), "\(result.rule.misses)")
    #expect(Simulation(workload, moments: 1).run(.splitCounters).isCorrect == true)
  }

  /// Two neighbours share an anon_vma today; of a lazy design each has its own. A page that is in the swap cache while they are
  /// forked and merge belongs to that of the one it was made in, not to that of whoever maps it next.
  @Test("A page out of the swap cache follows its own VMA, not the one that it was merged into") func merged() throws {
    let text = """
      # rmapcheck workload 1
      map 0 0 0x1000 0x1008 0x1000 0x0
      prepare 0 - -
      map 1 0 0x1008 0x1010 0x1008 0x0
      prepare 1 - 0
      fault 1 0x1008 0 1 new
      unmap 1 0x1008 1 -
      fork 2 1 0
      fork 3 1 1
      resize 0 0x1000 0x1010 0x1000 0x0
      unlink 1
      free 1
      fault 0 0x1008 0 1 again
      fault 3 0x1008 0 1 again
      """
    let workload = try Workload(text: text, name: "merged")
    for (policy, isCorrect) in [(Policy.lazyRepaired, true), (.splitCounters, true), (.lazy, false)] {
      #expect(Simulation(workload, moments: 1).run(policy).isCorrect == isCorrect, "\(policy.name)")
    }
  }

  /// Today's neighbours share an anon_vma, so that the boundary between them may move after a fork. Those of a lazy design have
  /// one each: it would refuse, and where the recorded kernel did it, the one that grows joins the other's trees, as in a merge.
  @Test("A page is found after the boundary between two VMAs has moved over it") func boundary() throws {
    let text = """
      # rmapcheck workload 1
      map 0 0 0x1000 0x1008 0x1000 0x0
      prepare 0 - -
      map 1 0 0x1008 0x1010 0x1008 0x0
      prepare 1 - 0
      fault 1 0x1008 0 1 new
      fork 2 1 0
      fork 3 1 1
      copy-pages 3 1 0x1008 0x1010
      resize 0 0x1000 0x100c 0x1000 0x0 1 0x100c 0x1010 0x100c 0x0
      walk 0 1
      """
    let workload = try Workload(text: text, name: "boundary")
    for policy in Policy.all {
      let result = Simulation(workload, moments: 1).run(policy)
      #expect(result.isCorrect == true, "\(policy.name): \(result.rule.misses)")
      #expect(result.oddities.forcedMerges == (policy.name.hasPrefix("lazy") ? 1 : 0), "\(policy.name)")
    }
  }

  // MARK: Figures

  @Test("What the designs are made of") func objects() throws {
    let contexts = try Self.result("children:50", "cow-context").costs
    #expect(contexts.contexts.peak == 51 && contexts.anonVMAs.total == 0 && contexts.avcs.total == 0)
    #expect(contexts.forkAllocations.maximum == 1 && contexts.forkLocks.maximum == 1)
    #expect(contexts.firstFaultAllocations.maximum == 0 && contexts.firstFaultAllocations.total == 1)
    let lazy = try Self.result("children:50", "lazy").costs
    #expect(lazy.anonVMAs.peak == 1 && lazy.avcs.peak == 51 && lazy.rewrittenAtFork == 2)
    let today = try Self.result("children:50", "split-counters").costs
    #expect(today.anonVMAs.peak == 51 && today.avcs.peak == 101 && today.plainBytes(anonVMA: 80) == 51 * 80 + 101 * 64)
    #expect(today.forkAllocations.maximum == 3 && today.firstFaultAllocations.maximum == 2)
  }

  /// A dead context is kept by its child: in a chain of forks none ever goes.
  @Test("Contexts of the dead pile up as anon_vmas did before 3.19") func growth() throws {
    for (policy, bounded) in [
      ("cow-context", false), ("cow-virtual", false), ("cow-unshare", false), ("hierarchy", false),
      ("cow-pruned", true), ("lazy", true), ("lazy-repoint", true), ("lazy-repaired", true), ("relocate", true),
      ("split-counters", true),
    ] {
      #expect(try Self.result("fork-chain:20", policy).growth.isBounded == bounded, "\(policy)")
    }
    let costs = try Self.result("fork-chain:20", "cow-context").costs
    #expect(costs.contexts.now == 21 && costs.deadContexts.now == 20)
    // The one that forks and its child; where they only read, also the first one, to which the page points.
    #expect(try Self.result("fork-chain:20", "cow-pruned").costs.contexts.peak == 2)
    #expect(try Self.result("reading-chain:20", "cow-pruned").costs.contexts.peak == 3)
  }

  /// Of a page that every child had, and one still has, every context is looked at.
  @Test("A walk steps over the contexts that unmapped the page") func keptOne() throws {
    let workload = try #require(Scenario.workload(named: "kept-one:20"))
    for (policy, contexts, visited) in [(Policy.cowContext, 21, 2), (.splitCounters, 0, 2), (.lazy, 0, 2)] {
      var kernel = SimulatedKernel(policy, for: workload, judgingWalks: true)
      for step in workload.steps { kernel.apply(step, of: workload) }
      var walk = Walk()
      kernel.walk(7..<8, &walk)
      #expect(walk.contexts == contexts && walk.mapping == 2 && walk.visited == visited, "\(policy.name): \(walk)")
    }
  }

  @Test("Private pages of files need an offset, unless their index is virtual") func libraries() throws {
    #expect(try Self.result("libraries:4", "cow-context").costs.remaps.peak == 4 * 25)
    #expect(try Self.result("libraries:4", "cow-virtual").costs.remaps.peak == 0)
  }

  /// A maple tree is one context's: ranges of two contexts never share a node.
  @Test("Each context's ranges have nodes of their own") func nodes() throws {
    let costs = try Self.result("moves:3", "cow-context").costs
    // 17 contexts with 3 ranges each.
    #expect(costs.remaps.peak == 51 && costs.remapNodes.peak == 17)
    #expect(costs.plainBytes(anonVMA: 80) == 17 * 96 + 17 * 256)
    let many = try Self.result("libraries:9", "cow-context").costs
    #expect(many.remaps.peak == 25 * 9 && many.remapNodes.peak == 25 * 2 && many.remapNodes.now == 50)
    #expect(many.peakBytes == 25 * 4096 / 42 + 50 * 256)
  }

  /// Three libraries at one file offset: a page of one of them is found at one of three offsets.
  @Test("A walk for an exclusive page ends where it is found, be it among the offsets") func exclusive() throws {
    let workload = try #require(Scenario.workload(named: "libraries:3"))
    let forked = try #require(workload.steps.firstIndex { if case .fork = $0.operation { true } else { false } })
    for (page, lookups) in [(UInt32(0), 2), (2, 3), (4, 4)] {
      var kernel = SimulatedKernel(.cowContext, for: workload, judgingWalks: true)
      for step in workload.steps[..<forked] { kernel.apply(step, of: workload) }
      var walk = Walk()
      kernel.walk(page..<page + 1, &walk)
      #expect(walk.lookups == lookups && walk.mappings == 1, "\(walk)")
    }
  }

  /// Of a folio, each page of which is mapped once, a parent has one half and its child the other: both have written.
  @Test("A walk for a large folio goes on until all of it is found") func halves() throws {
    var builder = WorkloadBuilder("halves")
    let parent = builder.process()
    let vma = builder.map(parent, 0x1000..<0x1010)
    let folio = builder.write(vma, 0x1000..<0x1008)
    let child = builder.fork(parent)
    builder.write(vma, 0x1000..<0x1004)
    builder.write(builder.vmas(of: child)[0], 0x1004..<0x1008)
    builder.walk(folio, count: 8)
    for policy in [Policy.cowContext, .splitCounters] {
      let result = Simulation(builder.workload, moments: 1).run(policy)
      #expect(result.isCorrect == true && result.samples.walks.mapping.maximum == 2, "\(result.rule.misses)")
    }
  }

  @Test("Moves leave an offset, a copy or nothing") func moves() throws {
    #expect(try Self.result("moves:3", "cow-context").costs.remaps.peak >= 3 * 17)
    #expect(try Self.result("moves:3", "cow-unshare").costs.remaps.peak == 0)
    #expect(try Self.result("moves:3", "relocate").costs.rewrittenAtMove == 12)
    #expect(try Self.result("moves:3", "lazy").costs.rewrittenAtMove == 12)
  }

  // MARK: On whatever processes do

  private static let shouldHold = ["cow-context", "cow-virtual", "cow-pruned", "lazy-repaired"]

  /// The short cut that judges each mapping says what the walk does, and nothing dangles or stays behind.
  @Test("Short cuts agree with walks on random workloads") func shortCuts() throws {
    var generator = SeededGenerator(seed: testSeed())
    for round in 0..<12 {
      let history = History.random(
        150, version: .v6_12, reusingAddresses: round % 2 == 0, makingLargeFolios: false, using: &generator)
      let workload = RandomWorkloads.recorded(history).workload
      for policy in Policy.debate2026 + [.cowPrototype, .lazyNaive] {
        var kernel = SimulatedKernel(policy, for: workload, judgingWalks: true)
        for (number, step) in workload.steps.enumerated() {
          kernel.apply(step, of: workload)
          if number % 7 == 0 { Self.compareShortCuts(of: &kernel, policy) }
        }
        #expect(kernel.rule.dangling == 0, "\(policy.name)")
        if Self.shouldHold.contains(policy.name) {
          #expect(!kernel.rule.isBroken, "\(policy.name): \(kernel.rule.misses)")
        }
      }
    }
  }

  private static func compareShortCuts(of kernel: inout SimulatedKernel, _ policy: Policy) {
    guard let map = kernel.reverseMap else { return }
    for mm in kernel.firstVMA.indices {
      kernel.collect(UInt32(mm), 0..<1 << 44)
      for (place, page) in kernel.scratch where !kernel.pages[Int(page)].isForgotten {
        guard kernel.places.vma(UInt32(mm), at: place) != nil else { continue }
        var walk = Walk(lookingFor: (UInt32(mm), place))
        map.walk(page..<page + 1, &walk, in: kernel)
        let found = map.finds(page, in: UInt32(mm), at: place, kernel)
        #expect(walk.hasMet == found, "\(policy.name): page \(page) at \(place) of mm \(mm)")
      }
    }
  }

  /// exec grows the new stack downwards, moves its pages and cuts the rest off: in between, its offset is that of neither.
  @Test("The stack that exec moves is not looked for until it is done") func temporaryStack() throws {
    let text = """
      # rmapcheck workload 1
      map 0 0 0xffe 0xfff 0xffe 0x118173
      prepare 0 - -
      fault 0 0xffe 0 1 new
      resize 0 0x7fe 0xfff 0xffe 0x118173
      move-pages 0 0xffe 1 0 0x7fe
      resize 0 0x7fe 0x7ff 0xffe 0x118173
      update 0 0x7fe 0x7ff 0xffe 0x100173
      walk 0 1

      """
    for policy in Policy.all {
      let result = Simulation(try Workload(text: text, name: "stack"), moments: 64).run(policy)
      #expect(!result.rule.isBroken, "\(policy.name): \(result.rule.misses)")
      #expect(result.samples.walks.mapping.maximum == 1 && result.rule.unknown > 0)
    }
  }

  /// When everybody is gone, so is everything that a design has made.
  @Test("Nothing is left behind", arguments: Policy.all + Policy.historic) func leaks(policy: Policy) throws {
    var builder = WorkloadBuilder("leaks")
    let parent = builder.process()
    let vma = builder.map(parent, 0x1000..<0x1010)
    builder.write(vma, 0x1000..<0x1004)
    let upper = builder.split(vma, at: 0x1008)
    _ = builder.move(upper, to: 0x3000)
    let file = builder.map(parent, 0x2000..<0x2010, offset: 7)
    builder.write(file, 0x2000..<0x2002)
    let child = builder.fork(parent)
    let grandchild = builder.fork(child)
    builder.write(builder.vmas(of: grandchild)[0], 0x1001..<0x1003)
    for process in [parent, child, grandchild] { builder.exit(process) }
    let costs = Simulation(builder.workload).run(policy).costs
    #expect(costs.objects == 0 && costs.deadContexts.now == 0 && costs.vmas.now == 0, "\(costs)")
  }
}
