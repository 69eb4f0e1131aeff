import EventDecoding
import RmapEvents
import TraceReading

/// One event's format and one record of it, made from a list of fields.
struct SyntheticEvent {
  var name: String
  var fields: [(name: String, size: Int, isSigned: Bool, value: UInt64)] = []

  init(_ name: String) { self.name = name }

  /// Adds 64-bit fields.
  func words(_ values: KeyValuePairs<String, UInt64>) -> SyntheticEvent {
    var event = self
    for (name, value) in values { event.fields.append((name, 8, false, value)) }
    return event
  }

  /// Adds a field of another width.
  func number(_ name: String, _ value: UInt64, size: Int, isSigned: Bool = false) -> SyntheticEvent {
    var event = self
    event.fields.append((name, size, isSigned, value))
    return event
  }

  /// Adds the seven fields of a VMA.
  func vma(_ address: UInt64 = Self.vma, name: String = "vma", prefix: String = "vm_") -> SyntheticEvent {
    words([name: address]).words([
      prefix + "start": 0x10000, prefix + "end": 0x14000, prefix + "mm": 0xff00_0000_0000_3000,
      prefix + "flags": 0x73, prefix + "anon": 0xff00_0000_0000_2000, prefix + "pgoff": 0x10,
    ])
  }

  func without(_ field: String) -> SyntheticEvent {
    var event = self
    event.fields.removeAll { $0.name == field }
    return event
  }

  func setting(_ field: String, to value: UInt64) -> SyntheticEvent {
    var event = self
    for index in event.fields.indices where event.fields[index].name == field {
      event.fields[index].value = value
    }
    return event
  }

  static let vma: UInt64 = 0xff00_0000_0000_1000

  var format: EventFormat {
    var offset = 8
    let fields = self.fields.map { field in
      defer { offset += field.size }
      return EventField(
        name: field.name, typeName: "u64", offset: offset, size: field.size, isSigned: field.isSigned)
    }
    return EventFormat(id: 7, system: "rmap", name: name, fields: fields)
  }

  var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 8)
    for field in fields {
      for byte in 0..<field.size { bytes.append(UInt8(truncatingIfNeeded: field.value >> (8 * UInt64(byte)))) }
    }
    return bytes
  }

  var decoder: EventDecoder { EventDecoder(formats: EventFormats([format])) }

  /// Decodes the record, cut to `length` bytes if that is given.
  func decoded(length: Int? = nil) -> Decoded {
    Array(bytes.prefix(length ?? .max)).withUnsafeBytes { payload in
      var batch = EventBatch()
      let record = RawRecord(timestamp: 1, cpu: 0, buffer: 0, eventID: 7, pid: 1, payload: payload)
      var decoder = self.decoder
      let outcome = decoder.decode(record, ordinal: 1, into: &batch)
      return Decoded(outcome: outcome, event: batch.count > 0 ? batch.event(at: 0) : nil)
    }
  }
}

/// What became of a record.
struct Decoded {
  let outcome: EventDecoder.Outcome
  let event: RmapEvent?

  var isMalformed: Bool { outcome == .malformed }
  var isForeign: Bool { outcome == .foreign }
  var folio: FolioEvent? { if case .folio(let folio) = event { folio } else { nil } }
  var insertion: TreeUpdate? { if case .insert(let update) = event { update } else { nil } }
}
