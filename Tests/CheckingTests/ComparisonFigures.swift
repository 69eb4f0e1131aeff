import Comparing
import Foundation
import Policies
import RmapTestSupport
import TestSupport
import Testing

@testable import Reports

/// The tables and the sheet of plots that the articles on designs are made of.
struct ComparisonFigures {
  private func compare(_ scenario: String, _ policies: [String]) async throws -> ComparedWorkload {
    let workload = try #require(Scenario.workload(named: scenario))
    return await PolicyComparison(policies: try Policy.chosen(by: policies), jobs: 1).compare(scenario: workload)
  }

  @Test("A table for each figure, with a row for each design and a column for each workload")
  func markdown() async throws {
    let text = ComparisonMarkdown.render([
      try await compare("children:50", ["split-counters,lazy,cow-context"]),
      try await compare("never-forks:4", ["split-counters,lazy,cow-context"]),
    ])
    let tables = text.components(separatedBy: "\n\n").filter { $0.hasPrefix("| |") }
    #expect(tables.count == 10, "no merge was refused: no table of them")
    for table in tables {
      let lines = table.split(separator: "\n")
      #expect((3...5).contains(lines.count) && lines[0] == "| | `children:50` | `never-forks:4` |")
      #expect(Set(lines.map { $0.count { $0 == "|" } }) == [4], "\(table)")
    }
    // 51 anon_vmas of 80 bytes and 101 AVCs of 64; 1 and 51 of them; 51 contexts of 96. A VMA that was never forked: nothing.
    #expect(tables[0].contains("| `split-counters` | 10544 | 576 |"), "\(tables[0])")
    #expect(tables[0].contains("| `lazy` | 3344 (-68.3 %) | 0 (-100.0 %) |"))
    #expect(tables[0].contains("| `cow-context` | 4896 (-53.6 %) | 96 (-83.3 %) |"))
    #expect(tables[1].contains("| `cow-context` | 51 (0) + 0 | 1 (0) + 0 |"))
    #expect(tables[2].contains("| `lazy` | -98.0 %, -49.5 %, 51.0; -98.0 %, -49.5 % | - |"), "\(tables[2])")
    #expect(!tables[2].contains("cow-context"), "it has no anon_vmas")
    #expect(tables[3].contains("| `split-counters` | 101, 101; 2; 2.0 | 4, 4; 1; - |"), "\(tables[3])")
    #expect(tables[3].contains("| `lazy` | 51, 51; 1; 1.0 | - |"), "the child's, and once the parent's")
    #expect(tables[4].contains("| `split-counters` | 3.0, 2.0 | - |"), "who never forks has no fork's cost")
    #expect(
      tables[7].contains("| `split-counters`, `lazy`, `cow-context` | "), "how often a page is mapped is no design's")
    #expect(tables[9].contains(" | 100.0 % |"))
  }

  @Test("What cannot be read is a line, not a table") func unreadable() async {
    let none = await PolicyComparison(policies: [.splitCounters], jobs: 1).compare(recording: "/no/where")
    let text = ComparisonMarkdown.render([none])
    #expect(text.hasPrefix("/no/where: ") && !text.contains("|"))
  }

  @Test("A recording's tables begin with how far the simulation agrees with it") func agreement() async throws {
    let path = "\(tracesFolder)/6.12-walks/trace.dat"
    let text = ComparisonMarkdown.render([
      await PolicyComparison(policies: [.splitCounters], jobs: 1).compare(recording: path)
    ])
    #expect(text.contains("| `6.12-walks` | 6.12.") && text.contains(" | 83 of 83 | 0 | 19 of 19 | 12 of 12 | "))
  }

  @Test("All workloads are seen in one look") func overview() async throws {
    let sheet = ComparisonPlots.overview(of: [
      try await compare("children:5", ["split-counters,lazy"]), try await compare("moves:3", ["split-counters,lazy"]),
    ])
    #expect(XMLCounter(sheet.svg).isWellFormed)
    for name in ["children:5: objects", "moves:3: objects", "children:5: what a walk", "moves:3: what a walk"] {
      #expect(sheet.svg.contains(name), "\(name)")
    }
    #expect(sheet.svg.contains(" x=\"860\" y=\"440\" ") && sheet.svg.contains("viewBox=\"0 0 1720 880\""))
    #expect { try sheet.write(into: "/proc/x") } throws: { "\($0)".hasPrefix("/proc/x: cannot be written;") }
  }
}
