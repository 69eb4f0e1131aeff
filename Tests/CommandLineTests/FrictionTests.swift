import Foundation
import Testing

/// Goal: who misspells something is told what it may have meant, and who looks for something finds it.
@Suite struct FrictionTests {
  private let run: Executable

  init() throws { run = try Executable() }

  @Test(arguments: [
    ("chekc traces", "There is no subcommand 'chekc'. Did you mean 'check'?"),
    ("help exlpain", "There is no subcommand 'exlpain'. Did you mean 'explain'?"),
    ("Doctor", "There is no subcommand 'Doctor'. Did you mean 'doctor'?"),
    ("janitr", "There is no subcommand 'janitr'."),
    ("output", "There is no subcommand 'output'. To check that file: rmapcheck check output"),
    ("store reprot x", "There is no subcommand 'store reprot'. Did you mean 'store report'?"),
    ("help store prnue", "There is no subcommand 'store prnue'. Did you mean 'store prune'?"),
    ("check --only reech x", "There is no invariant 'reech'. Did you mean 'reach'?"),
    ("check --skip walk-covreage x", "There is no invariant 'walk-covreage'. Did you mean 'walk-coverage'?"),
    ("explain nonsense", "There is no invariant 'nonsense'. `rmapcheck explain --list` has all of them."),
    ("compare --scenario fork-chian", "There is no scenario 'fork-chian'. Did you mean 'fork-chain'? `rmapcheck"),
    ("compare --policy split-countrs --scenario daemon", "There is no design 'split-countrs'. Did you mean 'split-co"),
    ("compare --scenario nonsense", "There is no scenario 'nonsense'. `rmapcheck compare --list` has all of them."),
  ]) func didYouMean(arguments: String, message: String) throws {
    defer { run.remove() }
    let outcome = try run.shell("$R \(arguments)")
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }

  @Test func invariantsInAnyCase() throws {
    defer { run.remove() }
    let outcome = try run.shell("$R explain REACH i15 15 Reach --list | uniq -c")
    #expect(outcome.output.contains(/^ *\d I\d+ +[a-z-]+ +[A-Z]/))
    #expect(try run.shell("$R check --only REACH --report json=j $T/6.12-healthy").status != 64)
    #expect(try run.text("j").contains("\"name\" : \"reach\""))
  }

  /// As of make.
  @Test func jobsAsMakeTakesThem() throws {
    defer { run.remove() }
    #expect(try run.shell("$R check -j1 $T/6.12-structure-v6").status == 0)
    #expect(try run.shell("$R check -j 1 --jobs=2 $T/6.12-structure-v6").status == 0)
    #expect(try run.shell("$R check -j0 $T/6.12-structure-v6").errors.contains("-j takes a number from 1 up"))
  }

  @Test func aLineForEachInvariant() throws {
    defer { run.remove() }
    let lines = try run.shell("$R explain --list").output.split(separator: "\n")
    #expect(lines.count > 25 && lines.allSatisfy { $0.count <= 80 })
    #expect(lines.contains { $0.hasPrefix("I1   avc-link ") })
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func completion(shell: String) throws {
    defer { run.remove() }
    let script = try run.shell("$R --generate-completion-script \(shell)").output
    for name in ["walk-coverage", "double-reuse", "split-counters", "junit="] {
      #expect(script.contains(name), "\(name)")
    }
  }

  /// What a user types, in a shell of its own.
  @Test func completionOfFilesAndNames() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      #"""
      $R --generate-completion-script bash >script; touch trace.dat
      complete_line() {
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
        _rmapcheck "$1" "${@: -1}" "${@: -2:1}" 2>/dev/null; echo "${COMPREPLY[*]}"
      }
      source ./script
      complete_line rmapcheck check tra
      complete_line rmapcheck check --only walk-c
      complete_line rmapcheck explain anon
      complete_line rmapcheck compare --scenario dou
      """#)
    let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      lines.count == 5 && lines[0] == "trace.dat" && lines[1] == "walk-coverage", "\(outcome.output)\(outcome.errors)")
    #expect(lines[2] == "anon-vma-death" && lines[3] == "double-reuse", "\(outcome.output)")
  }

  private nonisolated(unsafe) static let place = #/event (\d+), cpu \d+, (\d+\.\d{6}) s, pid 1\d\d/#

  /// An event's time is what trace-cmd prints: its lines are found by it.
  @Test func timesAreThoseOfTraceCommand() throws {
    defer { run.remove() }
    let text = try run.shell("$R check $T/6.12-fault-drop-avc").output
    #expect(text.contains("event 2015, cpu 1, 48.137166 s, pid 170"))
    try #require(try run.shell("command -v trace-cmd").status == 0, "trace-cmd is not installed")
    let report = try run.shell("trace-cmd report $T/6.12-fault-drop-avc/trace.dat 2>/dev/null").output
    let lines = report.split(separator: "\n").filter { $0.contains(": ") && !$0.hasPrefix("cpus=") }
    for match in text.matches(of: Self.place).prefix(20) {
      let number = try #require(Int(match.1))
      #expect(lines[number - 1].contains(" \(match.2): "), "event \(number)")
    }
  }
}
