import Foundation
import Testing

/// Goal: whoever asked for a report has it whole, or is told that it is lost. Method: the program as a process.
@Suite struct OutputTests {
  private let run: Executable

  init() throws { run = try Executable() }

  private static let printing = [
    "check $T/6.12-structure-v6", "check --format json $T/6.12-structure-v6", "check --expect $T/6.12-structure-v6",
    "compare --list", "compare --scenario double-reuse", "explain", "explain reach", "doctor", "--help", "check --help",
    "--version", "--generate-completion-script bash",
  ]

  @Test(arguments: printing, ["/dev/full", "&-"]) func reportThatCannotBeWritten(command: String, target: String) throws
  {
    defer { run.remove() }
    let outcome = try run.shell("$R \(command) >\(target)")
    #expect(outcome.status == 74)
    #expect(outcome.errors.contains("rmapcheck: cannot write to standard output: "))
  }

  /// With standard output closed, the first file opened would become it.
  @Test func closedStreamsAreNotMistakenForFiles() throws {
    defer { run.remove() }
    let outcome = try run.shell("$R check --report json=report.json $T/6.12-structure-v6 <&- >&- 2>&-")
    #expect(outcome.status == 74)
    #expect(try json(run.text("report.json"))["verdict"] as? String == "holds")
  }

  @Test func allFormsOfOneReplay() throws {
    defer { run.remove() }
    let forms = ["text", "json", "junit", "ktap", "sarif", "html", "mail"]
    let recordings = "$T/6.12-structure-v6 $T/6.12-fault-drop-avc nothing-here"
    let outcome = try run.shell(
      "$R check \(recordings) " + forms.map { "--report \($0)=\($0).report" }.joined(separator: " "))
    #expect(outcome.status == 1)
    for form in forms {
      #expect(try run.shell("$R check --format \(form) \(recordings)").output == run.text("\(form).report"), "\(form)")
    }
    #expect(try run.text("text.report") == outcome.output)
    #expect(try run.shell("ls -A").output.split(separator: "\n").count == forms.count + 2)
  }

