import Invariants
import RmapGraph

/// A kernel whose anon_vmas follow a ``Policy``: it does what a ``Workload`` says and, if it is judged, leaves the events
/// that a recording of it would hold, for the checker's own graph and invariants.
///
/// Each operation is done at once, by one task, under the root's lock. Objects are slots in dense arrays.
public struct SimulatedKernel: ~Copyable {
  /// `struct anon_vma`.
  struct AnonVMA {
    var address: UInt64
    /// The births before its own: tells the tenants of a slot apart.
    var serial: UInt64
    var root: UInt32
    var parent: UInt32
    /// Its distance from the root, plus 1.
    var depth: UInt32
    var refcount: Int32 = 1
    var children: UInt32 = 0
    var active: UInt32 = 0
    /// Mapped pages that point to it.
    var pages: UInt32 = 0
    var members: UInt32 = 0
    var firstInTree: UInt32 = .max
    var lastInTree: UInt32 = .max
  }

  /// `struct anon_vma_chain`; under ``Policy/Membership/list``, the VMA's own place in the list.
  struct AVC {
    var address: UInt64
    var vma: UInt32
    var anonVMA: UInt32
    var older: UInt32 = .max
    var newer: UInt32 = .max
    var nextInTree: UInt32 = .max
    var previousInTree: UInt32 = .max
  }

  /// `struct vm_area_struct`.
  struct VMA {
    var span = Workload.Span(start: 0, end: 0, pgoff: 0)
    var mm: UInt32 = 0
    var isAlive = false
    /// Whether it was faulted in, or is a copy of one that was: it has an anon_vma, or what the design has instead.
    var isFaulted = false
    /// What a design adds to the workload's page offsets of this VMA.
    var shift: UInt64 = 0
    /// The VMA that has absorbed it; itself as long as there is none.
    var absorber: UInt32 = .max
    var anonVMA: UInt32 = .max
    var newest: UInt32 = .max
    var oldest: UInt32 = .max
    var chainLength: UInt32 = 0
    var nextInMM: UInt32 = .max
    var previousInMM: UInt32 = .max
  }

  /// A page: whom it points to, and how often it is mapped.
  struct Page {
    var anonVMA: UInt32 = .max
    var serial: UInt64 = 0
    var index: UInt64 = 0
    var mappings: UInt32 = 0
    var isForgotten = false
    /// Whether it was ever mapped.
    var isKnown = false
    /// Of all that map it, the mms and the places, each folded into one by exclusive or: of the only mapping, what they are.
    var mapperMM: UInt32 = 0
    var mapperPlace: UInt64 = 0
  }

  /// The policy.
  public let policy: Policy
  var anonVMAs = Slab<AnonVMA>()
  var avcs = Slab<AVC>()
  var vmas: ContiguousArray<VMA>
  var pages: ContiguousArray<Page>
  var firstVMA: ContiguousArray<UInt32>
  var tables = PageTables()
  /// The design's own objects, if it is no graph of anon_vmas alone.
  let reverseMap: (any ReverseMap)?
  /// Whether ``rule`` is judged.
  let judgesWalks: Bool
  var rule = WalkRule()
  var places: Places
  /// The step of the workload; -1 before the first.
  var stepNumber = -1
  /// The last step in which each page of the workload is mapped by a fault: it may come back until then.
  let lastFaults: ContiguousArray<Int32>
  /// Pages that a design has copied.
  var copies = Copies()
  var bench: Bench
  var costs: Costs
  var samples = Samples()
  var renumbering = Renumbering()
  var births: UInt64 = 0
  var links: UInt64 = 0
  var scratch: ContiguousArray<(page: UInt64, number: UInt32)> = []
  /// Serials of the anon_vmas that the last operation has freed.
  var freed: ContiguousArray<UInt64> = []
  /// Whether the last fork gave the child an existing anon_vma.
  var lastForkReused = false
  /// What the workload asked for and could not be done as asked.
  public internal(set) var oddities = Oddities()

