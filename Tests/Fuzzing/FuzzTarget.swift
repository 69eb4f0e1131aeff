import Checking
import EventDecoding
import Foundation
import RecordingFormat
import RmapEvents

@testable import TraceReading

/// What can be fuzzed: each reader, and what reads its output. A target fails by a trap, an address error, a
/// time-out or too much memory; a wrong verdict is another matter, for the tests.
enum FuzzTarget: String, CaseIterable {
  typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

  /// A whole trace.dat of any version: metadata, decompression, pages, records.
  case trace
  /// A whole perf.data, of file or pipe mode.
  case perf
  /// A whole recording in ftrace's text.
  case text
  /// A recording packed with zstd, xz or gzip, and what it unpacks to.
  case packed
  /// One ring-buffer page.
  case page
  /// One event's format text, through libtraceevent.
  case format
  /// One record's payload, decoded as each event of our vocabulary.
  case decoder
  /// Any recording, from its bytes to the verdict.
  case check
  /// A recording's sidecar.
  case sidecar

  var callback: Callback {
    switch self {
    case .trace, .perf, .text: { bytes, count in run(bytes, count) { readToTheEnd($0) } }
    case .packed: { bytes, count in run(bytes, count) { unpack($0) } }
    case .page: { bytes, count in run(bytes, count) { walk($0) } }
    case .format: { bytes, count in run(bytes, count) { parse($0) } }
    case .decoder: { bytes, count in run(bytes, count) { decode($0) } }
    case .check: { bytes, count in run(bytes, count) { _ = RecordingCheck().run(copying: $0) } }
    case .sidecar: { bytes, count in run(bytes, count) { understand($0) } }
    }
  }
}

private func run(_ bytes: UnsafePointer<UInt8>?, _ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) -> CInt {
  body(UnsafeRawBufferPointer(start: bytes, count: count))
  return 0
}

/// Reads every record; each of its bytes is touched.
private func readToTheEnd(_ bytes: UnsafeRawBufferPointer) {
  do throws(TraceReadingError) {
    let recording = try Recording(copying: bytes)
    _ = recording.file.commandName(ofPID: 1)
    _ = (recording.file.omissions, recording.file.clocks, recording.file.uname)
    switch recording {
    case .traceData(let file):
      var stream = try file.records()
      try drain(&stream)
    case .perfData(let file):
      var stream = try file.records()
      try drain(&stream)
    case .text(let file):
      var stream = file.records()
      try drain(&stream)
    }
  } catch {
    precondition(!error.description.isEmpty)
  }
}

/// Unpacks as opening a file does, up to what a fuzzer has time for, and reads what came out.
private func unpack(_ bytes: UnsafeRawBufferPointer) {
  guard let packing = Packing(bytes) else { return }
  let most = 1 << 20
  var content: [UInt8] = []
  do throws(TraceReadingError) {
    try packing.unpack(bytes) { piece in
      content += piece
      return content.count < most
    }
  } catch {
    precondition(!error.description.isEmpty)
    return
  }
  content.withUnsafeBytes { readToTheEnd($0) }
}

private func drain<Source: RecordSource & ~Copyable>(_ stream: inout Source) throws(TraceReadingError) {
  var sum: UInt8 = 0
  while let item = try stream.next() {
    if case .record(let record) = item { for byte in record.payload { sum &+= byte } }
  }
  withExtendedLifetime(sum) {}
}

private func walk(_ bytes: UnsafeRawBufferPointer) {
  guard var walker = PageWalker(bytes, PageLayout()) else { return }
  var sum: UInt8 = 0
  while walker.step() == .record {
    let start = walker.payloadOffset
    for byte in bytes[start..<(start + walker.payloadCount)] { sum &+= byte }
  }
  withExtendedLifetime(sum) {}
}

private func parse(_ bytes: UnsafeRawBufferPointer) {
  let text = FormatText(system: "rmap", bytes: Array(bytes), offset: 0)
  guard let formats = try? EventFormatParser.parse([text], longSize: 8) else { return }
  _ = EventDecoder(formats: formats).kinds
}

private func decode(_ bytes: UnsafeRawBufferPointer) {
  guard bytes.count >= 8 else { return }
  let payload = UnsafeRawBufferPointer(rebasing: bytes[...])
  let record = RawRecord(
    timestamp: 1, cpu: 0, buffer: 0,
    eventID: payload.loadUnaligned(as: UInt16.self) % UInt16(WholeVocabulary.formats.all.count + 1),
    pid: 1, payload: payload)
  var batch = EventBatch()
  var decoder = WholeVocabulary.decoder
  _ = decoder.decode(record, ordinal: 1, into: &batch)
}

/// What can be understood can be written and read again.
private func understand(_ bytes: UnsafeRawBufferPointer) {
  do throws(SidecarError) {
    let sidecar = try Sidecar(Data(bytes), of: "trace.dat", at: "about.json")
    guard let text = try? JSONEncoder().encode(sidecar) else { return }  // A number that JSON has not.
    _ = try Sidecar(text, of: "trace.dat", at: "about.json")
  } catch {
    precondition(!error.description.isEmpty)
  }
}
