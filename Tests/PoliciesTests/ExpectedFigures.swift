import RmapGraph
import Testing

@testable import Policies

/// The figures that a second, independent model of the rules gave for one VMA per process.
struct ExpectedFigures {
  struct Figures: Sendable, Equatable {
    let anonVMAs: UInt64
    let avcs: UInt64
    var chain: Int?
    /// VMAs that a walk for one page visits, by the page's number in the workload.
    var visits: [UInt32: Int] = [:]
  }

  /// Policies with the same figures.
  typealias Row = (policies: [String], figures: Figures)

  static func check(_ scenario: String, _ rows: [Row]) throws {
    let workload = try #require(Scenario.workload(named: scenario))
    for row in rows {
      for name in row.policies {
        let policy = try #require(Policy.named(name))
        var kernel = SimulatedKernel(policy, for: workload)
        for step in workload.steps { kernel.apply(step, of: workload) }
        let found = Figures(
          anonVMAs: kernel.costs.anonVMAs.now, avcs: kernel.costs.avcs.now,
          chain: row.figures.chain.map { _ in kernel.costs.longestChain },
          visits: visits(row.figures.visits.keys.sorted(), in: &kernel))
        #expect(found == row.figures, "\(scenario) under \(name)")
      }
    }
  }

  private static func visits(_ pages: [UInt32], in kernel: inout SimulatedKernel) -> [UInt32: Int] {
    var visits: [UInt32: Int] = [:]
    for page in pages {
      kernel.samples.walks = Samples.Walks()
      kernel.measureWalk(for: page)
      visits[page] = kernel.samples.walks.visited.maximum
    }
    return visits
  }

  @Test("A thousand forks, each parent exits") func forkChain() throws {
    try Self.check(
      "fork-chain:1000",
      [
        (["hierarchy"], Figures(anonVMAs: 1001, avcs: 1001, chain: 1001)),
        (["degree", "degree+prev", "split-counters", "pagecount"], Figures(anonVMAs: 3, avcs: 3, chain: 3)),
        (["reuse-any"], Figures(anonVMAs: 2, avcs: 2, chain: 2)),
        (["limit:0"], Figures(anonVMAs: 1, avcs: 1, chain: 1)),
        (["limit:20"], Figures(anonVMAs: 21, avcs: 21, chain: 21)),
        (["limit:1"], Figures(anonVMAs: 2, avcs: 2, chain: 2)),
        (["limit:5"], Figures(anonVMAs: 6, avcs: 6, chain: 6)),
        (["single"], Figures(anonVMAs: 1, avcs: 0, chain: 1)),
        (["root-only"], Figures(anonVMAs: 1, avcs: 1, chain: 1)),
      ])
  }

  /// Page 1 is the parent's, which all share; page 2 the first child's own.
  @Test("A thousand children of one parent") func children() throws {
    let forked: [UInt32: Int] = [1: 1001, 2: 1]
    let rooted: [UInt32: Int] = [1: 1001, 2: 1001]
    try Self.check(
      "children:1000",
      [
        (
          ["hierarchy", "degree", "degree+prev", "split-counters", "pagecount", "reuse-any", "limit:1", "limit:5"],
          Figures(anonVMAs: 1001, avcs: 2001, visits: forked)
        ),
        (["single"], Figures(anonVMAs: 1, avcs: 0, visits: rooted)),
        (["root-only"], Figures(anonVMAs: 1, avcs: 1001, visits: rooted)),
      ])
  }

  /// Page 50 is the newest process's own.
  @Test("A chain of fifty that all live") func liveChain() throws {
    try Self.check(
      "live-chain:50",
      [
        (
          ["hierarchy", "degree", "degree+prev", "split-counters", "pagecount", "reuse-any"],
          Figures(anonVMAs: 51, avcs: 1326, chain: 51, visits: [50: 1])
        ),
        (["limit:1"], Figures(anonVMAs: 2, avcs: 101, chain: 2, visits: [50: 50])),
        (["limit:5"], Figures(anonVMAs: 6, avcs: 291, chain: 6, visits: [50: 46])),
        (["single"], Figures(anonVMAs: 1, avcs: 0, chain: 1, visits: [50: 51])),
        (["root-only"], Figures(anonVMAs: 1, avcs: 51, chain: 1, visits: [50: 51])),
      ])
  }

