import Checking
import Comparing
import Foundation
import Policies
import TestSupport

/// A kept recording with some of its bytes replaced, in a folder of its own.
struct PatchedRecording {
  private var data: Data

  /// An uncompressed recording, whose texts can be found.
  init(_ name: String) throws {
    data = try Data(contentsOf: URL(filePath: "\(tracesFolder)/\(name)/trace.dat"))
  }

  /// Replaces every occurrence of a text by another one of the same length; returns how many there were.
  @discardableResult
  mutating func replace(_ old: String, by new: String) -> Int {
    precondition(old.utf8.count == new.utf8.count, "a patch must not move anything")
    var count = 0
    var from = data.startIndex
    while let range = data.range(of: Data(old.utf8), in: from..<data.endIndex) {
      data.replaceSubrange(range, with: Data(new.utf8))
      from = range.upperBound
      count += 1
    }
    return count
  }

  /// Notes in the head of a page of a CPU's buffer that events were lost before it (RB_MISSED_EVENTS). The pages of the
  /// first CPU with any begin at the first page of the file that looks like one.
  mutating func loseEvents(beforePage number: Int) {
    func commit(_ offset: Int) -> UInt64 {
      data[offset + 8..<offset + 16].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    let pages = stride(from: 0, to: data.count - 4096, by: 4096)
    guard let first = pages.first(where: { (3900...4080).contains(commit($0)) }) else { return }
    data[first + number * 4096 + 11] |= 0x80
  }

  /// Checks the patched file.
  func check() throws -> RecordingResult {
    let path = try write()
    defer { try? FileManager.default.removeItem(at: path.deletingLastPathComponent()) }
    return RecordingCheck().run(path: path.path)
  }

  /// Compares designs on it.
  func compare(_ policies: [Policy]) async throws -> ComparedWorkload {
    let path = try write()
    defer { try? FileManager.default.removeItem(at: path.deletingLastPathComponent()) }
    return await PolicyComparison(policies: policies, jobs: 1).compare(recording: path.path)
  }

  private func write() throws -> URL {
    let folder = try makeTemporaryFolder()
    let path = folder.appending(path: "trace.dat")
    try data.write(to: path)
    return path
  }
}
