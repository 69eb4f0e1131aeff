import Checking
import Foundation
import RecordingFormat
import Reports
import TestSupport
import Testing

/// Goal: whatever a user hands us by mistake gets one clear line and the right exit status, and the other files of the
/// run are still checked.
@Suite struct BadInput {
  private let folder: URL

  init() throws {
    folder = try makeTemporaryFolder()
  }

  private func file(_ name: String, _ data: Data) throws -> String {
    let url = folder.appending(path: name)
    try data.write(to: url)
    return url.path
  }

  private func check(_ path: String) -> RecordingResult {
    defer { try? FileManager.default.removeItem(at: folder) }
    return RecordingCheck().run(path: path)
  }

  /// A file of format 6 has no list of its parts: what follows the last of them is not read, and is not passed over.
  @Test func bytesBehindTheEndOfFormat6() throws {
    let sound = try Data(contentsOf: URL(filePath: "\(tracesFolder)/6.12-structure-v6/trace.dat"))
    let path = try file("trace.dat", sound + Data([1, 2, 3]))
    let result = check(path)
    #expect(result.verdict == .undecided)
    #expect(result.doubts.contains("3 bytes follow the last CPU's data: something was appended to the file"))
  }

  @Test func missingFile() {
    let result = check(folder.path + "/none.dat")
    #expect(result.verdict == .missing && result.verdict.exitStatus == 66)
    #expect(result.damage == "cannot open: No such file or directory; check the path and its permissions")
  }

  @Test func emptyFile() throws {
    let result = check(try file("empty.dat", Data()))
    #expect(result.verdict == .damaged)
    #expect(result.damage?.contains("empty") == true)
  }

  @Test func textFile() throws {
    let result = check(try file("text.dat", Data("not a recording at all, just a text\n".utf8)))
    #expect(result.verdict == .damaged)
    #expect(result.damage?.contains("trace.dat") == true)
  }

  @Test(arguments: [10, 1_000, 20_000, 200_000]) func truncatedRecording(length: Int) throws {
    let whole = try Data(contentsOf: URL(filePath: "\(tracesFolder)/6.12-healthy/trace.dat"))
    let result = check(try file("cut.dat", whole.prefix(length)))
    #expect(result.verdict == .damaged)
    #expect(result.damage?.contains("byte") == true || result.damage?.contains("trace.dat") == true)
  }

  @Test func soundFileWithoutOurEvents() {
    let result = check("\(tracesFolder)/6.12-foreign/trace.dat")
    #expect(result.verdict == .undecided)
    #expect(result.damage == nil)
    #expect(result.doubts.contains { $0.contains("none of our events") })
  }

  @Test func sidecarThatCannotBeUnderstood() throws {
    _ = try file("about.json", Data(#"{"schema": "rmapcheck-recording/9", "recording": "trace.dat"}"#.utf8))
    let result = check(try file("trace.dat", Data()))
    #expect(result.verdict == .damaged)
    #expect(result.damage?.contains("about.json") == true)
  }

  @Test func missedProbeHitsLowerTheVerdict() throws {
    let whole = try Data(contentsOf: URL(filePath: "\(tracesFolder)/6.12-healthy/trace.dat"))
    let sidecar = #"""
      {"schema": "rmapcheck-recording/1", "recording": "trace.dat",
       "probes": [{"event": "avc_insert", "hits": 10, "missed": 3}]}
      """#
    _ = try file("about.json", Data(sidecar.utf8))
    let result = check(try file("trace.dat", whole))
    #expect(result.verdict == .undecided)
    #expect(result.doubts.contains { $0.contains("missed 3 hits of probe avc_insert") })
  }

  @Test func aBadFileDoesNotStopTheOthers() async throws {
    let paths = [folder.path + "/none.dat", "\(tracesFolder)/6.12-fault-drop-avc/trace.dat"]
    var verdicts: [Verdict] = []
    await BatchCheck(check: RecordingCheck(), jobs: 2).run(paths) {
      verdicts.append($0.verdict)
    }
    #expect(verdicts == [.missing, .violated])
    #expect(Verdict.combined(verdicts) == .violated)
  }
}
