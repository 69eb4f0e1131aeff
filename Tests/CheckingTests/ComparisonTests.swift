import Checking
import Comparing
import Foundation
import Invariants
import Policies
import RecordingFormat
import RmapGraph
import TestSupport
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
  /// The proof that the simulation is right: both kernel lines' graphs come out of it.
  @Test(
    "The recorded kernel's policy comes to the recorded graph",
    arguments: [
      ("5.10-healthy", 651, 330), ("6.1-healthy", 1141, 330), ("6.12-healthy", 1141, 330), ("6.18-healthy", 674, 330),
      ("7.2-healthy", 674, 330),
      ("7.3-healthy", 674, 330), ("6.1-walks", 83, 0), ("6.12-walks", 83, 0),
      ("6.12-zygote", 1161, 0), ("6.12-moving-heap", 323, 0), ("6.12-save-fork", 88, 0),
      ("7.3-zygote", 1161, 0), ("7.3-moving-heap", 323, 0), ("7.3-save-fork", 88, 0),
      ("6.12-arm64-16k", 545, 330),
    ])
  func agreement(recording: String, forks: UInt64, reuses: UInt64) async throws {
    let compared = await compare(recording)
    let agreement = try #require(compared.agreement)
    #expect(agreement.isComplete, "\(agreement.firstDifference.map { "event \($0.event): \($0.text)" } ?? "")")
    #expect(agreement.forks.agreed == forks && agreement.agreedReuses == reuses)
    #expect(agreement.forks.unknown == 0 && agreement.violations == 0)
    #expect(agreement.lifetimes.agreed > forks * 2 / 5)
    #expect(agreement.owners.agreed > 280 && agreement.owners.unknown * 20 < agreement.owners.agreed)
    #expect(agreement.deadVMAs == 0)
    #expect(agreement.births.agreed > forks * 2 / 5 && agreement.births.unknown == 0)
    #expect(agreement.joined.agreed > forks * 9 / 10)
    #expect(compared.verdict == .holds)
  }

  /// None of the designs is broken by what a healthy workload does.
  @Test("Every design holds on a healthy recording") func healthy() async {
    let compared = await compare("6.12-walks", Policy.all)
    for result in compared.results {
      #expect(result.isCorrect == true, "\(result.policy.name): \(result.findings.map(\.finding.what))")
      #expect(result.samples.walks.visited.total > 0, "the recorded walks are measured")
      #expect(result.samples.walks.mapping.maximum > 0)
      #expect(result.samples.pages.dangling == 0)
    }
  }

  /// What the authors of ANON_VMA_LAZY have measured on phones: 92 to 97 % fewer anon_vmas, 50 to 57 % fewer AVCs.
  @Test("The claims of 2026 on a workload like zygote's", arguments: ["7.3-zygote", "6.12-zygote"])
  func claims(recording: String) async throws {
    let compared = await compare(recording, [.splitCounters, .named("lazy")!, .named("cow-virtual")!])
    let costs = compared.results.map(\.costs)
    let (anonVMAs, avcs) = (costs[0].anonVMAs.peak, costs[0].avcs.peak)
    #expect((3...12).contains(costs[1].anonVMAs.peak * 100 / anonVMAs), "\(costs[1].anonVMAs.peak) of \(anonVMAs)")
    #expect((40...52).contains(costs[1].avcs.peak * 100 / avcs), "\(costs[1].avcs.peak) of \(avcs)")
    #expect(costs[2].plainBytes(anonVMA: 80) * 30 < costs[0].plainBytes(anonVMA: 80))
    #expect(compared.results.allSatisfy { $0.isCorrect == true })
  }

  /// A kernel that uses the root again does not agree with its rule; neither the figures nor a verdict can be had.
  @Test("A kernel with a fault is told from its policy", arguments: ["6.1-fault-reuse-root", "6.12-fault-drop-avc"])
  func fault(recording: String) async throws {
    let compared = await compare(recording)
    #expect(compared.verdict == .undecided)
    #expect(compared.agreement?.forks.differed ?? 0 > 0 && compared.agreement?.firstDifference != nil)
  }

  /// Every chain is right, and what a child of the faulty anon_vma gets from it is not.
  @Test("A kernel that gives an anon_vma another root is told from its policy", arguments: ["6.1", "6.12"])
  func birth(kernel: String) async throws {
    let agreement = try #require(await compare("\(kernel)-fault-wrong-root").agreement)
    #expect(agreement.forks.differed == 0 && agreement.births.differed > 0 && agreement.births.agreed > 30)
  }

  /// Every chain is right, and a pointer, a counter or a tree is not, where a later operation shows it.
  @Test(
    "A kernel that counts or points otherwise is told from its policy",
    arguments: ["6.1", "6.12"], ["wrong-root", "wrong-parent", "lost-active", "lost-child", "skipped-insert"])
  func joined(kernel: String, fault: String) async throws {
    let compared = await compare("\(kernel)-fault-\(fault)")
    let agreement = try #require(compared.agreement)
    #expect(agreement.forks.differed == 0 && agreement.joined.differed > 0 && agreement.joined.agreed > 30)
    #expect(compared.verdict == .undecided)
  }

  /// Every chain is right, and a page belongs to an anon_vma that the rule does not give it to.
  @Test(
    "A kernel with another page rule is told from its policy",
    arguments: ["6.1-fault-oldest-mapping", "6.12-fault-oldest-mapping", "6.1-fault-newest-mapping"])
  func pageRule(recording: String) async throws {
    let agreement = try #require(await compare(recording).agreement)
    #expect(agreement.forks.differed == 0 && agreement.owners.differed == 1 && agreement.owners.agreed > 80)
    #expect(await compare(recording).verdict == .undecided)
    #expect(agreement.firstDifference?.text.hasPrefix("the page belongs to another anon_vma") == true)
  }

  /// A fault in what the kernel did to a VMA's range is in the workload, whatever the policy.
  @Test("A broken workload says nothing about designs") func brokenWorkload() async {
    let compared = await compare("6.12-fault-wrong-pgoff")
    #expect(compared.agreement?.violations ?? 0 > 0 && compared.verdict == .undecided)
  }

  @Test("A recording with gaps is compared up to the first, and undecided") func lossy() async throws {
    var recording = try PatchedRecording("6.12-uncompressed")
    recording.loseEvents(beforePage: 12)
    let (whole, compared) = (await compare("6.12-uncompressed"), try await recording.compare([.splitCounters]))
    #expect(compared.verdict == .undecided)
    #expect(compared.doubts.first?.contains("the workload ends at the first gap") == true, "\(compared.doubts)")
    let (all, part) = (whole.workload?.forkCount ?? 0, compared.workload?.forkCount ?? 0)
    #expect(part > 0 && part < all, "\(part) of \(all) forks")
    #expect(compared.agreement?.forks.agreed ?? 0 > 0 && compared.agreement?.isComplete == true)
    #expect(compared.results.first?.costs.avcs.total ?? 0 > 0)
  }

  /// Nothing is known of pages: whether a walk finds them was never put to the test, whatever the graph's own rules say.
  @Test("A recording without pages is undecided, in every form") func structureOnly() async throws {
    let compared = await compare("6.1-structure", Policy.all)
    #expect(compared.verdict == .undecided && compared.agreement?.isComplete == true)
    for result in compared.results {
      #expect(result.isCorrect == nil && (result.decided > 0) == result.policy.isGraph && result.violations == 0)
      #expect(result.untested.map(\.name).contains("reach") == result.policy.isGraph)
      #expect(result.rule.decided == 0)
    }
    let text = ComparisonText.render(compared)
    #expect(text.hasPrefix("UNDECIDED ") && text.contains("  split-counters  undecided "))
    #expect(text.contains("reach") && text.contains("No mapped page is known"))
    #expect(!text.contains("walks for each mapped page"))
    let row = try #require(rows([compared]).dropFirst().first)
    #expect(row["workload_verdict"] == "undecided" && row["verdict"] == "undecided")
    #expect(row["doubts"]?.contains("reach, page-owner") == true)
    #expect(row["untested"]?.split(separator: " ").contains("reach") == true)
    for figure in ["mean", "p50", "p99", "max"] {
      #expect(row["page_visited_\(figure)"] == "" && row["walk_visited_\(figure)"] == "", "not measured is not 0")
      #expect(row["fork_avcs_\(figure)"]?.isEmpty == false)
    }
    let plots = ComparisonPlots.charts(of: compared, stem: "s").map(\.fileName)
    #expect(
      plots == ["s-anon_vmas.svg", "s-avcs.svg", "s-depth.svg", "s-objects.svg", "s-bytes.svg"],
      "no plot without a point")
  }

  @Test("A file that is no recording is damaged") func damaged() async throws {
    let path = temporaryPath().path()
    try Data("nothing".utf8).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let compared = await PolicyComparison(policies: [.splitCounters], jobs: 1).compare(recording: path)
    #expect(compared.verdict == .damaged && compared.results.isEmpty)
    #expect(ComparisonText.render(compared).contains("damaged"))
  }

  // MARK: Reports

  @Test("The list names each scenario's largest size") func largest() {
    let list = ComparisonCatalog.render().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for case let parameter? in Scenario.all.map(\.parameter) {
      #expect(list.contains("\(parameter.meaning), \(parameter.standard) by default, \(parameter.largest) at most."))
    }
  }

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
    let last = try #require(policies.first { $0["name"] as? String == "split-counters" })
    #expect((last["anonVMAs"] as? [String: Int])?["now"] == 202)
    #expect((last["avcs"] as? [String: Int])?["now"] == 402)
    let agreement = try #require(workloads[1]["agreement"] as? [String: Any])
    #expect((agreement["forks"] as? [String: Int])?["agreed"] == 83)
  }

  /// The table's lines by column; the heading first. Fields with quotes are taken apart, too.
  private func rows(_ compared: [ComparedWorkload]) throws -> [[String: String]] {
    var lines: [[String]] = [[]]
    var (field, isQuoted) = ("", false)
    for scalar in ComparisonTable.render(compared).unicodeScalars {
      switch scalar {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted:
        lines[lines.count - 1].append(field)
        field = ""
      case "\n" where !isQuoted:
        lines[lines.count - 1].append(field)
        field = ""
        lines.append([])
      case "\r": break
      default: field.unicodeScalars.append(scalar)
      }
    }
    lines.removeLast()
    let heading = try #require(lines.first)
    #expect(Set(heading).count == heading.count, "no two columns have one name")
    #expect(Set(lines.map(\.count)).count == 1, "as many fields in each line")
    return lines.map { Dictionary(uniqueKeysWithValues: zip(heading, $0)) }
  }

  @Test("CSV has one line for each policy, and as many fields in each") func csv() async throws {
    let rows = try rows([try await compare(scenario: "children:10")])
    #expect(rows.count == 1 + Policy.all.count)
    #expect(rows[1]["workload"] == "children:10" && rows[1]["policy"] == "single" && rows[1]["verdict"] == "holds")
    #expect(rows[1]["workload_verdict"] == "holds" && rows[1]["growth"] == "bounded" && rows[1]["forks_agreed"] == "")
    let today = try #require(rows.first { $0["policy"] == "split-counters" })
    #expect(today["avcs_now"] == "21" && today["fork_avcs_max"] == "2" && today["mappings_missed"] == "0")
    let contexts = try #require(rows.first { $0["policy"] == "cow-context" })
    #expect(contexts["contexts_peak"] == "11" && contexts["avcs_peak"] == "0" && contexts["plain_bytes_80"] == "1056")
  }

  /// What the text withholds, the table does, too.
  @Test("CSV tells the workload's verdict, its doubts and the agreement") func csvDoubts() async throws {
    let broken = await compare("6.12-fault-wrong-pgoff")
    let row = try #require(rows([broken]).last)
    #expect(row["workload_verdict"] == "undecided" && row["doubts"] == broken.doubts.joined(separator: "; "))
    #expect(row["forks_agreed"] == broken.agreement.map { "\($0.forks.agreed)" } && row["forks_differed"] == "0")
    let nowhere = await PolicyComparison(policies: [.splitCounters], jobs: 1).compare(recording: "/no,\"where\"")
    let text = ComparisonTable.render([nowhere])
    #expect(text.contains("\r\n\"/no,\"\"where\"\"\",missing,"))
    #expect(try rows([nowhere]).count == 2 && (try rows([nowhere])[1]["damage"])?.isEmpty == false)
  }

  @Test("Plots are well-formed, and the same again") func plots() async throws {
    let compared = try await compare(scenario: "live-chain:20")
    let charts = ComparisonPlots.charts(of: compared, stem: "live")
    #expect(charts.map(\.fileName).allSatisfy { $0.hasPrefix("live-") && $0.hasSuffix(".svg") })
    let again = ComparisonPlots.charts(of: try await compare(scenario: "live-chain:20"), stem: "live")
    #expect(charts.map(\.svg) == again.map(\.svg))
    for chart in charts {
      #expect(XMLCounter(chart.svg).isWellFormed, "\(chart.fileName)")
      #expect(chart.svg.contains("split-counters"))
    }
  }

  @Test("Every design's verdict stands in one table") func verdicts() async throws {
    let table = ComparisonVerdicts.render([
      try await compare(scenario: "child-reads", Policy.all + Policy.historic),
      try await compare(scenario: "children:3"),
      await compare("6.1-structure"), await compare("no-such-recording"),
    ])
    #expect(table.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(table)")
    let words = table.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(words.contains(" child-reads cow-prototype 6; \(Policy.all.count + Policy.historic.count - 1) hold"))
    #expect(words.contains(" children:3 none: all \(Policy.all.count) hold"))
    #expect(words.contains("/6.1-structure undecided (1 doubt); 1 not put to the test"))
    #expect(words.contains("/no-such-recording damaged: "))
  }

  @Test("A file of steps is compared as it was written") func steps() async throws {
    let folder = temporaryPath().path()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let compared = try await compare(scenario: "child-reads", [.named("cow-prototype")!])
    try SmallestWorkloads.write(compared, stem: "s", into: folder)
    let workload = try SmallestWorkloads.read("\(folder)/s-cow-prototype.steps")
    let again = await PolicyComparison(policies: [.named("cow-prototype")!], jobs: 1)
      .compare(scenario: workload, isFile: true)
    #expect(again.verdict == .violated && again.results[0].rule.misses.first?.step == 5)
    let words = ComparisonText.render(again).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(
      words.contains("Again rmapcheck compare --steps ")
        && words.hasSuffix("s-cow-prototype.steps --policy cow-prototype"))
    #expect { try SmallestWorkloads.read("\(folder)/none") } throws: { "\($0)".hasPrefix("no such file") }
    #expect { try SmallestWorkloads.write(compared, stem: "s", into: "/proc/x") } throws: {
      "\($0)".hasPrefix("/proc/x: cannot be written;")
    }
  }

  @Test("A miss is told with its way and its smallest workload") func miss() async throws {
    let report = ComparisonText.render(try await compare(scenario: "child-reads", [.named("cow-prototype")!]))
    #expect(report.contains("Design cow-prototype: a walk does not find a page\nStep   6 of the workload: VMA 0 maps"))
    #expect(report.contains("Page   0, which VMA 1 of mm 1 maps at page 0x1000\nWalk   came to the context of mm 0;"))
    #expect(report.contains("Least  6 steps that show it (numbered anew):\n       1 mmap of VMA 0, mm 0,"))
    #expect(report.contains("Again  rmapcheck compare --scenario child-reads --policy cow-prototype\n"))
  }

  @Test func eachDesignLooksOtherwise() {
    let looks = (Policy.all + Policy.historic).indices.map { LineChart.look($0) }.map { "\($0.colour) \($0.dash)" }
    #expect(Set(looks).count == looks.count)
  }

  @Test("A design looks the same in all charts, and its first wrong step is marked") func looks() async throws {
    let compared = try await compare(scenario: "child-reads", [.splitCounters, .named("cow-prototype")!])
    let alone = try await compare(scenario: "child-reads", [.named("cow-prototype")!])
    let charts = ComparisonPlots.charts(of: compared, stem: "s")
    let objects = try #require(charts.first { $0.fileName == "s-objects.svg" })
    #expect(objects.svg.contains("cow-prototype \u{d7}</text>") && objects.svg.contains("\u{d7} first wrong step"))
    let colour = try #require(
      ComparisonPlots.charts(of: alone, stem: "s")[0].svg.firstMatch(of: /stroke="(#[0-9a-f]{6})" stroke-width="2"/)?.1)
    #expect(charts.allSatisfy { $0.lines.count == 1 || $0.svg.contains(colour) })
    var chart = LineChart(fileName: "", title: "", xTitle: "steps", yTitle: "AVCs")
    chart.add("l", [.init(x: 0, y: 1), .init(x: 8, y: 1000)])
    #expect(chart.svg.contains(">AVCs (logarithmic)</text>") && chart.svg.contains(">steps</text>"))
  }

  @Test("Files of two workloads never have the same name") func plotNames() {
    var names = PlotNames()
    let given = ["a/b/trace.dat", "a-b/trace.dat", "/a/b/trace.dat", "a/b/trace.dat-2"].map { names.stem(for: $0) }
    #expect(given == ["a-b-trace.dat", "a-b-trace.dat-2", "a-b-trace.dat-3", "a-b-trace.dat-2-2"])
  }

  /// 1 page of 4 is found in two VMAs, 1 in ten, 2 in one: at x, as many percent as visit at least x.
  @Test("A distribution falls where its numbers are, and to nothing behind the largest") func distribution() {
    var chart = LineChart(fileName: "", title: "", xTitle: "", yTitle: "", isDistribution: true)
    chart.add("d", [.init(x: 1, y: 100), .init(x: 2, y: 50), .init(x: 10, y: 25)])
    // From 70 to 610 for 1 to 10, from 390 up to 40 for 0 to 100 %.
    #expect(chart.svg.contains("d=\"M124.0 40.0V215.0L178.0 215.0V302.5L610.0 302.5V390.0\""), "\(chart.svg)")
  }

  @Test("A logarithmic axis tells where nothing is") func logarithmicAxis() {
    var chart = LineChart(fileName: "", title: "", xTitle: "", yTitle: "")
    chart.add("l", [.init(x: 0, y: 0), .init(x: 4, y: 1), .init(x: 8, y: 1000)])
    #expect(chart.svg.contains("y=\"390.0\" dy=\"4\" text-anchor=\"end\">0</text>"))
    #expect(chart.svg.contains("y=\"40.0\" dy=\"4\" text-anchor=\"end\">1000</text>"))
  }

  @Test("A plot that cannot be written is one line") func unwritable() {
    let chart = LineChart(fileName: "x.svg", title: "", xTitle: "", yTitle: "")
    #expect { try chart.write(into: "/proc/x") } throws: { "\($0)".hasPrefix("/proc/x: cannot be written;") }
  }

  /// What scripts see: broken, held, undecided and missing.
  @Test("A comparison's verdict has its exit status") func exitStatus() async throws {
    let statuses = [
      try await compare(scenario: "double-reuse").verdict,
      try await compare(scenario: "double-reuse", [.splitCounters]).verdict,
      await compare("6.1-structure").verdict, await compare("no-such-recording").verdict,
    ].map(\.exitStatus)
    #expect(statuses == [1, 0, 4, 66])
  }

  /// One line for what is the same in all designs, one for each that differs.
  @Test("The text tells what a design's kernel could not do as asked") func oddities() async throws {
    let report = ComparisonText.render(try await compare(scenario: "double-reuse"))
    #expect(report.contains("  oddities   refused merge: 1 (hierarchy, pagecount, limit:5, reuse-any,"))
    let walks = ComparisonText.render(await compare("6.12-walks"))
    #expect(!walks.contains("  oddities "), "a child inherits what a write fault has reused, too")
    let healthy = ComparisonText.render(await compare("6.12-healthy"))
    #expect(healthy.contains("  oddities   page first seen as anonymous already: 40, unmap of nothing: 6\n"))
    #expect(walks.contains("  and 16 walks for folios that no known VMA maps: not measured\n"))
    #expect(walks.contains("364 of 364 pages at their first mapping"))
  }

  @Test("A scenario brings the design whose bug it shows") func historic() async throws {
    let (scenario, number) = try Scenario.named("overly-anonymous")
    let besides = scenario.historic
    let compared = await PolicyComparison(policies: Policy.all, jobs: 2)
      .compare(scenario: scenario.workload(number), besides: besides)
    #expect(compared.verdict == .violated)
    #expect(compared.results.suffix(2).map(\.policy.name) == ["hierarchy-rc3", "cow-prototype"])
    #expect(compared.results.suffix(2).allSatisfy { $0.isCorrect == false })
    #expect(compared.results.dropLast(2).allSatisfy { $0.isCorrect == true })
  }

  @Test("The same bytes at any number of jobs") func determinism() async throws {
    let workload = try #require(Scenario.workload(named: "daemon:20"))
    let one = await PolicyComparison(policies: Policy.all, jobs: 1).compare(scenario: workload)
    let four = await PolicyComparison(policies: Policy.all, jobs: 4).compare(scenario: workload)
    #expect(ComparisonJSON.render([one]) == ComparisonJSON.render([four]))
    #expect(ComparisonText.render(one) == ComparisonText.render(four))
  }
}
