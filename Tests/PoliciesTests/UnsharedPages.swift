import Testing

@testable import Policies

/// A design that copies shared pages on a move: the workload, taken from a kernel that does not, has one number for all.
struct UnsharedPages {
  /// A parent with a child that has moved its part: VMA 2 maps a copy of page 0.
  private static let moved = """
    # rmapcheck workload 1
    map 0 0 0x1000 0x1010 0x1000 0x0
    prepare 0 - -
    fault 0 0x1000 0 1 new
    fork 1 1 0
    copy-pages 1 0 0x1000 0x1010
    copy 2 1 0x2000 0x2010 0x1000 0x0
    move-pages 1 0x1000 16 2 0x2000
    unlink 1
    free 1

    """

  private static func kernel(_ lines: String) throws -> (Workload, SimulatedKernel.Oddities, WalkRule) {
    let workload = try Workload(text: moved + lines, name: "unshare")
    let result = Simulation(workload, moments: 64).run(.cowUnshare)
    return (workload, result.oddities, result.rule)
  }

  /// What is mapped where at the end, by the numbers of the simulated kernel: the copy is page 1.
  private static func mapped(_ lines: String) throws -> [String] {
    let workload = try Workload(text: moved + lines, name: "unshare")
    var kernel = SimulatedKernel(.cowUnshare, for: workload, judgingWalks: true)
    for step in workload.steps { kernel.apply(step, of: workload) }
    var mapped: [String] = []
    for mm in kernel.firstVMA.indices {
      kernel.collect(UInt32(mm), 0..<1 << 44)
      mapped += kernel.scratch.map { "\(mm) 0x\(String($0.page, radix: 16)) \($0.number)" }
    }
    return mapped
  }

  /// Migration: the recorded kernel has one page, and unmaps and maps it everywhere.
  @Test("A process that has a copy maps its copy again, others the page")
  func migrated() throws {
    let migration = "unmap 2 0x2000 1 0\nunmap 0 0x1000 1 0\nfault 0 0x1000 0 1 again\nfault 2 0x2000 0 1 again\n"
    let (_, oddities, rule) = try Self.kernel(migration)
    #expect(!rule.isBroken && oddities == SimulatedKernel.Oddities(), "\(rule.misses)")
    #expect(try Self.mapped(migration) == ["0 0x1000 0", "1 0x2000 1"])
  }

  /// Its swap entries are duplicated, and lead to the copy.
  @Test("A child that is forked meanwhile has the copy, too") func forked() throws {
    let lines = "unmap 2 0x2000 1 0\nfork 3 2 2\ncopy-pages 3 2\nfault 3 0x2000 0 1 again\nfault 2 0x2000 0 1 again\n"
    let (_, oddities, rule) = try Self.kernel(lines)
    #expect(!rule.isBroken && oddities == SimulatedKernel.Oddities(), "\(rule.misses)")
    #expect(try Self.mapped(lines) == ["0 0x1000 0", "1 0x2000 1", "2 0x2000 1"])
  }

  /// munmap drops swap entries; what is mapped afterwards is what the others have.
  @Test("A copy whose VMA is unmapped does not come back") func gone() throws {
    let lines = "unmap 2 0x2000 16 -\nunlink 2\nfree 2\nunmap 0 0x1000 1 0\nfault 0 0x1000 0 1 again\n"
    #expect(try Self.mapped(lines) == ["0 0x1000 0"])
  }

  /// Whoever exits while a page is out lets go of the copy, and of the context that it points to.
  @Test("Nothing waits for those who are gone", arguments: [false, true]) func leaks(comesBack: Bool) throws {
    let back = comesBack ? "fault 2 0x2000 0 1 again\nunmap 2 0x2000 16 -\n" : ""
    let lines =
      "unmap 2 0x2000 1 0\nunmap 0 0x1000 1 0\n" + back + "unlink 2\nfree 2\nexit 1\n"
      + (comesBack ? "" : "fault 0 0x1000 0 1 again\nunmap 0 0x1000 16 -\n") + "unlink 0\nfree 0\nexit 0\n"
    let costs = Simulation(try Workload(text: Self.moved + lines, name: "leaks")).run(.cowUnshare).costs
    #expect(costs.contexts.peak == 2 && costs.objects == 0, "\(costs)")
  }

  @Test("A recorded walk for a page is one for its copies, too") func walks() throws {
    let workload = try Workload(text: Self.moved + "walk 0 1\nunmap 0 0x1000 1 0\nwalk 0 1\n", name: "walks")
    let samples = Simulation(workload, moments: 1).run(.cowUnshare).samples
    #expect(samples.walks.mapping.total == 3 && samples.walks.mapping.maximum == 1 && samples.walks.notMeasured == 0)
  }
}
