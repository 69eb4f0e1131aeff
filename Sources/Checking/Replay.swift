import EventDecoding
package import Invariants
import RmapEvents
import RmapGraph
package import TraceReading

/// The moving parts of one check.
///
/// What was not seen must not be taken for what did not happen. So after a gap the graph begins anew, and wherever
/// the events around one are not known, that one is judged by itself: as if the recording held nothing else.
package struct Replay: ~Copyable {
  private let invariants: [Invariant]
  private let observability: Observability
  private let decoder: EventDecoder
  private var graph = RmapGraph()
  /// Judges what the recording holds all events for.
  private var judge: Judge
  /// Judges, event by event, the invariants for which some are missing.
  private var loneJudge: Judge
  private var records: UInt64 = 0
  private var events: UInt64 = 0
  private var malformed: UInt64 = 0
  private var losses: [Loss] = []
  /// Up to this time, ns, records of some CPU are missing.
  private var blindUntil: UInt64?
  private let bufferCount: Int
  private var bufferOfEvent: [UInt16: UInt16] = [:]
  private var twiceRecorded = false

  init(_ file: any RecordedFile, _ invariants: [Invariant], _ sidecar: Sidecar?) {
    self.invariants = invariants
    decoder = EventDecoder(formats: file.eventFormats)
    let seen = Observability(file, decoder, sidecar)
    observability = seen
    judge = Judge(invariants.filter { $0.missing(from: seen.kinds).isEmpty })
    loneJudge = Judge(
      invariants.filter { !$0.missing(from: seen.kinds).isEmpty && $0.level <= seen.level })
    loneJudge.blame(.notRecorded)
    bufferCount = file.bufferCount
  }

  /// The next record, in order of time.
  @inline(__always) package mutating func take(_ record: RawRecord) {
    records &+= 1
    switch decoder.decode(record) {
    case .foreign: return
    case .malformed:
      malformed &+= 1
      graph.reset()
    case .event(let event):
      guard isOfItsBuffer(record) else { return }
      events &+= 1
      let stamp = EventStamp(
        ordinal: records, timestamp: record.timestamp, pid: record.pid, cpu: record.cpu)
      if let until = blindUntil {
        if record.timestamp < until { return judgeAlone(event, stamp, &judge) }
        blindUntil = nil
      }
      graph.apply(event, at: stamp, observer: &judge)
      if !loneJudge.invariants.isEmpty { judgeAlone(event, stamp, &loneJudge) }
    }
  }

  /// An event can be switched on in several buffers, and is then recorded several times: the first buffer that
  /// shows it counts.
  @inline(__always) private mutating func isOfItsBuffer(_ record: RawRecord) -> Bool {
    guard bufferCount > 1 else { return true }
    if let first = bufferOfEvent[record.eventID] {
      if first != record.buffer { twiceRecorded = true }
      return first == record.buffer
    }
    bufferOfEvent[record.eventID] = record.buffer
    return true
  }

  /// One invariant's checks so far.
  package func ledger(of invariant: Invariant) -> Ledger? {
    judge.ledger(of: invariant) ?? loneJudge.ledger(of: invariant)
  }

  /// Records of one CPU are missing from here to `lost.before`: what other CPUs recorded meanwhile can only be
  /// judged by itself. After the gap everything is as if the recording began there.
  package mutating func lose(_ lost: LostEvents) {
    let end = lost.before == .max ? nil : lost.before
    losses.append(Loss(cpu: lost.cpu, count: lost.count, after: lost.after, before: end))
    blindUntil = max(blindUntil ?? 0, lost.before)
    graph.reset()
    judge.blame(.lost)
  }

  func report(to result: inout RecordingResult, file: any RecordedFile) {
    result.doubts += observability.doubts
    result.records = records
    result.events = events
    result.malformed = malformed
    result.losses = losses
    result.statistics = graph.statistics
    result.twiceRecorded = twiceRecorded
    result.level = observability.level
    result.invariants = invariants.map { invariant in
      let missing = invariant.missing(from: observability.kinds)
      let judge = missing.isEmpty ? judge : loneJudge
      return InvariantResult(
        invariant: invariant, ledger: judge.ledger(of: invariant) ?? Ledger(), missing: missing,
        missingFields: invariant.fields.filter { !observability.fields.contains($0) },
        isUnbroken: losses.isEmpty && malformed == 0, isRecorded: invariant.level <= result.level)
    }
    for (_, finding) in result.findings {
      for stamp in finding.events {
        result.commandNames[stamp.pid] = file.commandName(ofPID: stamp.pid)
      }
    }
  }
}

/// What an event says by itself, whatever was before it.
private func judgeAlone(_ event: borrowing RmapEvent, _ stamp: EventStamp, _ judge: inout Judge) {
  var graph = RmapGraph()
  graph.apply(event, at: stamp, observer: &judge)
}