  /// A kernel with room for a workload's objects, repeated `rounds` times; `judged` by these invariants, or not.
  init(
    _ policy: Policy, for workload: Workload, rounds: Int = 1, judgedBy invariants: [Invariant]? = nil,
    judgingWalks: Bool = false
  ) {
    self.policy = policy
    reverseMap = policy.reverseMap?()
    judgesWalks = judgingWalks
    places = Places(mms: judgingWalks ? Int(workload.mmCount) * rounds : 0)
    lastFaults = policy.reverseMap == nil ? [] : workload.lastFaults
    costs = Costs(policy)
    vmas = ContiguousArray(repeating: VMA(), count: Int(workload.vmaCount) * rounds)
    pages = ContiguousArray(
      repeating: Page(), count: rounds > 1 && !policy.countsPages ? 0 : Int(workload.pageCount) * rounds)
    firstVMA = ContiguousArray(repeating: .max, count: Int(workload.mmCount) * rounds)
    bench = Bench(judge: Judge(invariants ?? []), isJudging: invariants?.isEmpty == false)
  }

  /// Operations that made no sense in this kernel.
  public struct Oddities: Sendable, Equatable {
    /// Pages to be unmapped or reused where no page was mapped.
    public var unmapsOfNothing: UInt64 = 0
    /// Mappings of pages that were never seen before, and whose owner was taken to be the root.
    public var strangers: UInt64 = 0
    /// Merges that the policy's graph does not allow.
    public var refusedMerges: UInt64 = 0
    /// Merges of the recorded kernel that the policy would refuse, and that were made all the same.
    public var forcedMerges: UInt64 = 0
    /// Operations on VMAs that do not live.
    public var deadVMAs: UInt64 = 0
  }

  // MARK: What a policy may ask and do

  /// `vma->anon_vma`; only for a VMA that has one.
  public func anonVMA(of vma: Policy.VMA) -> AnonVMAHandle { vmas[vma].anonVMA }

  /// Whether the VMA has an anon_vma.
  public func hasAnonVMA(_ vma: Policy.VMA) -> Bool { vmas[vma].anonVMA != .max }

  /// How many VMAs have it as theirs.
  public func activeVMAs(of anonVMA: AnonVMAHandle) -> Int { Int(anonVMAs[anonVMA].active) }

  /// How many anon_vmas with a tree in use have it as their parent, a root's link to itself included.
  public func children(of anonVMA: AnonVMAHandle) -> Int { Int(anonVMAs[anonVMA].children) }

  /// How many mapped pages point to it.
  public func mappedPages(of anonVMA: AnonVMAHandle) -> Int { Int(anonVMAs[anonVMA].pages) }

  /// Whether it is the root of its lineage.
  public func isRoot(_ anonVMA: AnonVMAHandle) -> Bool { anonVMAs[anonVMA].root == anonVMA }

  /// How many trees the VMA stands in.
  public func chainLength(of vma: Policy.VMA) -> Int { Int(vmas[vma].chainLength) }

  /// The first anon_vma of the VMA's chain that fits, the oldest first.
  public func oldestAnonVMA(
    of vma: Policy.VMA, where fits: (borrowing SimulatedKernel, AnonVMAHandle) -> Bool
  ) -> AnonVMAHandle? {
    var avc = vmas[vma].oldest
    while avc != .max {
      if fits(self, avcs[avc].anonVMA) { return avcs[avc].anonVMA }
      avc = avcs[avc].newer
    }
    return nil
  }

  /// The VMA before it in its mm, of those that have ever been faulted in: for `vm_prev`, which may be one that a
  /// workload does not know.
  public func previousVMA(before vma: Policy.VMA) -> Policy.VMA? {
    var (best, candidate) = (UInt32.max, firstVMA[Int(vmas[vma].mm)])
    while candidate != .max {
      let span = vmas[Int(candidate)].span
      if span.start < vmas[vma].span.start, best == .max || span.start > vmas[Int(best)].span.start {
        best = candidate
      }
      candidate = vmas[Int(candidate)].nextInMM
    }
    return best == .max ? nil : Int(best)
  }
}

/// Which of the kernel's objects stand for those of the workload, while it is repeated.
struct Renumbering {
  var vmaBase: UInt32 = 0
  var mmBase: UInt32 = 0
  var pageBase: UInt32 = 0
  /// VMAs of the workload that live on from an earlier round, and their mms.
  var vmas: [UInt32: UInt32] = [:]
  var mms: [UInt32: UInt32] = [:]

  func vma(_ vma: Workload.VMA) -> Int {
    if !vmas.isEmpty, let kept = vmas[vma.number] { return Int(kept) }
    return Int(vma.number + vmaBase)
  }

  func mm(_ mm: Workload.MM) -> UInt32 {
    if !mms.isEmpty, let kept = mms[mm.number] { return kept }
    return mm.number + mmBase
  }

  func page(_ page: Workload.Page) -> UInt32 { page == .any ? .max : page.number + pageBase }
}
