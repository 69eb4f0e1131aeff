import Foundation
import TestSupport
import Testing

@testable import TraceReading

/// Goal: a recording reads the same however it comes: packed, through a pipe, on standard input; and whatever is packed
/// wrongly is an error, not a trap, a full disk or a shorter recording.
@Suite struct InputTests {
  private let folder: URL

  init() throws {
    folder = try makeTemporaryFolder()
  }

  private func file(_ bytes: [UInt8]) throws -> String {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appending(path: "file").path
    try Data(bytes).write(to: URL(filePath: path))
    return path
  }

  private func open(_ bytes: [UInt8]) throws -> Result<RecordingInput, TraceReadingError> {
    let path = try file(bytes)
    defer { try? FileManager.default.removeItem(at: folder) }
    return Result { () throws(TraceReadingError) in try RecordingInput(path: path) }
  }

  /// The bytes are gone with the input.
  private func bytes(of input: RecordingInput) -> [UInt8] { withExtendedLifetime(input) { Array(input.content.bytes) } }

  static let recording = SampleTrace.rich.format6()

  @Test(arguments: [Packing.zstd, .xz, .gzip]) func packedRecording(packing: Packing) throws {
    let input = try open(pack(Self.recording, packing)).get()
    #expect(input.packing == packing)
    #expect(bytes(of: input) == Self.recording)
    #expect(input.checksum(packed: false) == Self.recording.withUnsafeBytes { Checksum.text(of: $0) })
    #expect(input.checksum(packed: true) != input.checksum(packed: false))
    _ = try Recording(input)
  }

  /// What `cat a.gz b.gz` and `tar --concatenate`d archives are made of.
  @Test(arguments: [Packing.zstd, .xz, .gzip]) func severalFramesInOneFile(packing: Packing) throws {
    let halves = [Array(Self.recording[..<500]), Array(Self.recording[500...])]
    #expect(try bytes(of: open(halves.flatMap { pack($0, packing) }).get()) == Self.recording)
  }

  @Test(arguments: [Packing.zstd, .xz, .gzip]) func packedFileThatIsCutOrChanged(packing: Packing) throws {
    let packed = pack(Self.recording, packing)
    for size in stride(from: packed.count - 1, to: 6, by: -max(1, packed.count / 60)) {
      guard case .failure(let error) = try open(Array(packed[..<size])) else {
        Issue.record("cut to \(size)")
        continue
      }
      #expect(error.kind == .decompression)
    }
    var changed = packed
    changed[packed.count / 2] ^= 0x40
    guard case .failure(let error) = try open(changed) else {
      Issue.record("a flipped bit")
      return
    }
    #expect(error.kind == .decompression && error.what.hasPrefix("\(packing.rawValue): "))
  }

  @Test(arguments: [Packing.zstd, .xz, .gzip]) func bytesBehindAPackedFile(packing: Packing) throws {
    guard case .failure(let error) = try open(pack(Self.recording, packing) + [1, 2, 3, 4]) else {
      Issue.record("no error")
      return
    }
    #expect(error.kind == .decompression)
  }

  /// 1.1 GiB of text in a few kilobytes: more than any recording packs.
  @Test func bombIsDamage() throws {
    let line = [UInt8](repeating: 0x0a, count: 1 << 20)
    let megabyte = pack(line, .zstd)
    let bomb = Array(repeatElement(megabyte, count: 1100).joined())
    #expect(Packing.sizeMax(ofPacked: bomb.count) < 1100 << 20)
    guard case .failure(let error) = try open(bomb) else {
      Issue.record("no error")
      return
    }
    #expect(error.kind == .decompression)
    #expect(error.what == "zstd: \(bomb.count) bytes unpack to more than \(1 << 30)")
  }

  /// Zeros without an end can't be a recording: little of them is unpacked.
  @Test func whatIsNoRecordingIsNotUnpacked() throws {
    let zeros = [UInt8](repeating: 0, count: 64 << 20)
    let input = try open(pack(zeros, .gzip)).get()
    #expect(bytes(of: input).count < 1 << 20)
    #expect(throws: TraceReadingError.self) { try Recording(input) }
  }

  @Test func limits() {
    #expect(Packing.sizeMax(ofPacked: 1) == 1 << 30)
    #expect(Packing.sizeMax(ofPacked: 2 << 20) == 2 << 30)
    #expect(Packing.sizeMax(ofPacked: .max >> 12) == SpoolFile.sizeMax)
  }

  @Test(arguments: [
    ("BZh91AY&SY", "a file packed with bzip2"), ("\u{4}\"M\u{18}", "a file packed with lz4"),
    ("PK\u{3}\u{4}", "a file packed with zip"),
  ]) func foreignPacking(magic: String, name: String) throws {
    let bytes = Array(magic.unicodeScalars.map { UInt8($0.value) })
    #expect { try Recording(try open(bytes + [0, 0, 0]).get()) } throws: { error in
      (error as? TraceReadingError)?.what == "\(name): unpack it first"
    }
  }

  @Test func packedTwice() throws {
    let text = Array("# clock: mono\nsh-1 [000] ..... 1.000001: a: (x) b=1 c=0x2\n".utf8)
    let input = try open(pack(pack(text, .gzip), .xz)).get()
    #expect { try Recording(input) } throws: { "\($0)".contains("packed twice (gzip)") }
  }

  /// A pipe is read to its end, wherever the writer pauses.
  @Test func pipe() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let pipe = Pipe()
    let whole = Self.recording
    let writer = Thread {
      for part in stride(from: 0, to: whole.count, by: 700) {
        pipe.fileHandleForWriting.write(Data(whole[part..<min(part + 700, whole.count)]))
        usleep(2000)
      }
      try? pipe.fileHandleForWriting.close()
    }
    writer.start()
    let input = try RecordingInput(path: "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)")
    #expect(bytes(of: input) == whole)
  }

  @Test func pipeWithoutWriter() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "pipe").path
    try #require(mkfifo(path, 0o600) == 0)
    #expect { try RecordingInput(path: path) } throws: { ($0 as? TraceReadingError)?.kind == .empty }
  }

  /// procfs says 0 bytes of all its files.
  @Test func fileOfProcfs() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try bytes(of: RecordingInput(path: "/proc/self/maps")).count > 100)
  }

  @Test func headsOfFiles() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let line = "sh-1 [000] ..... 1.000001: avc_insert: (x) b=1\n"
    func head(_ bytes: [UInt8]) throws -> RecordingHead { RecordingHead(ofFileAt: try file(bytes)) }
    #expect(try head(Self.recording) == .recording)
    #expect(try head(pack(Self.recording, .xz)) == .recording)
    #expect(try head(Array("prose\n\n> \(line)".utf8)) == .text(events: ["avc_insert"]))
    #expect(try head(pack(Array("prose\n\(line)".utf8), .zstd)) == .text(events: ["avc_insert"]))
    #expect(try head(Array("prose\n".utf8)) == .other)
    #expect(try head([]) == .other)
    #expect(try head(pack(Array("prose".utf8), .gzip)) == .other)
    #expect(try head(Array(pack(Self.recording, .gzip)[..<40])) == .unreadable)
  }
}
