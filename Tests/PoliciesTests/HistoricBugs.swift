import Invariants
import RmapEvents
import Testing

@testable import Policies

/// The schedules that a design is known to break on break it, and no other.
struct HistoricBugs {
  private func breakages(_ scenario: String, _ policy: Policy) throws -> [(String, String)] {
    let workload = try #require(Scenario.workload(named: scenario))
    return Simulation(workload).run(policy).findings.map {
      ($0.invariant.name, workload.describe(step: $0.step))
    }
  }

  private func othersHold(on scenario: String, but broken: Set<String>) throws {
    let workload = try #require(Scenario.workload(named: scenario))
    for policy in Policy.all + Policy.historic where !broken.contains(policy.name) {
      let result = Simulation(workload).run(policy)
      #expect(result.isCorrect == true, "\(policy.name) on \(scenario): \(result.findings.map(\.finding.what))")
    }
  }

  @Test("CVE-2022-42703: degree uses an anon_vma twice, a merge loses its page, and it dangles")
  func doubleReuse() throws {
    let found = try breakages("double-reuse", .degree)
    #expect(found.map(\.0) == ["shared-anon-vma", "merge-closure", "reach", "anon-vma-death"])
    #expect(found[0].1 == "fork copies the page tables of VMA 4 to VMA 6")
    #expect(found[1].1 == "VMA 9 and VMA 10 merge" && found[2].1 == found[1].1)
    #expect(found[3].1 == "VMA 8 leaves its anon_vmas")
    try othersHold(on: "double-reuse", but: ["degree", "cow-prototype"])
  }

  @Test("LWN 383162: the page of a shared swap entry belongs to whoever faults first, who exits")
  func overlyAnonymous() throws {
    let found = try breakages("overly-anonymous", .hierarchyWithOwnPages)
    #expect(found.map(\.0) == ["reach", "anon-vma-death"])
    #expect(found[0].1 == "VMA 0 maps 1 page from 0x1000 on, anonymous already")
    #expect(found[1].1 == "VMA 1 leaves its anon_vmas")
    try othersHold(on: "overly-anonymous", but: ["hierarchy-rc3", "cow-prototype"])
  }

  /// Counting mapped pages is not enough: a page in the swap cache points to its anon_vma, too, and comes back.
  @Test("pagecount skips an anon_vma whose page waits in the swap cache") func swapCache() throws {
    let found = try breakages("swap-cache", .pagecount)
    #expect(found.map(\.0) == ["reach", "anon-vma-death"])
    try othersHold(on: "swap-cache", but: ["pagecount", "cow-prototype"])
  }

  @Test("Every design holds on the scenarios of the debate") func costs() throws {
    for scenario in ["fork-chain:40", "children:40", "live-chain:12", "daemon:20", "aim7:3"] {
      try othersHold(on: scenario, but: scenario == "daemon:20" ? ["cow-prototype"] : [])
    }
  }

  /// A design without a rule for pages that are there already: the child joins no tree but its own.
  @Test("A design that forgets the parent's trees is found out at the first fork") func plug() throws {
    let found = try breakages("children:2", .forgetful)
    #expect(found.first?.0 == "fork-closure")
    #expect(found.contains { $0.0 == "reach" })
  }
}

extension Policy {
  /// A plug: all that a new policy needs.
  fileprivate static let forgetful = Policy(
    name: "forgetful", rule: "A child joins no tree of its parent.", source: "this test"
  ) { kernel, child, parent in
    kernel.makeAnonVMA(for: child, below: kernel.anonVMA(of: parent))
  }
}
