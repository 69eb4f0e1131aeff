import Checking
import Foundation
import ModelRecording
import Reports
import RmapGraph
import RmapTestSupport
import TestSupport
import Testing

/// Goal: a second thread changes nothing but the time. Method: both ways on sound, faulty, lossy and cut recordings.
@Suite struct ReadAheadTests {
  private func reports(_ path: String) -> [String] {
    [false, true].map { readsAhead in
      var check = RecordingCheck()
      check.readsAhead = readsAhead
      return ReportFormat.json.render([check.run(path: path)])
    }
  }

  @Test(arguments: ["6.12-healthy", "6.12-lossy", "6.12-two-buffers", "6.1-fault-drop-avc", "6.12-pages-v6"])
  func sameReport(name: String) {
    let reports = reports("\(tracesFolder)/\(name)/trace.dat")
    #expect(reports[0] == reports[1])
  }

  @Test(arguments: [300_000, 700_000]) func sameFaultOfACutFile(length: Int) throws {
    let url = temporaryPath()
    defer { try? FileManager.default.removeItem(at: url) }
    // Format 6 has its metadata in front, so that some records can be read before the end.
    try Data(contentsOf: URL(filePath: "\(tracesFolder)/6.12-pages-v6/trace.dat")).prefix(length).write(to: url)
    let reports = reports(url.path)
    #expect(reports[0] == reports[1])
  }
}

/// Goal: the ring of stretches lets every recording through, whatever its length. Method: recordings of no, one and some
/// stretches of 512 records, just as long and one longer or shorter, whole and cut.
@Suite struct RingTests {
  @Test(.timeLimit(.minutes(2)), arguments: [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 13], [-1, 0, 1])
  func everyLength(stretches: Int, more: Int) throws {
    let count = stretches * 512 + more
    guard count >= 0 else { return }
    let url = temporaryPath()
    defer { try? FileManager.default.removeItem(at: url) }
    var generator = SeededGenerator(seed: testSeed())
    let steps = History(.v6_12) { $0.live(50, &generator) }.steps
    let writer = try ModelRecorder(path: url.path)
    for number in 0..<count { writer.append(steps[number % steps.count].event, pid: steps[number % steps.count].pid) }
    try writer.finish(path: url.path)
    #expect(try bothWays(url) == UInt64(count))
    let whole = try Data(contentsOf: url)
    try whole.dropLast(min(count * 3, 4096)).write(to: url)
    _ = try bothWays(url)
  }

  /// Checks with one thread and with two, and returns how many records there were.
  private func bothWays(_ url: URL) throws -> UInt64 {
    let results = [false, true].map { readsAhead in
      var check = RecordingCheck()
      check.readsAhead = readsAhead
      return check.run(path: url.path)
    }
    #expect(ReportFormat.json.render([results[0]]) == ReportFormat.json.render([results[1]]))
    return results[1].records
  }
}

/// Goal: what the writer writes is what the model kernel did. Method: the recording against the history itself.
@Suite struct ModelRecorderTests {
  @Test(arguments: [Kernel.Version.v6_8, .v6_12])
  func theWrittenRecordingSaysWhatTheHistorySays(_ version: Kernel.Version) throws {
    let url = temporaryPath()
    defer { try? FileManager.default.removeItem(at: url) }
    var generator = SeededGenerator(seed: testSeed())
    let history = History(version) { $0.live(2_000, &generator) }
    let writer = try ModelRecorder(path: url.path)
    for step in history.steps { writer.append(step.event, pid: step.pid) }
    try writer.finish(path: url.path)
    var graph = RmapGraph()
    _ = history.judged(in: &graph)

    let result = RecordingCheck().run(path: url.path)
    #expect(result.damage == nil)
    #expect(result.records == UInt64(writer.count) && result.events == result.records && result.malformed == 0)
    #expect(result.findings.isEmpty)
    #expect(result.statistics.unpredictedUnmaps == graph.statistics.unpredictedUnmaps)
    #expect(result.statistics.predictedUnmaps == graph.statistics.predictedUnmaps)
    #expect(graph.statistics.predictedUnmaps > 0)
  }

  @Test func whatCannotBeWrittenIsSaid() {
    #expect(throws: ModelRecorder.CannotWrite.self) { try ModelRecorder(path: "/nowhere/trace.dat") }
  }
}
