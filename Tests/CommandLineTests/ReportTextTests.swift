import Foundation
import TestSupport
import Testing

/// Goal: a report that a developer reads is the one that was read and found good, to the last byte. Method: whole reports of
/// real recordings, beside this file in Reports/.
@Suite struct ReportTextTests {
  @Test(arguments: ["6.12-fault-drop-avc"]) func isTheOneThatWasRead(name: String) throws {
    let run = try Executable()
    defer { run.remove() }
    let outcome = try run.shell("cd \"$T\" && \"$R\" check \(name)")
    #expect(outcome.status == 1)
    let path = "\(repository)/Tests/CommandLineTests/Reports/\(name).txt"
    if ProcessInfo.processInfo.environment["RMAPCHECK_REFRESH"] != nil {
      try Data(outcome.output.utf8).write(to: URL(filePath: path))
    }
    let read = try String(contentsOfFile: path, encoding: .utf8)
    #expect(
      outcome.output == read,
      "if the new text is right: RMAPCHECK_REFRESH=1 swift test --filter ReportTextTests, and read the difference")
  }
}

/// Goal: the text leads with the few events that show the first defect, and takes no time for it that grows with the recording.
/// Method: the program as a process.
@Suite struct WitnessTextTests {
  private static let cases: [(arguments: String, parts: [String])] = [
    (
      "6.12-fault-drop-avc",
      [
        "\nWitness: 8 events of 3142; none can be left out:\n  event 2014, pid 170",
        "prepare vma=P\n", "avc_insert vma=P avc=0xff1567e841394fc0 av=a1 root=a1\n", "fork vma=V src=P\n",
      ]
    ),
    // At K's address was another VMA before.
    ("6.18.5-cve", ["fork vma=0xff243cc3f59a4000 src=", "vma_alloc_ret vma=K\n", "move_tables vma=K src=V "]),
    ("6.12-fault-early-free", ["\nWitness: 52 events of 3605: rmapcheck reduce 6.12-fault-early-free/trace.dat\n"]),
    ("6.12-mm-defects-a", ["\n  The events that show another defect: rmapcheck reduce --finding 2, 3 ...\n"]),
  ]

  @Test(arguments: cases) func showsTheFirstDefects(arguments: String, parts: [String]) throws {
    let run = try Executable()
    defer { run.remove() }
    let outcome = try run.shell("cd $T && $R check \(arguments)")
    #expect(outcome.status == 1)
    for part in parts { #expect(outcome.output.contains(part), "\(part)") }
    #expect(outcome.output.components(separatedBy: "\nWitness: ").count == 2)
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test func isLookedForWhereItIsShown() throws {
    let run = try Executable()
    defer { run.remove() }
    #expect(try !run.shell("$R check --limit 0 $T/6.12-fault-drop-avc").output.contains("Witness"))
    #expect(try !run.shell("$R check $T/6.12-healthy").output.contains("Witness"))
    let file = try run.shell("$R check --format ktap --report text=report $T/6.12-fault-drop-avc; cat report")
    #expect(file.output.contains("Witness: 8 events of 3142; none can be left out:"))
    // Of several, it would take longer than the check.
    let both = try run.shell("$R check $T/6.12-fault-drop-avc $T/6.12-fault-early-free").output
    #expect(both.components(separatedBy: "\nWitness: the few events that show it: ").count == 3)
    let piped = try run.shell("cat $T/6.12-fault-drop-avc/trace.dat | $R check -")
    #expect(piped.output.contains("Witness: 8 events of 3142; none can be left out:"))
  }
}

/// Goal: README's example is what the program prints. Method: both, without the indentation.
@Suite struct ExampleTests {
  @Test func readmesReportIsTodays() throws {
    let run = try Executable()
    defer { run.remove() }
    let readme = try String(contentsOfFile: "\(repository)/README.md", encoding: .utf8)
    let lines = readme.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix("    VIOLATED ") })
    let example = lines[start...].prefix { $0.hasPrefix("    ") }.map { $0.dropFirst(4) }
    let report = try run.shell("$R check $T/6.12-fault-drop-avc").output
    #expect(example.count > 20 && report.contains(example.joined(separator: "\n") + "\n"))
    let commands = lines.filter { $0.hasPrefix("    rmapcheck reduce ") || $0.hasPrefix("    rmapcheck show ") }
    #expect(commands.count >= 2)
    for command in commands {
      let line = String(command).replacing("rmapcheck", with: "$R", maxReplacements: 1).replacing(
        "traces/", with: "$T/")
      let outcome = try run.shell(line)
      #expect(outcome.status == 0, "\(line): \(outcome.errors)")
    }
  }
}

