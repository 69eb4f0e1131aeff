import Foundation
import TestSupport
import Testing

/// Goal: whoever reads a report with the tools of its format sees each result, under the name that it had the night before.
/// Method: those tools, from PyPI, and the kernel's kunit.py, from Debian (`scripts/judges` installs them).
@Suite struct JudgeTests {
  private static let root = URL(filePath: tracesFolder).deletingLastPathComponent().path
  private static let python = "\(root)/.cache/judges/bin/python"
  private static let isThere = FileManager.default.fileExists(atPath: "\(root)/.cache/judges/installed")
  private static let kunit = "\(root)/.cache/judges/kunit"
  private static let isKUnitThere = FileManager.default.fileExists(atPath: "\(kunit)/kunit_parser.py")

  /// All kept recordings, and what is wrong with files, under plain names and under names that have to be escaped.
  @Test(.enabled(if: isThere && isKUnitThere, "no judges are installed: run scripts/judges"))
  func reportsByTheirOwnTools() throws {
    let run = try Executable()
    defer { run.remove() }
    let schema = "\(Self.root)/Sources/rmapcheck/RmapCheck.docc/Resources/rmapcheck-report-1.schema.json"
    let outcome = try run.shell(
      """
      set -e
      reports() {
        mkdir -p "$1/reports"
        cd "$1"
        options=(); for form in json junit ktap sarif; do options+=(--report $form=reports/$form); done
        $R check "${options[@]}" "$2" >/dev/null || [ $? = 1 ]
        cd ..
      }
      mkdir -p plain/recordings odd; ln -s $T/*/ plain/recordings/
      for link in plain/recordings/*; do name=$(readlink "$link"); rm "$link"; cp -rs "${name%/}" "$link"; done
      head -c 60000 $T/6.12-structure-v6/trace.dat >plain/recordings/cut.dat
      cp -a plain/recordings "odd/my rec #1 [a] 100% <&\\">"
      reports plain recordings; reports odd "my rec #1 [a] 100% <&\\">"
      export PYTHONPATH=\(Self.kunit) PYTHONDONTWRITEBYTECODE=1
      \(Self.python) \(Self.root)/Tests/Judges/judge.py \(schema) plain/reports odd/reports
      """)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    let counts = outcome.output.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    #expect(counts.count == 2 && counts[0] == 2 && counts[1] > 3000, "\(outcome.output)")
  }

  /// Every picture that `show` draws of its own accord, and those of some other events, by their JSON Schema.
  @Test(.enabled(if: isThere, "no judges are installed: run scripts/judges"))
  func picturesByTheirSchema() throws {
    let run = try Executable()
    defer { run.remove() }
    let schema = "\(Self.root)/Sources/rmapcheck/RmapCheck.docc/Resources/rmapcheck-show-1.schema.json"
    let outcome = try run.shell(
      """
      set -e
      for r in $T/*/; do
        $R show --format json $r >$(basename $r).json 2>>errors.txt || { [ $? = 4 ]; rm $(basename $r).json; }
      done
      for n in 1 500 2000 3000; do $R show --format json --at $n $T/6.12-healthy >healthy-$n.json; done
      \(Self.python) \(Self.root)/Tests/Judges/judge_show.py \(schema) *.json
      """)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    let count = try #require(outcome.output.split(separator: " ").first.flatMap { Int($0) })
    #expect(count > 100, "\(outcome.output)")
  }
}
