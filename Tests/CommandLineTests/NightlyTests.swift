import Foundation
import TestSupport
import Testing

/// Goal: a night says what became of each row of its plan, and whoever runs it again has only the rest done. Method:
/// `scripts/nightly` on this machine, with a program of which some checks do not come to their end.
@Suite struct NightlyTests {
  private let run: Executable

  init() throws { run = try Executable() }

  private static let isInstalled = ["parallel", "xxhsum"].allSatisfy { name in
    FileManager.default.isExecutableFile(atPath: "/usr/bin/\(name)")
  }

  /// The checks of four rows end before their time, as long as `sick` is there: one takes too long, one too much memory
  /// (which only a limit keeps from it), one is killed, one is told to end and writes what it has.
  private static let sickProgram = """
    #!/bin/bash
    if [[ -e sick && $1 == check ]]; then
      case "$*" in
        *slow*) sleep 60 ;;
        *large*) dd if=/dev/zero of=/dev/null bs=700M count=1 || exit 1 ;;
        *killed*) kill -9 $$ ;;
        *ended*) "$R" "$@"; exit 143 ;;
      esac
    fi
    exec "$R" "$@"
    """

  private func night() throws -> Executable.Outcome {
    try run.shell(
      "RMAPCHECK=$PWD/program $T/../scripts/nightly plan out --night n1 --jobs 2 --time 10 --memory 500")
  }

  @Test(.enabled(if: isInstalled, "apt install parallel xxhash"))
  func oneThatDiesCostsOnlyItself() throws {
    defer { run.remove() }
    try Data(Self.sickProgram.utf8).write(to: run.folder.appending(path: "program"))
    _ = try run.shell(
      """
      chmod +x program; touch sick
      for row in slow:structure-v6 large:fault-drop-avc killed:healthy ended:walks plain:zygote; do
        mkdir ${row%:*}; cp $T/6.12-${row#*:}/* ${row%:*}; echo "row-${row%:*} @check ${row%:*}/trace.dat"
      done >plan
      """)
    let first = try night()
    #expect(first.status == 4, "\(first.output)\(first.errors)")
    #expect(first.output.contains("5 runs: 1 holds, 4 undecided"))
    #expect(first.output.matches(of: /its check did not come to its end/).count == 4)
    // Whatever dies is one line, not one for each invariant.
    #expect(!first.output.contains("LESS DECIDED"))
    // Where SIGTERM is ignored, as by nohup, SIGKILL comes after it.
    for (row, status) in [("slow", "124|137"), ("large", "1"), ("killed", "137"), ("ended", "143")] {
      #expect(first.errors.contains("no result: row-\(row)"))
      let log = try run.text("out/n1/logs/row-\(row)")
      #expect(log.contains(try Regex("the check ended with status (\(status))\n")), "\(log)")
    }
    _ = try run.shell("rm sick; touch before; sleep 0.1")
    let whole = try night()
    #expect(whole.status == 1 && whole.output.contains("5 runs: 4 holds, 1 violated"), "\(whole.output)\(whole.errors)")
    #expect(try run.shell("find out/n1/results -newer before -name '*.json' | wc -l").output == "4\n")
    #expect(try run.shell("find out -name '*.part*' -o -name '*.new' | wc -l").output == "0\n")
    #expect(try run.shell("ls out/n1").output == "comparisons\nlogs\nrecordings\n" + Self.reports + "results\n")
    // The zygote's graph was measured.
    #expect(try run.shell("$R store report out/nights.db --format html").output.contains("at most 1315 anon_vmas"))
  }

