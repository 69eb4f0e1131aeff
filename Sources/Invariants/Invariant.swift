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
  /// The moments at which it judges.
  public let checks: [Check]

  init(
    name: String, number: Int, statement: String, source: String, kernels: String,
    exceptions: String, needs: [EventKind], needsWithPages: [EventKind] = [],
    fields: [RecordedField] = [], marker: FieldName? = nil, isOccasional: Bool = false, checks: [Check]
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
    self.checks = checks
  }
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
    let hasPages = RecordingLevel(of: kinds) >= .pages
    return (needs + (hasPages ? needsWithPages : [])).filter { !kinds.contains($0) }
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
