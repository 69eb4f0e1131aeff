// Doctor: what a check of this kernel's recordings will be able to decide, before anything is recorded.
//
// One idea: ask those who will have to do it. The definitions that the kernel can carry are turned into the event
// formats that it would export for them; the decoder that `check` uses says what it makes of these formats, and the
// invariants say what they need. There is no list of requirements that could go stale.
//
// It needs both sides, the recorder's diagnosis and the checker's decoder, which is why it is a module of its own:
// neither of them depends on the other. A new line of advice is `Diagnosis.advice`; what an invariant needs is in the
// invariant.

import EventDecoding
import Invariants
import KernelProbes
public import Recorder
public import RmapEvents
import TraceReading

extension ProbePlan {
  /// The event formats that the kernel will give to a recording with these probes. So the decoder itself says what
  /// the recording will tell, and nothing about it stands twice.
  var expectedFormats: EventFormats {
    EventFormats(
      definitions.enumerated().map { index, definition in
        EventFormat(
          id: UInt16(clamping: index + 1), system: ProbeGroup.name, name: definition.event,
          fields: Self.layout(of: definition))
      })
  }

  /// kernel/trace/trace_probe.h: the common fields, `__probe_ip` (at a return `__probe_func` and `__probe_ret_ip`),
  /// then the arguments without padding.
  private static func layout(of definition: ProbeDefinition) -> [EventField] {
    var offset = definition.line.hasPrefix("r") ? 24 : 16
    return definition.fields.map { field in
      defer { offset += field.bytes }
      return EventField(
        name: field.name, typeName: "\(field.isSigned ? "s" : "u")\(field.bytes * 8)", offset: offset,
        size: field.bytes, isSigned: field.isSigned)
    }
  }
}

/// What a recording of one kernel will be able to say about one invariant.
public struct Decidability: Equatable, Sendable {
  /// The invariant.
  public let name: String
  /// Its number.
  public let number: Int
  /// The level of recording that it needs.
  public let level: RecordingLevel
  /// The events that it needs and the kernel can't give: it will not judge at all.
  public let missingEvents: [EventKind]
  /// The fields that it needs and the kernel can't give: it will judge in part, and the verdict stays undecided.
  public let missingFields: [RecordedField]
  /// The fields that it would need and the kernel has nothing like: it judges what is left of the rule.
  public let fieldsNotOfKernel: [RecordedField]
  /// What the law was not read against, of that which it rests on: it will not judge at all.
  public let unread: [UnreadLaw]
  /// Whether the chosen level of recording is enough for it.
  public let isRecorded: Bool

  /// Whether `check` can come to `holds` for it.
  public var isDecidable: Bool {
    isRecorded && missingEvents.isEmpty && missingFields.isEmpty && unread.isEmpty
  }

  /// What each of the invariants can be expected to come to in a recording with a plan's probes.
  static func all(_ plan: ProbePlan, level: RecordingLevel) -> [Decidability] {
    let decoder = EventDecoder(formats: plan.expectedFormats)
    return Invariant.all.filter { $0.isOfKernel(with: decoder.fieldNames) }.map { invariant in
      Decidability(
        name: invariant.name, number: invariant.number, level: invariant.level,
        missingEvents: invariant.missing(from: decoder.kinds),
        missingFields: invariant.fields.filter { !decoder.fields.contains($0) },
        fieldsNotOfKernel: invariant.fields.filter(decoder.fieldsNotOfKernel.contains),
        unread: plan.unread.filter(invariant.rests(on:)),
        isRecorded: invariant.level <= level)
    }
  }
}

extension Diagnosis {
  /// What a check will be able to decide; empty where nothing is known of the kernel's types.
  public var decidabilities: [Decidability] {
    guard let plan else { return [] }
    return Decidability.all(plan, level: level)
  }
}