  /// A build replaces the program while the night runs: its rows are of one program all the same.
  @Test(.enabled(if: isInstalled, "apt install parallel xxhash"))
  func oneProgramForAllRows() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      printf '%s\\n' '#!/bin/bash' '[[ $1 != check ]] || rm -f "$NAMED"' 'exec "$R" "$@"' >program; chmod +x program
      for row in structure-v6 walks zygote; do echo "$row @check $T/6.12-$row/trace.dat"; done >plan
      export NAMED=$PWD/program
      RMAPCHECK=$NAMED $T/../scripts/nightly plan out --night n1; echo "status $?"; ls -A out/n1
      """)
    #expect(outcome.output.contains("3 runs: 3 holds"), "\(outcome.output)\(outcome.errors)")
    #expect(
      outcome.output.hasSuffix("status 0\ncomparisons\nlogs\nrecordings\n" + Self.reports + "results\n"))
    #expect(try run.shell("[ ! -e program ]").status == 0)
  }

  private static let reports = ["html", "json", "mail", "txt"].map { "report.\($0)\n" }.joined()

  @Test(arguments: [
    ("plan", 64, "a plan and a directory are wanted"), ("plan out --jbos 2", 64, "unknown option --jbos"),
    ("plan out --time 0", 64, "not a number from 1 up: 0"), ("none out", 66, "no such file"),
    ("plan out --night 'a b'", 64, "not a name for a night"), ("plan out --known none", 66, "no such file"),
    ("twice out", 64, "twice:2: row is there twice"), ("bare out", 64, "bare:1: row has neither"),
    ("words out", 64, "words:1: row begins with neither an option nor @check"),
  ])
  func mistakes(arguments: String, status: Int, message: String) throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      echo 'row @check x' >plan; cat plan plan >twice; echo row >bare; echo row y z >words
      RMAPCHECK=$R $T/../scripts/nightly \(arguments)
      """)
    #expect(outcome.status == Int32(status) && outcome.errors.contains(message), "\(outcome.errors)")
  }
}

/// Goal: the examples of Nightly.md do what it says. Method: its lines as they are, in a folder like the article's.
@Suite struct NightlyArticleTests {
  private let run: Executable
  private let article: String

  init() throws {
    run = try Executable()
    article = try String(
      contentsOfFile: "\(repository)/Sources/rmapcheck/RmapCheck.docc/Nightly.md", encoding: .utf8)
  }

  /// Recordings, and the program under its own name, in a folder that stands for /srv/rmap.
  private func prepare() throws {
    _ = try run.shell(
      """
      mkdir -p bin recordings results; ln -s $R bin/rmapcheck; touch known.txt
      cp -r $T/6.12-structure-v6 $T/6.12-fault-drop-avc recordings
      """)
  }

  private func shell(_ lines: String) throws -> Executable.Outcome {
    let local = lines.replacing("/usr/bin/rmapcheck", with: "rmapcheck").replacing("/srv/rmap/", with: "")
    return try run.shell("PATH=$PWD/bin:$PATH\n" + local)
  }

  /// One recording of the night can't be read: there is no room to unpack it. That must not cost the others' report.
  private static let unreadable = "xz -0 recordings/6.12-structure-v6/trace.dat; export TMPDIR=/nowhere\n"

  /// What follows a line in a fenced block, up to the block's end.
  private func block(after start: String) throws -> [String] {
    let rest = article.split(separator: "\n", omittingEmptySubsequences: false).drop { $0 != start }
    try #require(!rest.isEmpty, "\(start)")
    return rest.dropFirst().prefix { $0 != "```" }.map(String.init)
  }

