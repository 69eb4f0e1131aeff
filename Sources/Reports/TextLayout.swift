/// Plain text for mails and terminals: lines of at most 80 columns, in which no control character is left.
package struct TextLayout {
  static let width = 80

  package init() {}
  package private(set) var text = ""

  /// The text's lines.
  var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) }

  package mutating func line(_ line: String = "") {
    text += printable(line)
    text += "\n"
  }

  /// A paragraph with a label in front: words are wrapped, later lines are indented below the first.
  package mutating func paragraph(_ label: String, _ body: String, indent: Int) {
    var line = label + String(repeating: " ", count: max(1, indent - label.count))
    var isEmpty = true
    // Before it is wrapped: what is shown instead of a character is wider.
    for word in printable(body).split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > Self.width {
        self.line(line)
        line = String(repeating: " ", count: indent)
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    self.line(line)
  }
}

/// Right-aligned digits.
func column(_ value: UInt64, _ width: Int) -> String {
  let digits = String(value)
  return String(repeating: " ", count: max(0, width - digits.count)) + digits
}

/// Left-aligned text.
package func column(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

/// `1021.482913 s` from nanoseconds: the digits that whoever made the recording prints, so that grep finds them.
/// trace-cmd rounds (libtraceevent, print_event_time), perf leaves the rest out (timestamp__scnprintf_usec).
func seconds(_ nanoseconds: UInt64, rounded: Bool) -> String {
  let all = rounded ? (nanoseconds &+ 500) / 1000 : nanoseconds / 1000
  let micro = String(all % 1_000_000)
  return "\(all / 1_000_000)."
    + String(repeating: "0", count: 6 - micro.count) + micro + " s"
}
