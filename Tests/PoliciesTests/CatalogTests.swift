import Invariants
import Testing

@testable import Policies

/// The registry, and the parts that figures are made of.
struct CatalogTests {
  @Test("Every policy is found by its name, and any limit") func names() {
    let all = Policy.all + Policy.historic
    #expect(Set(all.map(\.name)).count == all.count)
    for policy in all { #expect(Policy.named(policy.name)?.name == policy.name) }
    #expect(Policy.named("limit:7")?.name == "limit:7")
    for name in ["", "limit", "limit:", "limit:-1", "limit:x", "limit:1:2", "degree:3", "none"] {
      #expect(Policy.named(name) == nil, "\(name)")
    }
  }

  @Test("What policies name is there") func exemptions() {
    #expect(Simulation.judged.count == Simulation.judgedNames.count)
    for policy in Policy.all + Policy.historic {
      for exemption in policy.exempt { #expect(Simulation.judgedNames.contains(exemption.invariant)) }
      #expect(Simulation.applying(to: policy).contains { $0.name == "reach" })
      #expect(Simulation.applying(to: policy).contains { $0.name == "anon-vma-death" })
    }
    #expect(Policy.splitCounters.exempt.isEmpty, "today's rule keeps every rule that designs are judged by")
  }

  @Test("Scenarios take numbers where they have one") func scenarios() {
    #expect(Scenario.workload(named: "children:3")?.forkCount == 3)
    #expect(Scenario.workload(named: "live-chain")?.forkCount == 50)
    for name in ["children:0", "children:x", "children:", "double-reuse:2", "children:99999999", "nobody"] {
      #expect(Scenario.workload(named: name) == nil, "\(name)")
    }
  }

  @Test("Percentiles are nearest ranks") func distribution() {
    var distribution = Distribution()
    #expect(distribution.mean == 0 && distribution.maximum == 0 && distribution.percentile(99) == 0)
    distribution.add(1, times: 98)
    distribution.add(7)
    distribution.add(50)
    #expect(distribution.percentile(50) == 1 && distribution.percentile(99) == 7 && distribution.percentile(100) == 50)
    #expect(distribution.maximum == 50 && distribution.mean == 1.55)
  }

  @Test("Only the plain hierarchy grows as a workload repeats", arguments: ["fork-chain:30", "live-chain:10"])
  func growth(scenario: String) throws {
    let workload = try #require(Scenario.workload(named: scenario))
    for policy in Policy.all {
      #expect(Simulation(workload).growth(policy).isBounded == (policy.name != "hierarchy"), "\(policy.name)")
    }
  }

  /// 39 anon_vmas of 96 bytes and their free pointers, 46 of 80 bytes, 64 AVCs in a page of 4096 bytes.
  @Test("Bytes are those of full slab pages") func bytes() {
    var split = Costs(.splitCounters)
    for _ in 0..<39 { split.anonVMABorn(depth: 1) }
    for _ in 0..<64 { split.linked(chainLength: 1) }
    #expect(split.bytes == 8192 && split.peakBytes == 8192)
    var degree = Costs(.degree)
    for _ in 0..<46 { degree.anonVMABorn(depth: 1) }
    #expect(degree.bytes == 4096)
    var single = Costs(.single)
    single.linked(chainLength: 1)
    #expect(single.bytes == 0 && single.avcs.total == 0)
  }
}