  @Test func theUnitRuns() throws {
    defer { run.remove() }
    try prepare()
    let lines = try block(after: "# /etc/systemd/system/rmapcheck.service")
    let commands = lines.filter { $0.hasPrefix("ExecStart=") }.map { String($0.dropFirst("ExecStart=".count)) }
    #expect(commands.count == 3)
    // As systemd does: one after another while they succeed.
    let outcome = try shell(Self.unreadable + commands.joined(separator: " && "))
    #expect(outcome.status == 1, "\(outcome.errors)")
    #expect(try run.text("results/night.txt").contains("\nNEW  1\n"))
    #expect(lines.contains("SuccessExitStatus=4"))
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze"), "no systemd-analyze"))
  func systemdTakesTheUnits() throws {
    defer { run.remove() }
    try prepare()
    for name in ["service", "timer"] {
      let lines = try block(after: "# /etc/systemd/system/rmapcheck.\(name)").prefix { !$0.hasPrefix("# /etc/") }
      let text = lines.joined(separator: "\n").replacing("/usr/bin/rmapcheck", with: Executable.path) + "\n"
      try Data(text.utf8).write(to: run.folder.appending(path: "rmapcheck.\(name)"))
    }
    let outcome = try run.shell("systemd-analyze verify --man=no $PWD/rmapcheck.service $PWD/rmapcheck.timer")
    #expect(outcome.status == 0 && !outcome.errors.contains("rmapcheck."), "\(outcome.output)\(outcome.errors)")
  }

  @Test func theJobRuns() throws {
    defer { run.remove() }
    try prepare()
    let lines = try block(after: "check:")
    let commands = lines.compactMap { $0.wholeMatch(of: #/ {4}- (rmapcheck .*)/#).map { String($0.1) } }
    #expect(commands.count == 3)
    let outcome = try shell(Self.unreadable + "set -e\n" + commands.joined(separator: "\n"))
    #expect(outcome.status == 1, "\(outcome.errors)")
    for name in ["rmap.json", "rmap.sarif", "rmap.html", "rmap.xml"] {
      #expect(try !run.text(name).isEmpty && lines.contains { $0.contains(name) }, "\(name)")
    }
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/parallel"), "apt install parallel"))
  func theQueueRepeatsNothing() throws {
    defer { run.remove() }
    try prepare()
    let lines = ["mkdir -p results"] + (try block(after: "mkdir -p results"))
    let twice = lines.joined(separator: "\n") + "\n"
    let outcome = try shell(twice + "touch before; sleep 0.1\n" + twice + "find results -newer before -name '*.json'")
    #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.output)\(outcome.errors)")
    #expect(try run.shell("ls results").output == "1.json\n2.json\nlog\n")
  }

  /// Counted from the reports of `check`: which fingerprints are in one set and not in the other.
  @Test func theMailOfTwoNightsIsRight() throws {
    defer { run.remove() }
    let nights = article.matches(of: /rmapcheck store add try\.db [^\n]*/).map { String($0.0) }
    #expect(nights.count == 2)
    _ = try run.shell(
      """
      mkdir bin; ln -s $R bin/rmapcheck; ln -s $T traces
      for line in 6.1 6.12; do $R check --exit-zero --format json traces/$line-* >$line.json; done
      """)
    let outcome = try shell(
      nights.joined(separator: "\n") + "\nrmapcheck store report try.db --format json >report.json")
    #expect(outcome.status == 1, "\(outcome.errors)")
    let (old, new) = (try fingerprints("6.1.json"), try fingerprints("6.12.json"))
    let defects = try #require(try json(run.text("report.json"))["defects"] as? [[String: Any]])
    func found(_ state: String) -> Set<String> {
      Set(defects.filter { $0["state"] as? String == state }.compactMap { $0["fingerprint"] as? String })
    }
    #expect(found("new") == new.subtracting(old) && found("known") == new.intersection(old))
    #expect(found("fixed") == old.subtracting(new) && defects.count == old.union(new).count)
    let counts = [new.subtracting(old), old.subtracting(new), new.intersection(old)].map(\.count)
    let subject = "\(counts[0]) new, \(counts[1]) fixed, \(counts[2]) known"
    #expect(article.contains("Subject: rmapcheck 2026-11-02: \(subject)"), "scripts/figures: \(subject)")
  }

  private func fingerprints(_ name: String) throws -> Set<String> {
    let recordings = try #require(try json(run.text(name))["recordings"] as? [[String: Any]])
    return Set(
      recordings.flatMap { $0["defects"] as? [[String: Any]] ?? [] }.compactMap { $0["fingerprint"] as? String })
  }
}
