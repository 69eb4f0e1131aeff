import Foundation
import Invariants
import ModelRecording
import RecordingFormat
import Reports
import RmapTestSupport
import TestSupport
import Testing
import TraceReading
import Vocabulary

@testable import Checking

/// A recording of a kernel whose law is not known, or whose law needs what was not recorded: undecided, never violated and
/// never holding.
@Suite final class LawGapTests {
  private let folder = temporaryPath()
  private static let ofOffset =
    "this kernel's law goes by a second, anonymous offset of each VMA (7.3 on), which was not recorded"

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }

  /// What becomes of a kept recording that has another sidecar.
  private func check(_ recording: String, _ change: (inout Sidecar) -> Void) throws -> RecordingResult {
    let path = folder.appending(path: "run.dat")
    try? FileManager.default.removeItem(at: path)
    try FileManager.default.copyItem(at: URL(filePath: "\(tracesFolder)/\(recording)/trace.dat"), to: path)
    var sidecar = Sidecar(recording: "run.dat")
    change(&sidecar)
    try Data(sidecar.text().utf8).write(to: folder.appending(path: "run.dat.about.json"))
    return RecordingCheck().run(path: path.path)
  }

  private func unread(_ entries: UnreadLaw...) -> (inout Sidecar) -> Void {
    { $0.law = Sidecar.Law(version: "6.12", unread: entries) }
  }

  @Test(arguments: ["6.12-healthy", "6.12-fault-drop-avc"])
  func whatTheLawDoesNotKnowIsUndecided(recording: String) throws {
    let known = try check(recording, unread())
    #expect(known.verdict == (recording == "6.12-healthy" ? .holds : .violated), "nothing is unread: as ever")
    let result = try check(recording, unread(UnreadLaw(.member, of: "vm_area_struct", name: "__vm_x")))
    #expect(result.verdict == .undecided)
    #expect(result.violations == 0)
    #expect(result.invariants.allSatisfy { $0.verdict == .undecided && $0.ledger.decided == 0 })
    let reason = "vm_area_struct has __vm_x, which the law was not read against"
    #expect(result.doubts == ["\(reason): \(result.invariants.count) invariants are undecided"])
    #expect(result.invariants.allSatisfy { $0.lawGap == reason })
    let text = TextReport.render(result).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(text.contains(" no law every invariant: \(reason)"))
    #expect(KTAPReport.render([result]).contains("# SKIP undecided: \(reason); decided 0, undecided 0\n"))
    #expect(JSONReport.render([result]).contains("\"lawGap\" : \"\(reason)\""))
  }

  /// A sidecar without a word of the law, as where there is none: then the version is all that is known.
  @Test(arguments: ["7.3.9-cloud-amd64", "7.4.0-rc1", "8.0.1"]) func aKernelNewerThanTheLaw(release: String) throws {
    let result = try check("6.12-fault-drop-avc") { $0.kernel = Sidecar.Kernel(release: release) }
    let isNewer = !release.hasPrefix("7.3")
    #expect(result.verdict == (isNewer ? .undecided : .violated))
    #expect(result.doubts.contains { $0.contains("nothing tells what is new in \(release.prefix(3))") } == isNewer)
    let compared = try check("6.12-fault-drop-avc") {
      $0.kernel = Sidecar.Kernel(release: release)
      $0.law = Sidecar.Law(version: "7.3.4", unread: [])
    }
    #expect(compared.verdict == .violated, "the recorder has compared")
  }

  @Test func onlyWhatRestsOnItIsUndecided() throws {
    let result = try check("6.12-fault-drop-avc", unread(UnreadLaw(.member, of: "folio", name: "novelty")))
    #expect(result.verdict == .violated, "fork-closure looks at no folio")
    #expect(TextReport.render(result).contains("  no law   "))
    #expect(result.invariants.allSatisfy { ($0.lawGap == nil) == ($0.invariant.highestLevel < .pages) })
  }

  @Test func aFormThatWasNeverTriedIsADoubt() throws {
    let result = try check("6.12-healthy") { $0.dialects = ["mmap_sem": "synthetic", "degree": "recorded"] }
    #expect(result.verdict == .undecided)
    #expect(result.doubts == ["the kernel has mmap_sem: recording that was never tried on a real kernel"])
  }

  // MARK: 7.3 without its second offset

  @Test func theLawOf7_3NeedsTheSecondOffset() throws {
    func check(_ function: String) throws -> RecordingResult {
      try self.check("6.12-fault-drop-avc") {
        $0.probes = [
          Sidecar.Probe(event: "avc_insert", definition: "p:rmap/avc_insert \(function) avc=$arg1:x64", missed: 0)
        ]
      }
    }
    #expect(try check("anon_vma_interval_tree_insert").verdict == .violated)
    let result = try check("anon_rmap_tree_insert")
    #expect(result.verdict == .undecided)
    #expect(result.violations == 0)
    #expect(result.doubts.contains { $0.hasPrefix(Self.ofOffset) })
  }

  /// Without a sidecar the tree events say it.
  @Test func theFirstTreeEventTellsTheKernel() throws {
    func check(treeOffset: UInt64) throws -> RecordingResult {
      let path = folder.appending(path: "model.dat").path
      let writer = try ModelRecorder(path: path, treeOffset: treeOffset)
      var generator = SeededGenerator(seed: testSeed())
      let history = History(.v6_12) { $0.live(200, &generator) }
      for step in history.steps { writer.append(step.event, pid: step.pid) }
      try writer.finish(path: path)
      return RecordingCheck().run(path: path)
    }
    let known = try check(treeOffset: 0x50)
    // The model kernel's children may do nothing, which is a doubt of its own.
    let doubt = "\(Self.ofOffset): \(known.invariants.count) invariants are undecided"
    #expect(!known.doubts.contains(doubt))
    #expect(known.invariants.contains { $0.ledger.decided > 0 })
    let result = try check(treeOffset: 0)
    #expect(result.verdict == .undecided)
    #expect(result.doubts.contains(doubt))
    #expect(result.invariants.allSatisfy { $0.ledger.decided == 0 })
  }
}
