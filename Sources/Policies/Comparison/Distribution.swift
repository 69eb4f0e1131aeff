/// How often each small number occurred.
public struct Distribution: Sendable, Equatable {
  /// How often each number occurred, by the number.
  public private(set) var counts: [UInt64] = []
  /// How many numbers there were.
  public private(set) var total: UInt64 = 0
  private var sum: UInt64 = 0

  /// Nothing yet.
  public init() {}

  mutating func add(_ value: Int, times: UInt64 = 1) {
    let value = max(0, value)
    if value >= counts.count {
      counts.append(contentsOf: repeatElement(0, count: value + 1 - counts.count))
    }
    counts[value] += times
    total += times
    sum += UInt64(value) * times
  }

  /// The largest number; 0 if there was none.
  public var maximum: Int { max(0, counts.count - 1) }

  /// The mean; 0 if there was none.
  public var mean: Double { total == 0 ? 0 : Double(sum) / Double(total) }

  /// The smallest number that `percent` of all do not exceed (nearest rank).
  public func percentile(_ percent: UInt64) -> Int {
    let rank = max(1, (total * percent + 99) / 100)
    var seen: UInt64 = 0
    for (value, count) in counts.enumerated() {
      seen += count
      if seen >= rank { return value }
    }
    return 0
  }
}
