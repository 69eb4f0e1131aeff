/// What the kernel counted for one CPU of one buffer when the recording ended (`per_cpu/cpuN/stats`).
public struct CPUStatistics: Equatable, Sendable {
  /// The CPU's number.
  public let cpu: Int
  /// The name of the buffer counted; "" is the top one.
  public let buffer: String
  /// Every counter of the text by the kernel's name for it ("entries", "overrun" …); those that are
  /// not whole numbers (times in seconds) are left out.
  public let counters: [String: UInt64]

  /// Events in the kernel's buffer when recording ended, not yet read.
  public var entries: UInt64? { counters["entries"] }
  /// Events overwritten because the reader was too slow.
  public var overrun: UInt64? { counters["overrun"] }
  /// Events lost because a writer was interrupted too deeply.
  public var commitOverrun: UInt64? { counters["commit overrun"] }
  /// Events dropped because the buffer was full and not in overwrite mode.
  public var droppedEvents: UInt64? { counters["dropped events"] }
  /// Events that were read.
  public var readEvents: UInt64? { counters["read events"] }
  /// All events known to be lost; nil if the text names none of the loss counters.
  public var lost: UInt64? {
    let known = [overrun, commitOverrun, droppedEvents].compactMap { $0 }
    return known.isEmpty ? nil : known.reduce(0) { $0.addingReportingOverflow($1).partialValue }
  }

  /// Parses the texts of a recording's statistics options, in the file's order.
  ///
  /// A text either counts one CPU ("CPU: 0", "entries: 12" …) or names the buffer ("Buffer: x") that
  /// the texts after it are about.
  static func parse(_ texts: [String]) -> [CPUStatistics] {
    var buffer = ""
    var all: [CPUStatistics] = []
    for text in texts {
      var cpu: Int?
      var counters: [String: UInt64] = [:]
      for line in text.split(separator: "\n") {
        guard let colon = line.firstIndex(of: ":") else { continue }
        let label = line[..<colon]
        let value = line[line.index(after: colon)...].drop { $0 == " " }
        switch label {
        case "Buffer": buffer = String(value)
        case "CPU": cpu = Int(value)
        default:
          if let number = UInt64(value) { counters[String(label)] = number }
        }
      }
      if let cpu { all.append(CPUStatistics(cpu: cpu, buffer: buffer, counters: counters)) }
    }
    return all
  }
}
