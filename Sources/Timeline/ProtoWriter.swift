/// A message in protobuf's encoding, under construction (https://protobuf.dev/programming-guides/encoding).
struct ProtoWriter: Sendable {
  private(set) var bytes: [UInt8] = []

  private enum Wire: UInt64 { case varint = 0, fixed64 = 1, length = 2 }

  /// Adds a number.
  mutating func number(_ field: UInt64, _ value: UInt64) {
    tag(field, .varint)
    varint(value)
  }

  /// Adds a number of 64 bits that is mostly large.
  mutating func fixed(_ field: UInt64, _ value: UInt64) {
    tag(field, .fixed64)
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }

  /// Adds text.
  mutating func text(_ field: UInt64, _ value: String) {
    var value = value
    tag(field, .length)
    value.withUTF8 {
      varint(UInt64($0.count))
      bytes += $0
    }
  }

  /// Adds a message within this one.
  mutating func message(_ field: UInt64, _ fill: (inout ProtoWriter) -> Void) {
    var inner = ProtoWriter()
    fill(&inner)
    raw(field, inner)
  }

  /// Adds a message that was made before.
  mutating func raw(_ field: UInt64, _ inner: ProtoWriter) {
    tag(field, .length)
    varint(UInt64(inner.bytes.count))
    bytes += inner.bytes
  }

  private mutating func tag(_ field: UInt64, _ wire: Wire) { varint(field << 3 | wire.rawValue) }

  private mutating func varint(_ value: UInt64) {
    var value = value
    while value > 0x7f {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }
}
