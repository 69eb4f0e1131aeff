public import RmapEvents
public import TraceReading

/// Turns raw records into ``RmapEvent``s. Offsets are resolved once per event format; what differs between
/// kernels is resolved by the field and event names that the recording itself offers.
public struct EventDecoder: Sendable {
  /// What a record turned out to be.
  public enum Outcome {
    /// One of ours.
    case event(RmapEvent)
    /// A record of some other event.
    case foreign
    /// One of ours whose bytes make no sense: too short, a pointer that is none, an absurd count.
    case malformed
  }

  /// The kinds of event that this recording can hold.
  public let kinds: Set<EventKind>
  /// The fields, of those that a recording may lack, that this one has in every event that should have them.
  public let fields: Set<RecordedField>
  /// The level that the recording was meant for: that of the highest of its events, usable or not.
  public let level: RecordingLevel
  /// Events of ours that can't be decoded, and why; for the report.
  public let unusable: [String]
  /// The numbers of the events that are decoded.
  public let identifiers: Set<UInt16>
  private let layouts: ContiguousArray<Layout?>

  /// A decoder for a recording's formats.
  public init(formats: EventFormats) {
    let groups = Set(formats.all.map(\.system).filter(ProbeGroup.isOurs)).sorted()
    let system = groups.first ?? ProbeGroup.name
    var layouts: ContiguousArray<Layout?> = []
    var kinds: Set<EventKind> = []
    var entries: Set<EventKind> = []
    var returns: Set<EventKind> = []
    var identifiers: Set<UInt16> = []
    var unusable: [String] = []
    var usable: [EventFormat] = []
    var present: Set<EventKind> = []
    for format in formats.all where format.system == system {
      guard let recipe = Layout.recipes[format.name] else { continue }
      present.formUnion(Layout.kinds(ofEvent: format.name))
      var finder = FieldFinder(format)
      let shape = recipe.make(&finder)
      guard finder.missing.isEmpty else {
        let names = finder.missing.joined(separator: ", ")
        unusable.append("\(system):\(format.name) lacks \(names)")
        continue
      }
      while layouts.count <= Int(format.id) { layouts.append(nil) }
      layouts[Int(format.id)] = Layout(shape: shape, length: finder.length)
      identifiers.insert(format.id)
      kinds.formUnion(recipe.kinds)
      usable.append(format)
      if let (kind, isReturn) = recipe.half {
        if isReturn { returns.insert(kind) } else { entries.insert(kind) }
      }
    }
    if groups.count > 1 {
      unusable.append("the file describes several groups of our probes; only \(system) was read")
    }
    kinds.formUnion(entries.intersection(returns))
    self.layouts = layouts
    self.kinds = kinds
    level = RecordingLevel(of: present)
    self.unusable = unusable
    self.identifiers = identifiers
    fields = Set(RecordedField.allCases.filter { $0.isRecorded(in: usable) })
  }

  /// The kinds that an event of our vocabulary tells of, whole or in part.
  public static func kinds(ofEvent name: String) -> [EventKind] { Layout.kinds(ofEvent: name) }

  /// Decodes one record.
  @inline(__always) public func decode(_ record: RawRecord) -> Outcome {
    guard Int(record.eventID) < layouts.count, let layout = layouts[Int(record.eventID)] else {
      return .foreign
    }
    guard record.payload.count >= layout.length else { return .malformed }
    guard let event = layout.shape.load(record.payload) else { return .malformed }
    return .event(event)
  }
}
