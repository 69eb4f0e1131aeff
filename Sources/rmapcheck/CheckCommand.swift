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
      Exit status: 0 every invariant holds, 1 a violation was proved, 3 an input is damaged or not a recording, 66 an \
      input does not exist or can't be read, 4 undecided; with several inputs, the first of these that occurs. 64 usage, \
      74 a report could not be written, regardless of the verdict. After Ctrl-C, what was judged so far is written, and \
      the status is that of the signal (130).

      With --bisect, for `git bisect run`: 0 good, 1 bad, 125 for anything that says nothing about the commit; 128, \
      which stops the bisection, for wrong usage or a lost report.

      With --exit-zero, for queues that retry failed jobs: 0 once everything was judged and written; 66, 64 and 74 as \
      above.
      """)

  /// The status that makes `git bisect run` stop.
  static let bisectStops: Int32 = 128

  @Argument(
    help: """
      Recordings (trace.dat, perf.data, ftrace's text; also packed with zstd, xz or gzip, or through a pipe; - is \
      standard input), or folders that are searched for them.
      """,
    completion: .file())
  var paths: [String]

  @Option(help: ArgumentHelp("The report's format: text, json, junit, ktap, sarif, html or mail.", valueName: "form"))
  var format: ReportFormat = .text

  @Option(
    help: ArgumentHelp(
      "Also write a report to a file, which is replaced once the report is complete; repeatable.",
      valueName: "form=file"),
    completion: .list(ReportFormat.allCases.map { "\($0.rawValue)=" }))
  var report: [String] = []

  @Option(
    name: [.customShort("j", allowingJoined: true), .long],
    help: ArgumentHelp("How many recordings to check in parallel; all processors by default.", valueName: "n"))
  var jobs: Int?

  @Option(
    help: ArgumentHelp("Check only these invariants (comma-separated; repeatable).", valueName: "invariant"),
    completion: .list(Invariant.names))
  var only: [String] = []

  @Option(
    help: ArgumentHelp("Skip these invariants.", valueName: "invariant"), completion: .list(Invariant.names))
  var skip: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      How many defects of a recording the text report shows in full (8), the first with the few events that show it. JSON has the first violation of each, and of each \
      invariant the first 64, one per object, or n if that is more; with 'all' both have every violation.
      """,
      valueName: "n|all"))
  var limit = Limit.first(ReportOptions.violationsShown)

  @Flag(help: "Compare each verdict with the one expected in the recording's sidecar; exit 0 if all agree.")
  var expect = false

  @Flag(help: "Exit with the statuses of `git bisect run`.")
  var bisect = false

  @Flag(help: "Exit 0 whatever the verdicts are.")
  var exitZero = false

  func validate() throws {
    guard !paths.isEmpty else { throw ValidationError("Name a recording or a folder.") }
    if paths.count(where: { $0 == "-" }) > 1 { throw ValidationError("Standard input (-) can be read once.") }
    if let jobs, jobs < 1 { throw ValidationError("-j takes a number from 1 up.") }
    if [expect, bisect, exitZero].count(where: { $0 }) > 1 {
      throw ValidationError("--expect, --bisect and --exit-zero exclude each other.")
    }
    _ = try chosenInvariants()
    _ = try requests()
  }

  func run() async throws {
    let recordings = paths.flatMap(RecordingSearch.recordings)
    try refuseToReplaceInput(try requests().map(\.path), recordings)
    var check = RecordingCheck(invariants: try chosenInvariants(), limit: FindingLimit(limit))
    check.drawing = try drawing()
    let batch = BatchCheck(
      check: check,
      jobs: jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    let options = ReportOptions(violationsShown: limit.count, tool: Tool(commit: buildCommit))
    let run = try CheckRun(
      recordings, format: expect ? nil : format, options: options, reports: try requests())
    run.surviveInterruption()
    await batch.run(
      recordings, examine: try showsDefects() ? run.examine : nil, done: run.note, deliver: run.deliver)
    let results = try run.finish()
    throw ExitCode(status(results))
  }

  /// What the reports that were asked for show of the graph.
  private func drawing() throws -> Drawing {
    let forms = try forms()
    let shown = forms.contains(.text) ? limit.count ?? .max : 0
    let drawn = forms.contains(.mail) ? max(shown, 1) : shown
    return forms.contains(.html) ? .findingsInFull(max(drawn, HTMLReport.picturesShown)) : .findings(drawn)
  }

  private func forms() throws -> [ReportFormat] { try requests().map(\.form) + (expect ? [] : [format]) }

  /// Whether a text report has defects in full.
  private func showsDefects() throws -> Bool { try forms().contains(.text) && limit.count != 0 }

  private func status(_ results: [RecordingResult]) -> Int32 {
    let verdict = Verdict.combined(results.map(\.verdict))
    if expect { return results.allSatisfy { $0.expectation == .met } ? 0 : 1 }
    if exitZero { return results.contains { $0.verdict == .missing } ? Verdict.missing.exitStatus : 0 }
    guard bisect else { return verdict.exitStatus }
    switch verdict {
    case .holds: return 0
    case .violated: return 1
    case .damaged, .missing, .undecided: return 125
    }
  }

  private func requests() throws -> [ReportRequest] {
    var targets: Set<String> = []
    return try report.map { text in
      guard let request = ReportRequest(text) else {
        throw ValidationError(
          "--report takes FORM=FILE, with text, json, junit, ktap, sarif, html or mail for FORM: '\(text)'.")
      }
      guard targets.insert(ReportFile.target(of: request.path)).inserted else {
        throw ValidationError("Two reports go to \(request.path).")
      }
      return request
    }
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
    do throws(UnknownInvariant) {
      var names: Set<String> = []
      for name in arguments.flatMap({ $0.split(separator: ",").map(String.init) }) {
        names.insert(try Invariant.meant(by: name).name)
      }
      return names
    } catch {
      throw ValidationError("\(error)")
    }
  }
}

extension ReportFormat: ExpressibleByArgument {}
