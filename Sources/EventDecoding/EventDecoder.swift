// EventDecoding: a raw record becomes an event of RmapEvents, and every difference between kernels ends here.
//
// One idea: an event's name says what it means, its fields' names say what they hold, and both are ours, the same on
// every kernel (the recorder has put them into the probe definitions). So there is no table of kernel versions: a
// decoder is built from the formats that the recording itself carries. For each format it looks for the fields it
// needs, once, and keeps their offsets in a *layout*; at each record it only loads bytes at known places.
//
// What a recording lacks is found out here too, before the first record: an event without a field that it must have
// is *unusable*, a field that only some kernels have is missing from `fields`, a kind of event that nobody probed is
// missing from `kinds`. The check decides by these three what an invariant may rely on.
//
// A record of ours whose bytes make no sense (too short, a pointer that is none, an absurd count) is *malformed*: it
// is counted and never guessed at. What is not checked here, nobody checks: the graph takes addresses as they are.
//
// Units are settled here as well: offsets in pages whatever the kernel counts hugetlbfs in, the AVC's address from
// that of its rb_node, a folio's subpage from the address of its struct page.
//
// A new event is a declaration in Vocabulary, a recipe in KernelProbes, a layout here, and a case of `RmapEvent`. A
// kernel that has a value somewhere else needs none of that: the recipe finds it, and the field keeps its name.

public import RmapEvents
public import TraceReading
public import Vocabulary

/// Turns raw records into ``RmapEvent``s. Offsets are resolved once per event format; what differs between
/// kernels is resolved by the field and event names that the recording itself offers.
public struct EventDecoder: Sendable {
  /// What a record turned out to be.
  public enum Outcome: Sendable {
    /// One of ours.
    case event
    /// A record of some other event.
    case foreign
    /// One of ours whose bytes make no sense: too short, a pointer that is none, an absurd count.
    case malformed
  }

  /// The events of our vocabulary that the recording's formats describe.
  public let names: Set<EventName>
  /// The kinds of event that this recording can hold.
  public let kinds: Set<EventKind>
  /// The fields, of those that a recording may lack, that this one has in every event that should have them.
  public let fields: Set<RecordedField>
  /// Those of ``fields`` that no event has, since the kernel has nothing like them: nothing is missing, and nothing is said.
  public let fieldsNotOfKernel: Set<RecordedField>
  /// Every field of our vocabulary that some event of this recording has: what tells one kernel's recordings from
  /// another's.
  public let fieldNames: Set<FieldName>
  /// The level that the recording was meant for: that of the highest of its events, usable or not.
  public let level: RecordingLevel
  /// Events of ours that can't be decoded, and why; for the report.
  public let unusable: [String]
  /// The recorded kernel's.
  public let pageSize: PageSize
  /// The numbers of the events that are decoded.
  public let identifiers: Set<UInt16>
  private let layouts: LayoutTable
  /// What the tasks are at, where a removal does not say where it is.
  private var unmappers = Unmappers()
  /// The levels of those above ``RecordingLevel/structure``.
  private let levels: [UInt16: RecordingLevel]

