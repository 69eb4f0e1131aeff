import ArgumentParser
import Checking
import FoundationEssentials
import Glibc
import Reports
import Store

/// `rmapcheck store`: the results of many nights.
struct StoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store",
    abstract: "Keeps the results of many nights, and reports what is new.",
    discussion: """
      A store is one SQLite file. Results are added with the name of their night, the date as a rule: nights are ordered \
      by their names. Adding a recording to a night again replaces its result. A command that is killed while it writes leaves \
      what was there before.
      """,
    subcommands: [StoreAddCommand.self, StoreReportCommand.self, StoreExportCommand.self, StorePruneCommand.self])
}

/// `rmapcheck store add`.
struct StoreAddCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Adds JSON reports of check or compare, or checks recordings and adds the results.",
    discussion: """
      Exit status: 0 everything is in the store, whatever the verdicts are; 3 a file is not a report, or the store is \
      damaged, or a folder has neither recordings nor reports; 66 what is named is missing (--unchecked notes that it is), or \
      the check of what was compared; 74 the store can't be written; 64 usage. With any but 0 nothing was added.
      """)

  @Argument(help: "The store; it is made if need be.", completion: .file())
  var store: String

  @Argument(
    help: """
      JSON reports of check (of this version or an older one), recordings, or folders that are searched for both; JSON \
      reports of compare add how many objects the kernel's graph had.
      """,
    completion: .file())
  var inputs: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      A recording whose check did not come to its end, so that there is no report of it: it is undecided, or missing if \
      it is not there. Repeatable.
      """,
      valueName: "recording"),
    completion: .file())
  var unchecked: [String] = []

  @Option(help: ArgumentHelp("The night's name; today's date (UTC) if none is given.", valueName: "night"))
  var night: String?

  @Option(
    help: ArgumentHelp(
      "Follow the kernels under this name instead of their line (6.12): for a tree that moves from line to line.",
      valueName: "name"))
  var tree: String?

  func validate() throws {
    guard !inputs.isEmpty || !unchecked.isEmpty else {
      throw ValidationError("Name a report, a recording or a folder.")
    }
    for (option, name) in [("--night", night), ("--tree", tree)] {
      guard let name else { continue }
      let isFine = name.first?.isNumber == true || name.first?.isLetter == true
      guard isFine, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._:+-".contains($0)) }) else {
        throw ValidationError("\(option) takes letters, digits and . _ : + -, as 2026-11-30: '\(name)'.")
      }
    }
  }

  func run() async throws {
    try await storeErrors {
      let night = night ?? today()
      var results: [NightResult] = []
      var comparisons: [NightComparison] = []
      var recordings: [String] = []
      for input in inputs {
        let found = try ResultSearch.files(at: input)
        for path in found.reports {
          switch try NightInput(contentsOf: path) {
          case .result(let result): results.append(result)
          case .comparison(let comparison): comparisons.append(comparison)
          }
        }
        recordings += found.recordings
      }
      // A check of what is not there ends at once, and says so.
      recordings += unchecked.filter { access($0, F_OK) != 0 }
      if !recordings.isEmpty { results.append(try await checked(recordings)) }
      let rest = unchecked.filter { access($0, F_OK) == 0 }
      if !rest.isEmpty { results.append(try report(rest.map { .notChecked($0, "its check did not come to its end") })) }
      let addition = try NightStore(path: store, .adding)
        .add(results, comparisons: comparisons, night: night, tree: tree)
      var text = "\(night): \(addition.added) added"
      if addition.replaced > 0 { text += ", \(addition.replaced) replaced" }
      if addition.measured > 0 { text += ", \(addition.measured) compared" }
      try StandardOutput.write(text + "\n")
    }
  }

  private func checked(_ recordings: [String]) async throws -> NightResult {
    let jobs = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let batch = BatchCheck(check: RecordingCheck(), jobs: jobs)
    var results: [RecordingResult] = []
    await batch.run(recordings) { results.append($0) }
    return try report(results)
  }

  private func report(_ results: [RecordingResult]) throws -> NightResult {
    let report = JSONReport.render(results, ReportOptions(tool: Tool(commit: buildCommit)))
    return try NightResult(Data(report.utf8), path: "the check")
  }

  private func today() -> String {
    var (now, parts) = (time(nil), tm())
    gmtime_r(&now, &parts)
    func digits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(parts.tm_year + 1900)-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday))"
  }
}

/// What a path of `store add` stands for.
private enum ResultSearch {
  /// A file is a report if it is JSON, else a recording. A folder stands for the recordings and reports in it.
  /// - Throws: ``StoreError`` where there is none. What was to come and did not is named by --unchecked: a mistyped name is
  ///   no test.
  static func files(at path: String) throws(StoreError) -> (reports: [String], recordings: [String]) {
    guard path == "-" || access(path, R_OK) == 0 else {
      throw StoreError(.missing, "\(path): \(String(cString: strerror(errno)))")
    }
    guard isFolder(path) else {
      let isReport = path.hasSuffix(".json") || path != "-" && NightResult.mayBe(fileAt: path)
      return isReport ? ([path], []) : ([], [path])
    }
    var reports: [String] = []
    collect(path, &reports)
    let recordings = RecordingSearch.recordings(at: path)
    // A folder without recordings stands for itself.
    let hasNone = recordings == [path]
    if hasNone, reports.isEmpty {
      throw StoreError(.damaged, "\(path): neither a recording nor a report in this folder")
    }
    return (reports.sorted(), hasNone ? [] : recordings)
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func collect(_ folder: String, _ reports: inout [String]) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      if isFolder(path) {
        collect(path, &reports)
      } else if name.hasSuffix(".json"), !name.hasPrefix("."), name != "about.json", !name.hasSuffix(".about.json") {
        reports.append(path)
      }
    }
  }
}

/// The forms of a night's report.
enum NightFormat: String, CaseIterable, ExpressibleByArgument { case text, html, json, mail }

/// `rmapcheck store report`.
struct StoreReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Says what a night has that is new, fixed, known, flaky, less decided or gone.",
    discussion: """
      Exit status: 1 a defect is new, or its time in --known is over; 3 a recording is damaged; 66 a test that ran in the \
      night before did not come, or the store has no such night; 4 less is decided than before, a recording is undecided \
      that was not, or what had shown a defect did not run or could not decide it; 0 nothing of these. If several are true, \
      the first of 1, 3, 66, 4. 74 the report could not be written. In the first night of a store every defect is new.

      --known takes a file with lines of FINGERPRINT UNTIL REASON, for example

      4f2a9c31d0e8b7a6 2027-01-31 CVE-2026-23077, the fix is queued
      """)

  @Argument(help: "The store.", completion: .file())
  var store: String

  @Option(help: ArgumentHelp("The night; the last one if none is given.", valueName: "night"))
  var night: String?

  @Option(help: ArgumentHelp("The night to compare with; the one before if none is given.", valueName: "night"))
  var since: String?

  @Option(help: ArgumentHelp("The report's form: text, html, json or mail.", valueName: "form"))
  var format: NightFormat = .text

  @Option(help: ArgumentHelp("A list of known defects.", valueName: "file"), completion: .file())
  var known: String?

  func run() throws {
    try storeErrors {
      let list = try known.map { try KnownDefects(contentsOf: $0) } ?? KnownDefects()
      let store = try NightStore(path: store, .reading)
      let report = try store.report(night: night, since: since, known: list)
      switch format {
      case .text: try StandardOutput.write(report.text)
      case .json: try StandardOutput.write(report.json)
      case .mail: try StandardOutput.write(report.mail)
      case .html: try StandardOutput.write(MorningPage(report, try store.grid(night: night)).html)
      }
      throw ExitCode(report.exitStatus)
    }
  }
}

/// `rmapcheck store prune`.
struct StorePruneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Forgets old nights, or a test that is no longer run.",
    discussion: "A defect keeps the night in which it was first seen. Exit status: 0, 3, 64, 66 and 74 as of add.")

  @Argument(help: "The store.", completion: .file())
  var store: String

  @Option(help: ArgumentHelp("How many nights to keep.", valueName: "n"))
  var keep: Int?

  @Option(help: ArgumentHelp("Forget the nights before this one.", valueName: "night"))
  var before: String?

  @Option(help: ArgumentHelp("Forget this test, which then is not reported as gone.", valueName: "name"))
  var test: String?

  func validate() throws {
    guard [keep != nil, before != nil, test != nil].count(where: { $0 }) == 1 else {
      throw ValidationError("Say what to forget: one of --keep, --before and --test.")
    }
    if let keep, keep < 1 { throw ValidationError("--keep takes a number from 1 up.") }
  }

  func run() throws {
    try storeErrors {
      let store = try NightStore(path: store, .changing)
      if let test {
        let count = try store.forget(test: test)
        guard count > 0 else {
          complain("there is no test '\(test)' in the store")
          throw ExitCode(EX_NOINPUT)
        }
        try StandardOutput.write("\(count) runs forgotten\n")
        return
      }
      var limit = before
      if let keep { limit = try store.nights().suffix(keep).first }
      try StandardOutput.write("\(try limit.map { try store.prune(before: $0) } ?? 0) nights forgotten\n")
    }
  }
}

/// Turns a ``StoreError`` into a message and an exit status.
func storeErrors<T>(_ body: () throws -> T) throws -> T {
  do { return try body() } catch let error as StoreError { throw ended(by: error) }
}

func storeErrors<T>(_ body: () async throws -> T) async throws -> T {
  do { return try await body() } catch let error as StoreError { throw ended(by: error) }
}

private func ended(by error: StoreError) -> ExitCode {
  complain(error.description)
  switch error.kind {
  case .missing: return ExitCode(EX_NOINPUT)
  case .damaged: return ExitCode(3)
  case .unwritable: return ExitCode(EX_IOERR)
  }
}

/// The forms in which others take results.
enum ExportFormat: String, CaseIterable, ExpressibleByArgument { case kcidb }

/// `rmapcheck store export`.
struct StoreExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a night in the form of another system: KCIDB (I/O schema v5.3).",
    discussion: """
      Kernels become checkouts and builds, each invariant of each run a test, defects issues, and runs that show them \
      incidents. FAIL is a broken invariant only; what was not decided is SKIP, a damaged recording ERROR, a missing one \
      MISS. Exit status: 0, 3, 64, 66 and 74 as of add.
      """)

  @Argument(help: "The form: kcidb.")
  var form: ExportFormat

  @Argument(help: "The store.", completion: .file())
  var store: String

  @Option(help: ArgumentHelp("The night; the last one if none is given.", valueName: "night"))
  var night: String?

  @Option(help: ArgumentHelp("The name of the CI system that submits it.", valueName: "name"))
  var origin = "rmapcheck"

  func validate() throws {
    guard !origin.isEmpty, origin.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") }) else {
      throw ValidationError("--origin takes a to z, digits and _: '\(origin)'.")
    }
  }

  func run() throws {
    try storeErrors {
      try StandardOutput.write(NightStore(path: store, .reading).kcidb(night: night, origin: origin).json)
    }
  }
}
