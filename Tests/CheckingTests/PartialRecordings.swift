import Checking
import Foundation
import RecordingFormat
import TestSupport
import Testing

/// Goal: a recording of some tasks or CPUs of a healthy kernel is never violated, and does not hold. Method: recordings that
/// hold, with each of their tasks and CPUs left out, or everything but that.
@Suite struct PartialRecordings {
  static let names = ["6.1-structure", "6.12-pages-v6"]

  /// Text does not name the events that did not occur: of those at level structure all did.
  @Test func theWholeHolds() throws {
    let result = try FilteredRecording("6.1-structure").check()
    #expect(result.verdict == .holds)
    #expect(result.doubts == [])
  }

  /// `trace-cmd record -P`, set_event_pid.
  @Test(arguments: names) func oneTaskAlone(name: String) throws {
    let recording = try FilteredRecording(name)
    for pid in recording.pids {
      let result = recording.check { $0.pid == pid }
      #expect(result.verdict == .undecided, "task \(pid)")
      #expect(result.violations == 0, "task \(pid)")
    }
  }

  /// `-f 'common_pid != N'`. The shell that began before the recording shares nothing with the tasks that come after it: of
  /// it, nothing is missed.
  @Test(arguments: names) func oneTaskLeftOut(name: String) throws {
    let recording = try FilteredRecording(name)
    let shell = try #require(recording.pids.dropFirst(name == "6.12-pages-v6" ? 1 : 0).first)
    for pid in recording.pids {
      let result = recording.check { $0.pid != pid }
      #expect(result.violations == 0, "task \(pid)")
      if pid > shell { #expect(result.verdict == .undecided, "task \(pid)") }
    }
  }

  /// Every second of the tasks, and two thirds of them.
  @Test(arguments: names) func someTasks(name: String) throws {
    let recording = try FilteredRecording(name)
    for rest: Int32 in 0..<2 {
      #expect(recording.check { $0.pid % 2 == rest }.verdict == .undecided)
      #expect(recording.check { $0.pid % 3 != rest }.violations == 0)
    }
  }

  /// One of the many tasks of recordings at level walks, on each of the lines.
  @Test(arguments: ["5.10-healthy", "6.1-healthy", "6.12-healthy", "7.2-healthy", "7.3-healthy"])
  func anyTask(name: String) throws {
    let recording = try FilteredRecording(name)
    var generator = SeededGenerator(seed: testSeed())
    let task = try #require(recording.pids.randomElement(using: &generator))
    #expect(recording.check { $0.pid != task }.violations == 0, "without task \(task)")
    let alone = recording.check { $0.pid == task }
    #expect(alone.violations == 0 && alone.verdict == .undecided, "task \(task) alone")
  }

  /// Every VMA has a birth: where one is missing, so is what else its task did, before that, too.
  @Test func aVMAWithoutABirth() throws {
    let recording = try FilteredRecording("6.1-structure")
    let birth = try #require(recording.lines.last { $0.event == "vma_dup_ret" }).rest
    let result = recording.check { $0.rest != birth }
    #expect(result.verdict == .undecided && result.violations == 0)
    #expect(result.doubts.contains { $0.contains("appears at event") && $0.contains("without having been allocated") })
  }

  /// A command's process tree is without ksmd, which puts pages of KSM into others' tables; and without who takes another's
  /// VMA down.
  @Test(arguments: [
    ("6.1-healthy", Int32(37), "ksmd was not recorded"), ("7.3-healthy", 135, "nobody was seen to unlink it"),
  ])
  func aTaskThatChangesOthers(name: String, pid: Int32, doubt: String) throws {
    let recording = try FilteredRecording(name)
    #expect(recording.pids.contains(pid))
    let result = recording.check { $0.pid != pid }
    #expect(result.verdict == .undecided && result.violations == 0)
    #expect(result.doubts.contains { $0.contains(doubt) }, "\(result.doubts)")
    #expect(!recording.check { _ in true }.doubts.contains { $0.contains(doubt) })
  }

  /// The task that forks names the first of the forks whose child is nowhere.
  @Test func whoForksAlone() throws {
    let recording = try FilteredRecording("6.12-pages-v6")
    let counts = Dictionary(grouping: recording.lines.filter { $0.event == "fork" }, by: \.pid)
    let forker = try #require(counts.max { $0.value.count < $1.value.count }?.key)
    let result = recording.check { $0.pid == forker }
    #expect(
      result.doubts.contains { $0.contains("did nothing that was recorded: this is a recording of some tasks only") })
  }

