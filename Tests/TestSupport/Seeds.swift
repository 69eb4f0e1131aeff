import FoundationEssentials

/// A generator that gives the same numbers for the same seed (splitmix64).
public struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  /// A generator with a seed.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    return bits ^ (bits >> 31)
  }
}

/// A test's seed, printed so that a failure can be run again: `RMAPCHECK_SEED=n swift test …`.
public func testSeed(_ test: String = #function) -> UInt64 {
  let given = ProcessInfo.processInfo.environment["RMAPCHECK_SEED"].flatMap { UInt64($0) }
  let seed = given ?? UInt64.random(in: 1...999_999_999)
  print("\(test): RMAPCHECK_SEED=\(seed)")
  return seed
}
