@testable import TraceReading

/// A small perf.data, to be written as a file or as a pipe stream.
struct SamplePerf {
  /// One event that perf recorded.
  struct Event {
    var type: UInt32 = 2
    var config: UInt64
    var period: UInt64 = 1
    /// IP|TID|TIME|CPU|PERIOD|RAW|IDENTIFIER, as perf record -a has it.
    var sampleType: UInt64 = 0x10587
    var readFormat: UInt64 = 0x14
    /// sample_id_all, use_clockid.
    var flags: UInt64 = 1 << 18 | 1 << 25
    var branchType: UInt64 = 0
    var clock: UInt32 = 1
    var registers: UInt64 = 0
    var ids: [UInt64]
  }

  var events = [Event(config: 100, ids: [10, 11]), Event(config: 101, ids: [20, 21])]
  /// The records after the metadata, each with its header.
  var records: [[UInt8]] = []
  var formats = [SampleTrace.format("avc_insert", id: 100), SampleTrace.format("av_put", id: 101)]
  var threads: [UInt64]? = [.max]
  var commandLine = ["perf", "record", "-a"]
  var isCompressed = false
  var hasTracingData = true
  var extraFeatures: [(Int, [UInt8])] = []

  // MARK: Records

  static func record(_ kind: UInt32, _ content: [UInt8], flags: UInt16 = 0) -> [UInt8] {
    var bytes = Bytes()
    bytes.number(kind)
    bytes.number(flags)
    bytes.number(UInt16(content.count + 8))
    return bytes.all + content
  }

  /// A sample of the default layout.
  static func sample(_ time: UInt64, cpu: UInt32 = 0, id: UInt64 = 10, type: UInt16 = 100) -> [UInt8] {
    sample(time, cpu: cpu, id: id, payload: PageBuilder.payload(type))
  }

  /// A sample of the default layout with this raw data, padded to 4 bytes less than a multiple of 8.
  static func sample(_ time: UInt64, cpu: UInt32, id: UInt64, payload: [UInt8]) -> [UInt8] {
    var bytes = Bytes()
    for word in [id, 0xffff_ffff_8100_0000, 7, time] { bytes.number(word) }
    bytes.number(cpu)
    bytes.number(UInt32(0))
    bytes.number(UInt64(1))
    bytes.all += raw(payload)
    return record(9, bytes.all)
  }

  /// Raw data behind its length, which makes a multiple of 8 with it.
  static func raw(_ payload: [UInt8]) -> [UInt8] {
    var bytes = Bytes()
    bytes.block(payload + [UInt8](repeating: 0, count: (12 - payload.count % 8) % 8), UInt32.self)
    return bytes.all
  }

  static let round = record(68, [])

  /// PERF_RECORD_LOST, with the sample id of the default layout.
  static func lost(_ count: UInt64, at time: UInt64, cpu: UInt64) -> [UInt8] {
    record(2, words([10, count, 7, time, cpu, 10]))
  }

  /// PERF_RECORD_LOST_SAMPLES as perf writes it at the end: all but the event's number is 0.
  static func lostSamples(_ count: UInt64, id: UInt64) -> [UInt8] {
    record(13, words([count, 0, 0, 0, id]))
  }

  static func words(_ words: [UInt64]) -> [UInt8] {
    var bytes = Bytes()
    for word in words { bytes.number(word) }
    return bytes.all
  }

  /// The records as one compressed record: a zstd frame with one raw block.
  static func compressed(_ records: [[UInt8]], padded: Bool = false) -> [UInt8] {
    let content = records.flatMap { $0 }
    let frame = [0x28, 0xb5, 0x2f, 0xfd] + SampleTrace.Packing.zstdFrame(content)
    guard padded else { return record(81, frame) }
    return record(83, words([UInt64(frame.count)]) + frame + [0, 0, 0])
  }

  // MARK: Metadata

  private func attribute(_ event: Event) -> [UInt8] {
    var bytes = Bytes()
    bytes.number(event.type)
    bytes.number(UInt32(128))
    for word in [event.config, event.period, event.sampleType, event.readFormat, event.flags, 0, 0, 0] {
      bytes.number(word)
    }
    bytes.number(event.branchType)
    bytes.number(event.registers)
    bytes.number(UInt32(0))
    bytes.number(event.clock)
    bytes.number(event.registers)
    bytes.all += [UInt8](repeating: 0, count: 128 - bytes.all.count)
    return bytes.all
  }

