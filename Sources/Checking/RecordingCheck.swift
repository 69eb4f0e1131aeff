import EventDecoding
public import Invariants
import RmapEvents
import RmapGraph
import TraceReading

/// Checks one recording from its first record to its last.
public struct RecordingCheck: Sendable {
  /// The invariants to judge.
  public let invariants: [Invariant]

  /// A check of the given invariants.
  public init(invariants: [Invariant] = Invariant.all) { self.invariants = invariants }

  /// Replays the recording at `path`. Whatever is wrong with the file is in the result: nothing is thrown.
  public func run(path: String) -> RecordingResult {
    var result = RecordingResult(path: path)
    if RecordingSearch.isFolder(path) {
      result.damage = "no recording in this folder, or no permission to read it"
      result.verdict = .damaged
      return result
    }
    do {
      result.sidecar = try Sidecar.beside(path)
    } catch {
      result.damage = error.description
      result.verdict = .damaged
      return result
    }
    do {
      let recording = try Recording(path: path)
      result.kernel = result.sidecar?.kernel?.release ?? recording.file.uname
      try replay(recording, into: &result)
    } catch {
      result.damage = error.description
    }
    conclude(&result)
    return result
  }

  private func replay(_ recording: Recording, into result: inout RecordingResult) throws(TraceReadingError) {
    let file = recording.file
    let decoder = EventDecoder(formats: file.eventFormats)
    let observability = Observability(file, decoder, result.sidecar)
    let judged = invariants.filter { $0.missing(from: observability.kinds).isEmpty }
    var replay = Replay(decoder: decoder, judge: Judge(judged), bufferCount: file.bufferCount)
    defer { replay.report(to: &result, all: invariants, observability, file: file) }
    result.doubts += observability.doubts
    switch recording {
    case .traceData(let file):
      var stream = try file.records()
      try drain(&stream, into: &replay, &result)
    }
  }

  /// Generic, so that the compiler makes a loop of its own for each kind of recording.
  private func drain<Source: RecordSource & ~Copyable>(
    _ stream: inout Source, into replay: inout Replay, _ result: inout RecordingResult
  ) throws(TraceReadingError) {
    while let item = try stream.next() {
      switch item {
      case .record(let record): replay.take(record)
      case .lost(let lost): replay.lose(lost)
      }
    }
    if stream.timeRegressions > 0 {
      result.doubts.append(
        "the clock went backwards \(stream.timeRegressions) time(s): the order of events is uncertain")
    }
  }

  private func conclude(_ result: inout RecordingResult) {
    noteDoubts(&result)
    if result.violations > 0 {
      result.verdict = .violated
    } else if result.damage != nil {
      result.verdict = .damaged
    } else {
      let recorded = result.invariants.filter(\.isRecorded)
      let isSure =
        result.doubts.isEmpty && !recorded.isEmpty && recorded.allSatisfy { $0.verdict == .holds }
      result.verdict = isSure ? .holds : .undecided
    }
  }

  private func noteDoubts(_ result: inout RecordingResult) {
    if result.damage == nil, result.events == 0 {
      result.doubts.append(
        "the file is sound but holds none of our events: record with the probes of `rmapcheck probes`")
    }
    if result.malformed > 0 {
      result.doubts.append("\(result.malformed) event(s) of ours hold values that make no sense")
    }
    if result.statistics.missingReturns > 0 {
      result.doubts.append(
        "\(result.statistics.missingReturns) return(s) of functions were not recorded: a probe missed them")
    }
    if let claimed = result.sidecar?.level, result.damage == nil, claimed > result.level {
      result.doubts.append(
        "about.json says level \(claimed.rawValue), but the file has events of \(result.level.rawValue) only")
    }
    if result.twiceRecorded {
      result.doubts.append("two buffers hold the same events: only the first of them was replayed")
    }
    let lost = result.losses.reduce(into: (gaps: 0, events: UInt64(0), isKnown: true)) { sum, loss in
      sum.gaps += 1
      sum.events &+= loss.count ?? 0
      if loss.count == nil { sum.isKnown = false }
    }
    if lost.gaps > 0 {
      let count = lost.isKnown ? "\(lost.events)" : "an unknown number of"
      result.doubts.append("\(count) events were lost in \(lost.gaps) gap(s)")
    }
  }
}

/// The moving parts of one check.
private struct Replay: ~Copyable {
  let decoder: EventDecoder
  var graph = RmapGraph()
  var judge: Judge
  var records: UInt64 = 0
  var events: UInt64 = 0
  var malformed: UInt64 = 0
  var losses: [Loss] = []
  /// While records are missing, the graph is not to be trusted: nothing is applied up to this time, ns.
  var blindUntil: UInt64?
  let bufferCount: Int
  private var bufferOfEvent: [UInt16: UInt16] = [:]
  private(set) var twiceRecorded = false

  init(decoder: EventDecoder, judge: Judge, bufferCount: Int) {
    self.decoder = decoder
    self.judge = judge
    self.bufferCount = bufferCount
  }

  @inline(__always) mutating func take(_ record: RawRecord) {
    records &+= 1
    switch decoder.decode(record) {
    case .foreign: return
    case .malformed:
      malformed &+= 1
      graph.reset()
    case .event(let event):
      guard isOfItsBuffer(record) else { return }
      events &+= 1
      if let until = blindUntil {
        if record.timestamp < until { return }
        blindUntil = nil
        graph.reset()
      }
      let stamp = EventStamp(
        ordinal: records, timestamp: record.timestamp, pid: record.pid, cpu: record.cpu)
      graph.apply(event, at: stamp, observer: &judge)
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

  /// Records of one CPU are missing from here to `lost.before`: what other CPUs recorded meanwhile can't be
  /// understood either. After the gap everything is as if the recording began there.
  mutating func lose(_ lost: LostEvents) {
    let end = lost.before == .max ? nil : lost.before
    losses.append(Loss(cpu: lost.cpu, count: lost.count, after: lost.after, before: end))
    blindUntil = max(blindUntil ?? 0, lost.before)
  }

  func report(
    to result: inout RecordingResult, all invariants: [Invariant], _ observability: Observability,
    file: any RecordedFile
  ) {
    result.records = records
    result.events = events
    result.malformed = malformed
    result.losses = losses
    result.statistics = graph.statistics
    result.twiceRecorded = twiceRecorded
    result.level = observability.level
    var judged = zip(judge.invariants, judge.ledgers).makeIterator()
    result.invariants = invariants.map { invariant in
      let missing = invariant.missing(from: observability.kinds)
      return InvariantResult(
        invariant: invariant, ledger: missing.isEmpty ? judged.next()?.1 ?? Ledger() : Ledger(), missing: missing,
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
