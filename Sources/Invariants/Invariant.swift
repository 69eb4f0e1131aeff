// Invariants: the rules of the kernel's anonymous reverse mapping, one file each, and the judge that applies them.
//
// One idea: an invariant is text and code in one value. The text is what `explain` prints and a report quotes: the
// rule, the kernel source that it is from, when it legally does not hold. The code is functions that judge at moments
// of the graph ("an AVC is about to be inserted", "a fork has returned"). Each function gets the situation, the graph
// as it is at that moment, and a ledger, and comes to one of three results:
//
//   holds        looked at, and right. It counts only if the model would have noticed otherwise.
//   cannotTell   not decidable here, with the reason: the object predates the recording, another task is at work on
//                the same root, a field was not recorded, events were lost.
//   broken       proved wrong. It takes a key (the object: the same one is not reported twice) and a finding.
//
// A *finding* is a proof in the form that a kernel developer would write it: let V and P be these objects; then this
// holds since event N; however, event M shows that. Each fact has its stamp. The text is built only if a violation is
// reported.
//
// False alarms are the worst bug, so the burden of proof is on `broken`: every legal window in which the kernel
// breaks the rule for a moment has to be excluded first (a split half-way, a migration entry, a callback that was
// overtaken), and the ways in which the recording itself may mislead (a field that was read before another CPU
// changed it). What remains in doubt is `cannotTell`. A recording `holds` only if every invariant was decided at
// least once, so that silence is no pass.
//
// A new invariant is one file in Catalog/ and one line in Catalog.swift, in the order of reports: what an operation
// did wrong stands before what follows from it. Without one of the events in `needs` it judges each event in
// isolation. Its smallest good and bad histories go to Tests/InvariantsTests/Cases. What no recording can decide is
// listed in Undecidable.swift.

public import RmapEvents

/// One rule of the kernel's anonymous reverse mapping, with the text that explains it and the code that judges it.
///
/// A new invariant is one file in `Catalog/` and one line in ``Invariant/all``.
public struct Invariant: Sendable {
  /// Its short name, as it stands in reports and on the command line.
  public let name: String
  /// Its number, `I15` in reports. A number that is missing here stands in ``Undecidable``, or is out of use.
  public let number: Int
  /// The rule, in one or two sentences.
  public let statement: String
  /// The kernel code or commit behind it.
  public let source: String
  /// The kernels that it holds for.
  public let kernels: String
  /// When it legally does not hold, and what it cannot decide.
  public let exceptions: String
  /// The events without which it decides nothing.
  public let needs: [EventKind]
  /// The events without which it decides nothing in a recording that holds page events at all.
  public let needsWithPages: [EventKind]
  /// The fields without which it cannot decide all of it, of those that a recording may lack.
  public let fields: [RecordedField]
  /// A field without which a recording is of a kernel that has no such rule; nil for a rule of every kernel.
  public let marker: FieldName?
  /// Whether a recording may well have no occasion for it: one that has none does not lower the verdict.
  public let isOccasional: Bool
  /// Whether designs are judged by it, too: it is about the graph alone, and not about the code around it (locks, keys of
  /// trees, protection of pages, walks), which a simulated kernel does not have.
  public let judgesDesigns: Bool
  /// What its findings say is wrong, for a drawing.
  public let accuses: Accused
  /// The moments at which it judges.
  public let checks: [Check]

  init(
    name: String, number: Int, statement: String, source: String, kernels: String,
    exceptions: String, needs: [EventKind], needsWithPages: [EventKind] = [],
    fields: [RecordedField] = [], marker: FieldName? = nil, isOccasional: Bool = false,
    judgesDesigns: Bool = false, accuses: Accused = .object, checks: [Check]
  ) {
    self.name = name
    self.number = number
    self.statement = statement
    self.source = source
    self.kernels = kernels
    self.exceptions = exceptions
    self.needs = needs
    self.needsWithPages = needsWithPages
    self.fields = fields
    self.marker = marker
    self.isOccasional = isOccasional
    self.judgesDesigns = judgesDesigns
    self.accuses = accuses
    self.checks = checks
  }
}

/// What kind of thing a finding says is wrong.
public enum Accused: Sendable {
  /// A VMA is not in a tree, or is in one too many.
  case membership
  /// An AVC is there, and something is wrong with it.
  case avc
  /// Something is wrong with an object.
  case object
}

extension [EventKind] {
  /// What the model needs to know an anon_vma's birth, a range change from a removal, and the counters.
  static let graphChanges: [EventKind] = [.insert, .remove, .prepare, .clone, .fork, .unlink]
  /// What the model needs to know which page is mapped where.
  static let pageChanges: [EventKind] = [
    .copyRange, .moveTables, .mmExit, .folioNew, .folioAdd, .folioAddPMD, .folioRemove, .folioRemovePMD,
    .folioMove,
  ]
  /// A walk's callbacks.
  static let walkVisits: [EventKind] = [.walkReferenced, .walkUnmap, .walkMigrate, .walkRestore]
}

extension Invariant {
  /// How much a recording must hold for it to decide anything: the highest level among its events.
  public var level: RecordingLevel { needs.map(\.level).max() ?? .structure }

  /// The highest level of the events that it looks at where they are recorded.
  public var highestLevel: RecordingLevel {
    let levels = (needs + needsWithPages).map(\.level) + checks.map(\.level)
    return levels.max() ?? .structure
  }

  /// Whether the kernel of a recording with these fields has the rule.
  public func isOfKernel(with fields: Set<FieldName>) -> Bool { marker.map(fields.contains) ?? true }

  /// The events that it needs and a recording with `kinds` does not have. With any missing it does not judge: what
  /// is not seen would be taken for what is not so.
  public func missing(from kinds: Set<EventKind>) -> [EventKind] {
    let missing = needs.filter { !kinds.contains($0) }
    if needsWithPages.isEmpty || RecordingLevel(of: kinds) < .pages { return missing }
    return missing + needsWithPages.filter { !kinds.contains($0) }
  }
}

/// Why a check could not be decided.
public enum UndecidedReason: UInt8, CaseIterable, Sendable {
  /// The object existed before the recording, so that the model may not have all of it.
  case predatesRecording
  /// Another task was half-way through an operation on the same root.
  case contended
  /// The recording lacks a field, or a kind of event, that the check needs.
  case notRecorded
  /// The unit of the offsets is not known (hugetlb).
  case unitUnknown
  /// Events were lost, and the object has not been seen whole since.
  case lost

  /// A stable word for machine-readable reports.
  public var word: String {
    switch self {
    case .predatesRecording: "predates-recording"
    case .contended: "contended"
    case .notRecorded: "not-recorded"
    case .unitUnknown: "unit-unknown"
    case .lost: "lost"
    }
  }

  /// What it means, for people.
  public var meaning: String {
    switch self {
    case .predatesRecording: "the object predates the recording"
    case .contended: "another task was changing the same graph"
    case .notRecorded: "a field or a kind of event was not recorded"
    case .unitUnknown: "the unit of the page offset is unknown"
    case .lost: "events were lost, and the object was not seen whole since"
    }
  }
}
