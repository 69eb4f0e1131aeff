/// One field of an event's payload.
public struct EventField: Equatable, Sendable {
  /// The field's name, as the recording kernel gives it.
  public let name: String
  /// The C type, as the recording kernel gives it.
  public let typeName: String
  /// Bytes from the start of the payload.
  public let offset: Int
  /// Size in bytes; of an array, all of it; of a dynamic array, its 4-byte locator.
  public let size: Int
  /// Whether the C type is signed.
  public let isSigned: Bool
  /// Whether the field is an array, of fixed or dynamic length.
  public let isArray: Bool
  /// Whether the field holds the place of an array (`__data_loc`) instead of the array.
  public let isDynamic: Bool
  /// Whether the field is text.
  public let isString: Bool
  /// Whether the field is one of those that every event begins with (`common_pid` …).
  public let isCommon: Bool

  /// A field of these parts, for those who describe events themselves.
  public init(
    name: String, typeName: String, offset: Int, size: Int, isSigned: Bool = false,
    isArray: Bool = false, isDynamic: Bool = false, isString: Bool = false, isCommon: Bool = false
  ) {
    self.name = name
    self.typeName = typeName
    self.offset = offset
    self.size = size
    self.isSigned = isSigned
    self.isArray = isArray
    self.isDynamic = isDynamic
    self.isString = isString
    self.isCommon = isCommon
  }
}

extension EventField {
  /// The field's value in a record's bytes, extended to 64 bits; nil if it is no number, or not all there. Where speed does
  /// not matter: the decoder reads by layouts.
  package func number(in payload: UnsafeRawBufferPointer) -> UInt64? {
    guard [1, 2, 4, 8].contains(size), offset >= 0, offset + size <= payload.count else { return nil }
    let bits = payload[offset..<offset + size].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard isSigned, size < 8, bits >> UInt64(size * 8 - 1) == 1 else { return bits }
    return bits | ~UInt64(0) << UInt64(size * 8)
  }

  /// See ``number(in:)-(UnsafeRawBufferPointer)``.
  package func number(in payload: [UInt8]) -> UInt64? { payload.withUnsafeBytes { number(in: $0) } }
}

/// The layout of one kind of event, as the recording kernel described it.
public struct EventFormat: Equatable, Sendable {
  /// The number by which records name this event (`common_type`).
  public let id: UInt16
  /// The event's group, for example `rmap`.
  public let system: String
  /// The event's name within its group.
  public let name: String
  /// All fields, the common ones first.
  public let fields: [EventField]
  /// The `print fmt` text, not interpreted; nil if the kernel gave none.
  public let printFormat: String?
  /// The least number of payload bytes that holds every field.
  public let payloadSize: Int

  /// A format of these fields, for those who describe events themselves.
  public init(
    id: UInt16, system: String, name: String, fields: [EventField], printFormat: String? = nil
  ) {
    self.id = id
    self.system = system
    self.name = name
    self.fields = fields
    self.printFormat = printFormat
    payloadSize = fields.map { $0.offset + $0.size }.max() ?? 0
  }

  /// The field of that name, nil if this event has none.
  public func field(_ name: String) -> EventField? {
    fields.first { $0.name == name }
  }
}

/// The formats of the events of our probes in a recording, by event number.
public struct EventFormats: Sendable {
  /// All formats, in the file's order.
  public let all: [EventFormat]
  private var indexByID: [UInt16: Int] = [:]

  /// The formats given; of two with one number the later counts.
  public init(_ formats: [EventFormat]) {
    all = formats
    for (index, format) in formats.enumerated() { indexByID[format.id] = index }
  }

  /// The format of the event with this number, nil if the recording has none.
  public subscript(id: UInt16) -> EventFormat? {
    indexByID[id].map { all[$0] }
  }

  /// The format of an event by group and name, nil if the recording has none.
  public func format(system: String, name: String) -> EventFormat? {
    all.first { $0.system == system && $0.name == name }
  }
}
