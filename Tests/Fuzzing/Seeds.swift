import Foundation

@testable import TraceReading

/// Seeds cut from the kept recordings: their own formats and first records, in files as small as a fuzzer likes.
struct Seeds {
  let traces: String

  private static let recordings = ["6.12-structure-v6", "6.12-walks", "6.1-walks", "6.12-fault-drop-avc"]

  func write(of target: FuzzTarget, into folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in Self.recordings {
      let file = try TraceFile(path: "\(traces)/\(name)/trace.dat")
      for (index, seed) in try seeds(of: target, file, name).enumerated() {
        try Data(seed).write(to: URL(filePath: "\(folder)/\(name)-\(index)"))
      }
    }
  }

  private func seeds(of target: FuzzTarget, _ file: TraceFile, _ name: String) throws -> [[UInt8]] {
    switch target {
    case .trace:
      let sample = try Self.sample(of: file, records: 4)
      return [sample.format6(), sample.format7(), sample.format7(.zstd), sample.format7(.zlib)]
    case .packed:
      // Two parts: what follows the first is unpacked by another path.
      let sample = try Self.sample(of: file, records: 4).format6()
      return [Packing.zstd, .xz, .gzip].map { pack(Array(sample[..<512]), $0) + pack(Array(sample[512...]), $0) }
    case .perf: return try Self.perf(of: file, records: 4)
    case .text: return [Array(try Self.text(of: file, records: 6).utf8)]
    case .check:
      return [try Self.sample(of: file, records: 12).format6()] + (try Self.perf(of: file, records: 12))
        + [Array(try Self.text(of: file, records: 20).utf8)]
    case .page: return try Self.sample(of: file, records: 12).buffers[0].cpus.compactMap(\.first)
    case .sidecar: return [Array(try Data(contentsOf: URL(filePath: "\(traces)/\(name)/about.json")))]
    case .format: return file.eventFormats.all.prefix(30).map { Array(Self.text($0).utf8) }
    case .decoder:
      return try Self.payloads(of: file, count: 40).map { payload, format in
        let index = WholeVocabulary.formats.all.firstIndex { $0.name == format.name } ?? 0
        return [UInt8(index), 0] + payload.dropFirst(2)
      }
    }
  }

  /// The first records of our events, on two CPUs.
  private static func sample(of file: TraceFile, records: Int) throws -> SampleTrace {
    let size = 2048
    var pages = [PageBuilder(at: 1000, size: size), PageBuilder(at: 1500, size: size)]
    var used: [UInt16: EventFormat] = [:]
    for (index, (payload, format)) in try payloads(of: file, count: records).enumerated() {
      used[format.id] = format
      guard pages[index % 2].room > payload.count + 8 else { continue }
      pages[index % 2].record(payload, delta: 1000)
    }
    var sample = SampleTrace(buffers: [.init(name: "", cpus: pages.map { [$0.page()] })])
    sample.pageSize = size
    sample.ftraceTexts = []
    sample.formats = [("rmap", used.sorted { $0.key < $1.key }.map { text($0.value) })]
    return sample
  }

  /// The first records of our events as perf has them: plain, compressed, through a pipe, with a loss.
  private static func perf(of file: TraceFile, records: Int) throws -> [[UInt8]] {
    var sample = SamplePerf()
    var used: [UInt16: EventFormat] = [:]
    var samples: [[UInt8]] = []
    sample.events = []
    for (index, (payload, format)) in try payloads(of: file, count: records).enumerated() {
      let id = UInt64(format.id)
      if used.updateValue(format, forKey: format.id) == nil { sample.events.append(.init(config: id, ids: [id])) }
      samples.append(
        SamplePerf.sample(UInt64(1000 + index), cpu: UInt32(index % 2), id: id, payload: payload))
    }
    sample.formats = used.sorted { $0.key < $1.key }.map { text($0.value) }
    sample.records = samples + [SamplePerf.lost(3, at: 2000, cpu: 0), SamplePerf.round]
    var files = [sample.file(), sample.pipe()]
    sample.isCompressed = true
    sample.records = [SamplePerf.compressed(samples), SamplePerf.round, SamplePerf.lostSamples(2, id: 1)]
    files.append(sample.file())
    return files
  }

  /// The first records of our events as the kernel writes them.
  private static func text(of file: TraceFile, records: Int) throws -> String {
    var lines = ["# tracer: nop", "#", "# clock: mono", "CPU:1 [LOST 3 EVENTS]", "CPU:0 [7 EVENTS DROPPED]"]
    for (index, (payload, format)) in try payloads(of: file, count: records).enumerated() {
      let fields = format.fields.dropFirst(5).map { field in
        let bytes = payload[field.offset..<(field.offset + field.size)]
        return "\(field.name)=0x" + String(bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }, radix: 16)
      }
      lines.append(
        "  sh-\(100 + index)   [00\(index % 2)] .....  12.\(798_926 + index): \(format.name): (f+0x4/0xa0) "
          + fields.joined(separator: " "))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  static func payloads(of file: TraceFile, count: Int) throws -> [([UInt8], EventFormat)] {
    var all: [([UInt8], EventFormat)] = []
    var seen: [UInt16: Int] = [:]
    var stream = try file.records()
    while all.count < count, let item = try stream.next() {
      guard case .record(let record) = item, let format = file.eventFormats[record.eventID],
        format.system == "rmap", seen[record.eventID, default: 0] < 4
      else { continue }
      seen[record.eventID, default: 0] += 1
      all.append((Array(record.payload), format))
    }
    return all
  }

  /// The text that the kernel would give for a format.
  static func text(_ format: EventFormat) -> String {
    let lines = format.fields.map { field in
      "\tfield:\(field.typeName) \(field.name);\toffset:\(field.offset);\tsize:\(field.size);"
        + "\tsigned:\(field.isSigned ? 1 : 0);\n"
    }
    return "name: \(format.name)\nID: \(format.id)\nformat:\n" + lines.prefix(4).joined() + "\n"
      + lines.dropFirst(4).joined() + "\nprint fmt: \(format.printFormat ?? "\"\"")\n"
  }
}
