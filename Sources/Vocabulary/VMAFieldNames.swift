/// The names of a VMA's fields: of the one that an event is about, or of the one that it copies.
public struct VMAFieldNames: Sendable {
  public let address, start, end, mm, flags, anonVMA, pgoff, anonPgoffLow, anonPgoffHigh: FieldName

  /// The VMA that an event is about.
  public static let vma = VMAFieldNames(
    address: .vma, start: .vmStart, end: .vmEnd, mm: .vmMM, flags: .vmFlags, anonVMA: .vmAnon, pgoff: .vmPgoff,
    anonPgoffLow: .vmAnonPgoffLow, anonPgoffHigh: .vmAnonPgoffHigh)
  /// The VMA that is copied, forked or moved from.
  public static let source = VMAFieldNames(
    address: .source, start: .sourceStart, end: .sourceEnd, mm: .sourceMM, flags: .sourceFlags, anonVMA: .sourceAnon,
    pgoff: .sourcePgoff, anonPgoffLow: .sourceAnonPgoffLow, anonPgoffHigh: .sourceAnonPgoffHigh)

  /// Those that every recording has.
  public var required: [FieldName] { [address, start, end, mm, flags, anonVMA, pgoff] }
  /// Those that a recording of 7.3 has beside.
  public var optional: [FieldName] { [anonPgoffLow, anonPgoffHigh] }
}