/// Goal: the options do what the help says. Method: the program as a process.
@Suite struct OptionTests {
  private let run: Executable

  init() throws { run = try Executable() }

  @Test func reportHasTheSameBytesAtAnyNumberOfJobs() throws {
    defer { run.remove() }
    for form in ["text", "json"] {
      let alone = try run.shell("$R check -j 1 --format \(form) $T/6.1-fault-* $T/6.12-crash* $T/6.12-pair-*")
      #expect(alone.status == 1)
      for jobs in [2, 7] {
        let together = try run.shell(
          "$R check -j \(jobs) --format \(form) $T/6.1-fault-* $T/6.12-crash* $T/6.12-pair-*")
        #expect(together.output == alone.output && together.status == alone.status, "\(form), \(jobs) jobs")
      }
    }
  }

  @Test func onlyAndSkipChooseTheInvariants() throws {
    defer { run.remove() }
    func names(_ options: String) throws -> Set<String> {
      let report = try json(run.shell("$R check --format json \(options) $T/6.12-fault-drop-avc").output)
      let recording = try #require((report["recordings"] as? [[String: Any]])?.first)
      let invariants = try #require(recording["invariants"] as? [[String: Any]])
      return Set(invariants.compactMap { $0["name"] as? String })
    }
    let all = try names("")
    #expect(try names("--only reach,I8 --only counters") == ["reach", "fork-closure", "counters"])
    #expect(try names("--skip reach,counters") == all.subtracting(["reach", "counters"]))
    #expect(try names("--only reach,counters --skip reach") == ["counters"])
    #expect(try run.shell("$R check --only counters $T/6.12-fault-drop-avc").status != 1)
  }

  @Test(arguments: [
    "check", "check -j 0 $T", "check --only nothing $T", "check --only reach --skip reach $T", "check --limit -1 $T",
    "check --format xml $T", "check --report json $T", "check --expect --exit-zero $T", "check --nothing $T",
    "explain nothing", "nothing",
  ]) func wrongUsageIs64(line: String) throws {
    defer { run.remove() }
    let outcome = try run.shell("$R \(line)")
    #expect(outcome.status == 64, "\(outcome.errors)")
    #expect(outcome.output.isEmpty && outcome.errors.contains("Usage: "))
  }

  @Test func expectComparesWithTheSidecars() throws {
    defer { run.remove() }
    #expect(try run.shell("$R check --expect $T/6.12-fault-drop-avc $T/6.12-lossy").status == 0)
    let copied = try run.shell(
      "cp -r $T/6.12-structure-v6 . && sed -i 's/\"holds\"/\"violated\"/' */about.json && $R check --expect .")
    #expect(copied.status == 1)
    #expect(copied.output.contains("expected violated, is holds"))
  }

  /// Each option that `check --help` has stands in the text with what it does, and each command has a help.
  @Test func helpIsWhole() throws {
    defer { run.remove() }
    let help = try run.shell("$R --help")
    #expect(help.status == 0)
    let listed = help.output.matches(of: /\n  ([a-z]+) (?:\(default\))? +[A-Z]/).map { String($0.1) }
    #expect(
      Set(listed).isSuperset(of: ["annotate", "check", "compare", "explain", "record", "doctor", "probes", "assemble"]))
    for command in listed {
      let outcome = try run.shell("$R \(command) --help")
      #expect(outcome.status == 0 && outcome.output.contains("USAGE: rmapcheck \(command)"), "\(command)")
    }
    let check = try run.shell("$R check --help").output
    for option in [
      "--format", "--report", "-j, --jobs", "--only", "--skip", "--limit", "--expect", "--bisect", "--exit-zero",
    ] {
      #expect(check.contains("  \(option) "), "\(option)")
    }
    for status in ["0", "1", "3", "4", "64", "66", "74"] {
      #expect(check.contains("\(status) "), "\(status)")
    }
  }

  @Test func versionIsANumber() throws {
    defer { run.remove() }
    let outcome = try run.shell("$R --version")
    #expect(outcome.status == 0)
    #expect(
      outcome.output.wholeMatch(of: /rmapcheck \d+\.\d+\.\d+( \([0-9a-f]{12}(-dirty)?\))?\n/) != nil,
      "\(outcome.output)")
  }

  /// `print` says nothing of a full disk: what is printed for others goes through StandardOutput.
  @Test func commandsPrintThroughStandardOutput() throws {
    let folder = "\(repository)/Sources/rmapcheck"
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".swift") {
      let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      #expect(text.firstMatch(of: /(?:^|[^.\w])print\(/) == nil, "\(name)")
    }
  }
}
