import Foundation
import KernelProbes
import RecordingFormat
import TestSupport
import Testing
import Vocabulary

@testable import Recorder

/// The recording's file: nobody's is overwritten, and what a failed run had begun is taken away.
@Suite final class OutputTests {
  private let folder = temporaryPath()
  private let run = RunName(pid: 812, start: 4711)
  private var path: String { folder.appending(path: "run.dat").path }

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }

  private var plan: RecordPlan { RecordPlan(output: path, level: .pages, target: .machine, buffer: 4096) }
  private var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }
  private func put(_ name: String, _ text: String = "something") throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
  }

  @Test(arguments: ["run.dat", "run.dat.about.json"]) func whatIsThereIsRefused(name: String) throws {
    try put(name)
    let taken = folder.appending(path: name).path
    #expect(
      throws: RecordingFailure(
        .output, "\(taken) is there already: choose another name with -o, or --force to replace it")
    ) { try ReservedOutput(plan, run) }
    #expect(files == [name], "and nothing is left beside it")
    #expect(try Data(contentsOf: folder.appending(path: name)).count == 9)
  }

  @Test func itIsReplacedOnlyByAWholeOneAndOnlyWhenThatIsAskedFor() throws {
    try put("run.dat", "the old one")
    try put("run.dat.about.json", "its sidecar")
    var plan = plan
    plan.replaces = true
    let output = try ReservedOutput(plan, run)
    #expect(output.size() == 0)
    try put("run.dat.\(run)", "the new one")
    try output.write(Sidecar(recording: "run.dat"))
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "the old one", "as long as the new one is not whole")
    #expect(try String(contentsOfFile: path + ".about.json", encoding: .utf8) == "its sidecar")
    #expect(try Sidecar.beside(path + ".\(run)")?.recording == "run.dat.\(run)")
    try output.finish(Sidecar(recording: "run.dat"))
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "the new one")
    #expect(try Sidecar.beside(path)?.recording == "run.dat")
    #expect(files == ["run.dat", "run.dat.about.json"])
  }

  @Test func whatWasToBeReplacedStaysWhereThereIsNoNewOne() throws {
    try put("run.dat", "the old one")
    var plan = plan
    plan.replaces = true
    #expect(try ReservedOutput(plan, run).giveUp() == [])
    #expect(files == ["run.dat"])
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "the old one")
  }

  @Test func aFolderThatIsNotThere() {
    var plan = plan
    plan.output = "/nowhere/run.dat"
    #expect(throws: RecordingFailure(.output, "/nowhere/run.dat: No such file or directory")) {
      try ReservedOutput(plan, run)
    }
  }

  @Test func partsCountAndStayAfterAFailure() throws {
    let output = try ReservedOutput(plan, run)
    try output.write(Sidecar(recording: "run.dat"))
    for cpu in [11, 2, 0] { try put("run.dat.\(run).cpu\(cpu)") }
    try put("run.dat.\(run).cpu1", "")
    try put("run.dat.rmap_9_9.cpu0", "another run's")
    #expect(output.parts() == [0, 1, 2, 11].map { "\(path).\(run).cpu\($0)" }, "by number")
    #expect(output.size() == 27)
    #expect(output.giveUp() == [0, 2, 11].map { "\(path).\(run).cpu\($0)" }, "what was recorded is not thrown away")
    #expect(
      files == [
        "run.dat.about.json", "run.dat.rmap_812_4711.cpu0", "run.dat.rmap_812_4711.cpu11", "run.dat.rmap_812_4711.cpu2",
        "run.dat.rmap_9_9.cpu0",
      ])
  }

  @Test func roomIsWhatTheEndTakes() throws {
    let output = try ReservedOutput(plan, run)
    #expect(!output.isShortOfRoom(0))
    #expect(output.isShortOfRoom(1 << 62))
  }

  @Test func whatWasWrittenStays() throws {
    let output = try ReservedOutput(plan, run)
    try output.write(Sidecar(recording: "run.dat"))
    try put("run.dat")
    #expect(output.giveUp() == [path])
    #expect(files == ["run.dat", "run.dat.about.json"])
  }

  @Test func aSidecarThatCannotBeWrittenSaysWhy() throws {
    let output = try ReservedOutput(plan, run)
    try FileManager.default.removeItem(at: folder)
    #expect(throws: RecordingFailure(.output, "\(path).about.json: No such file or directory")) {
      try output.write(Sidecar(recording: "run.dat"))
    }
  }
}
