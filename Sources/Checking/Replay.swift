import EventDecoding
package import Invariants
import RecordingAudit
import RecordingFormat
import RmapEvents
import RmapGraph
package import TraceReading

/// A graph, the judge that observes it, and what is counted on the way: one pass over a recording.
///
/// What was not seen must not be taken for what did not happen. So after a gap the graph begins anew, and wherever
/// the events around one are not known, that one is judged by itself: as if the recording held nothing else.
package struct Replay: ~Copyable {
  private let invariants: [Invariant]
  private let observability: Observability
  /// What is not judged for want of a law.
  let law: LawGap
  /// What has been read of the recording.
  var intake: Intake
  var graph = RmapGraph()
  /// Judges what the recording holds all events for, and the recording itself.
  var watch: AuditedJudge
  /// Takes pictures on the way; nil where nobody asks for any.
  package var camera: Camera?
  /// Judges, event by event, the invariants for which some are missing.
  private var loneJudge: Judge
  /// What follows from what, among what both of them find.
  private let defects = DefectLog()
  private var losses: [Loss] = []
  /// Up to this time, ns, records of some CPU are missing.
  private var blindUntil: UInt64?
  /// Behind this not all is judged; nil again once it has been reached.
  private var proofEnd: ProofEnd?
  /// Whether nothing more is judged.
  private var isOver = false
  /// Whether the rest is judged event by event, since there is evidence that others are missing.
  private var isBroken = false

  /// A replay of a recording; with `isOrdered` false each event is judged by itself.
  init(
    _ file: any RecordedFile, _ check: RecordingCheck, _ sidecar: Sidecar?, isOrdered: Bool = true,
    until: ProofEnd? = nil, law: LawGap? = nil, pageSize: PageSize = .small
  ) {
    proofEnd = until
    graph = RmapGraph(allTasksAreRecorded: Wholeness(file, sidecar).isKnown)
    let law = law ?? LawGap(file.eventFormats, sidecar, uname: file.uname)
    self.law = law
    intake = Intake(file, pageSize: pageSize)
    let seen = Observability(file, intake.decoder, sidecar, isOrdered: isOrdered)
    observability = seen
    let invariants = check.invariants.filter { $0.isOfKernel(with: seen.fieldNames) }
    let limit = check.limit
    self.invariants = invariants
    var (whole, lone): ([Invariant], [Invariant]) = ([], [])
    for invariant in invariants where law.reason(for: invariant) == nil {
      if invariant.missing(from: seen.kinds).isEmpty {
        whole.append(invariant)
      } else if invariant.level <= seen.level {
        lone.append(invariant)
      }
    }
    watch = AuditedJudge(Judge(whole, keeping: limit, defects))
    loneJudge = Judge(lone, keeping: limit, defects)
    loneJudge.blame(.notRecorded)
  }

  /// The next stretch of the recording, up to its end.
  package mutating func take(_ stretch: Stretch) {
    apply(stretch.events)
    switch stretch.ending {
    case .malformed(let level):
      graph.forget(from: level)
      watch.audit.forget(from: level)
    case .lost(let lost): lose(lost)
    case .full, .over, .failed: break
    }
  }

  private mutating func apply(_ events: borrowing EventBatch) {
    var next = 0
    if isOver { return }
    if let end = proofEnd {
      next = firstPosition(after: end.time, in: events)
      judge(events, 0..<next)
      guard next < events.count else { return }
      reach(end)
      if isOver { return }
    }
    if let until = blindUntil {
      while next < events.count, events.stamp(at: next).timestamp < until {
        if camera != nil { seeAlone(events, at: next) }
        judgeAlone(events, at: next, &watch.judge)
        next += 1
      }
      guard next < events.count else { return }
      blindUntil = nil
    }
    judge(events, next..<events.count)
  }

  private mutating func reach(_ end: ProofEnd) {
    proofEnd = nil
    switch end.behind {
    case .nothing: isOver = true
    case .withoutCPU(let cpu):
      lose(LostEvents(cpu: cpu, buffer: 0, count: nil, after: end.time, before: .max, offset: 0))
    case .eachByItself:
      isBroken = true
      blindUntil = .max
      beginAnew()
    }
  }

  private mutating func judge(_ events: borrowing EventBatch, _ positions: Range<Int>) {
    if camera != nil { return judgeInSight(events, positions) }
    guard !loneJudge.invariants.isEmpty else {
      return graph.apply(events, positions, observer: &watch)
    }
    for position in positions {
      graph.apply(events, at: position, observer: &watch)
      judgeAlone(events, at: position, &loneJudge)
    }
  }

  private func firstPosition(after time: UInt64, in events: borrowing EventBatch) -> Int {
    var position = 0
    while position < events.count, events.stamp(at: position).timestamp <= time { position += 1 }
    return position
  }

  /// The violation that shows first.
  var firstViolation: (invariant: Invariant, stamp: EventStamp)? {
    var first: (invariant: Invariant, stamp: EventStamp)?
    for invariant in invariants {
      for finding in ledger(of: invariant)?.findings ?? [] {
        if finding.stamp.ordinal < first?.stamp.ordinal ?? .max { first = (invariant, finding.stamp) }
      }
    }
    return first
  }

  /// A rule that is broken, and the number of the event at which that shows.
  struct Violation: Equatable {
    let invariant: String
    let ordinal: UInt64
  }

  /// The violations that show in events after a time, ns, in the order of the events.
  func violations(after time: UInt64) -> [Violation] {
    invariants.flatMap { invariant in
      (ledger(of: invariant)?.findings ?? []).filter { $0.stamp.timestamp > time }
        .map { Violation(invariant: invariant.name, ordinal: $0.stamp.ordinal) }
    }.sorted { $0.ordinal < $1.ordinal }
  }

  /// The next record, in order of time: for experiments, which want to look in between.
  package mutating func take(_ record: RawRecord) {
    let stretch = Stretch()
    stretch.ending = intake.take(record, into: &stretch.events) ? .full : .malformed(intake.malformedLevel)
    take(stretch)
  }

  /// The next records, in order of time, with their numbers in the recording that they are from; others of it were left
  /// out.
  package mutating func take(_ records: some Sequence<(ordinal: UInt64, record: RawRecord)>) {
    let stretch = Stretch()
    for (ordinal, record) in records {
      intake.pass(to: ordinal)
      let makesSense = intake.take(record, into: &stretch.events)
      stretch.ending = makesSense ? .full : .malformed(intake.malformedLevel)
      guard !makesSense || stretch.events.count >= Stretch.recordsMax else { continue }
      take(stretch)
      stretch.events.removeAll()
    }
    take(stretch)
  }

  /// How many checks of each invariant came to what so far, as one number, and what the model holds, as another: two
  /// replays with other numbers differ.
  package func checksSoFar() -> UInt64 { watch.judge.countsSoFar ^ loneJudge.countsSoFar &* 3 }

  /// See ``checksSoFar()``.
  package func modelFingerprint() -> UInt64 { graph.fingerprint() &+ watch.audit.fingerprint() }

  /// One invariant's checks so far.
  package func ledger(of invariant: Invariant) -> Ledger? {
    watch.judge.ledger(of: invariant) ?? loneJudge.ledger(of: invariant)
  }

  /// Records of one CPU are missing from here to `lost.before`: what other CPUs recorded meanwhile can only be
  /// judged by itself. After the gap everything is as if the recording began there.
  package mutating func lose(_ lost: LostEvents) {
    let end = lost.before == .max ? nil : lost.before
    losses.append(Loss(cpu: lost.cpu, count: lost.count, after: lost.after, before: end))
    blindUntil = max(blindUntil ?? 0, lost.before)
    beginAnew()
  }

  /// As if the recording began here.
  private mutating func beginAnew() {
    graph.reset()
    watch.audit.reset()
    watch.judge.blame(.lost)
  }

  /// The mms made by fork whose tasks were not seen up to now.
  var silentMMs: [SilentMM] { graph.silentMMs }
  /// Whether the tasks of other such mms were.
  var childrenHaveActed: Bool { graph.childrenHaveActed }
  /// See ``RecordingResult/level``.
  var level: RecordingLevel { observability.level }

  /// What the recording says against itself so far.
  var contradictions: Contradictions { watch.audit.contradictions }
  /// The first sign that what some task did was left out.
  var leftOut: LeftOut? { watch.audit.leftOut }

  func report(to result: inout RecordingResult, file: any RecordedFile) {
    result.functions = FunctionNames(
      events: intake.decoder.names, fields: intake.decoder.fieldNames,
      definitions: (result.sidecar?.probes ?? []).compactMap(\.definition))
    result.doubts += law.doubts(invariants) + observability.doubts(afterReading: intake.records)
    if intake.repeated > 0 {
      let what = counted(intake.repeated, "event", ("was", "were"))
      result.doubts.append("\(what) recorded twice, at one time on one CPU")
    }
    result.records = intake.records
    result.events = intake.events
    result.malformed = intake.malformed
    result.losses = losses
    result.statistics = graph.statistics
    result.contradictions = contradictions
    result.twiceRecorded = intake.twiceRecorded
    result.level = observability.level
    result.invariants = invariants.map { invariant in
      let missing = invariant.missing(from: observability.kinds)
      let judge = missing.isEmpty ? watch.judge : loneJudge
      return InvariantResult(
        invariant: invariant, ledger: judge.ledger(of: invariant) ?? Ledger(), missing: missing,
        missingFields: invariant.fields.filter { !observability.fields.contains($0) },
        lawGap: law.reason(for: invariant),
        isUnbroken: losses.isEmpty && !isOver && !isBroken
          && (intake.lowestMalformed.map { invariant.highestLevel < $0 } ?? true),
        isRecorded: invariant.level <= result.level)
    }
    result.defects = Defect.all(of: defects)
    for (_, finding) in result.findings {
      for stamp in finding.events {
        result.commandNames[stamp.pid] = file.commandName(ofPID: stamp.pid)
      }
    }
  }
}

/// What an event says by itself, whatever was before it.
private func judgeAlone(_ events: borrowing EventBatch, at position: Int, _ judge: inout Judge) {
  var graph = RmapGraph()
  graph.apply(events, at: position, observer: &judge)
}
