import TestSupport
import TraceReading

/// Which records of a recording get lost.
public struct LossPlan: Sendable {
  /// How they get lost.
  public enum Pattern: String, Sendable, CaseIterable {
    /// Whole pages of one CPU's buffer, as the kernel overwrites them before the recorder has read them.
    case pages
    /// One record at a time.
    case single
  }

  /// Bytes of records in one page: 4096 less its head.
  static let pageBytes = 4080

  /// For each record, whether it is lost.
  public let isLost: [Bool]
  /// How many are.
  public let lostCount: Int

  /// A plan that loses at least `share` of all records, and at least one.
  public init(_ recording: MemoryRecording, share: Double, pattern: Pattern, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let records = recording.records
    let wanted = min(max(1, Int(Double(records.count) * share)), records.count)
    var isLost = [Bool](repeating: false, count: records.count)
    var count = 0
    let lines = Dictionary(grouping: records.indices) { records[$0].cpu }
    while count < wanted, let start = records.indices.randomElement(using: &generator) {
      guard pattern == .pages else {
        if !isLost[start] { count += 1 }
        isLost[start] = true
        continue
      }
      guard let line = lines[records[start].cpu] else { break }
      var place = Self.lowerBound(line, start)
      var bytes = 0
      while place < line.count, bytes + records[line[place]].count + 4 <= Self.pageBytes {
        bytes += records[line[place]].count + 4
        if !isLost[line[place]] { count += 1 }
        isLost[line[place]] = true
        place += 1
      }
    }
    self.isLost = isLost
    lostCount = count
  }

  /// What is left, with a gap noted where a reader would note it: after the CPU's last record before it.
  public func items(of recording: MemoryRecording) -> [MemoryRecording.Item] {
    var items: [MemoryRecording.Item] = []
    var start: [MemoryRecording.Item] = []
    items.reserveCapacity(recording.records.count)
    let gaps = gaps(of: recording, atStart: &start)
    for (index, record) in recording.records.enumerated() where !isLost[index] {
      items.append(.record(record))
      if let gap = gaps[index] { items.append(.lost(gap)) }
    }
    return start + items
  }

  private func gaps(
    of recording: MemoryRecording, atStart: inout [MemoryRecording.Item]
  ) -> [Int: LostEvents] {
    var gaps: [Int: LostEvents] = [:]
    for (cpu, line) in Dictionary(grouping: recording.records.indices, by: { recording.records[$0].cpu })
      .sorted(by: { $0.key < $1.key })
    {
      var last: Int?
      var missing: UInt64 = 0
      for index in line + [-1] {
        if index >= 0, isLost[index] {
          missing += 1
          continue
        }
        if missing > 0 {
          let gap = LostEvents(
            cpu: cpu, buffer: 0, count: missing, after: last.map { recording.records[$0].timestamp },
            before: index < 0 ? .max : recording.records[index].timestamp, offset: 0)
          if let last { gaps[last] = gap } else { atStart.append(.lost(gap)) }
        }
        missing = 0
        last = index
      }
    }
    return gaps
  }

  private static func lowerBound(_ line: [Int], _ value: Int) -> Int {
    var (low, high) = (0, line.count)
    while low < high {
      let middle = (low + high) / 2
      if line[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
