import Checking
import Invariants
import RecordingAudit
import RecordingFormat
import RmapEvents
import RmapGraph
internal import TraceReading

/// Judges some records of a history, and says whether they show the violation as the whole recording does.
struct Trial: Sendable {
  private let history: History
  let target: Target
  /// The sidecar that the reduced recording will have.
  let sidecar: Sidecar
  /// What the whole history shows.
  private var known: Set<Mark> = []
  private var contradictions: Set<Contradiction> = []
  private var missingReturns: UInt64 = 0

  /// A violation, as far as two judgements can be compared.
  private struct Mark: Hashable {
    let invariant: Int
    let ordinal: UInt64
    let what: String

    init(_ invariant: Invariant, _ finding: Finding) {
      self.invariant = invariant.number
      ordinal = finding.stamp.ordinal
      what = finding.what
    }
  }

  init(_ history: History, _ target: Target, _ sidecar: Sidecar) {
    self.history = history
    self.target = target
    self.sidecar = sidecar
  }

  /// Notes what the whole history shows; returns whether the violation is among that.
  mutating func begin(with whole: [Int]) -> Bool {
    let result = judge(whole)
    known = Set(result.findings.map { Mark($0.invariant, $0.finding) })
    contradictions = Set(result.contradictions.kept)
    missingReturns = result.statistics.missingReturns
    return shows(result)
  }

  /// Whether these records show the violation, with the same proof, and nothing that the whole does not show.
  func shows(_ kept: [Int]) -> Bool { shows(judge(kept)) }

  private func shows(_ result: RecordingResult) -> Bool {
    let findings = result.findings
    guard findings.contains(where: { $0.invariant.number == target.invariant.number && $0.finding == target.finding })
    else { return false }
    return findings.allSatisfy { known.contains(Mark($0.invariant, $0.finding)) }
      && result.contradictions.kept.allSatisfy(contradictions.contains)
      && result.statistics.missingReturns <= missingReturns
  }

  /// What is said of these records instead of the violation.
  func reason(against kept: [Int]) -> String {
    let result = judge(kept)
    if let (invariant, finding) = result.findings.first {
      return "they show \(invariant.name) at event \(finding.stamp.ordinal)"
    }
    return result.doubts.first ?? "they break no rule"
  }

  /// Judges records with the numbers that they have in the whole recording, or, renumbered, in the reduced one.
  func judge(_ kept: [Int], renumbered: Bool = false) -> RecordingResult {
    let file = KeptRecords(history, kept)
    return history.withBytes { bytes in
      RecordingCheck(limit: .all).run(file, path: "", sidecar: sidecar, pageSize: history.pageSize, isWhole: true) {
        replay in
        replay.take(
          kept.lazy.enumerated().map { place, index in
            let record = history.records[index]
            return (renumbered ? UInt64(place) + 1 : record.ordinal, record.raw(in: bytes))
          })
      }
    }
  }
}

/// What a file with just these records says of itself.
private struct KeptRecords: RecordedFile {
  let eventFormats: EventFormats
  let recordedCPUs: Set<UInt16>
  let clocks: Set<String>
  let unnamedClock: String?
  let uname: String?
  var bufferCount: Int { 1 }
  var cpuCount: Int? { recordedCPUs.count }
  var systemPageSize: Int? { nil }
  var omissions: [String] { [] }
  func commandName(ofPID pid: Int32) -> String? { nil }

  init(_ history: History, _ kept: [Int]) {
    eventFormats = EventFormats(history.formats)
    recordedCPUs = Set(kept.map { history.records[$0].cpu })
    clocks = history.clocks
    unnamedClock = history.unnamedClock
    uname = history.uname
  }
}

extension Sidecar {
  /// What can be said of a part of the recording: the kernel, and what its probes missed; no counts.
  static func ofReduced(_ whole: Sidecar?, _ pageSize: PageSize) -> Sidecar {
    var sidecar = whole ?? Sidecar(recording: "")
    sidecar.kernel = sidecar.kernel ?? Kernel()
    sidecar.kernel?.pageSize = Int(pageSize.bytes)
    sidecar.expected = nil
    sidecar.buffers = nil
    sidecar.xxh64 = nil
    sidecar.recorder = nil
    sidecar.reduced = Reduced(recording: nil, xxh64: "", records: 0, events: [], invariant: "", fingerprint: "")
    sidecar.probes = sidecar.probes?.map { probe in
      // What is fetched can be seen in the events' formats; which function it is, only here.
      let definition = probe.definition.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
      return Probe(event: probe.event, definition: definition, hits: nil, missed: probe.missed)
    }
    return sidecar
  }
}
