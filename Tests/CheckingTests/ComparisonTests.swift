import Checking
import Foundation
import Invariants
import Policies
import RmapGraph
import Testing

@testable import Reports

private func compare(_ recording: String, _ policies: [Policy] = [.splitCounters]) async -> ComparedWorkload {
  await PolicyComparison(policies: policies, jobs: 1).compare(recording: "\(tracesFolder)/\(recording)/trace.dat")
}

private func compare(scenario: String, _ policies: [Policy] = Policy.all) async throws -> ComparedWorkload {
  let workload = try #require(Scenario.workload(named: scenario))
  return await PolicyComparison(policies: policies, jobs: 2).compare(scenario: workload)
}

/// The comparison of policies, from the recording to the report.
struct ComparisonTests {
  /// The proof that the simulation is right: both kernel lines' graphs come out of it, object for object.
  @Test(
    "The recorded kernel's policy comes to the recorded graph",
    arguments: [("6.1-healthy", 1141, 330), ("6.12-healthy", 1141, 330), ("6.1-walks", 83, 0), ("6.12-walks", 83, 0)])
  func agreement(recording: String, forks: UInt64, reuses: UInt64) async throws {
    let compared = await compare(recording)
    let agreement = try #require(compared.agreement)
    #expect(agreement.isComplete, "\(agreement.firstDifference.map { "event \($0.event): \($0.text)" } ?? "")")
    #expect(agreement.forks.agreed == forks && agreement.agreedReuses == reuses)
    #expect(agreement.forks.unknown == 0 && agreement.violations == 0)
    #expect(agreement.lifetimes.agreed > forks * 3 / 4)
    #expect(compared.verdict == .holds)
  }

  /// None of the designs is broken by what a healthy workload does.
  @Test("Every design holds on a healthy recording") func healthy() async {
    let compared = await compare("6.12-walks", Policy.all)
    for result in compared.results {
      #expect(result.isCorrect == true, "\(result.policy.name): \(result.findings.map(\.finding.what))")
      #expect(result.samples.walks.visited.total > 0, "the recorded walks are measured")
      #expect(result.samples.pages.dangling == 0)
    }
  }

  /// A kernel that uses the root again does not agree with its rule; neither the figures nor a verdict can be had.
  @Test("A kernel with a fault is told from its policy", arguments: ["6.1-fault-reuse-root", "6.12-fault-drop-avc"])
  func fault(recording: String) async throws {
    let compared = await compare(recording)
    #expect(compared.verdict == .undecided)
    #expect(compared.agreement?.forks.differed ?? 0 > 0 && compared.agreement?.firstDifference != nil)
  }

  /// A fault in what the kernel did to a VMA's range is in the workload, whatever the policy.
  @Test("A broken workload says nothing about designs") func brokenWorkload() async {
    let compared = await compare("6.12-fault-wrong-pgoff")
    #expect(compared.agreement?.violations ?? 0 > 0 && compared.verdict == .undecided)
  }

  @Test("A recording with gaps is compared up to the first, and undecided") func lossy() async {
    let compared = await compare("6.12-lossy")
    #expect(compared.verdict == .undecided)
    #expect(compared.doubts.count == 1 && compared.doubts[0].contains("the workload ends at the first gap"))
  }

  @Test("A file that is no recording is damaged") func damaged() async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "no-recording-\(UUID().uuidString)").path()
    try Data("nothing".utf8).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let compared = await PolicyComparison(policies: [.splitCounters], jobs: 1).compare(recording: path)
    #expect(compared.verdict == .damaged && compared.results.isEmpty)
    #expect(ComparisonText.render(compared).contains("damaged"))
  }

  // MARK: Reports

  @Test("Text fits eighty columns, for every scenario and a recording") func width() async throws {
    var reports = ComparisonText.render(await compare("6.1-walks", Policy.all)) + ComparisonCatalog.render()
    for scenario in ["fork-chain:50", "double-reuse", "swap-cache", "overly-anonymous"] {
      reports += ComparisonText.render(try await compare(scenario: scenario, Policy.all + Policy.historic))
    }
    for line in reports.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
  }

  @Test("The text names the first wrong event and the step") func text() async throws {
    let report = ComparisonText.render(try await compare(scenario: "overly-anonymous", Policy.historic))
    #expect(report.hasPrefix("VIOLATED   overly-anonymous\n"))
    #expect(report.contains("  hierarchy-rc3   violated ") && report.contains("           2  19, reach\n"))
    #expect(report.contains("However, A is freed: the page's mapping dangles (event 24)."))
    #expect(report.contains("Step   11 of the workload: VMA 1 leaves its anon_vmas"))
  }

  @Test("JSON has its schema and its figures") func json() async throws {
    let text = ComparisonJSON.render([try await compare(scenario: "daemon:100"), await compare("6.1-walks")])
    let document = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(document["schema"] as? String == "rmapcheck-comparison/1")
    #expect(document["verdict"] as? String == "holds")
    let workloads = try #require(document["workloads"] as? [[String: Any]])
    let policies = try #require(workloads[0]["policies"] as? [[String: Any]])
    #expect(policies.map { $0["name"] as? String } == Policy.all.map(\.name))
    let last = try #require(policies.last)
    #expect((last["anonVMAs"] as? [String: Int])?["now"] == 202)
    #expect((last["avcs"] as? [String: Int])?["now"] == 402)
    let agreement = try #require(workloads[1]["agreement"] as? [String: Any])
    #expect((agreement["forks"] as? [String: Int])?["agreed"] == 83)
  }

  @Test("CSV has one line for each policy, and as many fields in each") func csv() async throws {
    let text = ComparisonTable.render([try await compare(scenario: "children:10")])
    let lines = text.split(separator: "\r\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(lines.count == 1 + Policy.all.count)
    #expect(Set(lines.map(\.count)).count == 1)
    #expect(Set(lines[0]).count == lines[0].count, "no two columns have one name")
    #expect(lines[1].prefix(3) == ["children:10", "single", "holds"])
  }

  @Test("Plots are well-formed, and the same again") func plots() async throws {
    let compared = try await compare(scenario: "live-chain:20")
    let charts = ComparisonPlots.charts(of: compared)
    #expect(charts.map(\.fileName).allSatisfy { $0.hasPrefix("live-chain-20-") && $0.hasSuffix(".svg") })
    let again = ComparisonPlots.charts(of: try await compare(scenario: "live-chain:20"))
    #expect(charts.map(\.svg) == again.map(\.svg))
    for chart in charts {
      #expect(XMLCounter(chart.svg).isWellFormed, "\(chart.fileName)")
      #expect(chart.svg.contains("split-counters"))
    }
  }

  @Test("The same bytes at any number of jobs") func determinism() async throws {
    let workload = try #require(Scenario.workload(named: "daemon:20"))
    let one = await PolicyComparison(policies: Policy.all, jobs: 1).compare(scenario: workload)
    let four = await PolicyComparison(policies: Policy.all, jobs: 4).compare(scenario: workload)
    #expect(ComparisonJSON.render([one]) == ComparisonJSON.render([four]))
    #expect(ComparisonText.render(one) == ComparisonText.render(four))
  }
}
