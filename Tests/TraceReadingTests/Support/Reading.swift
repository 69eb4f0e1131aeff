import Testing

@testable import TraceReading

/// What a stream yielded, in a form that can be compared.
enum Read: Equatable {
  case record(time: UInt64, cpu: Int, buffer: Int, id: Int)
  case lost(cpu: Int, count: UInt64?, after: UInt64?, before: UInt64)

  init(_ item: StreamItem) {
    switch item {
    case .record(let record):
      self = .record(
        time: record.timestamp, cpu: Int(record.cpu), buffer: Int(record.buffer),
        id: Int(record.eventID))
    case .lost(let lost):
      self = .lost(
        cpu: Int(lost.cpu), count: lost.count, after: lost.after, before: lost.before)
    }
  }
}

/// Everything a recording holds, up to the error that ends it.
func readAll(
  _ file: TemporaryFile, max: Int = 100_000
) -> (items: [Read], error: TraceReadingError?) {
  defer { withExtendedLifetime(file) {} }
  var items: [Read] = []
  do throws(TraceReadingError) {
    let trace = try TraceFile(path: file.path)
    var stream = try trace.records()
    while let item = try stream.next() {
      items.append(Read(item))
      precondition(items.count <= max, "the stream does not end")
    }
    return (items, nil)
  } catch {
    return (items, error)
  }
}

func readAll(_ bytes: [UInt8]) -> (items: [Read], error: TraceReadingError?) {
  readAll(TemporaryFile(bytes))
}

/// Opens a recording; the mapping outlives the file.
func open(_ bytes: [UInt8]) throws(TraceReadingError) -> TraceFile {
  let file = TemporaryFile(bytes)
  defer { withExtendedLifetime(file) {} }
  return try TraceFile(path: file.path)
}

extension SampleTrace {
  /// The file in format 6, then in format 7 with each packing.
  var everyFile: [[UInt8]] {
    [format6(), format7(), format7(.zstd), format7(.zlib)]
  }

  /// One buffer, whose CPUs have these pages.
  init(cpus: [[PageBuilder]]) {
    self.init(buffers: [Buffer(name: "", cpus: cpus.map { $0.map { $0.page() } })])
  }

  /// Two buffers, three CPUs, one without data; several pages.
  static var rich: SampleTrace {
    func page(_ start: UInt64, _ ids: [UInt16]) -> [UInt8] {
      var page = PageBuilder(at: start)
      for id in ids { page.event(id, pid: 7, value: start, delta: 10) }
      return page.page()
    }
    return SampleTrace(buffers: [
      Buffer(
        name: "",
        cpus: [
          [page(1000, [100, 101]), page(2000, [100]), page(3000, [101, 101])], [],
          [page(1005, [100, 100, 100])],
        ]),
      Buffer(name: "second", cpus: [[page(1500, [50])], [page(1000, [50])], []]),
    ])
  }

  /// The least file with every part: for tests that open it thousands of times.
  static var small: SampleTrace {
    func page(_ start: UInt64) -> [UInt8] {
      var page = PageBuilder(at: start, size: 128)
      page.event(1)
      page.event(1, delta: 3)
      return page.page()
    }
    var sample = SampleTrace(buffers: [
      Buffer(name: "", cpus: [[page(10), page(20)]]), Buffer(name: "b", cpus: [[page(15)]]),
    ])
    sample.pageSize = 128
    sample.pagesPerChunk = 1
    sample.ftraceTexts = []
    sample.formats = [("rmap", [format("e", id: 1)])]
    return sample
  }
}
