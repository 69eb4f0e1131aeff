import ArgumentParser
import Checking
import Foundation
import RecordingExperiments
import RecordingFormat

/// A folder's own name, or that of the folder that a file is in.
private func name(of path: String) -> String {
  let url = URL(filePath: path)
  return url.hasDirectoryPath || !path.hasSuffix(".dat") && !path.hasSuffix(".data")
    ? url.lastPathComponent : url.deletingLastPathComponent().lastPathComponent
}

/// The recording in a folder of record-vm.
private func recording(in folder: String) -> String? {
  let path = folder + (folder.hasSuffix("/") ? "" : "/") + "trace.dat"
  let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size]) as? Int
  return size.map { $0 > 0 } == true ? path : nil
}

/// A line of scripts/faults/list.
private struct ListedFault {
  let name: String
  /// The lines that can be broken this way: `7.*`; nil if all can.
  private let lines: String?

  init?(_ line: Substring) {
    let words = line.split(separator: " ")
    guard let name = words.first, !name.hasPrefix("#") else { return nil }
    self.name = String(name)
    lines = words.count > 4 ? String(words[4]) : nil
  }

  func applies(to line: String) -> Bool {
    guard let lines else { return true }
    return lines.hasSuffix("*") ? line.hasPrefix(lines.dropLast()) : line == lines
  }
}

/// Fault by fault: is it found, and by what?
struct FaultsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "faults", abstract: "Prints, fault by fault, what a check of its recording says.",
    discussion: """
      Of each kernel line it takes LINE-faults, which has a series of faults (record-fault --series), and for faults \
      that are not in it LINE-fault-NAME. Exit status: 0 every fault is found, 1 one is not, or was not recorded.
      """)

  @Argument(help: "The folder of the recordings.") var folder = "traces"
  @Option(help: "The lines; those of which nothing is there are left out.") var kernel = ["6.1", "6.12", "7.3"]
  @Option(help: "The faults that there are, the first word of each line.") var list = "scripts/faults/list"

  func run() throws {
    let faults = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n").compactMap(ListedFault.init)
    print("| fault | kernel | detected by | shows in | first wrong event | done by | recording |")
    print("| --- | --- | --- | --- | ---: | --- | --- |")
    var isComplete = true
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    let lines = kernel.filter { line in names.contains { $0.hasPrefix("\(line)-fault") } }
    guard !lines.isEmpty else { throw ValidationError("There is no recording of a fault in \(folder).") }
    for line in lines {
      let series = try rows("\(line)-faults")
      for fault in faults.filter({ $0.applies(to: line) }).map(\.name) {
        let own = "\(line)-fault-\(fault)"
        let (name, row) =
          if let row = series.first(where: { $0.fault == fault }) { ("\(line)-faults", row) } else {
            (own, try rows(own).first { $0.fault == fault } ?? FaultTable.Row(fault: fault))
          }
        if row.invariant == nil { isComplete = false }
        let event = row.event.map { "\($0)" } ?? "-"
        let cells = [fault, line, row.invariant ?? "NO", row.function ?? "-", event, row.doneBy ?? "-", name]
        print("| " + cells.joined(separator: " | ") + " |")
      }
    }
    if !isComplete { throw ExitCode.failure }
  }

  private func rows(_ name: String) throws -> [FaultTable.Row] {
    guard let path = recording(in: "\(folder)/\(name)") else { return [] }
    return try FaultTable(RecordingCheck().run(path: path)).rows
  }
}

/// What became of a matrix of recordings.
struct MatrixCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "matrix", abstract: "Prints a table of recordings: what was lost, and what a check says.",
    discussion: """
      Exit status: 0 all are there, came to their end, and are neither violated nor damaged; 1 not.
      """)

  @Argument(help: "Folders of record-vm.") var folders: [String]
  @Flag(help: "Only says, by the exit status, whether each came to its end, of a workload that did its work.")
  var whole = false

  func run() throws {
    if whole {
      let isWhole = try folders.allSatisfy { folder in
        try recording(in: folder).flatMap { try Sidecar.beside($0) }?.isWhole == true
      }
      throw ExitCode(isWhole ? 0 : 1)
    }
    var table = RecordingTable()
    for folder in folders where FileManager.default.fileExists(atPath: folder + "/.") {
      table.add(name(of: folder), recording(in: folder).map { RecordingCheck().run(path: $0) })
    }
    print(table.text, terminator: "")
    if table.hasFailures { throw ExitCode.failure }
  }
}

/// How much each invariant decides.
struct DecidedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decided",
    abstract: "Prints how often each invariant was decided; in brackets, how often it could not be.",
    discussion: """
      With --by-line, what the recordings of each kernel line come to together: events, violations, contradictions, \
      unmappings predicted, and which share of each invariant's checks was decided.
      """)

  @Argument(help: "Recordings, or folders of them.")
  var paths = ["traces/6.1-healthy", "traces/6.12-healthy", "traces/6.12-pair-trace", "traces/6.12-rt"]

  @Flag(help: "A column for each kernel line instead of each recording.") var byLine = false

  func run() {
    if byLine {
      var table = LineTable()
      for path in paths.flatMap(RecordingSearch.recordings) { table.add(RecordingCheck().run(path: path)) }
      return print(table.text, terminator: "")
    }
    let results = paths.flatMap(RecordingSearch.recordings).map { (name(of: $0), RecordingCheck().run(path: $0)) }
    print(DecidedTable.text(results), terminator: "")
  }
}
