import Foundation
import TestSupport
import Testing

/// Goal: what once made a nightly job lie, and what once stopped a new user, does so no more. Method: each of these, tried as
/// it was met. What is only begun here has a suite of its own (Output-, Status-, Input-, Friction-, StoreCommandTests).
@Suite struct FirstUseTests {
  private let run: Executable

  init() throws { run = try Executable() }

  // MARK: What lied

  /// A report that can't be written was a silent pass.
  @Test(arguments: ["check $T/6.12-structure-v6", "compare --list", "explain", "store report nights.db"])
  func aLostReportIsNoPass(command: String) throws {
    defer { run.remove() }
    _ = try run.shell("$R store add nights.db --night n1 $T/6.12-structure-v6; mkfifo pipe")
    #expect(try run.shell("$R \(command) >/dev/full").status == 74)
    #expect(try run.shell("$R \(command) >&-").status == 74)
    #expect(try run.shell("ulimit -f 0; trap '' XFSZ; $R \(command) >full.txt").status == 74)
  }

  /// "N more, see JSON" was said of violations that JSON did not have.
  @Test(arguments: ["6.12-faults", "7.3-faults", "6.12-mm-defects-a"]) func whatIsPromisedIsThere(name: String) throws {
    defer { run.remove() }
    let text = try run.shell("$R check --report json=json $T/\(name)").output
    #expect(!text.contains("--format json has more"))
    let recordings = try #require(try json(run.text("json"))["recordings"] as? [[String: Any]])
    let counted = (recordings.first?["invariants"] as? [[String: Any]] ?? []).compactMap { $0["violations"] as? Int }
    let shown = text.matches(of: /\nVIOLATED\s/).count
    let hidden = text.firstMatch(of: /\n  (\d+) violations counted, not shown in full: --limit all/).flatMap {
      Int($0.1)
    }
    #expect(shown + (hidden ?? 0) == counted.reduce(0, +))
    let all = try run.shell("$R check --limit all $T/\(name)").output
    #expect(all.matches(of: /\nVIOLATED\s/).count == counted.reduce(0, +))
  }

  /// `git bisect` took what says nothing, and wrong usage, for a bad commit.
  @Test(arguments: [("lossy", 125), ("structure-v6", 0), ("fault-drop-avc", 1), ("structure-v6 --onyl x", 128)])
  func bisectionIsNotMisled(arguments: String, status: Int) throws {
    defer { run.remove() }
    #expect(try run.shell("$R check --bisect $T/6.12-\(arguments)").status == Int32(status))
  }

