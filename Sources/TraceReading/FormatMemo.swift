/// What libtraceevent has made of texts before.
///
/// The recordings of one kernel have the same texts, and the parser takes as long for a recording's as the check for
/// thousands of events, one thread at a time.
struct FormatMemo {
  /// Most bytes of texts that are kept, their formats apart, which take about as much; with more, all begins anew. A recording
  /// of ours has some 40 KB.
  static let sizeMax = 8 << 20

  private struct Key: Hashable {
    let text: FormatText
    let longSize: Int

    static func == (left: Self, right: Self) -> Bool {
      left.longSize == right.longSize && left.text.system == right.text.system && left.text.bytes == right.text.bytes
    }

    func hash(into hasher: inout Hasher) {
      text.bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
  }

  private var formats: [Key: EventFormat] = [:]
  /// The bytes of all texts that are kept.
  private(set) var size = 0

  /// The format of a text on a kernel whose `long` has `longSize` bytes: as it was parsed before, or as `parse` does.
  /// A text that can't be parsed is not kept: its error names a place in one file.
  mutating func format(
    of text: FormatText, longSize: Int, parse: () throws(TraceReadingError) -> EventFormat
  ) throws(TraceReadingError) -> EventFormat {
    let key = Key(text: text, longSize: longSize)
    if let known = formats[key] { return known }
    let format = try parse()
    if size + text.bytes.count > Self.sizeMax { self = FormatMemo() }
    formats[key] = format
    size += text.bytes.count
    return format
  }
}