  @Test func aReportReplacesThatOfTheNightBefore() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      umask 022; echo old >real; ln -s real report
      $R check --report ktap=report $T/6.12-structure-v6 >/dev/null; echo $?
      readlink report; head -n 1 real; stat -c %a real
      """)
    #expect(outcome.output == "0\nreal\nKTAP version 1\n644\n")
  }

  @Test(arguments: ["/dev/full", "no/folder/report", "/proc/report"])
  func reportFileThatCannotBeWritten(path: String) throws {
    defer { run.remove() }
    let outcome = try run.shell("$R check --report json=\(path) --report junit=other $T/6.12-structure-v6")
    #expect(outcome.status == 74)
    #expect(outcome.errors.hasPrefix("rmapcheck: cannot write \(path): "))
    #expect(outcome.errors.split(separator: "\n").count == 1)
    #expect(!outcome.errors.contains("standard output"))
  }

  /// A file that takes the place of a device would break whoever uses that: a pipe stands for one here.
  @Test func whatIsNoRegularFileStays() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      mkfifo pipe; recording=$T/6.12-fault-drop-avc/trace.dat
      $R show $recording --format perfetto -o whole
      cat pipe >read & $R show $recording --format perfetto --force -o pipe; echo $?; wait; cmp whole read
      $R reduce $recording --force -o pipe; echo $?
      [ -p pipe ] && ls
      """)
    #expect(outcome.output == "0\n74\nerrors\noutput\npipe\nread\nwhole\n", "\(outcome.errors)")
    #expect(outcome.errors.contains("cannot write pipe: it is no regular file"))
  }

  /// Not even --force means the recording that is read; and `-` would be a file of that name.
  @Test(arguments: [
    "check --report json=run.dat run.dat", "check --report text=linked --report json=other run.dat",
    "reduce run.dat --force -o run.dat", "show run.dat --force -o linked",
    "show run.dat --format perfetto --force -o run.dat", "check --report json=- run.dat",
  ])
  func theRecordingIsNotAnOutput(command: String) throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      cp $T/6.12-fault-drop-avc/trace.dat run.dat; ln run.dat linked
      $R \(command); echo $?; cmp run.dat $T/6.12-fault-drop-avc/trace.dat && ls
      """)
    #expect(outcome.output == "64\nerrors\nlinked\noutput\nrun.dat\n", "\(outcome.errors)")
  }

  /// Killed in the middle: what was there is there, and nothing half.
  @Test func killedRunLeavesTheOldReport() throws {
    defer { run.remove() }
    try Data("old".utf8).write(to: run.folder.appending(path: "report"))
    let process = try run.start("exec $R check -j 1 --report json=report $T")
    try waitForOutput()
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(try run.text("report") == "old")
  }

  /// Until the first recording's part of the text is there.
  private func waitForOutput() throws {
    for _ in 0..<3000 where try run.text("output").isEmpty { usleep(20_000) }
    try #require(try !run.text("output").isEmpty)
  }

  @Test func interruptedRunKeepsWhatWasJudged() throws {
    defer { run.remove() }
    let names = ["text", "json", "junit", "ktap", "sarif", "html", "mail"]
    let forms = names.map { "--report \($0)=\($0)" }.joined(separator: " ")
    let process = try run.start("exec $R check -j 1 \(forms) $T")
    try waitForOutput()
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    let outcome = try run.outcome(of: process)
    #expect(outcome.signal == SIGINT)
    #expect(outcome.errors.contains("interrupted: "))
    let recordings = try #require(try json(run.text("json"))["recordings"] as? [[String: Any]])
    #expect(recordings.count > 100)
    let judged = recordings.count { ($0["events"] as? Int ?? 0) > 0 }
    #expect(judged > 0 && judged < recordings.count)
    #expect(recordings.last?["verdict"] as? String == "undecided")
    #expect(recordings.last?["doubts"] as? [String] == ["it was not checked: the run was interrupted"])
    #expect(try run.text("ktap").hasPrefix("KTAP version 1\n1..\(recordings.count)\n"))
    #expect(try run.text("html").hasSuffix("</html>\n") && run.text("mail").hasPrefix("Subject: [rmapcheck] "))
    #expect(try run.text("text").contains("\(recordings.count) recordings: "))
  }

  /// On a terminal, how far it is, and after two seconds how long it will take; in a file, nothing of that.
  @Test func progressOnATerminal() throws {
    defer { run.remove() }
    try #require(try run.shell("command -v script").status == 0, "script (bsdutils) is not installed")
    let command = #"$R check -j 1 --format ktap $T $T $T $T >/dev/null"#
    _ = try run.shell("script -qec '\(command)' typescript >/dev/null")
    let shown = String(decoding: try Data(contentsOf: run.folder.appending(path: "typescript")), as: UTF8.self)
    #expect(shown.contains(/\d+ of \d+ recordings, [\d.]+ a second, \d+ (s|min) left/))
    // The line is gone at the end.
    #expect(shown.contains("\r\u{1b}[K"))
    #expect(try run.shell("$R check --format ktap $T/6.12-structure-v6 $T/6.1-structure >/dev/null").errors.isEmpty)
  }

  /// What text says of violations that it does not show is what another call shows.
  @Test func everyViolationCanBeSeen() throws {
    defer { run.remove() }
    let usual = try run.shell("$R check --report json=json $T/6.12-faults")
    let counted = try counts(run.text("json"))
    let hidden = try #require(
      usual.output.firstMatch(of: /\n  (\d+) violations counted, not shown in full: --limit all/))
    #expect(Int(hidden.1) == counted.all - usual.output.matches(of: /\nVIOLATED\s/).count)
    #expect(counted.kept < counted.all && counted.keptByInvariant == counted.kept)

    let all = try run.shell("$R check --limit all --report json=json $T/6.12-faults")
    #expect(!all.output.contains("not shown in full"))
    #expect(all.output.matches(of: /\nVIOLATED\s/).count == counted.all)
    #expect(try counts(run.text("json")) == (counted.all, counted.all, counted.all))
    #expect(try run.shell("$R check --limit 3 $T/6.12-faults").output.matches(of: /\nVIOLATED\s/).count == 3)
  }

  private func counts(_ text: String) throws -> (all: Int, kept: Int, keptByInvariant: Int) {
    let recording = try #require((try json(text)["recordings"] as? [[String: Any]])?.first)
    let invariants = try #require(recording["invariants"] as? [[String: Any]])
    let violations = try #require(recording["violations"] as? [Any])
    return (
      invariants.reduce(0) { $0 + ($1["violations"] as? Int ?? 0) }, violations.count,
      invariants.reduce(0) { $0 + ($1["kept"] as? Int ?? 0) }
    )
  }
}