  /// `doctor` warned of what was never tried on a real kernel, and `check` passed it.
  @Test func whatWasNeverTriedIsNoPass() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      cp -r $T/6.12-structure-v6 copy; sed -i '1s/^{/{"dialects": {"degree": "synthetic"},/' copy/about.json
      $R check copy
      """)
    #expect(outcome.status == 4 && outcome.output.contains("never tried on a"), "\(outcome.output)")
  }

  /// JUnit's case of a damaged file passed; KTAP said that nothing was decided where something was; SARIF had rules open
  /// because another one was broken.
  @Test func formsAgreeWithTheirCounts() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      head -c 60000 $T/6.12-structure-v6/trace.dat >cut.dat; : >empty.dat
      $R check --report junit=junit --report ktap=ktap --report sarif=sarif --report json=json \
        $T/6.12-fault-drop-avc $T/6.12-lossy cut.dat empty.dat
      """)
    #expect(outcome.status == 1)
    #expect(try run.text("junit").matches(of: /name="recording">\s*<error type="damaged"/).count == 2)
    let ktap = try run.text("ktap")
    #expect(!ktap.contains(/SKIP.*nothing decided/) && ktap.matches(of: /\nnot ok \d .*# ERROR/).count == 2)
    let results = try #require(
      (try json(run.text("sarif"))["runs"] as? [[String: Any]])?.first?["results"] as? [[String: Any]])
    let passes = results.count { $0["kind"] as? String == "pass" }
    let recordings = try #require(try json(run.text("json"))["recordings"] as? [[String: Any]])
    let holding = recordings.filter { $0["damage"] == nil }.flatMap { $0["invariants"] as? [[String: Any]] ?? [] }
      .count { $0["verdict"] as? String == "holds" }
    #expect(passes == holding && passes > 10)
  }

  // MARK: What stopped a new user

  @Test(arguments: [
    ("$R chekc foo", 64, "Did you mean 'check'?"), ("$R help chekc", 64, "Did you mean 'check'?"),
    ("$R check --fromat json x", 64, "Did you mean '--format'?"), ("$R check --format jsn x", 64, "json"),
    ("$R check -j 0 x", 64, "-j takes a number from 1 up"),
    ("$R check --only reech x", 64, "Did you mean 'reach'?"), ("$R explain REACH", 0, "reach (I15)"),
    ("$R compare --scenario fork-chian", 64, "Did you mean 'fork-chain'?"),
    ("$R --version", 0, "rmapcheck 0.1.0 ("), ("$R explain --list", 0, "I1   avc-link"),
    ("$R check none.dat", 66, "MISSING    none.dat\n  missing  cannot open: No such file"),
    ("$R compare none.dat", 66, "MISSING    none.dat\n  missing    cannot open: No such file"),
    ("$R show none.dat", 66, "No such file"), ("$R reduce none.dat -o x.dat", 66, "No such file"),
    ("$R check 'x/*.dat'", 66, "MISSING    x/*.dat"), ("mkdir e; $R check e", 3, "no recording in this folder"),
    ("$R check - <$T/6.12-structure-v6/trace.dat", 0, "HOLDS      -"),
    ("$R check <(cat $T/6.12-structure-v6/trace.dat)", 0, "HOLDS "),
    ("mkdir d; xz -0c $T/6.12-structure-v6/trace.dat >d/a.xz; $R check d", 0, "HOLDS      d/a.xz"),
    ("mkdir d; bzip2 -c $T/6.12-text/trace.txt >d/a.bz2; $R check d", 3, "packed with bzip2: unpack it"),
    ("mkdir d; (echo Hello; cat $T/6.12-text/trace.txt) >d/mail; $R check d", 1, "VIOLATED   d/mail"),
    ("mkdir d; cp -r $T/6.12-structure-v6 d; echo x >d/hosts.dat; $R check d", 3, "DAMAGED    d/hosts.dat"),
    ("mkdir d; ln -s ../d d/loop; cp -r $T/6.12-structure-v6 d; $R check d", 0, "HOLDS      d/6.12-structure-v6"),
    ("$R check --format json $T/6.12-faults | head -1; echo ${PIPESTATUS[0]}", 0, "\n141\n"),
    ("$R check --format mail $T/6.12-fault-drop-avc", 1, "Checked    rmapcheck 0.1.0 ("),
    ("$R check --format mail $T/6.12-fault-drop-avc", 1, "XXH64 217f73636b73eaab"),
    ("$R check $T/6.12-fault-drop-avc", 1, "34 follow: parent-closure 1, fork-closure 1, reach 32"),
    ("$R store add nights.db none.dat", 66, "none.dat: No such file"),
    ("mkdir e; $R store add nights.db e", 3, "e: neither a recording nor a report"),
    ("$R store report --help", 0, "a recording is undecided"),
    ("$R store report --help", 0, "shown a defect did not run"),
  ]) func firstSteps(line: String, status: Int, text: String) throws {
    defer { run.remove() }
    let outcome = try run.shell(line)
    #expect(outcome.status == Int32(status), "\(outcome.output.prefix(500))\(outcome.errors)")
    let said = (outcome.output + outcome.errors).replacing(#/\n {6,}/#, with: " ")
    #expect(said.contains(text), "\(said.prefix(2000))")
  }

  /// What root has recorded with perf is root's alone: a job of another user passed it over.
  @Test(.enabled(if: geteuid() == 0, "run as root")) func whatMayNotBeReadIsNoPass() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      chmod 755 .; cp $R program; cp -r $T/6.12-structure-v6 day; cp $T/6.12-pair-perf/perf.data day; chmod 600 day/perf.data
      mkdir closed; cp $T/6.12-structure-v6/trace.dat closed/night; chmod 744 closed
      for folder in day closed; do
        setpriv --reuid=65534 --regid=65534 --clear-groups ./program check $folder; echo "status $?"
      done
      """)
    #expect(outcome.output.matches(of: /status 66\n/).count == 2, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("MISSING    day/perf.data") && outcome.output.contains("HOLDS      day/trace.dat"))
    #expect(outcome.output.contains("MISSING    closed/night"))
  }

  /// Too little memory, or no thread to be had: it waited for ever, or died of a signal.
  @Test(arguments: [80_000, 90_000, 100_000, 110_000, 120_000, 130_000]) func littleMemory(kilobytes: Int)
    throws
  {
    defer { run.remove() }
    let outcome = try run.shell("ulimit -v \(kilobytes); timeout 60 $R check -j 1 $T/6.12-structure-v6")
    #expect(outcome.status == 71 && outcome.errors.contains("ulimit -"), "\(outcome.status) \(outcome.errors)")
  }
}
