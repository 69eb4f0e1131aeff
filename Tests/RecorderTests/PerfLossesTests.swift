import Foundation
import TestSupport
import Testing

@testable import Recorder

/// What is lost is counted while perf writes: a file that grows, and ends in the middle of a record.
@Suite final class PerfLossesTests {
  private let path = temporaryPath().path
  deinit { try? FileManager.default.removeItem(atPath: path) }

  private func words(_ values: [UInt64]) -> [UInt8] {
    values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  }
  /// `struct perf_event_header` and its content.
  private func record(_ kind: UInt64, _ content: [UInt64]) -> [UInt8] {
    words([UInt64(8 + 8 * content.count) << 48 | kind] + content)
  }
  /// The header's sixth word is where the records begin.
  private var head: [UInt8] { words([0, 0, 0, 0, 0, 72, 0, 0, 0]) }
  private func put(_ bytes: [UInt8]) { _ = FileManager.default.createFile(atPath: path, contents: Data(bytes)) }

  @Test func goesOnWhereItStopped() {
    var losses = PerfLosses()
    losses.read(path)
    #expect(losses.count == 0, "no file yet")
    put([])
    losses.read(path)
    var bytes = head + record(9, [1, 2]) + record(2, [7, 40])
    put(bytes + record(2, [7, 2]).dropLast(3))
    losses.read(path)
    #expect(losses.count == 40, "the second is not whole yet")
    losses.read(path)
    #expect(losses.count == 40, "each byte counts once")
    bytes += record(2, [7, 2]) + record(9, [3])
    put(bytes)
    losses.read(path)
    #expect(losses.count == 42)
  }

  @Test func theSumAtTheEndIsOfTheSameEvents() {
    put(head + record(2, [7, 40]) + record(13, [50]))
    var losses = PerfLosses()
    losses.read(path)
    #expect(losses.count == 50)
  }

  @Test func aRecordWithoutASizeEndsIt() {
    put(head + words([2, 0, 0]) + record(2, [7, 40]))
    var losses = PerfLosses()
    losses.read(path)
    #expect(losses.count == 0)
  }

  /// More than is read at a time, with a record across the border.
  @Test func aLargeFile() {
    put(head + [[UInt8]](repeating: record(9, [1, 2]), count: 50_000).flatMap { $0 } + record(2, [7, 9]))
    var losses = PerfLosses()
    losses.read(path)
    #expect(losses.count == 9)
  }
}