  /// A decoder for a recording's formats. `pageSize` is the recorded kernel's, where the formats have no mark of it.
  public init(formats: EventFormats, pageSize: PageSize = .small) {
    let groups = Set(formats.all.map(\.system).filter(ProbeGroup.isOurs)).sorted()
    let system = groups.first ?? ProbeGroup.name
    var layouts = LayoutTable()
    var whole: Set<EventKind> = []
    var entries: Set<EventKind> = []
    var returns: Set<EventKind> = []
    var identifiers: Set<UInt16> = []
    var unusable: [String] = []
    var usable: [EventName: [FieldName]] = [:]
    var present: Set<EventName> = []
    var level = RecordingLevel.structure
    var levels: [UInt16: RecordingLevel] = [:]
    let unit = Self.hugetlbUnit(formats, system)
    let marksExclusive = Self.marksExclusive(formats, system)
    let pageSize = Self.markedPageSize(formats) ?? pageSize
    for format in formats.all where format.system == system {
      guard let name = EventName(rawValue: format.name) else { continue }
      let declaration = name.declaration
      present.insert(name)
      level = max(level, declaration.level)
      var finder = FieldFinder(format, hugetlbUnit: unit, marksExclusive: marksExclusive, pageSize: pageSize)
      let shape = Layout.shape(of: name, &finder)
      guard finder.missing.isEmpty else {
        let names = finder.missing.map(\.rawValue).joined(separator: ", ")
        unusable.append("\(system):\(format.name) lacks \(names)")
        continue
      }
      layouts.add(shape, length: finder.length, pointers: finder.pointers, ofEvent: format.id)
      if declaration.level > .structure { levels[format.id] = declaration.level }
      identifiers.insert(format.id)
      usable[name] = finder.fields.map(\.name)
      switch declaration.role {
      case .whole: whole.formUnion(declaration.kinds)
      case .entry: entries.formUnion(declaration.kinds)
      case .exit: returns.formUnion(declaration.kinds)
      }
    }
    if groups.count > 1 {
      unusable.append("the file describes several groups of our probes; only \(system) was read")
    }
    self.layouts = layouts
    self.pageSize = pageSize
    self.levels = levels
    var kinds = whole.union(entries.intersection(returns))
    if Self.unmappingMigrates(usable), kinds.contains(.walkUnmap) { kinds.insert(.walkMigrate) }
    self.kinds = kinds
    names = present
    self.level = level
    self.unusable = unusable
    self.identifiers = identifiers
    fieldNames = usable.values.reduce(into: []) { $0.formUnion($1) }
    fieldsNotOfKernel = marksExclusive ? [] : [.pageExclusive]
    fields = Set(RecordedField.allCases.filter { $0.isRecorded(in: usable) }).union(fieldsNotOfKernel)
  }

  /// Until 5.14 try_to_unmap_one also does what try_to_migrate_one does later: its flags say for which it is called.
  private static func unmappingMigrates(_ fields: [EventName: [FieldName]]) -> Bool {
    fields[.oneUnmap]?.contains(.unmapFlags) ?? false
  }

  /// Whether the kernel has PageAnonExclusive (5.19). Where page_remove_rmap is not told of the VMA (before 5.18), it has not.
  private static func marksExclusive(_ formats: EventFormats, _ system: String) -> Bool {
    !formats.all.contains {
      $0.system == system && $0.name == EventName.pageRemove.rawValue && $0.field(FieldName.vma.rawValue) == nil
    }
  }

  /// The level of an event: one that makes no sense can only have been about what is recorded at its level.
  package func level(ofEvent id: UInt16) -> RecordingLevel { levels[id] ?? .structure }

  /// The unit is a mark in the formats of the events that only hugetlbfs has.
  private static func hugetlbUnit(_ formats: EventFormats, _ system: String) -> HugetlbUnit {
    for format in formats.all where format.system == system {
      if format.field(FieldName.unitHuge.rawValue) != nil { return .hugePages }
      if format.field(FieldName.unitPage.rawValue) != nil { return .pages }
    }
    return .unknown
  }

  /// The page size that the formats have a mark of; nil for a recording that is older than the marks.
  public static func markedPageSize(_ formats: EventFormats) -> PageSize? {
    for format in formats.all where ProbeGroup.isOurs(format.system) {
      for size in PageSize.all where format.field(size.mark.rawValue) != nil { return size }
    }
    return nil
  }

  /// The kinds that an event of our vocabulary tells of, whole or in part.
  public static func kinds(ofEvent name: String) -> [EventKind] { EventName(rawValue: name)?.declaration.kinds ?? [] }

  /// Whether an event of our vocabulary is the return of an operation, and tells of nothing else.
  public static func isReturn(_ name: String) -> Bool {
    guard let name = EventName(rawValue: name) else { return false }
    return name.declaration.role == .exit
  }

  /// Decodes one record into a batch, if it is an event of ours that makes sense. `ordinal` is its number. Records come in
  /// the order of time: where a kernel does not tell which VMA it unmaps a page in, an earlier one of the task did.
  public mutating func decode(
    _ record: RawRecord, ordinal: UInt64, into batch: inout EventBatch
  ) -> Outcome {
    layouts.decode(record, ordinal: ordinal, &unmappers, into: &batch)
  }

  /// Events were lost: what an earlier one said of a task may not be true any more.
  public mutating func forget() { unmappers.forget() }
}
