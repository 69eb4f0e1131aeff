import Checking
import Foundation

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

  /// Checks the patched file.
  func check() throws -> RecordingResult {
    let folder = FileManager.default.temporaryDirectory.appending(path: "rmapcheck-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "trace.dat")
    try data.write(to: path)
    return RecordingCheck().run(path: path.path)
  }
}
