import Foundation
import TestSupport
import Testing

@testable import TraceReading

/// Goal: perf.data and trace.dat of one run hold the same events. Method: two recorders ran at once on one machine;
/// perf started later and ended sooner, so that on each CPU its events are one stretch of trace-cmd's.
@Suite struct PerfPairTests {
  @Test(arguments: ["6.12-pair-perf", "6.12-pair-pipe", "6.12-pair-fault"]) func namesItsKernel(folder: String) throws {
    guard case .perfData(let file) = try Recording(path: "\(tracesFolder)/\(folder)/perf.data") else {
      Issue.record("no perf.data")
      return
    }
    #expect(file.uname == "6.12.117+deb12-cloud-amd64")
  }

  /// What both recorders keep of an event: all but the common fields, which differ in flags, and the padding.
  private func events(_ name: String) throws -> [UInt16: [[UInt8]]] {
    var events: [UInt16: [[UInt8]]] = [:]
    func take<Source: RecordSource & ~Copyable>(_ stream: inout Source, _ formats: EventFormats) throws {
      while let item = try stream.next() {
        guard case .record(let record) = item, let format = formats[record.eventID] else { continue }
        let fields = record.payload[8..<format.payloadSize]
        events[record.cpu, default: []].append(Array(format.name.utf8) + Array(fields))
      }
    }
    switch try Recording(path: "\(tracesFolder)/6.12-pair-\(name)") {
    case .traceData(let file):
      var stream = try file.records()
      try take(&stream, file.eventFormats)
    case .perfData(let file):
      var stream = try file.records()
      try take(&stream, file.eventFormats)
      #expect(stream.timeRegressions == 0)
    case .text: Issue.record("text in place of a recording")
    }
    return events
  }

  @Test(arguments: ["perf/perf.data", "pipe/perf.data"]) func isAStretchOfTheOther(name: String) throws {
    let whole = try events("trace/trace.dat")
    let part = try events(name)
    #expect(part.keys.sorted() == whole.keys.sorted())
    for (cpu, expected) in part {
      let all = try #require(whole[cpu])
      #expect(expected.count > 200)
      let first = try #require(expected.first)
      // Addresses make an event all but unique; one that is not is tried again.
      let starts = all.indices.filter { all[$0] == first && all.count - $0 >= expected.count }
      #expect(starts.contains { Array(all[$0..<($0 + expected.count)]) == expected }, "CPU \(cpu)")
    }
  }
}
