public import Invariants
public import Pictures
public import RecordingAudit
public import RecordingFormat
public import RmapEvents
public import RmapGraph
internal import TraceReading

/// Everything that a check of one recording found out.
public struct RecordingResult: Sendable {
  /// How much the recording holds, by the kinds of event that it has.
  public internal(set) var level = RecordingLevel.structure
  /// The recording's path, as it was given.
  public let path: String
  /// The verdict.
  public internal(set) var verdict: Verdict = .undecided
  /// Why the file could not be read to its end; nil if it was.
  public internal(set) var damage: String?
  /// Whether there is no such file, or no permission to read it; ``damage`` says which.
  public internal(set) var isMissing = false
  /// The kernel, from the recording or its sidecar.
  public internal(set) var kernel: String?
  /// The names of the recorded kernel's functions.
  public internal(set) var functions = FunctionNames()
  /// All records of the file.
  public internal(set) var records: UInt64 = 0
  /// Records of our events.
  public internal(set) var events: UInt64 = 0
  /// Records of ours that made no sense.
  public internal(set) var malformed: UInt64 = 0
  /// Whether an event of ours was recorded in more than one buffer.
  public internal(set) var twiceRecorded = false
  /// Gaps in the recording.
  public internal(set) var losses: [Loss] = []
  /// What keeps the recording as a whole from a better verdict, one line each.
  public internal(set) var doubts: [String] = []
  /// One entry for each invariant, in catalog order.
  public internal(set) var invariants: [InvariantResult] = []
  /// What is wrong: every violation is the first of one of these or follows from it. In the order of their first wrong
  /// events.
  public internal(set) var defects: [Defect] = []
  /// How well the model's page tables predicted the recording.
  public internal(set) var statistics = GraphStatistics()
  /// What contradicts itself in the recording.
  public internal(set) var contradictions = Contradictions()
  /// The names of the tasks that findings speak of.
  public internal(set) var commandNames: [Int32: String] = [:]
  /// Whether the file is what was recorded; nil where the sidecar has no checksum, or there is none.
  public internal(set) var checksum: ChecksumOutcome?
  /// XXH64 of the file's bytes; nil where nobody asked for it: the recording has neither a sidecar's sum nor a violation.
  public internal(set) var xxh64: String?
  /// Whether what shows the recording's events rounds their times to microseconds, as trace-cmd does; perf cuts them off.
  public internal(set) var roundsTimes = true
  /// The recording's sidecar.
  public internal(set) var sidecar: Sidecar?

  /// What was drawn, in the order in which it was asked for.
  public internal(set) var drawings: [DrawnEvent] = []
  /// What the recording says of the object that was asked for.
  public internal(set) var life: Life?

  init(path: String) { self.path = path }

  /// Notes why the file can't be read, or not to its end.
  mutating func note(_ error: TraceReadingError) {
    damage = error.description
    isMissing = error.isOfOpening
  }

  /// The result of a recording that nobody looked at, and why. What its sidecar says names its test.
  public static func notChecked(_ path: String, _ reason: String) -> RecordingResult {
    var result = RecordingResult(path: path)
    result.sidecar = (try? Sidecar.beside(path)) ?? nil
    result.kernel = result.sidecar?.kernel?.release
    result.doubts = [reason]
    return result
  }

  /// All findings, in the order of their events.
  public var findings: [(invariant: Invariant, finding: Finding)] {
    findingsOfDefects.map { ($0.invariant, $0.finding) }
  }

  /// All findings, in the order of their events, each with the place of its defect among ``defects``.
  public var findingsOfDefects: [(invariant: Invariant, finding: Finding, defect: Int)] {
    var defectOf: [DefectLog.Chain: Int] = [:]
    for (place, defect) in defects.enumerated() {
      for chain in defect.chains { defectOf[chain] = place }
    }
    let all = invariants.flatMap { result in
      zip(result.ledger.findings, result.ledger.chains).map { (result.invariant, $0, defectOf[$1] ?? 0) }
    }
    return all.enumerated()
      .sorted { ($0.element.1.stamp.ordinal, $0.offset) < ($1.element.1.stamp.ordinal, $1.offset) }
      .map { (invariant: $0.element.0, finding: $0.element.1, defect: $0.element.2) }
  }

  /// All violations, including those without a finding of their own.
  public var violations: UInt64 { invariants.reduce(0) { $0 + $1.ledger.violations } }
}

/// A gap in a recording.
public struct Loss: Sendable, Equatable {
  /// The CPU that lost records.
  public let cpu: UInt16
  /// How many; nil if the kernel did not say.
  public let count: UInt64?
  /// The last record's time before the gap, ns; nil at the start.
  public let after: UInt64?
  /// The first record's time after the gap, ns; nil if none follows.
  public let before: UInt64?
}

/// What became of one invariant in one recording.
public struct InvariantResult: Sendable {
  /// The invariant.
  public let invariant: Invariant
  /// Its counts.
  public let ledger: Ledger
  /// The events that it needs and the recording does not have.
  public let missing: [EventKind]
  /// The fields that it needs and the recording does not have.
  public let missingFields: [RecordedField]
  /// Why it is not judged though all is recorded: what the law was not read against; nil if it is.
  public let lawGap: String?
  /// Whether the recording has no gap and no event that made no sense: only then can "not seen" mean "not so".
  public let isUnbroken: Bool

  /// Whether the recording is of a level that its rule can be judged at. If not, that is a choice of whoever
  /// recorded it: the invariant has no part in the recording's verdict.
  public let isRecorded: Bool

  /// Whether it has a part in the recording's verdict: it is recorded, and had an occasion if it is a rule of what few
  /// workloads do.
  public var hasPart: Bool {
    let hadOccasion = ledger.decided &+ ledger.undecidedTotal > 0 || !missing.isEmpty
    return isRecorded && (hadOccasion || !invariant.isOccasional)
  }

  /// How many of 1000 checks were decided; nil where there was nothing to check.
  public var decidedPermille: UInt64? {
    let (decided, all) = (ledger.decided, ledger.decided &+ ledger.undecidedTotal)
    return all == 0 ? nil : UInt64(Double(decided) / Double(all) * 1000)
  }

  /// Its findings.
  public var findings: [Finding] { ledger.findings }

  /// Its own verdict: never "holds" with nothing decided.
  public var verdict: Verdict {
    if ledger.violations > 0 { return .violated }
    let isComplete = missing.isEmpty && missingFields.isEmpty && lawGap == nil
    return ledger.decided > 0 && isComplete && isUnbroken ? .holds : .undecided
  }
}
