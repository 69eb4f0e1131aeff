import Checking
import Foundation
import RecordingFormat
import TestSupport
import Testing

/// Goal: a folder with an archive that may have a recording in it is not green, and one with another archive beside the
/// recordings is. Method: archives as tar, gzip and bzip2 make them; of the others, what they begin with.
@Suite struct ArchiveSearchTests {
  private let folder: URL
  private static let line = "sh-1 [000] ..... 1.000001: avc_insert: (x) b=1\n"

  init() throws {
    folder = temporaryPath()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func found() -> [String] {
    RecordingSearch.recordings(at: folder.path).map { String($0.dropFirst(folder.path.count)) }
  }

  /// Files to make archives of: a recording under a name that does not say so, one of which only the name says so, text with
  /// an event, and what is none.
  private func shell(_ line: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = [
      "-ec",
      """
      in=$(mktemp -d); trap 'rm -r $in' EXIT
      printf '\\x17\\x08\\x44tracing6' >$in/recording; printf x >$in/trace.dat
      printf 'Hello\\n\(Self.line.dropLast())\\n' >$in/text; printf 'nothing of that' >$in/notes
      out=$PWD; cd $in
      \(line)
      """,
    ]
    process.currentDirectoryURL = folder
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  @Test(arguments: ["recording", "trace.dat", "text"]) func archiveWithARecordingIsFound(name: String) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try shell(
      """
      tar -cf $out/a.tar notes \(name); tar -czf $out/b.tgz notes \(name); tar -cf - notes \(name) | xz >$out/c.tar.xz
      xz \(name); tar -cf $out/d.tar notes \(name).xz; tar -cjf $out/e.tbz2 notes
      head -c 20M /dev/zero >zeros; tar -czf $out/f.tgz zeros notes \(name)*; tar -czf $out/none.tgz zeros notes
      tar -cf $out/none.tar notes; tar -czf $out/none.tar.gz notes
      """)
    #expect(found() == ["/a.tar", "/b.tgz", "/c.tar.xz", "/d.tar", "/e.tbz2", "/f.tgz"])
  }

  /// Nothing is known of what is in it, but by its name.
  @Test func whatIsNotReadCountsUnlessItsNameSaysWhatItIs() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try shell(
      """
      for name in trace.txt night linux-6.1.tar vmlinux rmap.ko config-6.1; do bzip2 <text >$out/$name.bz2; done
      head -c 700 <(tar -cf - text) >$out/cut.tar; gzip <text | gzip >$out/twice.gz
      """)
    let magics: [(String, [UInt8])] = [
      ("a.7z", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]), ("a.rar", Array("Rar!\u{1a}\u{7}\u{1}".utf8)),
      ("a.lz4", [4, 0x22, 0x4d, 0x18]), ("old.lz4", [2, 0x21, 0x4c, 0x18]), ("initrd.img.lz4", [2, 0x21, 0x4c, 0x18]),
      ("a.lz", Array("LZIP\u{1}".utf8)), ("BZh", Array("BZhello, this is text".utf8)),
    ]
    for (name, bytes) in magics { try Data(bytes).write(to: folder.appending(path: name)) }
    #expect(
      found() == [
        "/a.7z", "/a.lz", "/a.lz4", "/a.rar", "/cut.tar", "/night.bz2", "/old.lz4", "/trace.txt.bz2", "/twice.gz",
      ])
    let result = RecordingCheck().run(path: folder.appending(path: "night.bz2").path)
    #expect(result.verdict == .damaged && result.damage?.contains("packed with bzip2: unpack it first") == true)
  }

  /// What zip makes of one file: stored, or deflated as gzip does it.
  private func zip(_ name: String, _ content: [UInt8], deflated packed: [UInt8]? = nil) -> Data {
    func number(_ value: Int, _ size: Int) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    let body = packed ?? content
    let common =
      number(20, 2) + number(0, 2) + number(packed == nil ? 0 : 8, 2) + number(0, 8) + number(body.count, 4)
      + number(content.count, 4) + number(name.utf8.count, 2) + number(0, 2)
    let local = Array("PK\u{3}\u{4}".utf8) + common + Array(name.utf8) + body
    let entry = Array("PK\u{1}\u{2}".utf8) + number(20, 2) + common + number(0, 14) + Array(name.utf8)
    let end = Array("PK\u{5}\u{6}".utf8) + number(0, 4) + number(1, 2) + number(1, 2) + number(entry.count, 4)
    return Data(local + entry + end + number(local.count, 4) + number(0, 2))
  }

  @Test func zipIsLookedInto() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = Array("Hello\n\(Self.line)".utf8)
    try shell("gzip -n <text >$out/packed; bzip2 <text >$out/opaque")
    let packed = Array(try Data(contentsOf: folder.appending(path: "packed")).dropFirst(10).dropLast(8))
    let opaque = Array(try Data(contentsOf: folder.appending(path: "opaque")))
    for name in ["packed", "opaque"] { try FileManager.default.removeItem(at: folder.appending(path: name)) }
    let whole = zip("out/text", text)
    let archives = [
      ("deflated.zip", zip("text", text, deflated: packed)), ("stored", whole), ("cut.zip", whole.dropLast(30)),
      ("named.zip", zip("a/b/trace.dat", [1])), ("opaque.zip", zip("night", opaque)),
      ("report.docx", zip("word/document.xml", Array("<x/>".utf8))), ("source.zip", zip("README", Array("x".utf8))),
      ("module.zip", zip("a.ko", opaque)),
    ]
    for (name, data) in archives { try data.write(to: folder.appending(path: name)) }
    #expect(found() == ["/cut.zip", "/deflated.zip", "/named.zip", "/opaque.zip", "/stored"])
  }

  /// The user of a nightly job may not read what root has recorded: that is no reason to pass it over.
  @Test func whatMayNotBeReadIsFound() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try shell(
      """
      mkdir $out/in; cp recording $out/in/perf.data; cp recording $out/in/night; cp notes $out/in/about.json
      chmod 755 $out; chmod 0 $out/in/*; ln -s nowhere/trace.dat $out/lost.dat; ln -s nowhere $out/latest; ln -s .. $out/up
      """)
    // Root may read them; FirstUseTests has it of another user.
    #expect(found() == ["/in/night", "/in/perf.data", "/lost.dat"])
  }

  /// Every cut, and every byte another one: it ends, and what is no archive any more is no crash.
  @Test func damagedArchivesAreNoCrashAndWhatIsCutCounts() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try shell("tar -b1 -cf $out/a.tar text")
    let tar = try Data(contentsOf: folder.appending(path: "a.tar"))
    let archive = zip("text", Array("Hello\n\(Self.line)".utf8))
    let path = folder.appending(path: "a.tar")
    for (data, step, magic) in [(tar, 7, 512), (archive, 1, 4)] {
      for place in stride(from: 0, to: data.count, by: step) {
        try data.prefix(place).write(to: path)
        let isFound = found().contains("/a.tar")
        if place >= magic { #expect(isFound, "\(place) bytes") }
        var changed = data
        changed[place] ^= 0xff
        try changed.write(to: path)
        _ = found()
      }
    }
  }
}
