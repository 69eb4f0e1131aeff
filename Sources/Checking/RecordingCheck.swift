// Checking: one recording, from its file to its verdict; and many of them at once.
//
// One idea: the verdict is that of the weakest part. A violation that is proved makes a recording `violated`,
// whatever else is wrong with it. Otherwise it is `holds` only if the file was read to its end, nothing was lost, the
// sidecar has no objection, and every invariant of its level was decided at least once; anything less is `undecided`,
// and a file that is damaged is `damaged`. What keeps a recording from a better verdict is a *doubt*, one line each.
//
//   Observability   before the first record: what the recording can be relied on to hold, from formats, clock and
//                   sidecar. An invariant that lacks an event it needs judges each event in isolation.
//   Intake          counts and decodes records, one by one.
//   Stretch         up to 512 records without a gap, decoded into one batch. One thread can fill a stretch while
//                   another applies the one before (`ReadAhead`); the order is the same, so the report is.
//   Replay          applies stretches to a graph, with the judge as its observer. At a gap the graph is reset.
//   ProofEnd        up to what time the records are complete on all CPUs. What shows behind that is judged a second
//                   time, each event in isolation, and what then no longer shows is a doubt and not a violation.
//
// So a file may be replayed more than once: again with each event in isolation if the clock went backwards, and again
// up to the proof's end if something shows behind it. Besides, the checksum takes a pass of its own over the bytes.
//
// A new reason for doubt goes to Observability if formats or the sidecar show it, and to `noteDoubts` if the replay
// does.

import EventDecoding
public import Invariants
import RecordingAudit
import RecordingFormat
import RmapEvents
import RmapGraph
package import TraceReading

/// Checks one recording from its first record to its last.
public struct RecordingCheck: Sendable {
  /// The invariants to judge.
  public let invariants: [Invariant]

  /// How many violations of each invariant are kept with their full explanation.
  public let limit: FindingLimit

  /// Whether a thread of its own reads and decodes the recording ahead of the one that judges it.
  public var readsAhead = false

  /// What is drawn of the graph besides.
  public var drawing = Drawing.nothing

  /// A check of the given invariants.
  public init(invariants: [Invariant] = Invariant.all, limit: FindingLimit = .standard) {
    self.invariants = invariants
    self.limit = limit
  }

  /// Replays the recording at `path`. Whatever is wrong with the file is in the result: nothing is thrown.
  public func run(path: String) -> RecordingResult { run(path: path, input: nil) }

  /// Replays what was opened at `path` before, or opens it: a pipe can be read only once.
  package func run(path: String, input opened: RecordingInput?) -> RecordingResult {
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
    let input: RecordingInput
    do {
      if let opened { input = opened } else { input = try RecordingInput(path: path) }
    } catch {
      result.note(error)
      conclude(&result)
      return result
    }
    let isOfFile = result.sidecar?.isOfFile(at: path) == true
    let checksum = result.sidecar?.xxh64.map {
      ChecksumComparison(of: input, packed: isOfFile, with: $0, beside: readsAhead)
    }
    check(&result, checksum) { () throws(TraceReadingError) in try Recording(input) }
    result.xxh64 =
      switch result.checksum {
      case .matches: result.sidecar?.xxh64
      case .differs(let sum, _): sum
      case nil: result.violations > 0 ? input.checksum(packed: true) : nil
      }
    if input.packing != nil, let damage = result.damage { result.damage = "in what it unpacks to: \(damage)" }
    return result
  }

  /// Checks a recording whose bytes are in memory: for fuzzing and experiments.
  package func run(copying bytes: UnsafeRawBufferPointer) -> RecordingResult {
    var result = RecordingResult(path: "")
    check(&result) { () throws(TraceReadingError) in try Recording(copying: bytes) }
    return result
  }

  private func check(
    _ result: inout RecordingResult, _ checksum: ChecksumComparison? = nil,
    _ open: () throws(TraceReadingError) -> Recording
  ) {
    do {
      let recording = try open()
      if case .perfData = recording { result.roundsTimes = false }
      result.kernel = result.sidecar?.kernel?.release ?? recording.file.uname
      var terms = ReplayTerms(law: lawGap(of: recording, result.sidecar))
      defer { draw(recording, terms, into: &result) }
      try replay(recording, checksum, &terms, into: &result)
    } catch {
      result.note(error)
    }
    result.checksum = checksum?.outcome()
    // What the reader has found says more.
    result.damage = result.damage ?? result.checksum?.change
    conclude(&result)
  }

