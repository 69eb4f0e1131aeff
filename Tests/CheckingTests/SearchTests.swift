import Checking
import Foundation
import RecordingFormat
import TestSupport
import Testing

/// Goal: a folder stands for every recording in it, and one that holds none is no pass.
@Suite struct SearchTests {
  private let folder: URL

  init() throws {
    folder = temporaryPath()
    try FileManager.default.createDirectory(at: folder.appending(path: "a/b"), withIntermediateDirectories: true)
  }

  private func found() -> [String] {
    defer { try? FileManager.default.removeItem(at: folder) }
    return RecordingSearch.recordings(at: folder.path).map { String($0.dropFirst(folder.path.count)) }
  }

  @Test func byNameOrByContentInTheOrderOfPaths() throws {
    try Data().write(to: folder.appending(path: "a/b/empty.dat"))
    try Data([0x17, 0x08, 0x44] + Array("tracing6".utf8)).write(to: folder.appending(path: "a/recording"))
    try Data("text".utf8).write(to: folder.appending(path: "a/notes.txt"))
    #expect(found() == ["/a/b/empty.dat", "/a/recording"])
  }

  /// What may be a recording, and whatever a lab packs its archive with, is not passed over.
  @Test func whatMayBeARecordingIsFound() throws {
    let line = "sh-1 [000] ..... 1.000001: avc_insert: (x) b=1\n"
    let files: [(String, Data)] = [
      ("a/b/report.txt", Data("Hello,\n\nthis is what we saw:\n\n\(line)".utf8)),
      ("a/cut.gz", Data([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 1])), ("a/mail", Data("> \(line)".utf8)),
      ("a/perf.data.lz4", Data([1])), ("a/trace.dat.xz", Data([1])),
      ("a/notes.bz2", Data("BZh".utf8)), ("a/notes.txt", Data("text".utf8)),
      ("a/other.txt", Data(line.replacing("avc_insert", with: "sched_switch").utf8)), ("a/xz", Data([1])),
    ]
    for (name, data) in files { try data.write(to: folder.appending(path: name)) }
    #expect(found() == ["/a/b/report.txt", "/a/cut.gz", "/a/mail", "/a/perf.data.lz4", "/a/trace.dat.xz"])
  }

  @Test func folderWithoutRecordingsIsDamaged() {
    let paths = RecordingSearch.recordings(at: folder.path)
    #expect(paths == [folder.path])
    let result = RecordingCheck().run(path: folder.path)
    #expect(result.verdict == .damaged)
    #expect(result.damage?.contains("no recording in this folder") == true)
    _ = found()
  }

  @Test func pipeIsLeftAlone() throws {
    try #require(mkfifo(folder.appending(path: "a/pipe.dat").path, 0o600) == 0)
    try Data().write(to: folder.appending(path: "z.dat"))
    #expect(found() == ["/z.dat"])
  }

  /// Nobody writes to it: whoever waited for that would wait for ever.
  @Test func pipeThatIsNamedIsDamaged() throws {
    let path = folder.appending(path: "pipe.dat").path
    try #require(mkfifo(path, 0o600) == 0)
    #expect(RecordingCheck().run(path: path).damage?.hasPrefix("empty file; ") == true)
  }
}
