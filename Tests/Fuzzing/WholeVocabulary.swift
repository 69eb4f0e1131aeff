import EventDecoding
import Vocabulary

@testable import TraceReading

/// A recording's formats with every event of the vocabulary, and all fields of each behind one another.
enum WholeVocabulary {
  static let formats = EventFormats(
    EventDeclaration.all.enumerated().map { place, declaration in
      format(declaration, id: UInt16(place))
    })

  static let decoder = EventDecoder(formats: formats)

  private static func format(_ event: EventDeclaration, id: UInt16) -> EventFormat {
    var offset = 8
    let fields = event.fields.map { field in
      let size = field.width == .word ? 8 : 4
      defer { offset += size }
      return EventField(name: field.name.rawValue, typeName: "u64", offset: offset, size: size)
    }
    return EventFormat(id: id, system: ProbeGroup.name, name: event.name.rawValue, fields: fields)
  }
}