  private func replay(
    _ recording: Recording, _ checksum: ChecksumComparison?, _ terms: inout ReplayTerms,
    into result: inout RecordingResult
  ) throws(TraceReadingError) {
    let law = terms.law
    let pageSize = try recording.pageSize(result.sidecar)
    terms.pageSize = pageSize
    var replay = Replay(recording.file, self, result.sidecar, law: law, pageSize: pageSize)
    defer { replay.report(to: &result, file: recording.file) }
    let course = try drain(recording, into: &replay)
    result.checksum = checksum?.outcome()
    var flaws = Wholeness(recording.file, result.sidecar).flaws(of: replay, course.ends, isWhole: course.failure == nil)
    if course.timeRegressions > 0 {
      let times = counted(course.timeRegressions, "time")
      flaws.append("the clock went backwards \(times): the order of events is uncertain")
    }
    let isOrdered = flaws.isEmpty
    terms.isOrdered = isOrdered
    if !isOrdered {
      // What came before a step may have been out of order too, and what was left out may have been anywhere: once more,
      // each event by itself.
      result.doubts += flaws
      replay = Replay(recording.file, self, result.sidecar, isOrdered: false, law: law, pageSize: pageSize)
      _ = try drain(recording, into: &replay)
    }
    // Where a CPU's data can't be read further, all of them end together.
    let ends = course.failure == nil && isOrdered ? course.ends : []
    terms.until = try limitProof(of: &replay, recording.file, ends, isOrdered: isOrdered, &result) {
      (again: inout Replay) throws(TraceReadingError) in _ = try drain(recording, into: &again)
    }
    if let failure = course.failure { throw failure }
  }

  /// Where violations show behind the end of what is proved, judges again up to there: what then no longer shows, the
  /// result names as a doubt. Returns the end up to which was judged again; nil if all was.
  @discardableResult
  private func limitProof<Failure: Error>(
    of replay: inout Replay, _ file: any RecordedFile, _ ends: [RecordCount], isOrdered: Bool,
    _ result: inout RecordingResult, again: (inout Replay) throws(Failure) -> Void
  ) throws(Failure) -> ProofEnd? {
    guard let end = proofEnd(of: file, ends, replay, isOrdered: isOrdered, result) else { return nil }
    let shown = replay.violations(after: end.time)
    if shown.isEmpty { return nil }
    replay = Replay(
      file, self, result.sidecar, isOrdered: isOrdered, until: end, law: replay.law,
      pageSize: replay.intake.decoder.pageSize)
    try again(&replay)
    let proved = replay.violations(after: end.time)
    guard let unproved = shown.first(where: { !proved.contains($0) }) else { return end }
    result.doubts.append(
      "\(end.reason): \(unproved.invariant) at event \(unproved.ordinal), and whatever shows after it, is not proved"
    )
    return end
  }

  private func proofEnd(
    of file: any RecordedFile, _ ends: [RecordCount], _ replay: borrowing Replay, isOrdered: Bool,
    _ result: borrowing RecordingResult
  ) -> ProofEnd? {
    guard let first = replay.firstViolation else { return nil }
    if result.checksum?.change != nil { return ProofEnd(changedFile: first.stamp) }
    // By itself each event is judged already.
    guard isOrdered else { return nil }
    let limits = [
      ProofEnd(flaw: replay.intake.firstFlaw), ProofEnd(file, ends, result.sidecar),
      ProofEnd(replay.contradictions, first.invariant, firstViolation: first.stamp),
      Wholeness(file, result.sidecar).firstSilent(of: replay).map { ProofEnd($0) },
    ]
    return limits.compactMap { $0 }.min { $0.time < $1.time }
  }

  /// Where nothing else tells which kernel's law a recording is of, its first tree event does.
  private func lawGap(of recording: Recording, _ sidecar: Sidecar?) -> LawGap {
    let formats = recording.file.eventFormats
    let places = LawGap.places(of: formats, sidecar)
    if places.isEmpty { return LawGap(formats, sidecar, uname: recording.file.uname) }
    // What can't be read is told of when the recording is replayed.
    var isZero: Bool?
    do {
      switch recording {
      case .traceData(let file): isZero = firstIsZero(places, in: try file.records())
      case .perfData(let file): isZero = firstIsZero(places, in: try file.records())
      case .text(let file): isZero = firstIsZero(places, in: file.records())
      }
    } catch {}
    return LawGap(formats, sidecar, uname: recording.file.uname, treesAreAnonVMAs: isZero)
  }

