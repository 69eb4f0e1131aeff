import Checking
import Foundation
import TestSupport

@testable import TraceReading

/// A kept recording as text, of which a part can be left out: what `trace-cmd report` gives of a recording that was filtered.
struct FilteredRecording {
  /// One event.
  struct Line {
    let pid: Int32
    let cpu: UInt16
    let event: String
    /// What stands behind the CPU.
    let rest: String
  }

  private(set) var lines: [Line] = []

  init(_ name: String) throws {
    let file = try TraceFile(path: "\(tracesFolder)/\(name)/trace.dat")
    var stream = try file.records()
    while let item = try stream.next() {
      guard case .record(let record) = item, let format = file.eventFormats[record.eventID] else { continue }
      let fields = format.fields.filter { !$0.isCommon && !$0.name.hasPrefix("__probe") }
      let values = fields.map { "\($0.name)=\(Self.value($0, record.payload))" }.joined(separator: " ")
      let (seconds, rest) = record.timestamp.quotientAndRemainder(dividingBy: 1_000_000_000)
      let time = "\(seconds).\(String(rest + 1_000_000_000).dropFirst())"
      lines.append(
        Line(
          pid: record.pid, cpu: record.cpu, event: format.name,
          rest: "\(time): \(format.system):\(format.name): (f) \(values)"))
    }
  }

  private static func value(_ field: EventField, _ bytes: UnsafeRawBufferPointer) -> String {
    func load<Value: FixedWidthInteger>(_ type: Value.Type) -> String {
      "\(bytes.loadUnaligned(fromByteOffset: field.offset, as: type))"
    }
    switch (field.size, field.isSigned) {
    case (8, true): return load(Int64.self)
    case (8, false): return load(UInt64.self)
    case (4, true): return load(Int32.self)
    case (4, false): return load(UInt32.self)
    case (2, true): return load(Int16.self)
    case (2, false): return load(UInt16.self)
    case (1, true): return load(Int8.self)
    default: return load(UInt8.self)
    }
  }

  /// Its tasks, in order.
  var pids: [Int32] { Set(lines.map(\.pid)).sorted() }

  /// The text of the lines that fit; with `cpu`, as if all had been on that one.
  func text(
    clock: String = "mono", cpus: Int? = 2, allOn cpu: UInt16? = nil, where fits: (Line) -> Bool = { _ in true }
  ) -> String {
    let head = "# clock: \(clock)\n" + (cpus.map { "cpus=\($0)\n" } ?? "")
    return lines.lazy.filter(fits).reduce(into: head) {
      $0 += "t-\($1.pid) [\(String(1000 + Int(cpu ?? $1.cpu)).dropFirst())] \($1.rest)\n"
    }
  }

  /// Checks the text of the lines that fit.
  func check(
    clock: String = "mono", cpus: Int? = 2, allOn cpu: UInt16? = nil, where fits: (Line) -> Bool = { _ in true }
  ) -> RecordingResult {
    Array(text(clock: clock, cpus: cpus, allOn: cpu, where: fits).utf8).withUnsafeBytes {
      RecordingCheck().run(copying: $0)
    }
  }
}
