/// What a policy's graph costs, counted as the simulated kernel runs.
public struct Costs: Sendable {
  private let anonVMAsPerSlabPage: UInt64
  private let hasAVCs: Bool

  /// Objects of one kind.
  public struct Count: Sendable, Equatable {
    /// At the end.
    public internal(set) var now: UInt64 = 0
    /// At most.
    public internal(set) var peak: UInt64 = 0
    /// Ever allocated.
    public internal(set) var total: UInt64 = 0

    mutating func add() {
      now += 1
      total += 1
      if now > peak { peak = now }
    }
  }

  /// anon_vmas.
  public internal(set) var anonVMAs = Count()
  /// AVCs.
  public internal(set) var avcs = Count()
  /// VMAs that a workload speaks of.
  public internal(set) var vmas = Count()
  /// Mappings of pages now.
  public internal(set) var mappings: Int64 = 0
  /// The bytes of both kinds of object at most.
  public internal(set) var peakBytes: UInt64 = 0
  /// The longest chain of a VMA ever.
  public internal(set) var longestChain = 0
  /// The deepest anon_vma ever; a root has depth 1.
  public internal(set) var deepest = 0
  /// Forks of VMAs that have an anon_vma, by how many AVCs they linked.
  public internal(set) var linkedPerFork = Distribution()
  /// Forks that gave the child an existing anon_vma.
  public internal(set) var reuses: UInt64 = 0

  init(_ policy: Policy) {
    anonVMAsPerSlabPage = policy.anonVMAsPerSlabPage
    hasAVCs = policy.membership == .intervalTree
  }

  /// The bytes of both kinds of object now, as far as slab pages are full.
  public var bytes: UInt64 { anonVMAs.now * 4096 / anonVMAsPerSlabPage + avcs.now * 4096 / Policy.avcsPerSlabPage }

  mutating func anonVMABorn(depth: UInt32) {
    anonVMAs.add()
    deepest = max(deepest, Int(depth))
    peakBytes = max(peakBytes, bytes)
  }

  mutating func anonVMADied() { anonVMAs.now -= 1 }

  mutating func linked(chainLength: UInt32) {
    longestChain = max(longestChain, Int(chainLength))
    guard hasAVCs else { return }
    avcs.add()
    if avcs.now == avcs.peak { peakBytes = max(peakBytes, bytes) }
  }

  mutating func unlinked() { if hasAVCs { avcs.now -= 1 } }

  mutating func forked(linked: UInt64) { linkedPerFork.add(hasAVCs ? Int(linked) : 0) }

  mutating func vmaBorn() { vmas.add() }

  mutating func vmaDied() { vmas.now -= 1 }

  mutating func mapped(_ change: Int32) { mappings += Int64(change) }

  /// Peaks are counted from here.
  mutating func restartPeaks() {
    anonVMAs.peak = anonVMAs.now
    avcs.peak = avcs.now
    peakBytes = bytes
  }
}