  /// Whether the first event that has one of these fields has 0 there; nil if there is none.
  private func firstIsZero<Source: RecordSource & ~Copyable>(
    _ places: [UInt16: Range<Int>], in source: consuming Source
  ) -> Bool? {
    var source = source
    while let item = try? source.next() {
      guard case .record(let record) = item, let place = places[record.eventID] else { continue }
      if record.payload.count >= place.upperBound { return record.payload[place].allSatisfy { $0 == 0 } }
    }
    return nil
  }

  /// What a recording's source tells when it has been read.
  private struct Course {
    /// How often the clock went backwards.
    let timeRegressions: UInt64
    /// Where each CPU's records end.
    let ends: [RecordCount]
    /// Why it could not be read to its end.
    let failure: TraceReadingError?
  }

  private func drain(_ recording: Recording, into replay: inout Replay) throws(TraceReadingError) -> Course {
    switch recording {
    case .traceData(let file): drain(try file.records(), into: &replay)
    case .perfData(let file): drain(try file.records(), into: &replay)
    case .text(let file): drain(file.records(), into: &replay)
    }
  }

  /// Generic, so that the compiler makes a loop of its own for each kind of recording.
  private func drain<Source: RecordSource & ~Copyable>(
    _ source: consuming Source, into replay: inout Replay
  ) -> Course {
    var reader = StretchReader(source, replay.intake)
    let failure =
      readsAhead ? ReadAhead.run(&reader, into: &replay) : reader.run(into: &replay)
    replay.intake = reader.intake
    return Course(timeRegressions: reader.timeRegressions, ends: reader.ends, failure: failure)
  }

  /// Checks what `feed` hands to the replay as if the recording held just that: for experiments on recordings. With
  /// `isWhole` it is a recording that has come to its end, and is looked at for what it lacks.
  package func run(
    _ file: any RecordedFile, path: String, sidecar: Sidecar?, pageSize: PageSize = .small, isWhole: Bool = false,
    feed: (inout Replay) -> Void
  ) -> RecordingResult {
    var result = RecordingResult(path: path)
    result.sidecar = sidecar
    var replay = Replay(file, self, sidecar, pageSize: pageSize)
    feed(&replay)
    let flaws = isWhole ? Wholeness(file, sidecar).flaws(of: replay, [], isWhole: false) : []
    if !flaws.isEmpty {
      result.doubts += flaws
      replay = Replay(file, self, sidecar, isOrdered: false, pageSize: pageSize)
      feed(&replay)
    }
    limitProof(of: &replay, file, [], isOrdered: flaws.isEmpty, &result, again: feed)
    replay.report(to: &result, file: file)
    conclude(&result)
    return result
  }

  private func conclude(_ result: inout RecordingResult) {
    noteDoubts(&result)
    if result.violations > 0 {
      result.verdict = .violated
    } else if result.isMissing {
      result.verdict = .missing
    } else if result.damage != nil {
      result.verdict = .damaged
    } else {
      let recorded = result.invariants.filter(\.hasPart)
      let isSure =
        result.doubts.isEmpty && !recorded.isEmpty && recorded.allSatisfy { $0.verdict == .holds }
      result.verdict = isSure ? .holds : .undecided
    }
  }

  private func noteDoubts(_ result: inout RecordingResult) {
    if result.damage == nil, result.events == 0 {
      result.doubts.append(
        "the file is intact but has none of our events: record with the probes of `rmapcheck probes`")
    }
    if result.malformed > 0 {
      result.doubts.append("impossible values are in \(counted(result.malformed, "event")) of ours")
    }
    if result.statistics.missingReturns > 0 {
      result.doubts.append(
        "the returns of \(counted(result.statistics.missingReturns, "function call")) were not recorded: a probe missed them"
      )
    }
    if let first = result.contradictions.first {
      let times = counted(result.contradictions.total, "time")
      result.doubts.append(
        "the recording contradicts itself \(times), first at event \(first.at.ordinal): " + first.text(result.functions)
      )
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
      let what = lost.isKnown ? counted(lost.events, "event", ("was", "were")) : "an unknown number of events were"
      result.doubts.append("\(what) lost in \(counted(lost.gaps, "gap"))")
    }
  }
}
