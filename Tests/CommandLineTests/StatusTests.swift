import Foundation
import Testing

/// Goal: whoever calls the program from a program is told what it wants to know by the exit status.
@Suite struct StatusTests {
  private let run: Executable

  init() throws { run = try Executable() }

  private static let files = [
    "holds": "$T/6.12-structure-v6", "violated": "$T/6.12-fault-drop-avc", "damaged": "cut.dat", "missing": "none.dat",
    "undecided": "$T/6.12-lossy",
  ]

  private func status(_ options: String, _ inputs: [String]) throws -> Int32 {
    let paths = inputs.compactMap { Self.files[$0] }.joined(separator: " ")
    return try run.shell("head -c 5000 $T/6.12-structure-v6/trace.dat >cut.dat; $R check \(options) \(paths)").status
  }

  @Test func firstOf1And3And66And4() throws {
    defer { run.remove() }
    #expect(try status("", ["holds"]) == 0)
    #expect(try status("", ["holds", "undecided"]) == 4)
    #expect(try status("", ["undecided", "missing"]) == 66)
    #expect(try status("", ["undecided", "missing", "damaged"]) == 3)
    #expect(try status("", ["damaged", "missing", "undecided", "violated", "holds"]) == 1)
  }

  @Test func exitZeroIsForWhateverWasJudged() throws {
    defer { run.remove() }
    #expect(try status("--exit-zero", ["holds", "violated", "damaged", "undecided"]) == 0)
    #expect(try status("--exit-zero", ["holds", "missing"]) == 66)
    #expect(try run.shell("$R check --exit-zero $T/6.12-fault-drop-avc >/dev/full").status == 74)
    #expect(try run.shell("$R check --exit-zero --onyl reach $T/6.12-fault-drop-avc").status == 64)
  }

  @Test(arguments: [("holds", 0), ("violated", 1), ("damaged", 125), ("missing", 125), ("undecided", 125)])
  func bisect(input: String, expected: Int32) throws {
    defer { run.remove() }
    #expect(try status("--bisect", [input]) == expected)
  }

  @Test func bisectStopsWhereTheCallIsWrong() throws {
    defer { run.remove() }
    #expect(try run.shell("$R check --bisect --onyl reach $T/6.12-lossy").status == 128)
    #expect(try run.shell("$R check --bisect").status == 128)
    #expect(try run.shell("$R check --bisect $T/6.12-lossy >/dev/full").status == 128)
    #expect(try run.shell("$R check --bisect --expect $T/6.12-lossy").status == 128)
  }

  /// Good good good lossy good good bad bad: with 4 for the lossy one git would name that.
  @Test func gitBisectNamesTheRightCommit() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      set -e
      export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
      git init -q repository; cd repository
      git config user.name test; git config user.email test@localhost
      number=0
      for kind in structure-v6 structure-v6 structure-v6 lossy structure-v6 structure-v6 fault-drop-avc fault-drop-avc
      do
        number=$((number + 1))
        echo "$T/6.12-$kind" >recording; echo $number >number
        git add .; git commit -qm "c$number"
      done
      git bisect start HEAD HEAD~7
      git bisect run sh -c 'exec "$R" check --bisect "$(cat recording)"'
      git bisect log
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("is the first bad commit"))
    #expect(outcome.output.contains("# first bad commit: ") && outcome.output.hasSuffix("] c7\n"))
    // The lossy one was tried, or this shows nothing.
    #expect(outcome.output.contains("# skip: "), "\(outcome.output)")
  }

  /// Each message stands once: on stderr where stdout is for programs, else in the report.
  @Test func aMissingFileIsNamedOnce() throws {
    defer { run.remove() }
    let text = try run.shell("$R check none.dat")
    #expect(text.errors.isEmpty && text.output.matches(of: /none\.dat/).count == 1)
    #expect(text.output.contains("MISSING    none.dat\n  missing  cannot open: No such file or directory"))
    #expect(try run.shell("$R check --format ktap none.dat").errors.matches(of: /none\.dat/).count == 1)
  }

  /// A file that is not there is none that is damaged.
  @Test(arguments: ["probes --btf", "doctor --btf", "doctor --config", "doctor --since", "probes --no-kallsyms --btf"])
  func kernelFiles(command: String) throws {
    defer { run.remove() }
    #expect(try run.shell("$R \(command) none").status == 66)
    #expect(try run.shell("echo text >text; $R \(command) text").status == 3)
  }
}
