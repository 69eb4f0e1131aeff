import ArgumentParser
import Checking
import Glibc
import Invariants
import RecordingFormat
import Reports

/// `rmapcheck check`: replays recordings and judges them.
struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Replays recordings and checks every invariant.",
    discussion: """
      Exit status: 0 every invariant holds, 1 a violation was proved, 3 an input is damaged or unreadable, \
      4 undecided, 64 usage.
      """)

  @Argument(help: "Recordings (trace.dat), or folders that are searched for them.")
  var paths: [String]

  @Option(help: ArgumentHelp("The report's form: text, json, junit, ktap or sarif.", valueName: "form"))
  var format: ReportFormat = .text

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("How many recordings to check at once; all processors by default.", valueName: "n"))
  var jobs: Int?

  @Option(help: ArgumentHelp("Check these invariants only (names, or a list with commas).", valueName: "invariant"))
  var only: [String] = []

  @Option(help: ArgumentHelp("Leave these invariants out.", valueName: "invariant"))
  var skip: [String] = []

  @Flag(help: "Compare each verdict with the one that the recording's about.json expects; exit 0 if all agree.")
  var expect = false

  func validate() throws {
    guard !paths.isEmpty else { throw ValidationError("Name a recording or a folder.") }
    if let jobs, jobs < 1 { throw ValidationError("-j takes a number from 1 up.") }
    _ = try chosenInvariants()
  }

  func run() async throws {
    let recordings = paths.flatMap(RecordingSearch.recordings)
    let batch = BatchCheck(
      check: RecordingCheck(invariants: try chosenInvariants()),
      jobs: jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    let progress = ProgressLine(total: recordings.count)
    var results: [RecordingResult] = []
    await batch.run(recordings, progress: progress.show) { result in
      results.append(result)
      if let damage = result.damage { complain("\(result.path): \(damage)") }
      if expect {
        progress.print(ExpectationReport.render(result))
      } else if format.isIncremental {
        progress.print((results.count > 1 ? "\n" : "") + TextReport.render(result))
      }
    }
    progress.clear()
    try finish(results)
  }

  private func finish(_ results: [RecordingResult]) throws {
    if expect {
      let failed = results.count { $0.expectation != .met }
      print("\(results.count - failed) as expected, \(failed) not")
      throw ExitCode(failed == 0 ? 0 : 1)
    }
    if !format.isIncremental {
      print(format.render(results), terminator: "")
    } else if results.count > 1 {
      print("\n" + TextReport.total(results), terminator: "")
    }
    throw ExitCode(Verdict.combined(results.map(\.verdict)).exitStatus)
  }

  private func chosenInvariants() throws -> [Invariant] {
    let (only, skip) = (try names(only), try names(skip))
    let chosen = Invariant.all.filter {
      (only.isEmpty || only.contains($0.name)) && !skip.contains($0.name)
    }
    guard !chosen.isEmpty else { throw ValidationError("No invariant is left to check.") }
    return chosen
  }

  private func names(_ arguments: [String]) throws -> Set<String> {
    let names = arguments.flatMap { $0.split(separator: ",").map(String.init) }
    for name in names where Invariant.named(name) == nil {
      throw ValidationError(
        "There is no invariant '\(name)'; there are "
          + Invariant.all.map(\.name).joined(separator: ", ") + ".")
    }
    return Set(names.compactMap { Invariant.named($0)?.name })
  }
}

extension ReportFormat: ExpressibleByArgument {}

/// A line on a terminal's stderr that says how far a run has come; silent elsewhere.
private struct ProgressLine {
  let total: Int
  let isShown = isatty(STDERR_FILENO) == 1

  func show(_ done: Int) {
    guard isShown, total > 1 else { return }
    writeToStandardError("\r\u{1b}[K\(done) of \(total) recordings")
  }

  func clear() {
    if isShown, total > 1 { writeToStandardError("\r\u{1b}[K") }
  }

  func print(_ text: String) {
    clear()
    Swift.print(text, terminator: "")
    fflush(nil)
  }
}
