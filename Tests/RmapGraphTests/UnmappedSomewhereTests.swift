import RecordingAudit
import RmapEvents
import RmapTestSupport
import TestSupport
import Testing

@testable import RmapGraph

/// Goal: a removal of which it is not known where it is (before 5.18) is no violation of a healthy kernel and contradicts
/// nothing; and one of which the mm and the range are known is found there.
@Suite struct UnmappedSomewhereTests {
  private func isRemoval(_ event: FolioEvent) -> Bool { event.step == .remove && !event.isHugetlb }

  /// Whatever removals of a healthy kernel lack the VMA.
  @Test(arguments: [1, 2, 5])
  func healthyKernelsHold(oneIn: Int) {
    var generator = SeededGenerator(seed: testSeed())
    for _ in 0..<40 {
      var history = History.random(120, version: .v6_1, reusingAddresses: true, using: &generator)
      for index in history.steps.indices {
        guard case .folio(var event) = history.steps[index].event, isRemoval(event),
          Int.random(in: 0..<oneIn, using: &generator) == 0
        else { continue }
        event.vma = .none
        history.steps[index].event = .folio(event)
      }
      let outcome = history.judged()
      #expect(outcome.findings == [])
      #expect(outcome.contradictions.total == 0, "\(outcome.contradictions)")
    }
  }

  @Test func theRangeSaysWhichMapping() throws {
    let history = History(.v6_1) {
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
      $0.fork("p", "c")
      $0.munmap("c.V")
    }.alteringFolio("folio remove", -1) {
      $0.vma = VMAView(
        address: .null, start: UserAddress(0), end: UserAddress(0x20_0000), mm: $0.vma.mm, flags: VMFlags(rawValue: 0),
        anonVMA: .null, vmPgoff: PgOff(0))
    }
    var graph = RmapGraph()
    _ = history.judged(in: &graph)
    #expect(graph.statistics.predictedUnmaps == 1 && graph.statistics.unpredictedUnmaps == 0)
    #expect(graph.statistics.predictedUnmapsOfBorn == 1)
    // The parent's stays.
    let node = graph.anonVMANode(at: history.tree("insert").anonVMA)
    let root = try #require(node)
    #expect(root.mappedPages == 1 && !root.mayHaveMorePages)
  }

  /// Without a range the folio may be mapped anywhere, or nowhere.
  @Test func withoutItThePlaceOfTheFolioIsNotKnown() throws {
    let history = History(.v6_1) {
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
      $0.fork("p", "c")
      $0.munmap("c.V")
    }.alteringFolio("folio remove", -1) { $0.vma = .none }
    var graph = RmapGraph()
    let outcome = history.judged(in: &graph)
    #expect(outcome.findings == [] && outcome.contradictions.total == 0)
    #expect(graph.statistics.unpredictedUnmaps == 1)
    let node = graph.anonVMANode(at: history.tree("insert").anonVMA)
    let root = try #require(node)
    #expect(root.mappedPages == 0 && root.mayHaveMorePages)
  }
}