  var tracingData: [UInt8] {
    var trace = SampleTrace(buffers: [])
    trace.formats = [("rmap", formats)]
    var bytes = SampleTrace(buffers: []).header(version: "0.6")
    bytes.all += trace.headerInfo + trace.ftraceFormats + trace.eventFormats
    bytes.block([], UInt32.self)
    bytes.block([], UInt32.self)
    return bytes.all + trace.commandLines
  }

  private var features: [(Int, [UInt8])] {
    func string(_ text: String) -> [UInt8] {
      var bytes = Bytes()
      bytes.block(Array(text.utf8) + [0], UInt32.self)
      return bytes.all
    }
    var arguments = Bytes()
    arguments.number(UInt32(commandLine.count))
    var all: [(Int, [UInt8])] = [
      (4, string("6.12.1-test")), (7, SamplePerf.words([2 << 32 | 2])),
      (11, arguments.all + commandLine.flatMap(string)),
    ]
    if isCompressed { all.append((27, SamplePerf.words([1 << 32 | 1, 0, 4096]))) }
    return (all + extraFeatures).sorted { $0.0 < $1.0 }
  }

  /// ID_INDEX (a CPU for each number of an event) and THREAD_MAP.
  private var synthesized: [[UInt8]] {
    var entries: [UInt64] = []
    for event in events {
      for (cpu, id) in event.ids.enumerated() { entries += [id, UInt64(cpu), UInt64(cpu), .max] }
    }
    let count = UInt64(entries.count / 4)
    var all = [SamplePerf.record(69, SamplePerf.words([count] + entries))]
    if let threads {
      let map = threads.flatMap { [$0, 0, 0] as [UInt64] }
      all.append(SamplePerf.record(73, SamplePerf.words([UInt64(threads.count)] + map)))
    }
    return all
  }

  // MARK: Files

  /// The recording as perf record -o FILE writes it.
  func file() -> [UInt8] {
    var file = Bytes()
    file.text("PERFILE2")
    file.all += [UInt8](repeating: 0, count: 96)
    file.patch(UInt64(104), at: 8)
    file.patch(UInt64(144), at: 16)
    var places: [UInt64] = []
    for event in events {
      places.append(file.count)
      file.all += SamplePerf.words(event.ids)
    }
    file.patch(file.count, at: 24)
    file.patch(UInt64(144 * events.count), at: 32)
    for (event, place) in zip(events, places) {
      file.all += attribute(event)
      file.number(place)
      file.number(UInt64(event.ids.count * 8))
    }
    let data = file.count
    file.all += (synthesized + records).flatMap { $0 }
    file.patch(data, at: 40)
    file.patch(file.count - data, at: 48)
    writeFeatures(&file)
    return file.all
  }

  private func writeFeatures(_ file: inout Bytes) {
    let features = ((hasTracingData ? [(1, tracingData)] : []) + features).sorted { $0.0 < $1.0 }
    let table = file.count
    file.all += [UInt8](repeating: 0, count: 16 * features.count)
    var bits: UInt64 = 0
    for (index, (feature, content)) in features.enumerated() {
      bits |= 1 << UInt64(feature)
      file.patch(file.count, at: table + 16 * UInt64(index))
      file.patch(UInt64(content.count), at: table + 16 * UInt64(index) + 8)
      file.all += content
    }
    file.patch(bits, at: 72)
  }

  /// The recording as perf record -o - writes it.
  func pipe() -> [UInt8] {
    var file = Bytes()
    file.text("PERFILE2")
    file.number(UInt64(16))
    for event in events { file.all += SamplePerf.record(64, attribute(event) + SamplePerf.words(event.ids)) }
    for (feature, content) in features {
      file.all += SamplePerf.record(80, SamplePerf.words([UInt64(feature)]) + content)
    }
    let records = (synthesized + records).flatMap { $0 }
    guard hasTracingData else { return file.all + records }
    let data = tracingData
    var size = Bytes()
    size.number(UInt32(data.count))
    size.number(UInt32(0))
    file.all += SamplePerf.record(66, size.all) + data
    file.all += [UInt8](repeating: 0, count: (8 - data.count % 8) % 8)
    return file.all + records
  }
}
