public import Checking
import Invariants
public import TraceReading

/// A recording whose records lie in memory, so that some can be left out, put elsewhere or changed.
public struct MemoryRecording: Sendable {
  /// One record without its bytes.
  public struct Record: Sendable {
    public var timestamp: UInt64
    public var cpu: UInt16
    public var buffer: UInt16
    public var eventID: UInt16
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

  /// A check that fails in the unchanged recording.
  struct Broken: Hashable {
    let place: Int
    let invariant: String
  }

  /// All of them.
  private(set) var broken: Set<Broken> = []

  /// Whether the recording itself has gaps: they are not kept.
  public var hasGaps: Bool { !baseline.losses.isEmpty }

  /// Reads all of a recording.
  public init(path: String) throws {
    self.path = path
    file = try TraceFile(path: path)
    sidecar = try Sidecar.beside(path)
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
    var broken: Set<Broken> = []
    _ = check(records.lazy.map(Item.record)) { place, name, said in
      if said == .broken { broken.insert(Broken(place: place, invariant: name)) }
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
              if let said = Said(before[index], after) { verdicts(record.offset, invariant.name, said) }
              before[index] = after
            }
          }
        }
      }
    }
  }

  /// What an invariant says at one record.
  public enum Said: Sendable {
    case holds
    case cannotTell
    case broken

    init?(_ before: Ledger, _ after: Ledger) {
      if after.violations > before.violations {
        self = .broken
      } else if after.undecidedTotal > before.undecidedTotal {
        self = .cannotTell
      } else if after.decided > before.decided {
        self = .holds
      } else {
        return nil
      }
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
