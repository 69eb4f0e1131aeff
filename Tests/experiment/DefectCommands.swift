import ArgumentParser
import Checking
import Foundation
import RecordingExperiments

/// The recordings of faults in a folder: their folders' names and files.
private func faultRecordings(in folder: String) throws -> [(name: String, path: String)] {
  let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  let found = names.map { (name: $0, path: "\(folder)/\($0)/trace.dat") }
    .filter { $0.name.contains("fault") || $0.name.contains("defects") }
    .filter { FileManager.default.fileExists(atPath: $0.path) }
  guard !found.isEmpty else { throw ValidationError("There is no recording of a fault in \(folder).") }
  return found
}

/// How many defects a report counts.
struct DefectsTableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "defects-table",
    abstract: "Prints how many defects a check counts in each recording of faults, and how stable fingerprints are.",
    discussion: """
      Exit status: 0 at least 85 of 92 recordings of one fault have one defect, those of eight changed lines of mm/ have \
      6 to 10, and at least 42 of 46 faults have the same first fingerprint on 6.1 and 6.12; 1 not.
      """)

  @Argument(help: "The folder of the recordings.") var folder = "traces"

  func run() throws {
    var table = DefectTable()
    for (name, path) in try faultRecordings(in: folder) { table.add(name, RecordingCheck().run(path: path)) }
    print(table.text, terminator: "")
    let pairs = table.pairs("6.1", "6.12")
    let meetsGoals =
      table.singleWithOneDefect * 92 >= table.single.count * 85
      && table.rows.filter { $0.name.contains("mm-defects") }.allSatisfy { 6...10 ~= $0.fingerprints.count }
      && pairs.count(where: \.isSame) * 46 >= pairs.count * 42
    if !meetsGoals { throw ExitCode.failure }
  }
}

/// Whom a report blames.
struct DoersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doers", abstract: "Prints which function a check names first for each injected fault.",
    discussion: "Exit status: 0 it is the one that did it in at least 95 %; 1 not.")

  @Argument(help: "The folder of the recordings.") var folder = "traces"

  func run() throws {
    var table = DoerTable()
    for (name, path) in try faultRecordings(in: folder) { try table.add(name, RecordingCheck().run(path: path)) }
    print(table.text, terminator: "")
    if table.right * 100 < table.rows.count * 95 { throw ExitCode.failure }
  }
}
