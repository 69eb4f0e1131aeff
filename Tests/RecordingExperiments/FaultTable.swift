public import Checking
import Foundation
import RecordingFormat
import Reports

/// Which injected faults a check finds: each by the first violation between its own injection and the next one.
public struct FaultTable: Sendable {
  /// One injected fault.
  public struct Row: Sendable, Equatable {
    /// The fault's name.
    public let fault: String
    /// The invariant by which it was found; nil if it wasn't.
    public var invariant: String?
    /// The function in which it shows.
    public var function: String?
    /// The first wrong event.
    public var event: UInt64?
    /// The step that did it, or the two between which it was done.
    public var doneBy: String?
    /// The function that a report names first.
    public var responsible: String?
    /// The function in which it was injected.
    public var injectedIn = ""

    /// A fault of which nothing was found.
    public init(fault: String) { self.fault = fault }
  }

  /// A row for each injection, in their order.
  public let rows: [Row]

  /// What the check of a recording found of the faults that its sidecar names.
  public init(_ result: RecordingResult) throws {
    let injections = (result.sidecar?.expected?.injected ?? []).compactMap(Injection.init)
    let document = try JSONDecoder().decode(Document.self, from: Data(JSONReport.render([result]).utf8))
    let violations = document.recordings.flatMap(\.violations)
    rows = injections.enumerated().map { index, injection in
      let end = index + 1 < injections.count ? injections[index + 1].time : .max
      // The module logs after it has injected; its clock has microseconds.
      let start = injection.time > 1_000_000 ? injection.time - 1_000_000 : 0
      let found = violations.first { $0.event.nanoseconds >= start && $0.event.nanoseconds < end }
      var row = Row(fault: injection.fault)
      row.invariant = found?.invariant
      row.function = found?.function
      row.event = found?.event.number
      row.doneBy = found?.steps
      row.responsible = found?.responsible
      row.injectedIn = injection.function
      return row
    }
  }

  /// `broke drop-avc in anon_vma_clone pid=130 mono=32.402453 …`
  private struct Injection {
    let fault: String
    let function: String
    /// CLOCK_MONOTONIC, ns.
    let time: UInt64

    init?(_ line: String) {
      let words = line.split(separator: " ")
      guard words.count > 2, words[0] == "broke", let stamp = words.first(where: { $0.hasPrefix("mono=") }) else {
        return nil
      }
      let parts = stamp.dropFirst(5).split(separator: ".")
      guard parts.count == 2, let seconds = UInt64(parts[0]), let micro = UInt64(parts[1]) else { return nil }
      fault = String(words[1])
      function = words.count > 3 && words[2] == "in" ? String(words[3]) : ""
      time = seconds * 1_000_000_000 + micro * 1000
    }
  }

  /// What is read of a JSON report.
  private struct Document: Decodable {
    struct Recording: Decodable { let violations: [Violation] }
    struct Event: Decodable {
      let number: UInt64
      let nanoseconds: UInt64
    }
    struct Step: Decodable {
      let function: String?
      let event: UInt64
      var text: String { "\(function ?? "?") (\(event))" }
    }
    struct Violation: Decodable {
      let invariant: String
      let function: String
      let responsible: String
      let event: Event
      let doneBy: Step?
      let doneBetween: [Step]?
      var steps: String { (doneBy.map { [$0] } ?? doneBetween ?? []).map(\.text).joined(separator: " to ") }
    }
    let recordings: [Recording]
  }
}
