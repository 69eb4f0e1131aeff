public import RecordingFormat

/// What a night came to, compared with one before it.
public struct MorningReport: Encodable, Sendable {
  /// The form's name.
  public static let schema = "rmapcheck-nights/1"

  /// What became of a defect.
  public enum State: String, Encodable, Sendable, CaseIterable {
    /// Seen now and not before on that kernel line; or back after it was gone; or known only until a day that is past.
    case new
    /// Seen before, and not now, though a test that had shown it ran and decided its invariant.
    case fixed
    /// Seen before and now, or named in the list of known defects.
    case known
    /// Comes and goes: seen in some runs of the same kernel and not in others, or gone and back more than once.
    case flaky
    /// Seen before; what had shown it did not run, or could not decide its invariant.
    case untested
  }

  /// A defect on the kernel lines for which it has that state.
  public struct DefectEntry: Encodable, Sendable {
    /// What stands for it.
    public let fingerprint: String
    /// What became of it.
    public let state: State
    /// The invariant that it breaks.
    public let invariant: String
    /// What is wrong.
    public let what: String
    /// The function that did it.
    public let function: String
    /// The kernel lines.
    public let lines: [String]
    /// The releases of the kernels that had it, of the last night that it was seen in.
    public let kernels: [String]
    /// The tests that showed it, in the last night that it was seen in.
    public let tests: [String]
    /// A recording that shows it, and the number of its first wrong event.
    public let recording: String
    /// See ``recording``.
    public let event: UInt64
    /// When it was first seen, and on which kernel.
    public let since: String
    /// See ``since``.
    public let sinceKernel: String
    /// In how many nights it was seen.
    public let nights: Int
    /// In how many runs of those tests it was seen, of how many in the nights that are remembered.
    public let seen: Int
    /// See ``seen``.
    public let runs: Int
    /// The last night in which a test that shows it ran without it, and the kernel's release; of a fixed one, the first.
    public let good: String?
    /// See ``good``.
    public let goodKernel: String?
    /// The last night in which it was seen; nil for one that was seen now.
    public let lastSeen: String?
    /// What the list of known defects says of it.
    public let reason: String?
    /// Until when that holds; nil for ever.
    public let until: String?
  }

  /// An invariant of which less was decided than before.
  public struct CoverageEntry: Encodable, Sendable {
    /// The invariant.
    public let invariant: String
    /// The kernel line.
    public let line: String
    /// The tests.
    public let tests: [String]
    /// How many of 1000 checks were decided before and are now, of the test that lost most.
    public let before: UInt64
    /// See ``before``; nil if none was decided.
    public let now: UInt64?
    /// Why; nil if nothing says so.
    public let reason: String?
  }

  /// A test that did not come.
  public struct GoneEntry: Encodable, Sendable {
    /// The test.
    public let test: String
    /// The last night in which it came.
    public let last: String
    /// Whether that is the night that this one is compared with.
    public let isNew: Bool
    /// What is known of it: why its file could not be read.
    public let note: String?
  }

  /// A recording that says nothing of the kernel.
  public struct InfrastructureEntry: Encodable, Sendable {
    /// The test.
    public let test: String
    /// The recording.
    public let recording: String
    /// `damaged` or `undecided`.
    public let verdict: Verdict
    /// Why.
    public let note: String
    /// Whether it was otherwise before.
    public let isNew: Bool
  }

  let schema = Self.schema
  /// The night.
  public let night: String
  /// What it is compared with; nil for the first one.
  public let since: String?
  /// How many runs came to each verdict.
  public let verdicts: [String: Int]
  /// How many runs there were on each kernel.
  public let kernels: [String: Int]
  /// The programs that checked it.
  public let tools: [String]
  /// The programs that checked the night that it is compared with.
  public let toolsBefore: [String]
  /// The defects: by state, as ``State`` lists them, the newest first.
  public let defects: [DefectEntry]
  /// Invariants of which less was decided.
  public let coverageLost: [CoverageEntry]
  /// Tests that did not come.
  public let gone: [GoneEntry]
  /// Recordings that are damaged or undecided.
  public let infrastructure: [InfrastructureEntry]
  /// Entries of the list of known defects that no defect in the store has.
  public let unknownKnown: [String]

  /// Defects in that state.
  public func defects(_ state: State) -> [DefectEntry] { defects.filter { $0.state == state } }

  /// For scripts: 1 if a defect is new, 3 if a recording is damaged, 66 if a test did not come, 4 if less was decided than
  /// before, a recording is undecided that was not, or what had shown a defect did not run or could not decide it; 0 if
  /// nothing of these.
  public var exitStatus: Int32 {
    if defects.contains(where: { $0.state == .new }) { return Verdict.violated.exitStatus }
    if infrastructure.contains(where: { $0.verdict == .damaged }) { return Verdict.damaged.exitStatus }
    if gone.contains(where: \.isNew) { return Verdict.missing.exitStatus }
    let isLess = !coverageLost.isEmpty || infrastructure.contains(where: \.isNew) || !defects(.untested).isEmpty
    return isLess ? Verdict.undecided.exitStatus : 0
  }
}

extension MorningReport {
  /// Compares.
  init(_ window: NightWindow, known: KnownDefects) {
    let last = window.nights.count - 1
    night = window.nights[last]
    since = window.since.map { window.nights[$0] }
    let tonight = window.runs.filter { $0.night == last }
    verdicts = tonight.reduce(into: [:]) { $0[$1.verdict.rawValue, default: 0] += 1 }
    kernels = tonight.reduce(into: [:]) { $0[$1.release.isEmpty ? "unknown" : $1.release, default: 0] += 1 }
    (tools, toolsBefore) = (window.tools.last, window.tools.since)
    defects = DefectHistory(window).entries(known: known)
    let changes = RunChanges(window)
    coverageLost = changes.coverageLost
    gone = changes.gone
    infrastructure = changes.infrastructure
    let fingerprints = Set(window.defects.values.map(\.fingerprint))
    unknownKnown = known.entries.keys.filter { !fingerprints.contains($0) }.sorted()
  }
}

extension NightStore {
  /// The report of a night, the last one if none is named, compared with another, the one before it if none is named.
  /// - Throws: ``StoreError``.
  public func report(
    night: String? = nil, since: String? = nil, known: KnownDefects = KnownDefects()
  ) throws(StoreError) -> MorningReport {
    try read { try MorningReport(NightWindow($0, night: night, since: since), known: known) }
  }
}
