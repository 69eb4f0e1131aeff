/// Little-endian bytes under construction.
package struct ByteWriter: Sendable {
  /// The bytes so far.
  package var all: [UInt8] = []

  /// No bytes.
  package init() {}

  /// How many bytes there are.
  package var count: UInt64 { UInt64(all.count) }

  /// Adds a number.
  package mutating func number<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { all += $0 }
  }

  /// Adds text, without an end.
  package mutating func text(_ value: String) { all += Array(value.utf8) }

  /// Adds text and a NUL.
  package mutating func string(_ value: String) { all += Array(value.utf8) + [0] }

  /// Adds bytes behind their count, which is a number of type `T`.
  package mutating func block<T: FixedWidthInteger>(_ value: [UInt8], _ type: T.Type) {
    number(T(value.count))
    all += value
  }

  /// Adds text behind its length, which is a number of type `T`.
  package mutating func block<T: FixedWidthInteger>(_ value: String, _ type: T.Type) {
    block(Array(value.utf8), type)
  }

  /// Adds zeros up to a multiple of `size`.
  package mutating func align(to size: Int) { all += [UInt8](repeating: 0, count: (size - all.count % size) % size) }

  /// Writes over a number that was added before.
  package mutating func patch<T: FixedWidthInteger>(_ value: T, at offset: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { all.replaceSubrange(Int(offset)..<Int(offset) + $0.count, with: $0) }
  }
}
