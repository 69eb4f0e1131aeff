import Checking
import Foundation
import RecordingExperiments
import TestSupport
import Testing

/// The tables of recordings, on those that are kept.
@Suite struct TableTests {
  @Test func aFaultIsFoundBetweenItsInjectionAndTheNext() throws {
    let table = try FaultTable(RecordingCheck().run(path: tracePath("6.12-fault-drop-avc")))
    let row = try #require(table.rows.first)
    #expect(row.fault == "drop-avc")
    #expect(row.invariant == "fork-closure")
    #expect(row.function == "anon_vma_fork")
    #expect(row.event == 2117)
  }

  @Test func eachOfASeriesHasItsOwn() throws {
    let table = try FaultTable(RecordingCheck().run(path: tracePath("6.12-faults")))
    #expect(table.rows.count > 30)
    #expect(Set(table.rows.compactMap(\.event)).count == table.rows.count { $0.event != nil })
    #expect(
      table.rows.first { $0.fault == "lost-reference" }?.doneBy == "anon_vma_fork (35183) to anon_vma_clone (35228)")
  }

  @Test func aHealthyRecordingHasNone() throws {
    #expect(try FaultTable(RecordingCheck().run(path: tracePath("6.12-walks"))).rows == [])
  }

  @Test func whatIsMissingOrBrokenIsNoSuccess() {
    var table = RecordingTable()
    table.add("walks", RecordingCheck().run(path: tracePath("6.12-walks")))
    #expect(!table.hasFailures)
    #expect(table.text.contains("\n1 recordings, "))
    table.add("gone", nil)
    #expect(table.hasFailures)
    var broken = RecordingTable()
    broken.add("fault", RecordingCheck().run(path: tracePath("6.12-fault-drop-avc")))
    #expect(broken.hasFailures)
    var crashed = RecordingTable()
    crashed.add("crash", RecordingCheck().run(path: tracePath("6.12-crash")))
    #expect(crashed.hasFailures)
    #expect(crashed.text.contains("| not counted | violated, not to its end |"))
  }

  @Test func decided() {
    let text = DecidedTable.text([("structure", RecordingCheck().run(path: tracePath("6.12-structure-v6")))])
    #expect(text.hasPrefix("| invariant | structure |\n| --- | ---: |\n| avc-link | "))
    #expect(text.contains("\n| reach | - |\n"))
  }

  /// Kernels have different rules: what stands in a column is looked up by the rule's name.
  @Test func decidedByLine() {
    var table = LineTable()
    for name in ["6.12-walks", "6.12-structure-v6", "7.2-healthy", "6.1-walks"] {
      table.add(RecordingCheck().run(path: tracePath(name)))
    }
    let lines = table.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.dropFirst(2).prefix(3).map { $0.prefix(10) } == ["| 6.1 | 1 ", "| 6.12 | 2", "| 7.2 | 1 "])
    let spare = lines.first { $0.hasPrefix("| spare-anon-vma |") }
    #expect(spare?.hasPrefix("| spare-anon-vma |  |  | ") == true && spare?.hasSuffix("(100 %) |") == true)
  }

  /// The goals for reports on what is kept, and the article's table of the faults that are put down to another function.
  @Test func oneEntryAndTheRightFunction() throws {
    var (defects, doers) = (DefectTable(), DoerTable())
    for path in RecordingSearch.recordings(at: tracesFolder)
    where path.contains("-fault") || path.contains("-defects") {
      let name = String(path.dropFirst(tracesFolder.count + 1).split(separator: "/")[0])
      guard !name.contains("pair") else { continue }
      let result = RecordingCheck().run(path: path)
      defects.add(name, result)
      try doers.add(name, result)
    }
    #expect(defects.single.count >= 92 && defects.singleWithOneDefect * 92 >= 85 * defects.single.count)
    let pairs = defects.pairs("6.1", "6.12")
    #expect(pairs.count >= 46 && pairs.count(where: \.isSame) * 46 >= 42 * pairs.count)
    #expect(doers.rows.count > 200 && doers.right * 100 >= 95 * doers.rows.count)
    let article = try String(
      contentsOfFile: "\(repository)/Sources/rmapcheck/RmapCheck.docc/Defects.md", encoding: .utf8)
    for row in doers.rows where !row.isRight {
      #expect(!row.reason.isEmpty, "\(row.fault) in \(row.recording)")
      #expect(article.contains("| \(row.fault) | \(row.injected) | \(row.named ?? "-") | "), "\(row.fault)")
      #expect(article.contains(" | \(row.reason) |"), "\(row.fault)")
    }
  }
}
