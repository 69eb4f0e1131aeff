import Foundation
import RecordingFormat
import TestSupport

@testable import Store

/// Nights in few words: reports as `check` writes them, of runs that a test describes.
struct Nights {
  let folder: URL
  let store: NightStore
  var path: String { folder.appending(path: "nights.db").path }

  init() throws {
    folder = try makeTemporaryFolder()
    store = try NightStore(path: folder.appending(path: "nights.db").path, .adding)
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  /// What ran, and what it came to.
  struct Run {
    var workload = "paths"
    var line = "6.12"
    var release = "6.12.1-amd64"
    var verdict: Verdict?
    /// Letters that stand for defects; each is of the invariant `reach`.
    var defects = ""
    /// By invariant: decided, undecided.
    var checks: [String: (UInt64, UInt64)] = ["reach": (100, 0), "lock-root": (50, 0)]
    /// The recording: another one each night if nothing else is said.
    var recording: String?
    var note: String?
    /// nil: as its verdict has it.
    var events: Int?
  }

  func add(_ night: String, _ runs: Run..., tool: String = "abc", tree: String? = nil) throws {
    _ = try store.add([try Self.report(night, runs, tool: tool)], night: night, tree: tree)
  }

  static func report(_ night: String, _ runs: [Run], tool: String = "abc") throws -> NightResult {
    try NightResult(Data(json(night, runs, tool: tool).utf8), path: "report.json")
  }

  static func json(_ night: String, _ runs: [Run], tool: String = "abc") -> String {
    let recordings = runs.enumerated().map { recording(night, $1, $0) }.joined(separator: ",")
    return """
      {"schema": "rmapcheck-report/1", "tool": {"name": "rmapcheck", "version": "1", "commit": "\(tool)"},
      "verdict": "holds", "recordings": [\(recordings)]}
      """
  }

  static func fingerprint(_ letter: Character) -> String { String(repeating: "0", count: 15) + String(letter) }

  private static func recording(_ night: String, _ run: Run, _ number: Int) -> String {
    let verdict = run.verdict ?? (run.defects.isEmpty ? .holds : .violated)
    let isRead = verdict != .damaged && verdict != .missing
    let invariants = (isRead ? run.checks : [:]).sorted { $0.key < $1.key }.map { name, counts in
      let broken = name == "reach" ? run.defects.count : 0
      let verdict = broken > 0 ? "violated" : counts.0 > 0 ? "holds" : "undecided"
      return """
        {"name": "\(name)", "number": 1, "verdict": "\(verdict)", "decided": \(counts.0),
        "undecided": {"not-recorded": \(counts.1)}, "violations": \(broken), "missingEvents": []}
        """
    }
    let defects = run.defects.enumerated().map { index, letter in
      """
      {"fingerprint": "\(fingerprint(letter))", "invariant": "reach", "what": "Defect \(letter).",
      "function": "anon_vma_\(letter)", "event": \(index + 7), "occurrences": 1, "violations": 3,
      "findings": [\(index)], "follows": []}
      """
    }
    let violations = run.defects.enumerated().map { index, letter in
      """
      {"invariant": "reach", "fingerprint": "\(fingerprint(letter))", "what": "Defect \(letter).",
      "function": "anon_vma_\(letter)", "event": {"number": \(index + 7)}, "rule": "A rule."}
      """
    }
    let note = run.note.map { isRead ? "\"doubts\": [\"\($0)\"]" : "\"damage\": \"\($0)\", \"doubts\": []" }
    return """
      {"path": "recordings/\(run.workload)/trace.dat", "verdict": "\(verdict.rawValue)", "kernel": "\(run.release)",
      "run": {"kernel": "\(run.line)", "flavour": "amd64", "workload": "\(run.workload)", "level": "pages", "number": 1},
      "xxh64": "\(run.recording ?? "\(night)-\(number)")", "records": 1000, "events": \(run.events ?? (isRead ? 900 : 0)),
      \(note ?? "\"doubts\": []"), "invariants": [\(invariants.joined(separator: ","))],
      "defects": [\(defects.joined(separator: ","))], "violations": [\(violations.joined(separator: ","))]}
      """
  }
}
