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
    for name in ["", "limit", "limit:", "limit:-1", "limit:x", "limit:+5", "limit:1:2", "degree:3", "none"] {
      #expect(Policy.named(name) == nil, "\(name)")
    }
  }

  @Test("A list of policies is taken by its names, each once") func lists() throws {
    #expect(try Policy.chosen(by: []).map(\.name) == Policy.all.map(\.name))
    #expect(try Policy.chosen(by: ["degree,limit:7", "degree"]).map(\.name) == ["degree", "limit:7"])
    #expect(try Policy.chosen(by: ["2014"]).map(\.name) == Policy.debate2014.map(\.name))
    #expect(try Policy.chosen(by: ["2026"]).map(\.name) == ["split-counters"] + Policy.debate2026.map(\.name))
    #expect(try Policy.chosen(by: ["all"]).count == Policy.all.count + Policy.historic.count)
    for list in [",", "degree,", "", "limit:+5"] {
      #expect(throws: Policy.NameError.self, "\(list)") { try Policy.chosen(by: ["single", list]) }
    }
    #expect(Policy.NameError(name: "x").description.hasPrefix("There is no design 'x'; there are single, hierarchy,"))
  }

  @Test("What policies name is there") func exemptions() {
    let judged = Set(Simulation.judged.map(\.name))
    for policy in Policy.all + Policy.historic {
      for exemption in policy.exempt { #expect(judged.contains(exemption.invariant)) }
      #expect(Simulation.applying(to: policy).contains { $0.name == "reach" } == policy.isGraph)
      #expect(Simulation.applying(to: policy).contains { $0.name == "anon-vma-death" } == policy.isGraph)
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

  @Test("What is wrong with a scenario's name is said") func scenarioErrors() {
    for (name, said) in [
      ("nobody", "There is no scenario 'nobody'"), ("daemon:0", "daemon:N takes a number N from 1 to 500000."),
      ("aim7:4194304", "aim7:N takes a number N from 1 to 4000."), ("live-chain:+5", "live-chain:N takes a number"),
      ("double-reuse:2", "The scenario double-reuse takes no number."),
    ] {
      #expect(performing { () throws(Scenario.NameError) in _ = try Scenario.named(name) }.hasPrefix(said), "\(name)")
    }
  }

  private func performing(_ body: () throws(Scenario.NameError) -> Void) -> String {
    do {
      try body()
      return ""
    } catch {
      return error.description
    }
  }

  /// A workload that repeats itself every few steps; a stride that is a multiple of them would see one phase only.
  @Test("Samples do not keep step with the workload") func sampling() throws {
    let means = try (197...204).map { levels in
      let workload = try #require(Scenario.workload(named: "fork-chain:\(levels)"))
      let simulation = Simulation(workload)
      #expect(simulation.sampledSteps.count <= 65 && simulation.sampledSteps.last == workload.steps.count)
      #expect(simulation.sampledSteps == Array(Set(simulation.sampledSteps)).sorted())
      return simulation.run(.splitCounters).samples.pages.visited.mean
    }
    let (least, most) = (means.min() ?? 0, means.max() ?? 9)
    #expect(most - least < 0.25, "\(means)")
    let short = try #require(Scenario.workload(named: "fork-chain:1"))
    #expect(Simulation(short).sampledSteps == Array(1...short.steps.count), "a short one is looked at after each step")
  }

  @Test(
    "Only the plain hierarchy and trees of contexts grow as a workload repeats",
    arguments: ["fork-chain:1", "fork-chain:30", "live-chain:10", "daemon:5"])
  func growth(scenario: String) throws {
    let workload = try #require(Scenario.workload(named: scenario))
    let growing: Set<String> = ["hierarchy", "cow-context", "cow-virtual", "cow-unshare"]
    for policy in Policy.all + [.limit(12), .limit(20), .limit(200)] {
      #expect(Simulation(workload).growth(policy).isBounded == !growing.contains(policy.name), "\(policy.name)")
    }
  }

  @Test("Growth is not told where it is not known") func unknownGrowth() throws {
    let workload = try #require(Scenario.workload(named: "fork-chain:1"))
    #expect(Simulation(workload).growth(.limit(1000)).word == "unknown", "the limit is not reached")
    var noSuccessor = workload
    noSuccessor.successors = []
    #expect(Simulation(noSuccessor).growth(.hierarchy).word == "-", "nobody carries on: not asked")
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
