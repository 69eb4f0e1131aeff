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

  /// Contexts (`struct cow_context`), dead ones included.
  public internal(set) var contexts = Count()
  /// Of these, those whose mm is gone.
  public internal(set) var deadContexts = Count()
  /// Ranges in the contexts' remap trees.
  public internal(set) var remaps = Count()
  /// The maple nodes of these trees, each context's for itself, if its ranges lie as close as they can.
  public internal(set) var remapNodes = Count()
  /// VMAs that are gone and kept because something points to them.
  public internal(set) var pinned = Count()
  /// Pages that were pointed to something else because a fork was to share them.
  public internal(set) var rewrittenAtFork: UInt64 = 0
  /// Pages that were pointed to something else because mremap moved them.
  public internal(set) var rewrittenAtMove: UInt64 = 0
  /// Pages that were copied because mremap moved them.
  public internal(set) var copiedAtMove: UInt64 = 0
  /// VMAs that could have merged with a neighbour after a move, if the recorded kernel had this design.
  public internal(set) var mergeable: UInt64 = 0
  /// Objects that were allocated so far, of all kinds.
  public internal(set) var allocations: UInt64 = 0
  /// Locks of the reverse mapping that were taken so far, by operations on VMAs.
  public internal(set) var locks: UInt64 = 0
  /// First faults in a VMA, by how many objects they allocated.
  public internal(set) var firstFaultAllocations = Distribution()
  /// First faults in a VMA, by how many locks they took.
  public internal(set) var firstFaultLocks = Distribution()
  /// By mm: what its making by fork allocated and locked, and of how many VMAs.
  private var forks = Notes<(allocations: UInt32, locks: UInt32, vmas: UInt32)>((0, 0, 0))
  private var forkedMMs = 0

  init(_ policy: Policy) {
    anonVMAsPerSlabPage = policy.anonVMAsPerSlabPage
    hasAVCs = policy.membership == .intervalTree
  }

  /// The bytes of all objects now, as far as slab pages are full: anon_vmas and AVCs; contexts of 96 bytes, 42 a page;
  /// maple nodes of 256 bytes with eight ranges and eight gaps each; vm_area_structs of 192 bytes.
  public var bytes: UInt64 {
    func bytes(_ count: UInt64, perSlabPage: UInt64) -> UInt64 { count * Policy.slabPage / perSlabPage }
    return bytes(anonVMAs.now, perSlabPage: anonVMAsPerSlabPage) + bytes(avcs.now, perSlabPage: Policy.avcsPerSlabPage)
      + bytes(contexts.now, perSlabPage: 42) + remapNodes.now * 256 + bytes(pinned.now, perSlabPage: 21)
  }

  /// A maple node has 16 slots: as many ranges, each with the gap before it.
  static let rangesPerNode = 8

  /// The objects of all kinds now.
  public var objects: UInt64 { anonVMAs.now + avcs.now + contexts.now + remaps.now + pinned.now }

  /// The bytes that objects have by themselves, as the designs' authors count: 80 (or 96) bytes for an anon_vma, 64 for an
  /// AVC, 96 for a context, 256 for a maple node, 192 for a pinned VMA; the most of each kind.
  public func plainBytes(anonVMA: UInt64) -> UInt64 {
    anonVMAs.peak * anonVMA + avcs.peak * 64 + contexts.peak * 96 + remapNodes.peak * 256 + pinned.peak * 192
  }

  /// Forks of a process, by how many objects they allocated.
  public var forkAllocations: Distribution { forkDistribution { Int($0.allocations) } }

  /// Forks of a process, by how many locks of the reverse mapping they took.
  public var forkLocks: Distribution { forkDistribution { Int($0.locks) } }

  private func forkDistribution(
    _ part: ((allocations: UInt32, locks: UInt32, vmas: UInt32)) -> Int
  ) -> Distribution {
    var distribution = Distribution()
    for mm in 0..<forkedMMs where forks[mm].vmas > 0 { distribution.add(part(forks[mm])) }
    return distribution
  }

  mutating func locked() { locks += 1 }

  mutating func allocated() { allocations += 1 }

  mutating func forked(_ mm: UInt32, since before: (UInt64, UInt64)) {
    forks[mm].allocations += UInt32(allocations - before.0)
    forks[mm].locks += UInt32(locks - before.1)
    forks[mm].vmas += 1
    forkedMMs = max(forkedMMs, Int(mm) + 1)
  }

  mutating func firstFault(since before: (UInt64, UInt64)) {
    firstFaultAllocations.add(Int(allocations - before.0))
    firstFaultLocks.add(Int(locks - before.1))
  }

  mutating func add(_ kind: WritableKeyPath<Self, Count>) {
    self[keyPath: kind].add()
    peakBytes = max(peakBytes, bytes)
  }

  mutating func remove(_ kind: WritableKeyPath<Self, Count>) { self[keyPath: kind].now -= 1 }

  mutating func anonVMABorn(depth: UInt32) {
    anonVMAs.add()
    allocations += 1
    deepest = max(deepest, Int(depth))
    peakBytes = max(peakBytes, bytes)
  }

  mutating func anonVMADied() { anonVMAs.now -= 1 }

  mutating func linked(chainLength: UInt32) {
    longestChain = max(longestChain, Int(chainLength))
    guard hasAVCs else { return }
    avcs.add()
    allocations += 1
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
    for kind in [\Self.contexts, \.deadContexts, \.remaps, \.remapNodes, \.pinned] {
      self[keyPath: kind].peak = self[keyPath: kind].now
    }
    peakBytes = bytes
  }
}
