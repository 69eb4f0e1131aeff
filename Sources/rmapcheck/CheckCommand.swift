import ArgumentParser
import Checking
import Invariants
import Reports

/// `rmapcheck check`: replays recordings and judges them.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Replays recordings and checks every invariant.",
    discussion: """
      Exit status: 0 every invariant holds, 1 a violation was proved, 3 an input is damaged or unreadable, \
      4 undecided, 64 usage.
      """)

  @Argument(help: "Recordings (trace.dat), or folders that are searched for them.")
  var paths: [String]

  func run() throws {
    var results: [RecordingResult] = []
    for path in paths {
      let result = RecordingCheck().run(path: path)
      print(TextReport.render(result), terminator: "")
      results.append(result)
    }
    throw ExitCode(Verdict.combined(results.map(\.verdict)).exitStatus)
  }
}
