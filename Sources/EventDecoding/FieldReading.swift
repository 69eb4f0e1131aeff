import RmapEvents
import TraceReading
import Vocabulary

/// A 64-bit field at a fixed place in its event's records.
struct Word {
  let offset: Int

  /// The value. The record's length has been checked against the format once for all of its fields.
  @inline(__always) func load(_ record: UnsafeRawBufferPointer) -> UInt64 {
    record.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  @inline(__always) func address(_ record: UnsafeRawBufferPointer) -> KernelAddress {
    KernelAddress(load(record))
  }

  @inline(__always) func user(_ record: UnsafeRawBufferPointer, _ scale: UserAddress.Scale) -> UserAddress {
    UserAddress(load(record), scale)
  }
}

/// A field of any width up to 8 bytes.
struct Number {
  let offset: Int
  let size: Int
  let isSigned: Bool

  @inline(__always) func load(_ record: UnsafeRawBufferPointer) -> Int64 {
    switch size {
    case 8: record.loadUnaligned(fromByteOffset: offset, as: Int64.self)
    case 4:
      isSigned
        ? Int64(record.loadUnaligned(fromByteOffset: offset, as: Int32.self))
        : Int64(record.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    case 2:
      isSigned
        ? Int64(record.loadUnaligned(fromByteOffset: offset, as: Int16.self))
        : Int64(record.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    default: isSigned ? Int64(Int8(bitPattern: record[offset])) : Int64(record[offset])
    }
  }

  /// Whether the lowest bit is set: that of a flag.
  @inline(__always) func isOdd(_ record: UnsafeRawBufferPointer) -> Bool { load(record) & 1 != 0 }
}

/// Looks up an event's fields by name, once per recording.
struct FieldFinder {
  /// Those of the event's fields that are of the vocabulary.
  let fields: [(name: FieldName, field: EventField)]
  /// What the recording says of hugetlbfs.
  let hugetlbUnit: HugetlbUnit
  /// Whether the recorded kernel has PageAnonExclusive.
  let marksExclusive: Bool
  /// The recorded kernel's.
  let pageSize: PageSize
  private(set) var missing: [FieldName] = []
  /// The names that were asked for: what the decoder reads of this event.
  private(set) var asked: [FieldName] = []
  /// How many bytes a record must have for every field found so far.
  private(set) var length = 0

  init(
    _ format: EventFormat, hugetlbUnit: HugetlbUnit = .unknown, marksExclusive: Bool = true, pageSize: PageSize = .small
  ) {
    fields = format.fields.compactMap { field in FieldName(rawValue: field.name).map { ($0, field) } }
    self.marksExclusive = marksExclusive
    self.pageSize = pageSize
    self.hugetlbUnit = hugetlbUnit
  }

  /// Where words lie that may be pointers, and have a tag.
  var pointers: [Int] {
    fields.filter { $0.field.size == 8 && $0.field.offset >= 0 && $0.name != .vmProtection && $0.name != .vmFlags }
      .map(\.field.offset)
  }

  /// A 64-bit field that the event must have.
  mutating func word(_ name: FieldName) -> Word {
    guard let field = find(name), field.size == 8 else {
      missing.append(name)
      return Word(offset: 0)
    }
    return Word(offset: field.offset)
  }

  /// A 64-bit field that the event may lack.
  mutating func optionalWord(_ name: FieldName) -> Word? {
    guard let field = find(name), field.size == 8 else { return nil }
    return Word(offset: field.offset)
  }

  /// A field of any width that the event must have.
  mutating func number(_ name: FieldName) -> Number {
    guard let number = optionalNumber(name) else {
      missing.append(name)
      return Number(offset: 0, size: 1, isSigned: false)
    }
    return number
  }

  /// A field of any width that the event may lack.
  mutating func optionalNumber(_ name: FieldName) -> Number? {
    guard let field = find(name), [1, 2, 4, 8].contains(field.size) else { return nil }
    return Number(offset: field.offset, size: field.size, isSigned: field.isSigned)
  }

  /// The fields of a VMA, in an event that may lack all of them.
  mutating func optionalVMA(_ names: VMAFieldNames = .vma) -> VMAFields? {
    var other = self
    let fields = VMAFields(&other, names)
    let isThere = other.missing.count == missing.count
    if isThere { length = other.length }
    asked = other.asked
    return isThere ? fields : nil
  }

  private mutating func find(_ name: FieldName) -> EventField? {
    asked.append(name)
    guard let field = fields.first(where: { $0.name == name })?.field, field.offset >= 0, field.size > 0 else {
      return nil
    }
    length = max(length, field.offset + field.size)
    return field
  }
}

/// The fields of a VMA.
struct VMAFields {
  let address, start, end, mm, flags, anonVMA, pgoff: Word
  let scale: UserAddress.Scale
  /// Where the halves of a second offset lie, of 4 bytes that count each (7.3); -1 where there is none. Numbers, not optionals: this is
  /// asked of every VMA of every event.
  private let anonPgoffLow, anonPgoffHigh: Int

  init(_ finder: inout FieldFinder, _ names: VMAFieldNames = .vma) {
    scale = UserAddress.Scale(finder.pageSize)
    address = finder.word(names.address)
    start = finder.word(names.start)
    end = finder.word(names.end)
    mm = finder.word(names.mm)
    flags = finder.word(names.flags)
    anonVMA = finder.word(names.anonVMA)
    pgoff = finder.word(names.pgoff)
    let halves = (finder.optionalNumber(names.anonPgoffLow), finder.optionalNumber(names.anonPgoffHigh))
    // In text all numbers are words: the four bytes that count come first.
    anonPgoffLow = halves.0.map { $0.size >= 4 ? $0.offset : -1 } ?? -1
    anonPgoffHigh = halves.1.map { $0.size >= 4 ? $0.offset : -1 } ?? -1
  }

  @inline(__always) func load(_ record: UnsafeRawBufferPointer) -> VMAView {
    let vmPgoff = PgOff(pgoff.load(record))
    return VMAView(
      address: address.address(record), start: start.user(record, scale),
      end: end.user(record, scale), mm: mm.address(record), flags: VMFlags(rawValue: flags.load(record)),
      anonVMA: anonVMA.address(record), vmPgoff: vmPgoff,
      anonPgoff: anonPgoffLow < 0 ? vmPgoff : joined(record))
  }

  /// On a 32-bit kernel there is no high half.
  @inline(never) private func joined(_ record: UnsafeRawBufferPointer) -> PgOff {
    let low = UInt64(record.loadUnaligned(fromByteOffset: anonPgoffLow, as: UInt32.self))
    let high =
      anonPgoffHigh < 0 ? 0 : UInt64(record.loadUnaligned(fromByteOffset: anonPgoffHigh, as: UInt32.self))
    return PgOff(low: low, high: high)
  }
}

extension RecordedField {
  /// Whether every one of these events that should have the field has it. Events that are not there at all are
  /// another matter: see ``EventKind``.
  func isRecorded(in fields: [EventName: [FieldName]]) -> Bool {
    events.allSatisfy { event in
      guard let present = fields[event] else { return true }
      return names.allSatisfy(present.contains)
    }
  }
}
