/// Takes tokens from a line of text; never reads outside of it.
struct TextScanner {
  let bytes: Slice<UnsafeRawBufferPointer>
  private(set) var position: Int

  init(_ bytes: Slice<UnsafeRawBufferPointer>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var isAtEnd: Bool { position == bytes.endIndex }
  var peek: UInt8? { isAtEnd ? nil : bytes[position] }
  var rest: Slice<UnsafeRawBufferPointer> { bytes[position...] }

  mutating func skipSpaces() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0d { position += 1 }
  }

  /// Goes past a text if it comes next.
  mutating func skip(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard bytes.endIndex - position >= count else { return false }
    let same = text.withUTF8Buffer { $0.elementsEqual(bytes[position..<(position + count)]) }
    if same { position += count }
    return same
  }

  mutating func skipAll(_ text: StaticString) { while skip(text) {} }

  /// Goes past the next occurrence of a byte; stays where it is if there is none.
  mutating func skip(past byte: UInt8) -> Bool {
    guard let found = rest.firstIndex(of: byte) else { return false }
    position = found + 1
    return true
  }

  /// What comes up to a space.
  mutating func token() -> Slice<UnsafeRawBufferPointer> {
    let start = position
    while let byte = peek, byte != 0x20, byte != 0x09, byte != 0x0d { position += 1 }
    return bytes[start..<position]
  }

  /// A decimal number; nil, and nothing taken, if none comes next or it has more than 64 bits.
  mutating func number() -> UInt64? { digits(radix: 10) }

  /// `0x…`, a decimal number or a negative one, as 64 bits.
  mutating func value() -> UInt64? {
    let start = position
    if skip("0x") {
      if let value = digits(radix: 16) { return value }
    } else if skip("-") {
      if let value = digits(radix: 10), value <= 1 << 63 { return 0 &- value }
    } else {
      return number()
    }
    position = start
    return nil
  }

  private mutating func digits(radix: UInt64) -> UInt64? {
    var value: UInt64 = 0
    var end = position
    while end < bytes.endIndex, let digit = Self.digit(bytes[end]), digit < radix {
      let (product, isTooLong) = value.multipliedReportingOverflow(by: radix)
      let (sum, isTooMuch) = product.addingReportingOverflow(digit)
      guard !isTooLong, !isTooMuch else { return nil }
      value = sum
      end += 1
    }
    guard end > position else { return nil }
    position = end
    return value
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case 0x30...0x39: UInt64(byte - 0x30)
    case 0x61...0x66: UInt64(byte - 0x61 + 10)
    case 0x41...0x46: UInt64(byte - 0x41 + 10)
    default: nil
    }
  }
}
