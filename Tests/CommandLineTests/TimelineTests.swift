import Foundation
import TestSupport
import Testing

/// Goal: Perfetto shows what happened, and what a check says of it. Method: the published definitions of its messages, from
/// PyPI (`scripts/judges` installs them), and the JSON report of the same recording.
@Suite struct TimelineTests {
  private static let python = "\(repository)/.cache/judges/bin/python"
  private static let isThere =
    FileManager.default.fileExists(atPath: "\(repository)/.cache/judges/installed")
    && (try? String(contentsOfFile: "\(repository)/.cache/judges/installed", encoding: .utf8))?.contains("perfetto")
      == true

  private let run: Executable

  init() throws { run = try Executable() }

  @Test(
    .enabled(if: isThere, "no judges are installed: run scripts/judges"),
    arguments: [
      "6.12-fault-drop-avc/trace.dat", "6.12-mm-defects-a/trace.dat", "6.12-walks/trace.dat", "6.12-lossy/trace.dat",
      "6.12-pair-fault/perf.data", "6.12-text/trace.txt", "7.3-fault-wrong-move/trace.dat",
    ])
  func byThePublishedDefinitions(recording: String) throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      set -e
      $R show --format perfetto $T/\(recording) -o out.perfetto-trace
      $R check --limit all --format json $T/\(recording) >report.json || true
      \(Self.python) \(repository)/Tests/Judges/perfetto_trace.py out.perfetto-trace report.json
      """)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    let counts = Dictionary(
      outcome.output.split { " \n".contains($0) }.compactMap { word -> (Substring, Int)? in
        let parts = word.split(separator: "=")
        return parts.count == 2 ? Int(parts[1]).map { (parts[0], $0) } : nil
      }, uniquingKeysWith: { first, _ in first })
    #expect(counts["tracks"] == 3 && (counts["tasks"] ?? 0) > 0)
    #expect((counts["TYPE_SLICE_BEGIN"] ?? 0) > 100 && counts["TYPE_SLICE_BEGIN"] == counts["TYPE_SLICE_END"])
    #expect((counts["TYPE_COUNTER"] ?? 0) > 10)
    #expect((counts["flows"] ?? 0) > 0 || counts["violation"] == nil)
  }

  /// The judge is none that lets everything pass: a trace that ends early, one whose packets are out of order, a report that has
  /// other violations.
  @Test(.enabled(if: isThere, "no judges are installed: run scripts/judges"))
  func theJudgeRejectsWhatIsBroken() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      set -e
      $R show --format perfetto $T/6.12-fault-drop-avc -o whole
      $R check --limit all --format json $T/6.12-fault-drop-avc >report.json || true
      $R check --format json $T/6.12-walks >other.json
      judge() { \(Self.python) \(repository)/Tests/Judges/perfetto_trace.py "$@" >/dev/null 2>&1 && echo good || echo bad; }
      size=$(stat -c %s whole)
      head -c $((size / 2)) whole >half; cat whole whole >twice
      judge whole report.json; judge half report.json; judge twice report.json; judge whole other.json
      """)
    #expect(outcome.output == "good\nbad\nbad\nbad\n", "\(outcome.errors)")
  }

  @Test func whatCannotBeShownIsSaid() throws {
    defer { run.remove() }
    let recording = "$T/6.12-fault-drop-avc/trace.dat"
    let cases: [(String, Int32, String)] = [
      ("none.dat -o out", 66, "none.dat: "), ("folder -o out", 3, "no recording in this folder"),
      ("empty.dat -o out", 3, "empty.dat: "), ("\(recording) -o there", 73, "there is there already: --force"),
      ("\(recording) -o nowhere/out", 74, "cannot write nowhere/out: No such file"),
      ("\(recording) -o folder --force", 74, "cannot write folder: "), ("\(recording)", 64, "needs a file: -o"),
      ("\(recording) -o out --at 3", 64, "all of the recording"),
    ]
    for (arguments, status, message) in cases {
      let outcome = try run.shell(
        "echo mine >there; mkdir -p folder; : >empty.dat; $R show --format perfetto \(arguments)")
      #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
      #expect(outcome.errors.contains(message), "\(arguments): \(outcome.errors)")
    }
    #expect(try run.shell("ls").output == "empty.dat\nerrors\nfolder\noutput\nthere\n")
    #expect(try run.text("there") == "mine\n")
    // What can be read of a damaged recording is shown.
    let cut = try run.shell(
      """
      head -c 300000 $T/6.12-text/trace.txt >cut.txt
      $R show --format perfetto cut.txt -o out; echo $?; stat -c %s out
      """)
    #expect(cut.output.hasPrefix("3\n") && cut.errors.contains("cut.txt: "), "\(cut.errors)")
    #expect(cut.output.split(separator: "\n").last.flatMap { Int($0) }.map { $0 > 10_000 } == true)
  }
}
