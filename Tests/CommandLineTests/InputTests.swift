import Foundation
import Testing

/// Goal: a recording is judged the same however it comes.
@Suite struct InputTests {
  private let run: Executable

  init() throws { run = try Executable() }

  private static let packers = ["zstd -q", "xz -0", "gzip -1"]

  /// The sidecar is that of the recording before it was packed, and so is its checksum.
  @Test(arguments: packers) func packedArchive(packer: String) throws {
    defer { run.remove() }
    try #require(try run.shell("command -v \(packer)").status == 0, "\(packer) is not installed")
    let outcome = try run.shell(
      """
      mkdir one two; cp $T/6.12-structure-v6/* one; cp $T/6.12-fault-drop-avc/* two
      mv two/about.json two/trace.dat.about.json
      \(packer) one/trace.dat two/trace.dat; rm -f */trace.dat
      $R check --expect one two; $R check one/trace.dat.*
      """)
    #expect(outcome.output.hasPrefix("as expected  one/trace.dat."), "\(outcome.output)")
    #expect(outcome.output.contains("\n2 as expected, 0 not\n"))
    #expect(outcome.output.contains("checksum matches"))
  }

  @Test func pipesAndStandardInput() throws {
    defer { run.remove() }
    let recording = "$T/6.12-structure-v6/trace.dat"
    let plain = try run.shell("$R check --format ktap \(recording) ").output
    #expect(plain.contains("decided"))
    for line in [
      "$R check --format ktap - <\(recording)", "cat \(recording) | $R check --format ktap -",
      "xz -0c \(recording) | $R check --format ktap -", "$R check --format ktap <(cat \(recording))",
      "cat \(recording) | $R check --format ktap /dev/stdin",
    ] {
      let outcome = try run.shell("set -o pipefail; \(line)")
      #expect(outcome.status == 0, "\(line): \(outcome.errors)")
      #expect(decided(outcome.output) == decided(plain), "\(line)")
    }
    #expect(try run.shell("$R check - </dev/null").status == 66)
    #expect(try run.shell("$R check - - <\(recording)").status == 64)
  }

  private func decided(_ report: String) -> [Substring] {
    report.split(separator: "\n").filter { $0.contains("decided ") }
  }

  /// Where no copy can be kept, the recording was not judged; that is not its fault.
  @Test func noRoomForACopy() throws {
    defer { run.remove() }
    let outcome = try run.shell("xz -0c $T/6.12-structure-v6/trace.dat >packed; TMPDIR=/nowhere $R check packed")
    #expect(outcome.status == 66)
    #expect(outcome.output.contains("cannot keep a copy: /nowhere: No such file"))
  }
}