  /// Page 201 is the last worker's child's own.
  @Test("A daemon and a hundred workers that fork and exit") func daemon() throws {
    try Self.check(
      "daemon:100",
      [
        (
          ["hierarchy", "degree", "degree+prev", "split-counters", "pagecount", "limit:5"],
          Figures(anonVMAs: 202, avcs: 402, visits: [201: 1])
        ),
        // Each worker takes the root, which the shell no longer uses, and gives it up again.
        (["reuse-any"], Figures(anonVMAs: 102, avcs: 302, visits: [201: 1])),
        (["limit:1"], Figures(anonVMAs: 2, avcs: 202, visits: [201: 101])),
        (["single"], Figures(anonVMAs: 1, avcs: 0, visits: [201: 101])),
        (["root-only"], Figures(anonVMAs: 1, avcs: 101, visits: [201: 101])),
      ])
  }

  /// A folio of four pages, two in each half of a VMA that was split, is found in both; mapped only in what is left.
  @Test("A walk for a large folio visits all VMAs that overlap it") func largeFolio() throws {
    var builder = WorkloadBuilder("large")
    let process = builder.process()
    let lower = builder.map(process, 0x1000..<0x1010)
    let first = builder.write(lower, 0x1006..<0x100a)
    let upper = builder.split(lower, at: 0x1008)
    var workload = builder.workload
    workload.add(.walk(first, count: 4))
    workload.add(.walk(first, count: 1))
    workload.add(.unmap(upper, page: 0x1008, count: 2, of: .any))
    workload.add(.walk(first, count: 4))
    workload.add(.unmap(lower, page: 0x1006, count: 2, of: .any))
    workload.add(.walk(first, count: 4))
    for (policy, visited, mapping) in [
      (Policy.splitCounters, [0, 1, 2], [0, 2, 1]), (.single, [0, 0, 3], [0, 2, 1]),
    ] {
      let walks = Simulation(workload).run(policy).samples.walks
      #expect(walks.visited.counts.map(Int.init) == visited, "\(policy.name): \(walks.visited.counts)")
      #expect(walks.mapping.counts.map(Int.init) == mapping, "\(policy.name): \(walks.mapping.counts)")
      #expect(walks.notMeasured == 1, "nobody maps it any more")
    }
  }

  /// The part of Wei Yang's rule that differs from degree: two VMAs of one process with one anon_vma.
  @Test("degree+prev keeps the sharing of two neighbours in the child") func previous() throws {
    var builder = WorkloadBuilder("neighbours")
    let parent = builder.process()
    let lower = builder.map(parent, 0x1000..<0x1010)
    builder.write(lower, 0x1000..<0x1001)
    _ = builder.split(lower, at: 0x1008)
    _ = builder.fork(parent)
    // degree: each half of the child gets an anon_vma; with the add-on, the upper half keeps the parent's.
    for (policy, anonVMAs) in [(Policy.degree, 3), (.degreeWithPrevious, 2)] {
      let result = Simulation(builder.workload).run(policy)
      #expect(result.costs.anonVMAs.now == UInt64(anonVMAs) && result.isCorrect == true, "\(policy.name)")
      #expect(result.costs.reuses == (anonVMAs == 2 ? 1 : 0))
    }
  }

  /// A process at level k of a live chain stands in k + 1 trees: that is what its fork has linked.
  @Test("What a fork links") func forks() throws {
    let workload = try #require(Scenario.workload(named: "live-chain:50"))
    for (name, most, median) in [
      ("hierarchy", 51, 26), ("split-counters", 51, 26), ("limit:5", 6, 6), ("root-only", 1, 1), ("single", 0, 0),
    ] {
      let costs = Simulation(workload, moments: 1).run(try #require(Policy.named(name))).costs
      #expect(costs.linkedPerFork.total == 50 && costs.linkedPerFork.maximum == most, "\(name)")
      #expect(costs.linkedPerFork.percentile(50) == median, "\(name)")
    }
  }

  /// A million pages of a thousand processes: with one anon_vma each is looked for in all of them (5beb49305251).
  @Test("The shape of AIM7") func aim7() throws {
    let workload = try #require(Scenario.workload(named: "aim7:50"))
    #expect(workload.pageCount == 51_000)
    let own = Simulation(workload, moments: 1).run(.splitCounters).samples.pages
    let single = Simulation(workload, moments: 1).run(.single).samples.pages
    #expect(own.visited.percentile(50) == 1 && own.inVain.percentile(50) == 0)
    #expect(single.visited.percentile(50) == 51 && single.inVain.percentile(50) == 50)
  }
}
