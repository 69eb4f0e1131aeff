import ArgumentParser
import Checking
import Foundation
import Invariants
import Reducing
import RmapEvents
import TestSupport

/// How few events show the violations of recordings.
struct WitnessTableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "witness-table",
    abstract: "Prints how many events are left of each recording with a violation, and whether the file shows it.",
    discussion: """
      Each witness is written, checked from its file, and removed; with --redact also with other addresses. Exit status: \
      0 if at least 9 of 10 have no more events than the goal and every file shows its violation, 1 if not.
      """)

  /// The share of the recordings, of 10, that must come to the goal.
  private static let share = 9

  @Argument(help: "Recordings, or folders of them; those without a violation are passed over.") var paths = ["traces"]
  @Option(help: "Most events.") var goal = 40
  @Flag(help: "Also with other addresses and names.") var redact = false

  func run() throws {
    print("| recording | broken | in | records | witness | file, bytes | s |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: |")
    let folder = try makeTemporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var (count, few, failed) = (0, 0, 0)
    for path in paths.flatMap(RecordingSearch.recordings) {
      let start = Date()
      do {
        var reduction = Reduction()
        let witness = try reduction.run(path: path)
        let seconds = Date().timeIntervalSince(start)
        count += 1
        if witness.events.count <= goal { few += 1 }
        let output = folder.appending(path: "\(count).dat").path
        try WitnessFile.write(witness, to: output)
        let size = (try FileManager.default.attributesOfItem(atPath: output)[.size] as? Int) ?? 0
        if redact {
          reduction.redacts = true
          try WitnessFile.write(try reduction.run(path: path), to: output + ".redacted")
        }
        let function = witness.whole.functions[witness.finding.function]
        let cells = [
          path, witness.invariant.name, function, "\(witness.whole.records)", "\(witness.events.count)", "\(size)",
          String(format: "%.2f", seconds),
        ]
        print("| " + cells.joined(separator: " | ") + " |")
      } catch ReductionFailure.nothingBroken {
        continue
      } catch {
        failed += 1
        print("| \(path) | FAILED: \(error) | | | | | |")
      }
    }
    print("\n\(few) of \(count) have at most \(goal) events; \(failed) could not be reduced.")
    if few * 10 < count * Self.share || failed > 0 || count == 0 { throw ExitCode.failure }
  }
}