  /// `trace-cmd record -M`, `split -C`, `report --cpu`: of files that say how many CPUs there were.
  @Test(arguments: names, [UInt16(0), 1]) func oneCPU(name: String, cpu: UInt16) throws {
    let result = try FilteredRecording(name).check { $0.cpu == cpu }
    #expect(result.violations == 0)
    #expect(result.verdict == .undecided)
    #expect(result.doubts.contains { $0.hasPrefix("all records are of CPU \(cpu), of 2 CPUs") })
  }

  /// A text that does not say how many CPUs there were (`perf script -C`) is asked for it, unless it is a few lines of mail.
  @Test func oneCPUOfATextWithoutTheirNumber() throws {
    let recording = try FilteredRecording("6.1-structure")
    let result = recording.check(cpus: nil) { $0.cpu == 0 }
    #expect(result.violations == 0 && result.verdict == .undecided)
    #expect(result.doubts.contains { $0.contains("events of CPU 0 only") && $0.contains("`cpus=1`") })
    #expect(recording.check(cpus: 1, allOn: 0).verdict == .holds)
  }

  /// The records of one CPU are in order by any clock, those of several are not.
  @Test(arguments: ["local", "perf", "uptime"]) func oneCPUIsOrderedByAnyClock(clock: String) throws {
    let recording = try FilteredRecording("6.1-structure")
    #expect(recording.check(clock: clock, cpus: 1, allOn: 0).verdict == .holds)
    #expect(recording.check(clock: clock).verdict == .undecided)
  }

  /// `rmapcheck record` has no filters and says so: then a machine on which only one CPU had something to do is no doubt.
  @Test func aSidecarThatSaysThatAllWasRecorded() throws {
    let text = try FilteredRecording("6.1-structure").text(cpus: 2, allOn: 1)
    func verdict(_ recorder: String) throws -> Verdict {
      let folder = try makeTemporaryFolder()
      defer { try? FileManager.default.removeItem(at: folder) }
      try Data(text.utf8).write(to: folder.appending(path: "trace.txt"))
      let about = #"{"schema": "rmapcheck-recording/1", "recording": "trace.txt", "recorder": \#(recorder)}"#
      try Data(about.utf8).write(to: folder.appending(path: "about.json"))
      return RecordingCheck().run(path: folder.appending(path: "trace.txt").path).verdict
    }
    #expect(try verdict(#"{"whole_system": true}"#) == .holds)
    #expect(try verdict("{}") == .undecided)
  }

  // MARK: trace.dat

  /// `trace-cmd split` leaves the clock out of files of format 6.
  @Test func aFileThatNamesNoClock() throws {
    var recording = try PatchedRecording("6.12-structure-v6")
    try #require(recording.replace("[mono]", by: " mono ") > 0)
    let result = try recording.check()
    #expect(result.verdict == .undecided && result.violations == 0)
    #expect(result.doubts.count == 1 && result.doubts[0].contains("does not name the clock of its records"))
  }

  /// CPUSTAT counts more than there are: as if the file were one with 1,339 of its 1,666 records.
  @Test func fewerRecordsThanTheKernelCounted() throws {
    var recording = try PatchedRecording("6.12-structure-v6")
    try #require(recording.replace("entries: 1666", by: "entries: 1999") == 1)
    let result = try recording.check()
    #expect(result.verdict == .undecided && result.violations == 0)
    #expect(
      result.doubts == [
        "the file holds 1666 of the 1999 records that the kernel counted on CPU 0: others are missing at places that are "
          + "not marked"
      ])
    // What was taken out while the counts were read counts twice: the sum is no lower bound.
    recording.replace("entries: 1999", by: "entries: 1600")
    recording.replace("read events: 0", by: "read events: 9")
    #expect(try recording.check().verdict == .holds)
  }
}
