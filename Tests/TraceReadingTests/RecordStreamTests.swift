import TestSupport
import Testing

@testable import TraceReading

@Suite struct RecordStreamTests {
  private func page(
    _ times: [UInt64], _ loss: PageBuilder.Loss = .none, id: UInt16 = 100
  ) -> PageBuilder {
    var page = PageBuilder(at: times.first ?? 0, loss: loss)
    var last = times.first ?? 0
    for time in times {
      page.event(id, delta: UInt32(time - last))
      last = time
    }
    return page
  }

  private func record(_ time: UInt64, _ cpu: Int) -> Read {
    .record(time: time, cpu: cpu, buffer: 0, id: 100)
  }

  @Test func gapOpensBeforeOtherCPUsRecordsInIt() {
    let sample = SampleTrace(cpus: [
      [page([10, 20]), page([50], .counted(3))], [page([15, 20, 30, 60])],
    ])
    for bytes in sample.everyFile {
      let (items, error) = readAll(bytes)
      #expect(error == nil)
      #expect(
        items == [
          record(10, 0), record(15, 1), record(20, 0),
          .lost(cpu: 0, count: 3, after: 20, before: 50),
          record(20, 1), record(30, 1), record(50, 0), record(60, 1),
        ])
    }
  }

  @Test func gapsAtTheStartComeFirst() {
    let sample = SampleTrace(cpus: [
      [page([40], .unknown)], [page([10])], [page([], .counted(2))],
    ])
    #expect(
      readAll(sample.format6()).items == [
        .lost(cpu: 0, count: nil, after: nil, before: 40),
        .lost(cpu: 2, count: 2, after: nil, before: .max),
        record(10, 1), record(40, 0),
      ])
  }

  @Test func gapsOverPagesWithoutRecordsAreOne() {
    let sample = SampleTrace(cpus: [
      [page([10]), page([], .counted(2)), page([], .counted(5)), page([90])],
      [page([20]), page([], .counted(2)), page([], .unknown)],
    ])
    #expect(
      readAll(sample.format7(.zstd)).items == [
        record(10, 0), .lost(cpu: 0, count: 7, after: 10, before: 90),
        record(20, 1), .lost(cpu: 1, count: nil, after: 20, before: .max),
        record(90, 0),
      ])
  }

  @Test func clockThatGoesBackwardsIsCounted() throws {
    let sample = SampleTrace(cpus: [[page([10]), page([5, 7])], [page([6])]])
    let trace = try open(sample.format6())
    var stream = try trace.records()
    var items: [Read] = []
    while let item = try stream.next() { items.append(Read(item)) }
    #expect(items == [record(6, 1), record(10, 0), record(5, 0), record(7, 0)])
    #expect(stream.timeRegressions == 1)
    #expect(
      stream.recordCounts == [
        RecordCount(cpu: 0, buffer: 0, count: 3, lastTimestamp: 7),
        RecordCount(cpu: 1, buffer: 0, count: 1, lastTimestamp: 6),
      ])
  }

  @Test func manyCPUsInOrder() {
    var random = SeededGenerator(seed: 7)
    let cpus = (0..<256).map { _ in
      var times = (0..<8).map { _ in UInt64.random(in: 0..<500, using: &random) }
      times.sort()
      return [page(times)]
    }
    let items = readAll(SampleTrace(cpus: cpus).format6()).items
    let keys = items.map { item in
      if case .record(let time, let cpu, _, _) = item { (time, cpu) } else { (UInt64.max, 0) }
    }
    #expect(keys.count == 256 * 8)
    #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test func errorsStay() throws {
    var broken = PageBuilder(at: 20)
    broken.event(100)
    broken.word(28)
    let sample = SampleTrace(cpus: [[page([10]), broken], [page([5, 30])]])
    let trace = try open(sample.format6())
    var stream = try trace.records()
    var times: [UInt64] = []
    var errors: [TraceReadingError] = []
    for _ in 0..<6 {
      do throws(TraceReadingError) {
        if case .record(let record)? = try stream.next() { times.append(record.timestamp) }
      } catch {
        errors.append(error)
      }
    }
    #expect(times == [5, 10, 20])
    #expect(errors.count == 3)
    #expect(Set(errors.map(\.what)) == ["a record past the end of its page, CPU 0 of buffer 0"])
  }

  @Test func recordWithoutItsCommonFields() {
    var short = PageBuilder(at: 10)
    short.record([100, 0, 0, 0])
    let error = readAll(SampleTrace(cpus: [[short]]).format6()).error
    #expect(error?.what == "a record too short, CPU 0 of buffer 0")
  }
}
