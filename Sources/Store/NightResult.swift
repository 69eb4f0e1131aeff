import FoundationEssentials
import RecordingFormat

/// What a store takes from a JSON report of `check`, of this version or an older one: whatever was added to the form later
/// is optional.
public struct NightResult: Decodable, Sendable {
  let schema: String
  let tool: Tool?
  let recordings: [Recording]

  /// Reads a report.
  /// - Parameter path: where it is from, for messages.
  /// - Throws: ``StoreError`` if it is none.
  public init(_ data: Data, path: String) throws(StoreError) {
    do {
      self = try JSONDecoder().decode(Self.self, from: data)
    } catch {
      throw StoreError(.damaged, "\(path): not a JSON report of rmapcheck check: \(Self.place(of: error))")
    }
    guard schema == "rmapcheck-report/1" else {
      throw StoreError(.damaged, "\(path): its schema is \(schema), not rmapcheck-report/1")
    }
  }

  /// How many recordings it has.
  public var count: Int { recordings.count }

  /// Whether a file is meant as JSON, not as a recording: its first character is a brace.
  public static func mayBe(fileAt path: String) -> Bool {
    guard let file = FileHandleOfStart(path) else { return false }
    return file.first(where: { !" \n\t\r".utf8.contains($0) }) == UInt8(ascii: "{")
  }

  private static func FileHandleOfStart(_ path: String) -> Data? {
    (try? Data(contentsOf: URL(filePath: path), options: .mappedIfSafe))?.prefix(64)
  }

  /// What in a report is not as it should be.
  static func place(of error: any Error) -> String {
    func path(_ keys: [any CodingKey]) -> String {
      keys.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }.joined(separator: ".")
    }
    switch error as? DecodingError {
    case .keyNotFound(let key, let context): return "\(path(context.codingPath + [key])) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "\(path(context.codingPath)) has another type"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty ? "not JSON" : "\(path(context.codingPath)) has an unknown value"
    default: return "not JSON"
    }
  }

  struct Tool: Decodable, Sendable {
    let version: String?
    let commit: String?
  }

  struct Recording: Decodable, Sendable {
    let path: String
    let run: Run?
    let verdict: Verdict
    let damage: String?
    let kernel: String?
    let xxh64: String?
    let made: Made?
    let records: UInt64
    let events: UInt64
    let doubts: [String]
    let invariants: [InvariantEntry]
    let violations: [Violation]
    let defects: [Defect]?
  }

  struct Run: Decodable, Sendable {
    let kernel: String
    let flavour: String
    let workload: String
    let level: String?
    let fault: String?
  }

  /// How it was recorded, from the sidecar.
  struct Made: Decodable, Sendable {
    let date: String?
    let kernelVersion: String?
    let machine: String?
    let package: String?
    let compiler: String?
    let commit: String?
    let configuration: [String: String]?
  }

  struct InvariantEntry: Decodable, Sendable {
    let name: String
    let verdict: Verdict
    let decided: UInt64
    let undecided: [String: UInt64]
    let violations: UInt64
    let missingEvents: [String]?
    let missingFields: [String]?
    let lawGap: String?
  }

  struct Violation: Decodable, Sendable {
    let invariant: String
    let fingerprint: String?
    let what: String
    let function: String
    let doneBy: Step?
    let doneBetween: [Step]?
    let event: Event
    let rule: String?
  }

  struct Step: Decodable, Sendable {
    let function: String?
  }

  struct Event: Decodable, Sendable {
    let number: UInt64
  }

  struct Defect: Decodable, Sendable {
    let fingerprint: String
    let invariant: String
    let what: String
    let function: String
    let event: UInt64
    let violations: UInt64
    let findings: [Int]
    let follows: [Consequence]?
  }

  /// Violations of another invariant, or of the same, that follow from a defect.
  struct Consequence: Decodable, Sendable {
    let invariant: String
  }

  /// A defect in a recording, whether its report knew defects or only violations.
  struct Seen {
    let fingerprint: String
    let invariant: String
    let what: String
    let function: String
    let doer: String
    let rule: String
    let event: UInt64
    let violations: UInt64
    /// The other invariants that are broken because of it.
    let consequences: Set<String>
  }
}

extension NightResult.Recording {
  /// What is wrong, one entry for each fingerprint.
  var seen: [NightResult.Seen] {
    if let defects {
      return defects.map { defect in
        let first = defect.findings.first.flatMap { violations.indices.contains($0) ? violations[$0] : nil }
        return NightResult.Seen(
          fingerprint: defect.fingerprint, invariant: defect.invariant, what: defect.what, function: defect.function,
          doer: first?.doer ?? defect.function, rule: first?.rule ?? "", event: defect.event,
          violations: defect.violations,
          consequences: Set((defect.follows ?? []).map(\.invariant)).subtracting([defect.invariant]))
      }
    }
    return Dictionary(grouping: violations, by: \.defect).compactMap { fingerprint, violations in
      violations.min { $0.event.number < $1.event.number }.map { first in
        NightResult.Seen(
          fingerprint: fingerprint, invariant: first.invariant, what: first.what, function: first.function,
          doer: first.doer, rule: first.rule ?? "", event: first.event.number, violations: UInt64(violations.count),
          consequences: [])
      }
    }
  }
}

extension NightResult.Violation {
  /// The defect that it stands for. Reports of versions without fingerprints get one of their own kind.
  var defect: String {
    fingerprint ?? hash64([invariant, what.replacing(/0x[0-9a-f]+|\b[0-9]+\b/, with: "#"), function])
  }

  /// The function that did it, as far as the recording shows.
  var doer: String { doneBy?.function ?? doneBetween?.last?.function ?? function }
}

extension NightResult.InvariantEntry {
  /// Why not all was decided; nil if all was.
  var reason: String? {
    if let lawGap { return lawGap }
    if let missing = missingEvents, !missing.isEmpty { return "no events of \(missing.joined(separator: ", "))" }
    if let missing = missingFields, !missing.isEmpty { return "not recorded: \(missing.joined(separator: ", "))" }
    let most = undecided.max { ($0.value, $1.key) < ($1.value, $0.key) }
    return most?.key ?? (verdict == .undecided ? "events were lost, or nothing was there to decide" : nil)
  }
}

/// FNV-1a of texts, as 16 hexadecimal digits.
func hash64(_ texts: [String]) -> String {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in texts.joined(separator: "\n").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
  let digits = String(hash, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
