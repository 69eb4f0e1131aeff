import ArgumentParser
import Checking
import RecordingExperiments
import RecordingFormat

/// How much is still decided when events are lost, and whether anything wrong is said.
struct LossCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "loss", abstract: "Loses shares of recordings, with marks, and counts what stays decided.")

  @Argument(help: "Recordings, or folders of them.") var paths = ["traces"]
  @Option(help: "Seeds for each share and pattern.") var seeds = 5
  @Option(help: "The first seed.") var seed: UInt64 = 1
  @Option(help: "Shares of the records to lose, in percent.") var shares: [Double] = [0.01, 0.1, 1, 10]
  @Flag(help: "A line for each invariant too.") var byInvariant = false

  func run() throws {
    // Records are kept in memory by what a trace.dat says of its buffers.
    let files = paths.flatMap(RecordingSearch.recordings).filter { $0.hasSuffix("trace.dat") }
    let recordings = try files.map { try MemoryRecording(path: $0) }
      .filter { $0.baseline.damage == nil && !$0.hasGaps && !$0.records.isEmpty }
    var wrong = 0
    print("seeds \(seed) to \(seed + UInt64(seeds) - 1)")
    for pattern in LossPlan.Pattern.allCases {
      for share in shares {
        let trials = recordings.flatMap { recording in
          (0..<UInt64(seeds)).map { number in
            (
              recording,
              LossTrial(
                recording, LossPlan(recording, share: share / 100, pattern: pattern, seed: seed + number))
            )
          }
        }
        report(trials.map(\.1), pattern, share)
        for (recording, trial) in trials {
          for text in trial.wrong { print("  WRONG \(recording.path): \(text)") }
          let passed = Dictionary(grouping: trial.passed) { $0 }.mapValues(\.count).sorted { $0.key < $1.key }
          for (name, count) in passed { print("  PASSED \(recording.path): \(name) \(count)") }
          if trial.verdict == .holds { print("  WRONG \(recording.path): holds") }
          wrong += trial.wrong.count + trial.passed.count + (trial.verdict == .holds ? 1 : 0)
        }
      }
    }
    print("wrong verdicts: \(wrong)")
    if wrong > 0 { throw ExitCode.failure }
  }

  private func report(_ trials: [LossTrial], _ pattern: LossPlan.Pattern, _ share: Double) {
    let mean = trials.reduce(0) { $0 + $1.share } / Double(max(trials.count, 1))
    let found = trials.count { $0.isFound }
    print(
      "\(pattern.rawValue) \(share) %: \(trials.reduce(0) { $0 + $1.lost }) lost in "
        + "\(trials.reduce(0) { $0 + $1.gaps }) gaps of \(trials.count) trials, "
        + "decided \(percent(mean)) %, violations found in \(found)")
    guard byInvariant else { return }
    let names = Set(trials.flatMap(\.decidedBefore.keys)).sorted()
    for name in names {
      let before = trials.reduce(0) { $0 + ($1.decidedBefore[name] ?? 0) }
      let after = trials.reduce(0) { $0 + ($1.decidedAfter[name] ?? 0) }
      print("    \(name) \(percent(Double(after) / Double(max(before, 1)))) %")
    }
  }
}
