/// Where the parts of a ring-buffer page lie, in bytes from its start.
///
/// Read from the recording's own `header_page` text, so that a kernel with another layout is either
/// read right or refused.
struct PageLayout: Equatable, Sendable {
  var timestampOffset = 0
  var commitOffset = 8
  /// Size of the commit field: the recording kernel's `long`, 4 or 8 bytes.
  var commitSize = 8
  var dataOffset = 16
  /// Size of the data part; with `dataOffset` the size of a page of the recording's first buffer.
  var dataSize = 4080

  init() {}

  /// - Throws: `damaged` if the text lacks a field; `unsupported` if the layout is none we know.
  init(headerPage text: UnsafeRawBufferPointer, at offset: UInt64) throws(TraceReadingError) {
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map { $0.split(separator: ";") }
    func field(_ name: String) throws(TraceReadingError) -> (offset: Int, size: Int) {
      for parts in lines {
        guard let declaration = parts.first, declaration.hasSuffix(" " + name),
          declaration.drop(while: { $0 == "\t" || $0 == " " }).hasPrefix("field:")
        else { continue }
        if let offset = PageLayout.number("offset:", in: parts),
          let size = PageLayout.number("size:", in: parts)
        {
          return (offset, size)
        }
      }
      throw TraceReadingError(.damaged, "header_page does not place \"\(name)\"", at: offset)
    }
    let timestamp = try field("timestamp")
    let commit = try field("commit")
    let data = try field("data")
    timestampOffset = timestamp.offset
    commitOffset = commit.offset
    commitSize = commit.size
    dataOffset = data.offset
    dataSize = data.size
    guard timestamp.size == 8, commitSize == 4 || commitSize == 8, dataOffset <= 64,
      timestampOffset + 8 <= dataOffset, commitOffset + commitSize <= dataOffset
    else {
      throw TraceReadingError(.unsupported, "a ring-buffer page of unknown layout", at: offset)
    }
  }

  /// The number after `label` in one of a line's parts; nil unless it is 0 … 2^30.
  private static func number(_ label: String, in parts: [Substring]) -> Int? {
    for part in parts {
      let trimmed = part.drop { $0 == "\t" || $0 == " " }
      if trimmed.hasPrefix(label), let value = Int(trimmed.dropFirst(label.count)),
        (0...(1 << 30)).contains(value)
      {
        return value
      }
    }
    return nil
  }
}
