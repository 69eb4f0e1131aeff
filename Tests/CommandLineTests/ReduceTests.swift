import Foundation
import TestSupport
import Testing

/// Goal: whoever reduces a recording has a small one that other programs read, or knows why not. Method: the program, as a
/// user calls it.
@Suite struct ReduceTests {
  private let run: Executable

  init() throws { run = try Executable() }

  @Test func theSmallRecordingIsARecording() throws {
    defer { run.remove() }
    let outcome = try run.shell("$R reduce $T/6.12-fault-drop-avc/trace.dat -o small.dat")
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    #expect(outcome.output.hasPrefix("WITNESS  fork-closure, fingerprint "))
    #expect(outcome.output.contains("Events   8 events of 3142; none can be left out\n"))
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(try run.shell("$R check small.dat").status == 1)
    #expect(try run.shell("$R check --expect small.dat").status == 0)
    #expect(try run.shell("ls").output == "errors\noutput\nsmall.dat\nsmall.dat.about.json\n")
    let size = try FileManager.default.attributesOfItem(atPath: run.path("small.dat"))[.size] as? Int
    #expect(size.map { $0 < 5000 } == true)
  }

  /// trace-cmd reads what we write, as it does what it wrote itself.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/trace-cmd"), "no trace-cmd is installed"))
  func traceCommandReadsIt() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      set -e
      for name in 6.12-fault-drop-avc 6.12-fault-short-walk 6.1-fault-early-free 6.12-pair-fault 6.12-text; do
        for file in $T/$name/{trace.dat,perf.data,trace.txt}; do
          [ -e "$file" ] || continue
          $R reduce "$file" -o $name.dat >$name.txt
          trace-cmd report -t $name.dat >report 2>complaints
          grep -q . complaints && cat complaints
          events=$(sed -n 's/^Events *\\([0-9]*\\) event.*/\\1/p' $name.txt)
          echo "$name $(($(wc -l <report) - 1)) $events"
        done
      done
      """)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 5)
    for line in lines {
      let words = line.split(separator: " ")
      #expect(words.count == 3 && words[1] == words[2], "\(line)")
    }
    let report = try run.shell("trace-cmd report 6.12-fault-drop-avc.dat").output
    #expect(report.contains("anon_vma_paths-170") && report.contains("48.145227: fork_ret:"))
  }

  @Test func packedAndThroughAPipe() throws {
    defer { run.remove() }
    let plain = try run.shell("$R reduce $T/6.12-fault-drop-avc/trace.dat").output
    let input = "$T/6.12-fault-drop-avc/trace.dat"
    #expect(try run.shell("gzip <\(input) >packed.dat.gz; $R reduce packed.dat.gz").output == plain)
    #expect(try run.shell("cat \(input) | $R reduce -").output == plain)
  }

  @Test func whatCannotBeReducedIsSaid() throws {
    defer { run.remove() }
    let cases: [(String, Int32, String)] = [
      ("$T/6.12-structure-v6/trace.dat -o small.dat", 65, "no violation to reduce: the recording is sound"),
      ("$T/6.12-lossy/trace.dat", 65, "no violation to reduce: the recording is undecided ("),
      ("cut.dat -o small.dat", 3, "cut.dat: "), ("none.dat", 66, "none.dat: "),
      ("folder", 3, "no recording in this folder"),
      ("$T", 64, "recordings: name one of them"),
      ("$T/6.12-fault-drop-avc/trace.dat --finding 99", 65, "no violation '99'"),
      ("$T/6.12-fault-drop-avc/trace.dat -o there.dat", 73, "there.dat is there already: --force"),
      ("$T/6.12-fault-drop-avc/trace.dat -o nowhere/small.dat", 74, "cannot write nowhere/small.dat: No such file"),
      ("$T/6.12-fault-drop-avc/trace.dat -o folder --force", 74, "cannot write folder"),
      ("$T/6.12-fault-drop-avc/trace.dat --redact", 64, "name one (-o)"),
      ("$T/6.12-fault-drop-avc/trace.dat -o small.dat --budget -1", 64, "--budget"),
    ]
    for (arguments, status, message) in cases {
      let outcome = try run.shell(
        """
        head -c 5000 $T/6.12-structure-v6/trace.dat >cut.dat; echo mine >there.dat; mkdir -p folder
        $R reduce \(arguments)
        """)
      #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
      #expect(outcome.errors.contains(message), "\(arguments): \(outcome.errors)")
      #expect(outcome.output.isEmpty)
    }
    #expect(try run.shell("ls").output == "cut.dat\nerrors\nfolder\noutput\nthere.dat\n")
    #expect(try run.text("there.dat") == "mine\n")
    #expect(try run.shell("$R reduce $T/6.12-fault-drop-avc/trace.dat >/dev/full").status == 74)
    #expect(try run.shell("$R reduce $T/6.12-fault-drop-avc/trace.dat -o there.dat --force").status == 0)
    #expect(try run.shell("$R check there.dat").status == 1)
  }

  /// Behind the violation: what is asked for can be had, and the damage is not passed over.
  @Test func damageBehindTheViolationIsSaid() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      cp $T/7.3-faults/trace.dat cut.dat; size=$(stat -c %s cut.dat)
      yes | head -c 40 | dd of=cut.dat bs=1 seek=$((size / 10 * 9)) conv=notrunc status=none
      $R reduce cut.dat -o small.dat; echo $?; ls small.dat
      """)
    #expect(outcome.output.hasPrefix("WITNESS  "), "\(outcome.output)")
    #expect(outcome.output.hasSuffix("\n3\nsmall.dat\n"), "\(outcome.output)")
    #expect(outcome.errors.hasPrefix("rmapcheck: cut.dat: "))
  }

  /// The same bytes every time, and none of them names a task, a machine or an address.
  @Test func aRedactedOneTellsNobody() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      set -e
      for name in one two; do mkdir $name; $R reduce $T/6.12-fault-drop-avc/trace.dat --redact -o $name/r.dat; done
      cmp one/r.dat two/r.dat; cmp one/r.dat.about.json two/r.dat.about.json
      $R check one/r.dat || [ $? = 1 ]
      cat one/r.dat.about.json
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("VIOLATED fork-closure") && outcome.output.contains("kernel 6.12.117,"))
    for secret in ["ff1567e8", "7f9b0365", "anon_vma_paths", "cloud-amd64", "Debian", tracesFolder] {
      #expect(!outcome.output.contains(secret), "\(secret)")
    }
  }
}
