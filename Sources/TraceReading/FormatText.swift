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

  /// The text split where libtraceevent's print-format parser would begin; nil if it has no such part.
  ///
  /// The print format is never handed to libtraceevent: we do not print events, and that parser is
  /// recursive and has had several memory errors (fixed only after the versions in use).
  var parts: (fields: ArraySlice<UInt8>, printFormat: ArraySlice<UInt8>?) {
    let marker = Array("\nprint fmt: ".utf8)
    guard let start = firstIndex(of: marker) else { return (bytes[...], nil) }
    return (bytes[...start], bytes[(start + marker.count)...])
  }

  /// Why the text must not be handed to libtraceevent; nil if it may.
  var objection: String? {
    if bytes.count > Self.sizeMax { return "is longer than \(Self.sizeMax) bytes" }
    let fields = parts.fields
    guard fields.starts(with: Array("name: ".utf8)) else { return "does not begin with \"name: \"" }
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
      guard (0...Self.nestingMax).contains(depth) else { return "has brackets nested too deep" }
    }
    return depth == 0 ? nil : "has unbalanced brackets"
  }

  private func firstIndex(of marker: [UInt8]) -> Int? {
    guard bytes.count >= marker.count else { return nil }
    return (0...(bytes.count - marker.count)).first { start in
      bytes[start] == marker[0] && bytes[start..<(start + marker.count)].elementsEqual(marker)
    }
  }
}
