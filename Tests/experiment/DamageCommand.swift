import ArgumentParser
import Foundation
import RecordingExperiments
import RecordingFormat
import TestSupport

/// What a user sees of damaged files, beside what trace-cmd report shows.
struct DamageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "damage", abstract: "Damages recordings, and counts what is made of them.")

  @Argument(help: "Sound recordings.")
  var paths = [
    "traces/6.1-structure/trace.dat", "traces/6.12-structure-v6/trace.dat", "traces/6.12-pair-perf/perf.data",
    "traces/6.12-pair-pipe/perf.data", "traces/6.12-text/trace.txt",
  ]
  @Option(help: "How many of each kind of damage to each recording.") var count = 500
  @Option(help: "The seed.") var seed: UInt64 = 1
  @Option(help: "The program to try.") var rmapcheck = ".build/release/rmapcheck"
  @Option(help: "Kinds of damage: cut, flip, zero, copy, swap, append.")
  var kinds = DamagePlan.Kind.allCases.map { "\($0)" }
  @Flag(help: "Leave trace-cmd out.") var alone = false
  @Flag(help: "With the recording's sidecar beside it.") var sidecar = false
  @Option(help: "Damage only what lies behind the first so many bytes.") var from = 0

  func run() throws {
    var worst = 0
    print("seed \(seed); crash, hang and silent must be 0 in every row of rmapcheck")
    print("| recording | damage | program | " + DamageOutcome.allCases.map(\.rawValue).joined(separator: " | ") + " |")
    print("| --- | --- | --- |" + DamageOutcome.allCases.map { _ in " ---: |" }.joined())
    for path in paths {
      for kind in DamagePlan.Kind.allCases where kinds.contains("\(kind)") {
        worst += try row(path, kind)
      }
    }
    if worst > 0 { throw ExitCode.failure }
  }

  private func row(_ path: String, _ kind: DamagePlan.Kind) throws -> Int {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    var random = SeededGenerator(seed: seed)
    let trial = try Trial(rmapcheck)
    if sidecar { try trial.addSidecar(of: path) }
    defer { trial.remove() }
    let isTheirs = !alone && path.hasSuffix("trace.dat")
    let sound = (try trial.check(bytes), isTheirs ? try trial.report(bytes) : nil)
    guard let status = sound.0.status, [0, 1, 4].contains(status) else { throw ValidationError("\(path) is damaged") }
    var (ours, theirs) = ([DamageOutcome: Int](), [DamageOutcome: Int]())
    for _ in 0..<count {
      let plan = DamagePlan(kind, size: bytes.count - from, using: &random)
      let damaged = Array(bytes[..<from]) + plan.applied(to: Array(bytes[from...]))
      let run = try trial.check(damaged)
      let outcome = DamageOutcome.rmapcheck(status: run.status, isSame: run.output == sound.0.output)
      if [.crash, .hang, .silent].contains(outcome) { print("  \(outcome) \(path) \(plan)") }
      ours[outcome, default: 0] += 1
      guard let report = sound.1 else { continue }
      let other = try trial.report(damaged)
      theirs[
        .traceCommand(
          status: other.status, isSame: other.output == report.output, complained: other.complained), default: 0] += 1
    }
    show(path, kind, "rmapcheck check", ours)
    if isTheirs { show(path, kind, "trace-cmd report", theirs) }
    return [.crash, .hang, .silent].reduce(0) { $0 + (ours[$1] ?? 0) }
  }

  private func show(_ path: String, _ kind: DamagePlan.Kind, _ program: String, _ counts: [DamageOutcome: Int]) {
    let name = URL(filePath: path).deletingLastPathComponent().lastPathComponent
    let cells = DamageOutcome.allCases.map { "\(counts[$0] ?? 0)" }.joined(separator: " | ")
    print("| \(name) | \(kind.rawValue) | \(program) | \(cells) |")
    fflush(nil)
  }
}

/// Runs programs on a damaged file in a folder of its own.
private struct Trial {
  struct Run {
    var status: Int32?
    var output = Data()
    var complained = false
  }

  private static let seconds = "20"
  private let folder: URL
  private let rmapcheck: String
  private var file: URL { folder.appending(path: "recording") }

  init(_ rmapcheck: String) throws {
    self.rmapcheck = rmapcheck
    folder = try makeTemporaryFolder()
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  /// The sidecar as it is, but for the name of the recording.
  func addSidecar(of path: String) throws {
    let source = URL(filePath: path).deletingLastPathComponent().appending(path: "about.json")
    var content = try JSONSerialization.jsonObject(with: Data(contentsOf: source)) as? [String: Any] ?? [:]
    content["recording"] = file.lastPathComponent
    try JSONSerialization.data(withJSONObject: content).write(to: folder.appending(path: "recording.about.json"))
  }

  func check(_ bytes: [UInt8]) throws -> Run {
    try Data(bytes).write(to: file)
    return try run([rmapcheck, "check", "--format", "json", file.path])
  }

  func report(_ bytes: [UInt8]) throws -> Run {
    try Data(bytes).write(to: file)
    return try run(["trace-cmd", "report", "-i", file.path])
  }

  private func run(_ command: [String]) throws -> Run {
    let (output, errors) = (folder.appending(path: "stdout"), folder.appending(path: "stderr"))
    for url in [output, errors] { _ = FileManager.default.createFile(atPath: url.path, contents: nil) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/timeout")
    // Ended by a signal of its own, the command's status is 128 and the signal.
    process.arguments = ["--kill-after=1", Self.seconds] + command
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    return Run(
      status: status == 124 || status == 137 ? nil : status, output: try Data(contentsOf: output),
      complained: try !Data(contentsOf: errors).isEmpty)
  }
}
