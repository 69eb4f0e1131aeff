import Glibc

/// The text of one event's `format` file, as stored in a recording.
struct FormatText {
  /// Longest text that is looked at, bytes. The kernel's longest are about 64 KiB.
  static let sizeMax = 1 << 20
  /// Deepest nesting of brackets in a field's declaration.
  static let nestingMax = 8

  let system: String
  let bytes: [UInt8]
  /// Where the text begins in the file, bytes.
  let offset: UInt64

  /// The event's name by the first line, for messages and for telling whether the event matters.
  var name: String {
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
    let prefix = Array("name: ".utf8)
    guard line.starts(with: prefix) else { return "?" }
    return String(decoding: line.dropFirst(prefix.count), as: UTF8.self)
  }

  /// The event's number by the line `ID: 316`; nil if there is none.
  var id: UInt16? {
    guard let start = range(of: "\nID: ")?.upperBound else { return nil }
    let digits = bytes[start...].prefix { $0 != UInt8(ascii: "\n") }
    return UInt16(String(decoding: digits, as: UTF8.self))
  }

  /// The text split where libtraceevent's print-format parser would begin; nil if it has no such part.
  ///
  /// The print format is never handed to libtraceevent: we do not print events, and that parser is
  /// recursive and has had several memory errors (fixed only after the versions in use).
  var parts: (fields: ArraySlice<UInt8>, printFormat: ArraySlice<UInt8>?) {
    guard let marker = range(of: "\nprint fmt: ") else { return (bytes[...], nil) }
    return (bytes[...marker.lowerBound], bytes[marker.upperBound...])
  }

  /// Why its fields must not be handed to libtraceevent; nil if they may.
  func objection(to fields: ArraySlice<UInt8>) -> String? {
    if bytes.count > Self.sizeMax { return "is longer than \(Self.sizeMax) bytes" }
    return fields.withUnsafeBytes { Self.objection(to: $0) }
  }

  private static func objection(to fields: UnsafeRawBufferPointer) -> String? {
    guard fields.starts(with: "name: ".utf8) else { return "does not begin with \"name: \"" }
    var depth = 0
    for byte in fields {
      switch byte {
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      case UInt8(ascii: "\n"):
        if depth != 0 { return "has unbalanced brackets" }
      case UInt8(ascii: "\t"), 0x20...0x7e: break
      default: return "holds the byte \(byte)"
      }
      guard (0...nestingMax).contains(depth) else { return "has brackets nested too deep" }
    }
    return depth == 0 ? nil : "has unbalanced brackets"
  }

  /// Where a line begins like this, the end of the one before included.
  private func range(of marker: StaticString) -> Range<Int>? {
    bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return nil }
      let size = marker.utf8CodeUnitCount
      var from = 0
      while from + size <= bytes.count, let end = memchr(base + from, 0x0a, bytes.count - from) {
        let start = base.distance(to: UnsafeRawPointer(end))
        if start + size <= bytes.count, memcmp(end, marker.utf8Start, size) == 0 { return start..<(start + size) }
        from = start + 1
      }
      return nil
    }
  }
}
