import Foundation
import GRDB
import Testing

@testable import Store

/// Goal: how large the kernel's graph was, and how that goes from night to night, is what `compare` counted, or nothing.
@Suite struct SizeTests {
  private let nights: Nights

  init() throws { nights = try Nights() }

  private static let path = "recordings/paths/trace.dat"

  /// A report of `compare` in which each further design has one anon_vma more.
  private static func comparison(
    _ anonVMAs: Int, path: String = path, doubts: String = "", policies: [String] = ["single", "split-counters"]
  ) throws -> NightComparison {
    let entries = policies.enumerated().map { place, name in
      """
      {"name": "\(name)", "bytesPeak": 9000, "anonVMAs": {"now": 1, "peak": \(anonVMAs + place), "total": 99},
      "avcs": {"now": 1, "peak": 70, "total": 99}}
      """
    }
    let text = """
      {"schema": "rmapcheck-comparison/1", "verdict": "holds", "workloads": [{"name": "\(path)", "verdict": "holds",
      "doubts": [\(doubts)], "agreement": {"policy": "split-counters"}, "policies": [\(entries.joined(separator: ","))]}]}
      """
    guard case .comparison(let comparison) = try NightInput(Data(text.utf8), path: "c.json") else {
      throw StoreError(.damaged, "taken for a report of check")
    }
    return comparison
  }

  private func add(_ night: String, _ comparison: NightComparison) throws -> Addition {
    try nights.store.add(
      [try Nights.report(night, [.init(), .init(workload: "fork")])], comparisons: [comparison], night: night)
  }

  private func sizes() throws -> [[UInt64?]] {
    try nights.store.grid().cells.map { $0.points.map { $0.size?.anonVMAs } }
  }

  @Test func theKernelsOwnDesignIsCounted() throws {
    defer { nights.remove() }
    #expect(try add("2026-11-01", Self.comparison(41)) == Addition(added: 2, replaced: 0, measured: 1))
    _ = try add("2026-11-02", Self.comparison(60))
    // Of `fork`, nobody asked.
    #expect(try sizes() == [[nil, nil], [42, 61]])
    let page = MorningPage(try nights.store.report(), try nights.store.grid()).html
    #expect(page.contains("anon_vmas, the most at a time of each test: 61<") && page.contains("stroke-dasharray"))
    #expect(page.contains("events, at most 61 anon_vmas and 70 AVCs, 9 KiB\""))
  }

  @Test func withoutComparisonsThereIsNoTrend() throws {
    defer { nights.remove() }
    try nights.add("2026-11-01", .init())
    try nights.add("2026-11-02", .init())
    let page = MorningPage(try nights.store.report(), try nights.store.grid()).html
    #expect(page.contains("Tests: 1<") && !page.contains("the most at a time of each") && !page.contains("dasharray"))
  }

  /// A simulation that does not come to the recorded graph, a workload that ends at a gap, another design alone.
  @Test func whatIsInDoubtIsNotCounted() throws {
    defer { nights.remove() }
    #expect(try add("2026-11-01", Self.comparison(41, doubts: "\"events were lost\"")).measured == 0)
    #expect(try add("2026-11-02", Self.comparison(41, policies: ["single"])).measured == 0)
    #expect(try sizes() == [[nil, nil], [nil, nil]])
  }

  @Test func whatWasNotCheckedHasNoSize() throws {
    defer { nights.remove() }
    let error = #expect(throws: StoreError.self) { try add("2026-11-01", Self.comparison(41, path: "other.dat")) }
    #expect(error?.kind == .missing && error?.description.contains("no result of other.dat") == true)
    // Nothing was added.
    #expect(try nights.store.nights().isEmpty)
  }

  @Test func aReplacedRunIsCountedAgain() throws {
    defer { nights.remove() }
    let report = try Nights.report("1", [.init(recording: "r")])
    _ = try nights.store.add([report], comparisons: [Self.comparison(41)], night: "2026-11-01")
    _ = try nights.store.add([report], night: "2026-11-01")
    #expect(try sizes() == [[nil]])
    _ = try nights.store.add([], comparisons: [Self.comparison(50)], night: "2026-11-01")
    #expect(try sizes() == [[51]])
    try nights.add("2026-11-02", .init())
    #expect(try nights.store.prune(before: "2026-11-02") == 1)
    #expect(try nights.store.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM size") } == 0)
  }

  @Test func whatIsNoComparison() throws {
    defer { nights.remove() }
    let error = #expect(throws: StoreError.self) {
      try NightInput(Data("{\"schema\": \"rmapcheck-comparison/1\", \"workloads\": 3}".utf8), path: "x.json")
    }
    #expect(error?.kind == .damaged && error?.description.contains("workloads has another type") == true)
  }
}

/// Goal: a store that an older program made goes on. Method: the text of one that the first version made of four kept
/// recordings.
@Suite struct MigrationTests {
  private let nights: Nights

  init() throws { nights = try Nights() }

  private static let older = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Older/store-1.sql")

  private func schema(_ store: NightStore) throws -> [String] {
    try store.read { try String.fetchAll($0, sql: "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name") }
  }

  @Test func theFirstSchema() throws {
    defer { nights.remove() }
    let path = nights.folder.appending(path: "older.db").path
    let text = try String(contentsOf: Self.older, encoding: .utf8)
    // The text has its tables in the alphabet's order.
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    try DatabaseQueue(path: path, configuration: configuration).writeWithoutTransaction { try $0.execute(sql: text) }
    let store = try NightStore(path: path, .reading)
    #expect(try schema(store) == schema(nights.store))
    #expect(try store.nights() == ["2026-11-01", "2026-11-02"])
    let report = try store.report()
    #expect(report.summary == "1 new, 1 untested, 1 gone")
    #expect(report.defects.map(\.invariant) == ["lock-root", "fork-closure"])
    #expect(try store.grid().cells.allSatisfy { $0.points.allSatisfy { $0.size == nil && $0.decided > 0 } })
    // The next night is added as to any other.
    _ = try store.add([try Nights.report("1", [.init()])], night: "2026-11-03")
    #expect(try store.report().since == "2026-11-02")
  }
}
