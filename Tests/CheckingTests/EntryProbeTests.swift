import Checking
import Foundation
import Invariants
import ModelRecording
import RecordingAudit
import RmapEvents
import RmapGraph
import RmapTestSupport
import TestSupport
import Testing

/// Goal: kernels that can't read $argN at a return (6.3 to 6.8) lose nothing: a folio's next event shows what its birth
/// and its move have set. Method: recordings of the model kernel, through file, decoder, graph and law.
@Suite struct EntryProbeTests {
  /// A folio is born in the parent, and moved to the anon_vma of the child, which alone maps it in the end.
  private static let history = History(.v6_8) { k in
    k.mmap("p.V", 16..<20)
    k.write("p.V", 17)
    k.fork("p", "c")
    k.exit("p")
    k.write("c.V", 17)
    k.exit("c")
  }

  private func check(_ history: History) throws -> RecordingResult {
    let url = temporaryPath()
    defer { try? FileManager.default.removeItem(at: url) }
    let writer = try ModelRecorder(path: url.path)
    for step in history.steps { writer.append(step.event, pid: step.pid) }
    try writer.finish(path: url.path)
    return RecordingCheck().run(path: url.path)
  }

  private func folios(_ step: FolioEvent.Step) -> [FolioEvent] {
    Self.history.steps.compactMap { if case .folio(let folio) = $0.event, folio.step == step { folio } else { nil } }
  }

  @Test func aFolioIsBornAndMoved() throws {
    let (new, move) = (try #require(folios(.new).first), try #require(folios(.move).first))
    #expect(!new.isAfter && new.mapping.raw == 0 && !move.isAfter && move.mapping.anonVMA == new.vma.anonVMA)
    let result = try check(Self.history)
    #expect(result.damage == nil && result.malformed == 0 && result.findings.isEmpty)
    #expect(result.contradictions.total == 0 && result.statistics.unpredictedUnmaps == 0)
    let owner = try #require(result.invariants.first { $0.invariant.name == "page-owner" })
    #expect(owner.missing == [] && owner.ledger.decided == 2)
  }

  @Test func aMoveThatMovesNothingIsFound() throws {
    let old = FolioMapping(anonVMA: try #require(folios(.new).first).vma.anonVMA)
    let count = folios(.remove).count
    let faulty = Self.history.alteringFolio("folio remove", count) { $0.mapping = old }
    #expect(try check(faulty).findings.map(\.invariant.name).contains("page-owner"))
  }

  @Test func aBirthWithTheWrongIndexIsFound() throws {
    let faulty = Self.history.alteringFolio("folio seen", 1) { $0.index = $0.index + 1 }
    #expect(try check(faulty).findings.map(\.invariant.name).contains("index-fixed"))
  }
}
