public import Checking
import Invariants
import RecordingFormat
public import TraceReading

/// A recording whose records lie in memory, so that some can be left out, put elsewhere or changed.
public struct MemoryRecording: Sendable {
  /// One record without its bytes.
  public struct Record: Sendable {
    /// See `RawRecord`; so are the next four.
    public var timestamp: UInt64
    /// The CPU.
    public var cpu: UInt16
    /// The buffer.
    public var buffer: UInt16
    /// The event's number.
    public var eventID: UInt16
    /// The task.
    public var pid: Int32
    /// Where its bytes begin.
    public var offset: Int
    /// How many there are.
    public var count: Int
  }

  /// Where it came from.
  public let path: String
  /// The opened file, for its formats and metadata.
  public let file: TraceFile
  /// Its sidecar.
  public let sidecar: Sidecar?
  /// All records in order of time.
  public var records: [Record] = []
  /// Their bytes.
  public var bytes: [UInt8] = []
  /// What the check of the unchanged recording comes to.
  public private(set) var baseline: RecordingResult

  /// A record at which an invariant is broken in the unchanged recording.
  struct Broken: Hashable {
    let place: Int
    let invariant: String
  }

  /// All of them, with the number of checks of the invariant there.
  private(set) var broken: [Broken: UInt64] = [:]

  /// Whether the recording itself has gaps: they are not kept.
  public var hasGaps: Bool { !baseline.losses.isEmpty }

  /// Reads all of a recording. With `counts` the kernel's counts in its sidecar stay: what is missing or there twice is told
  /// by them. What the checker makes of a change by itself is of interest without.
  public init(path: String, counts: Bool = false) throws {
    self.path = path
    file = try TraceFile(path: path)
    var sidecar = try Sidecar.beside(path)
    if !counts { sidecar?.buffers = nil }
    self.sidecar = sidecar
    baseline = RecordingCheck().run(path: path)
    var stream = try file.records()
    while let item = try stream.next() {
      guard case .record(let record) = item else { continue }
      records.append(
        Record(
          timestamp: record.timestamp, cpu: record.cpu, buffer: record.buffer, eventID: record.eventID,
          pid: record.pid, offset: bytes.count, count: record.payload.count))
      bytes.append(contentsOf: record.payload)
    }
    guard baseline.violations > 0 else { return }
    var broken: [Broken: UInt64] = [:]
    _ = check(records.lazy.map(Item.record)) { place, name, said in
      if said.violations > 0 {
        broken[Broken(place: place, invariant: name)] = said.decided + said.undecided
      }
    }
    self.broken = broken
  }

  /// A record, or a gap before the next ones.
  public enum Item: Sendable {
    case record(Record)
    case lost(LostEvents)
  }

  /// The check of a recording that holds just these items. With `verdicts`, what each invariant says at each record
  /// is handed over, by the record's place in its bytes; that takes long.
  public func check(
    _ items: some Sequence<Item>, verdicts: ((Int, String, Said) -> Void)? = nil
  ) -> RecordingResult {
    bytes.withUnsafeBytes { bytes in
      RecordingCheck().run(file, path: path, sidecar: sidecar) { replay in
        var before = verdicts == nil ? [] : Invariant.all.map { replay.ledger(of: $0) ?? Ledger() }
        for item in items {
          switch item {
          case .lost(let lost): replay.lose(lost)
          case .record(let record):
            replay.take(record.raw(in: bytes))
            guard let verdicts else { continue }
            for (index, invariant) in Invariant.all.enumerated() {
              let after = replay.ledger(of: invariant) ?? Ledger()
              verdicts(record.offset, invariant.name, Said(before[index], after))
              before[index] = after
            }
          }
        }
      }
    }
  }

  /// What an invariant says at one record: how many checks came to what.
  public struct Said: Sendable {
    /// Decided checks, violations included.
    public let decided: UInt64
    /// Checks that could not be decided.
    public let undecided: UInt64
    /// Violations.
    public let violations: UInt64

    init(_ before: Ledger, _ after: Ledger) {
      decided = after.decided - before.decided
      undecided = after.undecidedTotal - before.undecidedTotal
      violations = after.violations - before.violations
    }
  }

  /// The name of a record's event.
  public func name(of record: Record) -> String { file.eventFormats[record.eventID]?.name ?? "?" }
}

extension MemoryRecording.Record {
  /// The record as a reader would give it.
  public func raw(in bytes: UnsafeRawBufferPointer) -> RawRecord {
    RawRecord(
      timestamp: timestamp, cpu: cpu, buffer: buffer, eventID: eventID, pid: pid,
      payload: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
  }
}
