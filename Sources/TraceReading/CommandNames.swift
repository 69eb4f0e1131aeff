/// The names of tasks that the kernel had saved: lines of "PID NAME".
///
/// Parsed when the first name is asked for: a long recording has tens of thousands, a check without
/// findings asks for none.
struct CommandNames {
  private var text: [UInt8]
  private var byPID: [Int32: String]?

  init(text: [UInt8] = []) {
    self.text = text
  }

  /// The task's name; the last line about it counts. Lines that are none are passed over.
  mutating func name(of pid: Int32) -> String? {
    if byPID == nil {
      byPID = CommandNames.parse(text)
      text = []
    }
    return byPID?[pid]
  }

  private static func parse(_ text: [UInt8]) -> [Int32: String] {
    var names: [Int32: String] = [:]
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard let space = line.firstIndex(of: UInt8(ascii: " ")),
        let pid = Int32(String(decoding: line[..<space], as: UTF8.self))
      else { continue }
      names[pid] = String(decoding: line[(space + 1)...], as: UTF8.self)
    }
    return names
  }
}
