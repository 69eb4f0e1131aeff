import ArgumentParser
import Checking
import Comparing
import Glibc
import Policies
import RecordingFormat
import Reports

/// `rmapcheck compare`: replays workloads under every anon_vma design.
struct CompareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Replays a workload under every anon_vma design: which are correct, and what they cost.",
    discussion: """
      A workload is what the processes of a recording did (faults, forks, splits, merges, moves, unmaps, exits), or an \
      invented scenario. Each design builds its own graph from it, and the invariants that apply judge that graph at \
      every step. --list shows the designs and the scenarios.

      For a recording, the kernel's own design (split-counters) must reproduce the recorded graph: the same chains and \
      anon_vmas of VMAs, roots, parents and counters of anon_vmas, and first owners of pages. That agreement is printed \
      first; Designs.md says what is not compared.

      Exit status: 0 every design holds, 1 a design broke an invariant, 3 an input is damaged or no recording, 66 an input is \
      not there or may not be read, 4 undecided (lost events, or the simulation does not agree with the recording, or no \
      page put a design to the test), 64 usage, 74 the report or a plot could not be written.
      """)

  @Argument(help: "Recordings (trace.dat), or folders that are searched for them.", completion: .file())
  var paths: [String] = []

  @Option(
    help: ArgumentHelp("A scenario, with a number if it takes one (fork-chain:1000).", valueName: "name[:n]"),
    completion: .list(Scenario.all.map(\.name)))
  var scenario: [String] = []

  @Option(
    help: ArgumentHelp("A workload in the format of --shrunk, one step per line.", valueName: "file"),
    completion: .file())
  var steps: [String] = []

  @Option(
    help: ArgumentHelp(
      "Compare only these designs (comma-separated; some take a number, limit:7; 2014, 2026 and all are groups).",
      valueName: "name"),
    completion: .list(Policy.all.map(\.name)))
  var policy: [String] = []

  @Option(
    help: ArgumentHelp(
      "The report's format: text, json, csv, verdicts (one line per workload), or markdown (a table per figure).",
      valueName: "form"))
  var format: ComparisonFormat = .text

  @Option(
    help: ArgumentHelp(
      "Also write plots (SVG) to this folder: objects over time, VMAs visited by walks; overview.svg has all workloads. Plots that are there are replaced.",
      valueName: "folder"),
    completion: .directory)
  var plot: String?

  @Option(
    help: ArgumentHelp(
      "Also write, into this folder, the smallest workload that was found for each design that misses a page.",
      valueName: "folder"),
    completion: .directory)
  var shrunk: String?

  @Option(
    name: [.customShort("j", allowingJoined: true), .long],
    help: ArgumentHelp("How many designs to simulate in parallel; all processors by default.", valueName: "n"))
  var jobs: Int?

  @Flag(help: "List the designs and the scenarios.")
  var list = false

  func validate() throws {
    if list { return }
    guard !paths.isEmpty || !scenario.isEmpty || !steps.isEmpty else {
      throw ValidationError("Name a recording, a folder or a --scenario; --list shows the scenarios.")
    }
    if let jobs, jobs < 1 { throw ValidationError("-j takes a number from 1 up.") }
    _ = try chosenPolicies()
    _ = try chosenScenarios()
  }

  func run() async throws {
    if list { return try StandardOutput.write(ComparisonCatalog.render()) }
    let comparison = PolicyComparison(
      policies: try chosenPolicies(), jobs: jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    var results: [ComparedWorkload] = []
    var names = PlotNames()
    for path in paths.flatMap(RecordingSearch.recordings) {
      try show(await comparison.compare(recording: path), &results, &names)
    }
    for (scenario, number) in try chosenScenarios() {
      let workload = scenario.workload(number)
      let besides = policy.isEmpty ? scenario.historic : []
      try show(await comparison.compare(scenario: workload, besides: besides), &results, &names)
    }
    for path in steps { try show(await compare(steps: path, comparison), &results, &names) }
    try writeOverview(results)
    if !format.isIncremental { try StandardOutput.write(format.render(results)) }
    throw ExitCode(Verdict.combined(results.map(\.verdict)).exitStatus)
  }

  private func writeOverview(_ results: [ComparedWorkload]) throws {
    guard let plot else { return }
    do {
      try ComparisonPlots.overview(of: results).write(into: plot)
    } catch {
      complain("\(error)")
      throw ExitCode(EX_IOERR)
    }
  }

  private func show(_ compared: ComparedWorkload, _ results: inout [ComparedWorkload], _ names: inout PlotNames) throws
  {
    if format.isIncremental {
      try StandardOutput.write((results.isEmpty ? "" : "\n") + ComparisonText.render(compared))
    } else if let damage = compared.reading?.damage {
      complain("\(compared.name): \(damage)")
    }
    results.append(compared)
    let stem = names.stem(for: compared.name)
    do {
      if let plot { for chart in ComparisonPlots.charts(of: compared, stem: stem) { try chart.write(into: plot) } }
      if let shrunk { try SmallestWorkloads.write(compared, stem: stem, into: shrunk) }
    } catch {
      complain("\(error)")
      throw ExitCode(EX_IOERR)
    }
  }

  /// A file of steps; one that cannot be read is damaged.
  private func compare(steps path: String, _ comparison: PolicyComparison) async -> ComparedWorkload {
    do {
      return await comparison.compare(scenario: try SmallestWorkloads.read(path), isFile: true)
    } catch {
      complain("\(path): \(error)")
      return ComparedWorkload(name: path, damage: "\(error)")
    }
  }

  private func chosenPolicies() throws -> [Policy] {
    do {
      return try Policy.chosen(by: policy)
    } catch {
      throw unknown("design", error.name, Policy.all.map { $0.name })
    }
  }

  private func chosenScenarios() throws -> [(scenario: Scenario, number: Int?)] {
    do {
      return try scenario.map(Scenario.named)
    } catch {
      guard case .unknown(let name) = error else { throw ValidationError("\(error)") }
      throw unknown("scenario", name, Scenario.all.map { $0.name })
    }
  }

  private func unknown(_ kind: String, _ name: String, _ names: [String]) -> ValidationError {
    ValidationError(
      "There is no \(kind) '\(name)'." + Suggestion.text(for: name, among: names)
        + " `rmapcheck compare --list` has all of them.")
  }
}

extension ComparisonFormat: ExpressibleByArgument {}
