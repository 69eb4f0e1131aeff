import Checking
import Comparing
import Foundation
import Invariants
import RecordingFormat
import Reports
import RmapEvents
import TestSupport
import Testing
import TraceReading

/// What a recorder could not put into the ring buffer must reach the verdict.
@Suite final class SidecarTests {
  private let folder = temporaryPath()

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: URL(filePath: "\(tracesFolder)/6.12-healthy/trace.dat"), to: folder.appending(path: "run.dat"))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func check(
    _ sidecar: String, at name: String = "run.dat.about.json", readsAhead: Bool = false
  ) throws -> RecordingResult {
    try Data(sidecar.utf8).write(to: folder.appending(path: name))
    var check = RecordingCheck()
    check.readsAhead = readsAhead
    return check.run(path: folder.appending(path: "run.dat").path)
  }

  private func sidecar(_ change: (inout Sidecar) -> Void) throws -> String {
    var sidecar = Sidecar(recording: "run.dat")
    change(&sidecar)
    return String(decoding: try JSONEncoder().encode(sidecar), as: UTF8.self)
  }

  @Test func aCompleteRecordingHolds() throws {
    let result = try check(
      try sidecar {
        $0.kernel = Sidecar.Kernel(release: "6.12.1-test", configuration: ["CONFIG_KSM": "y"])
        $0.probes = [Sidecar.Probe(event: "avc_insert", hits: 10, missed: 0)]
        var recorder = Sidecar.Recorder()
        recorder.complete = true
        $0.recorder = recorder
      })
    #expect(result.verdict == .holds)
    #expect(result.kernel == "6.12.1-test")
  }

  @Test func aRecorderThatDiedCountedNothing() throws {
    let result = try check(
      try sidecar {
        var recorder = Sidecar.Recorder()
        recorder.complete = false
        $0.recorder = recorder
      })
    #expect(result.verdict == .undecided)
    #expect(
      result.doubts == ["missed hits were not counted: the recorder did not finish"])
    #expect(result.invariants.contains { $0.ledger.decided > 0 }, "all the same it is judged")
  }

  @Test func aKernelThatDiedEndsTheRecording() throws {
    let result = try check(
      try sidecar {
        var recorder = Sidecar.Recorder()
        recorder.ending = "Kernel panic - not syncing: sysrq triggered crash"
        $0.recorder = recorder
      })
    #expect(result.verdict == .undecided)
    #expect(
      result.doubts == [
        "the recording ended early (Kernel panic - not syncing: sysrq triggered crash): judged up to that "
          + "point"
      ])
  }

  @Test func theSidecarOfItsOwnNameComesFirst() throws {
    _ = try check(
      #"{"schema": "rmapcheck-recording/1", "recording": "run.dat", "kernel": {"release": "other"}}"#, at: "about.json")
    let result = try check(
      #"{"schema": "rmapcheck-recording/1", "recording": "run.dat", "kernel": {"release": "own"}}"#)
    #expect(result.kernel == "own")
  }

  @Test(arguments: ["", "{}", #"{"schema": "rmapcheck-recording/1", "recording": "other.dat"}"#])
  func aSidecarThatIsNoneIsAnError(text: String) throws {
    let result = try check(text)
    #expect(result.verdict == .damaged)
    #expect(result.damage?.hasSuffix("run.dat.about.json: not a sidecar of run.dat; mend or remove it") == true)
  }

  /// What a damaged sidecar had to say, of missed hits for example, must not be lost without a word.
  @Test(arguments: [
    "", #"{"schema": "rmapcheck-recording/1", "recording": "run.dat", "probes": [{"event": "put"#,
    "\0{}", #"{"schema": "rmapcheck-recording/1", "recording": "gone.dat"}"#,
  ])
  func aDamagedSidecarOfTheFolderIsAnError(text: String) throws {
    let result = try check(text, at: "about.json")
    #expect(result.verdict == .damaged)
    #expect(result.damage?.contains("about.json: ") == true)
  }

  @Test func anotherProgramsFileIsLeftAlone() throws {
    #expect(try check(#"{"name": "a photo album"}"#, at: "about.json").damage == nil)
  }

  @Test func missedHitsThatAreNotCountedAreADoubt() throws {
    let result = try check(
      #"{"schema": "rmapcheck-recording/1", "recording": "run.dat", "probes": [{"event": "av_put", "missee": 50}]}"#)
    #expect(result.doubts.contains("the sidecar does not say how many hits 1 probe missed"))
  }

  /// 6.12-healthy has 6.12's folio_remove in its place.
  @Test func aProbeThatFiredIsDescribedByTheFile() throws {
    func doubts(_ event: String, hits: UInt64) throws -> RecordingResult {
      try check(try sidecar { $0.probes = [Sidecar.Probe(event: event, hits: hits, missed: 0)] })
    }
    let result = try doubts("page_remove", hits: 7)
    #expect(result.verdict == .undecided)
    #expect(result.doubts == ["the sidecar has 7 hits of probe page_remove, which the file does not describe"])
    #expect(result.invariants.contains { $0.missing.contains(.folioRemove) })
    #expect(try doubts("page_remove", hits: 0).verdict == .holds)
    #expect(try doubts("another_event", hits: 7).verdict == .holds, "it is none of ours")
  }

  private func checkBuffers(_ change: (inout Sidecar.Buffer) -> Void) throws -> RecordingResult {
    try check(
      try sidecar {
        var (first, second) = (Sidecar.Buffer(buffer: "rmap", cpu: 0), Sidecar.Buffer(buffer: "rmap", cpu: 1))
        first.readEvents = 3
        second.readEvents = records - 3
        change(&second)
        $0.buffers = [first, second]
      })
  }

  private var records: UInt64 { RecordingCheck().run(path: "\(tracesFolder)/6.12-healthy/trace.dat").records }

  @Test(arguments: [-1, 1])
  func recordsThatWereReadAreInTheFile(difference: Int) throws {
    #expect(try checkBuffers { _ in }.verdict == .holds)
    #expect(try checkBuffers { $0.readEvents = nil }.verdict == .holds, "not counted")
    let counted = Int(records) + difference
    let result = try checkBuffers { $0.readEvents = UInt64(counted - 3) }
    #expect(result.verdict == .undecided)
    #expect(
      result.doubts == ["the file holds \(records) of the \(counted) records read from the kernel"])
  }

  @Test(arguments: [false, true])
  func aFileThatIsNotWhatWasRecordedIsDamaged(readsAhead: Bool) throws {
    let sum = try Checksum.ofFile(at: folder.appending(path: "run.dat").path)
    #expect(try check(try sidecar { $0.xxh64 = sum }, readsAhead: readsAhead).verdict == .holds)
    let other = try check(try sidecar { $0.xxh64 = "0123456789abcdef" }, readsAhead: readsAhead)
    #expect(other.verdict == .damaged)
    #expect(
      other.damage == "the file is not what was recorded: its XXH64 is \(sum), the sidecar has 0123456789abcdef; "
        + "if you have converted it, remove xxh64 from the sidecar")
    #expect(other.invariants.contains { $0.ledger.decided > 0 }, "all the same it is judged")
  }

  @Test func reportsSayWhetherTheFileIsWhatWasRecorded() throws {
    let sum = try Checksum.ofFile(at: folder.appending(path: "run.dat").path)
    for (noted, text, json) in [
      (sum, "checksum matches", "\"matches\""), ("0123456789abcdef", "checksum differs", "\"differs\""),
      (nil, "no checksum", nil),
    ] {
      let result = try check(try sidecar { $0.xxh64 = noted })
      let report = TextReport.render(result).split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(report.contains(" none lost, \(text) "))
      #expect(JSONReport.render([result]).contains("\"checksum\" : \(json ?? "")") == (json != nil))
    }
  }

  @Test func noWorkloadIsTakenFromAFileThatIsNotWhatWasRecorded() throws {
    let path = folder.appending(path: "run.dat").path
    try Data(try sidecar { _ in }.utf8).write(to: folder.appending(path: "run.dat.about.json"))
    #expect(WorkloadReading(path: path).damage == nil)
    try Data(try sidecar { $0.xxh64 = "0123456789abcdef" }.utf8).write(to: folder.appending(path: "run.dat.about.json"))
    #expect(WorkloadReading(path: path).damage?.hasPrefix("the file is not what was recorded: ") == true)
  }

  @Test(arguments: [false, true])
  func nothingIsProvedByAFileThatIsNotWhatWasRecorded(readsAhead: Bool) throws {
    let path = folder.appending(path: "run.dat")
    try FileManager.default.removeItem(at: path)
    try FileManager.default.copyItem(at: URL(filePath: "\(tracesFolder)/6.12-fault-drop-avc/trace.dat"), to: path)
    #expect(try check(try sidecar { _ in }).verdict == .violated)
    let result = try check(try sidecar { $0.xxh64 = "0123456789abcdef" }, readsAhead: readsAhead)
    #expect(result.verdict == .damaged && result.violations == 0)
    #expect(
      result.doubts == [
        "the file is not what was recorded: fork-closure at event 2117, and whatever shows after it, is not proved"
      ])
  }

  @Test func lossesThatTheKernelCountedAreADoubt() throws {
    let overwritten = try checkBuffers { $0.overrun = 5 }
    #expect(overwritten.verdict == .undecided)
    #expect(overwritten.doubts == ["the kernel overwrote 5 events before they were read"])
    for change in [{ $0.droppedEvents = 2 }, { $0.commitOverrun = 2 }] as [(inout Sidecar.Buffer) -> Void] {
      let dropped = try checkBuffers(change)
      #expect(dropped.verdict == .undecided)
      #expect(dropped.doubts == ["the sidecar counts 2 dropped events, at places that the file does not mark"])
      #expect(dropped.invariants.allSatisfy { !$0.missing.isEmpty }, "each event by itself")
    }
  }
}
