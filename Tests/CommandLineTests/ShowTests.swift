import Foundation
import Testing

/// Goal: `show` draws any event of a recording in every form, and says what is wrong with what it was asked for.
/// Method: the program as a process.
@Suite struct ShowTests {
  private let run: Executable

  init() throws { run = try Executable() }

  @Test func drawsTheFirstDefectBeforeAndAfter() throws {
    defer { run.remove() }
    let outcome = try run.shell("$R show $T/6.12-fault-drop-avc")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("Before event 2117, the return of anon_vma_fork:"))
    #expect(outcome.output.contains("After event 2117, the return of anon_vma_fork:"))
    #expect(outcome.output.contains("    V  0x7f9b03659000-0x7f9b03669000 pgoff 0x7f9b03659 X-------@\n"))
    for line in outcome.output.split(separator: "\n") where !line.hasPrefix("/") {
      #expect(line.count <= 80 && line.utf8.allSatisfy { 0x20..<0x7f ~= $0 }, "\(line)")
    }
  }

  @Test func jsonHasBothMomentsAndTheMissingLink() throws {
    defer { run.remove() }
    let report = try json(run.shell("$R show --format json $T/6.12-fault-drop-avc").output)
    #expect(report["schema"] as? String == "rmapcheck-show/1")
    #expect((report["event"] as? [String: Any])?["number"] as? Int == 2117)
    #expect((report["finding"] as? [String: Any])?["invariant"] as? String == "fork-closure")
    for moment in ["before", "after"] {
      let avcs = try #require((report[moment] as? [String: Any])?["avcs"] as? [[String: Any]])
      #expect(avcs.count { $0["state"] as? String == "missing" && $0["vma"] as? String == "V" } == 1)
      #expect(avcs.count { $0["state"] as? String == "linked" } == 2)
    }
  }

  @Test func aSplitMoveOrMergeHasAStripOfTheAddressSpace() throws {
    defer { run.remove() }
    let outcome = try run.shell("$R show --after $T/6.18.5-cve")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("|--"))
    #expect(outcome.output.contains("(|---| faulted: has an anon_vma  |...| unfaulted)"))
  }

  @Test func anObjectsLifeIsToldEventByEvent() throws {
    defer { run.remove() }
    let outcome = try run.shell("$R show --object 0xff1567e848427580 --limit 3 $T/6.12-fault-drop-avc")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("event 2112"))
    #expect(outcome.output.contains("returns it, new"))
    #expect(outcome.output.contains("left out: --limit all shows every one"))
    let all = try run.shell("$R show --object 0xff1567e848427580 --limit all $T/6.12-fault-drop-avc").output
    #expect(!all.contains("left out") && all.count > outcome.output.count)
  }

  @Test(arguments: ["text", "dot", "json"]) func theSameBytesEachTime(form: String) throws {
    defer { run.remove() }
    let command = "$R show --at 2118 --format \(form) $T/6.12-fault-drop-avc"
    #expect(try run.shell(command).output == run.shell(command).output)
  }

  private static let refused: [(arguments: String, status: Int32, message: String)] = [
    ("--at 99999999 $T/6.12-fault-drop-avc", 64, "There is no event 99999999: the recording has "),
    ("--at 0 $T/6.12-fault-drop-avc", 64, "Events are counted from 1."),
    ("--object 0xff1567e84842aaa0 $T/6.12-fault-drop-avc", 64, "No event of the recording names 0xff1567e84842aaa0."),
    ("--at 20 --object 0xff1567e84842aaa0 $T/6.12-fault-drop-avc", 64, "There is no 0xff1567e84842aaa0 in the graph"),
    ("--object 12 $T/6.12-fault-drop-avc", 64, "--object"),
    ("--root 0xff1567e87ebe32d8 $T/6.12-fault-drop-avc", 64, "--root needs --at"),
    ("-o there $T/6.12-fault-drop-avc", 73, "there is there already: --force replaces it"),
    ("$T/6.12-healthy", 4, "nothing is violated: name an event with --at"),
    ("$T", 64, "name one of them"),
    ("none.dat", 66, "none.dat"),
    ("--at 5 text", 3, "text"),
  ]

  @Test(arguments: refused) func saysWhatIsWrong(arguments: String, status: Int32, message: String) throws {
    defer { run.remove() }
    let outcome = try run.shell(
      "echo before >there; echo no recording >text; $R show \(arguments); s=$?; cat there; exit $s")
    #expect(outcome.status == status, "\(outcome.errors)")
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
    #expect(outcome.output == "before\n")
  }

  @Test func aTruncatedRecordingIsDrawnAndIsDamaged() throws {
    defer { run.remove() }
    let outcome = try run.shell("head -c 60000 $T/6.12-fault-drop-avc/trace.dat >cut.dat; $R show --at 1 cut.dat")
    #expect(outcome.status == 3)
    #expect(outcome.errors.contains("cut.dat: "))
  }

  @Test func aRootsWholeGraphIsDrawn() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      "$R show --at 2442 --root 0xff2ed2c5339874e0 --after --format json $T/6.1-fault-early-free")
    #expect(outcome.status == 64)
    let report = try json(
      run.shell("$R show --at 2442 --root 0xff2ed2c5339874e0 --format json $T/6.1-fault-early-free").output)
    let trees = try #require((report["after"] as? [String: Any])?["anonVMAs"] as? [[String: Any]])
    #expect(trees.count >= 3)
    #expect(trees.allSatisfy { $0["root"] as? String == "0xff2ed2c5339874e0" })
  }

  @Test func anOutputFileIsReplacedWithForceOnly() throws {
    defer { run.remove() }
    #expect(try run.shell("$R show --format dot -o graph.dot $T/6.12-fault-drop-avc").status == 0)
    #expect(try run.text("graph.dot").hasPrefix("digraph rmap {"))
    #expect(try run.shell("$R show --format dot -o graph.dot $T/6.12-fault-drop-avc").status == 73)
    #expect(try run.shell("$R show --force --at 5 --format dot -o graph.dot $T/6.12-fault-drop-avc").status == 0)
    #expect(try run.text("graph.dot").contains("event 5"))
  }

  private static let hasDot = ["/usr/bin/dot", "/usr/local/bin/dot"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test(.enabled(if: hasDot, "Graphviz is not installed: apt install graphviz"))
  func graphvizDrawsEveryFault() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      for r in $T/6.12-fault-* $T/6.18.5-cve; do
        $R show --format svg $r >picture.svg || { echo $r; exit 1; }
        grep -q '</svg>' picture.svg || { echo $r: no drawing; exit 1; }
        if grep -qi 'stroke="red"\\|fill="red"' picture.svg; then marked=$((marked + 1)); fi
        all=$((all + 1))
      done
      echo $marked of $all
      """)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    let numbers = outcome.output.split(separator: " ").compactMap {
      Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    #expect(numbers.count == 2 && numbers[0] * 10 >= numbers[1] * 9, "marked: \(outcome.output)")
  }

  @Test func withoutGraphvizItSaysWhatIsNeeded() throws {
    defer { run.remove() }
    let outcome = try run.shell("PATH=/nowhere $R show --format svg $T/6.12-fault-drop-avc")
    #expect(outcome.status == 69)
    #expect(outcome.errors.contains("needs Graphviz' dot (apt install graphviz)"))
    #expect(outcome.output.isEmpty)
  }

  @Test func theDocumentsPicturesAreAsTheProgramDrawsThem() throws {
    defer { run.remove() }
    let outcome = try run.shell("RMAPCHECK=$R $T/../scripts/pictures --check")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
  }
}
