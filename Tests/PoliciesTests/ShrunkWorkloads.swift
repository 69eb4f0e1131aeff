import Testing

@testable import Policies

/// Workloads as text, and how they become small.
struct ShrunkWorkloads {
  @Test("A workload is the same after it was written and read") func text() throws {
    for scenario in Scenario.all where scenario.name != "aim7" {
      let workload = scenario.workload(scenario.parameter == nil ? nil : 3)
      let again = try Workload(text: workload.text, name: workload.name)
      #expect(again.text == workload.text)
      #expect(
        (again.vmaCount, again.mmCount, again.pageCount) == (workload.vmaCount, workload.mmCount, workload.pageCount))
    }
  }

  @Test("A text that is no workload is told, with its line") func badText() {
    let heading = "# rmapcheck workload 1\n"
    for (text, line) in [
      ("", 0), ("map 0 0 0x1 0x2 0x1 0x0\n", 0), (heading + "map 0 0\n", 2), (heading + "\nmop 1\n", 3),
      (heading + "map 0 0 0x2 0x1 0x1 0x0\n", 2), (heading + "unlink 99999999999\n", 2), (heading + "free -1\n", 2),
      (heading + "free 1 2\n", 2), (heading + "fault 0 0x1 0 1 newish\n", 2), (heading + "walk 4000000 1\n", 2),
    ] {
      #expect { try Workload(text: text, name: "t") } throws: { ($0 as? Workload.TextError)?.line == line }
    }
  }

  /// What fork duplicates, and that an anonymous page is mapped once an mm: without these, a smallest workload shows nothing.
  @Test("What no kernel does is counted") func possibility() throws {
    func violations(_ lines: String) throws -> Int {
      let begin = "# rmapcheck workload 1\nmap 0 0 0x10 0x20 0x10 0x0\nprepare 0 - -\nfault 0 0x10 0 1 new\n"
      let workload = try Workload(text: begin + lines, name: "t")
      var kernel = SimulatedKernel(.splitCounters, for: workload)
      var possibility = Possibility()
      for step in workload.steps {
        possibility.look(at: step, of: workload, in: kernel)
        kernel.apply(step, of: workload)
      }
      return possibility.violations.count
    }
    #expect(try violations("fork 1 1 0\ncopy-pages 1 0 0x10 0x20\n") == 0)
    #expect(try violations("fork 1 1 0\n") == 1, "the page is neither the child's nor in swap")
    #expect(try violations("unmap 0 0x10 1 -\nfork 1 1 0\nfault 1 0x10 0 1 again\n") == 0)
    #expect(try violations("copy 1 0 0x30 0x40 0x10 0x0\nfault 1 0x30 0 1 again\n") == 1, "mapped twice in one mm")
    #expect(try violations("copy 1 0 0x30 0x40 0x10 0x0\nmove-pages 0 0x10 16 1 0x30\n") == 0)
    let fork = "fork 1 1 0\ncopy-pages 1 0 0x10 0x20\n"
    #expect(try violations("fork 1 1 0\ncopy-pages 1 0\n") == 1, "fork leaves a mapped page out")
    #expect(try violations("fault 0 0x12 1 1 new\nfork 1 1 0\ncopy-pages 1 0 0x10 0x12\n") == 1)
    #expect(
      try violations(fork + "copy 2 0 0x30 0x40 0x10 0x0\nfault 2 0x30 0 1 again\n") == 1,
      "mapped twice in one mm, and by a child, too")
    #expect(try violations(fork + "unmap 0 0x10 1 0\nfault 0 0x10 0 1 again\n") == 0, "out of the swap cache")
    #expect(try violations("fault 0 0x12 1 1 again\n") == 1, "never mapped before")
    #expect(try violations(fork + "fault 0 0x12 1 1 new\nfault 1 0x12 1 1 again\n") == 1, "made after the fork")
    #expect(try violations("unmap 0 0x10 1 -\nfault 0 0x10 1 1 swapIn\n") == 0)
    #expect(try violations("fault 0 0x12 1 1 swapIn\n") == 1, "nothing there was ever swapped out")
    #expect(try violations("unmap 0 0x10 1 -\nfork 1 1 0\nfault 1 0x10 1 1 swapIn\nfault 0 0x10 1 1 again\n") == 0)
    #expect(try violations(fork + "unmap 0 0x10 1 -\nfault 1 0x10 1 1 swapIn\n") == 1, "the child's was not")
    #expect(
      try violations(fork + "unmap 1 0x10 1 -\nfault 1 0x10 1 1 swapIn\nfault 0 0x10 1 1 again\n") == 1,
      "nor was the parent's")
    #expect(try violations("reuse 0 0x10\n") == 0)
    #expect(try violations(fork + "reuse 0 0x10\n") == 1, "the child has it, too")
  }

  /// What fork must find unmapped is dropped together with its unmapping: neither can go alone.
  @Test("A smallest workload is small where many pages are swapped out before a fork") func swappedOut() throws {
    var builder = WorkloadBuilder("swapped-out")
    let parent = builder.process()
    let vma = builder.map(parent, 0x1000..<0x1020)
    let pages = (0x1000..<0x1020).map { builder.write(vma, $0..<$0 + 1) }
    var workload = builder.workload
    for (place, page) in zip(UInt64(0x1000)..., pages) { workload.add(.unmap(vma, page: place, count: 1, of: page)) }
    let (child, mm) = (workload.newVMA(), workload.newMM())
    workload.add(.fork(child: child, mm, parent: vma))
    workload.add(.copyPages(child: child, parent: vma, runs: workload.addRuns([])))
    workload.add(.fault(child, page: 0x1004, first: pages[4], count: 1, .again))
    let smallest = try #require(Simulation(workload).run(.named("lazy")!).smallest)
    #expect(smallest.workload.steps.count == 6, "\(smallest.workload.text)")
  }

  /// The page that the child swaps in first was there, and swapped out; that the child's walk goes wrong before is another miss.
  @Test("A smallest workload shows the miss that was told") func toldMiss() throws {
    let workload = try #require(Scenario.workload(named: "child-swaps-in"))
    let result = Simulation(workload).run(.cowPrototype)
    let (told, smallest) = (try #require(result.rule.misses.first), try #require(result.smallest))
    #expect((smallest.miss.mm, smallest.miss.page) == (told.mm, told.page), "\(smallest.workload.text)")
    #expect(smallest.workload.steps.count == 9, "\(smallest.workload.text)")
  }

  /// Of a thousand steps the few that matter are left, and they show it by themselves.
  @Test("A smallest workload shows the miss again") func smallest() throws {
    var builder = WorkloadBuilder("long")
    let parent = builder.process()
    let vma = builder.map(parent, 0x1000..<0x1010)
    builder.write(vma, 0x1000..<0x1008)
    for number in 0..<30 {
      let other = builder.fork(parent)
      builder.write(builder.vmas(of: other)[0], 0x1008..<0x1009)
      if number != 17 { builder.exit(other) }
    }
    builder.write(vma, 0x1003..<0x1004)
    let result = Simulation(builder.workload).run(.cowPrototype)
    let smallest = try #require(result.smallest)
    #expect(smallest.workload.steps.count <= 6, "\(smallest.workload.text)")
    let again = Simulation(try Workload(text: smallest.workload.text, name: "again")).run(.cowPrototype)
    #expect(again.rule.misses.first == smallest.miss && again.isCorrect == false)
    #expect(Simulation(smallest.workload).run(.splitCounters).isCorrect == true)
  }
}
