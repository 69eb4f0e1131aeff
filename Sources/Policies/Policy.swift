// Policies: designs of the anon_vma graph, and a kernel that follows whichever it is given.
//
// One idea: designs differ in a few decisions (what fork links and whether it makes an anon_vma, whom a shared page
// belongs to, when a neighbour's anon_vma may be taken), and in nothing else. So there is one simulated kernel, with
// dense arrays instead of objects, and a *policy* is those decisions as functions. The kernel emits the events that a
// real one with this design would leave in a recording; RmapGraph and the invariants judge them, as they would judge
// a recording's. A rule that is none of a design's is *exempt*, with the reason.
//
//   Workload      what processes do, as steps: fault, fork, split, merge, move, unmap, exit. From a recording
//                 (Extraction/) or a scenario (Workload/Scenario.swift), which may come with the historic kernel's
//                 wrong policy.
//   Simulation    one workload under one policy; a reference for correctness is the judge, costs are counted by
//                 `Costs`.
//   Agreement     compares the graph that the recorded kernel's own policy builds with the recorded one, object by
//                 object.
//
// A design that is no graph of anon_vmas brings objects of its own (`ReverseMap`, Walks/). The invariants of
// anon_vmas are not its rules; `WalkRule` alone judges it, the rule that every design must keep: a walk finds each
// mapping.
//
// A new policy is one file in Catalog/ and one line in PolicyCatalog.swift.

/// A design for the anon_vma graph: what fork does to it, and whom a page belongs to.
///
/// A new policy is one file in `Catalog/` and one line in ``Policy/all``.
public struct Policy: Sendable {
  /// A VMA that the rule is asked about: its index in the simulated kernel.
  public typealias VMA = Int

  /// Its name, as it stands in reports and on the command line.
  public let name: String
  /// The rule, in a sentence or two.
  public let rule: String
  /// Its author, the date, and the outcome.
  public let source: String
  /// anon_vma_fork: links the child's VMA and gives it an anon_vma. The parent has one.
  public let fork: @Sendable (inout SimulatedKernel, _ child: VMA, _ parent: VMA) -> Void
  /// anon_vma_clone: whether a copy of a VMA joins an anon_vma that the original stands in.
  public let joins: @Sendable (borrowing SimulatedKernel, _ anonVMA: AnonVMAHandle) -> Bool
  /// Whom a page belongs to that is mapped first by a process that may share it (a swap-in).
  public let sharedPages: SharedPageOwner
  /// When a VMA's first fault may take the anon_vma of a neighbour.
  public let neighbours: NeighbourRule
  /// How an anon_vma leads to its VMAs.
  public let membership: Membership
  /// How many levels of dead ancestors the design allows before it stops growing: its costs may rise for so long.
  public let levels: Int
  /// Whether ``joins`` looks at the pages that point to an anon_vma.
  public let countsPages: Bool
  /// What of an anon_vma's users is counted in it.
  public let counting: Counting
  /// The invariants of the checker that are no rules of this design, and why not.
  public let exempt: [Exemption]
  /// Makes the design's own objects, if it is no graph of anon_vmas alone; ``WalkRule`` alone judges it then.
  let reverseMap: (@Sendable () -> any ReverseMap)?
  /// What mremap does to pages that their process has to itself.
  public let moves: MoveRule
  /// What of the rule no source says: guesses, one line each.
  public let guesses: [String]
  /// Makes the policy with another number, where it has one.
  public let parameter: (@Sendable (Int) -> Policy)?

  /// A policy from its parts.
  public init(
    name: String, rule: String, source: String, sharedPages: SharedPageOwner = .root,
    neighbours: NeighbourRule = .singularChain, membership: Membership = .intervalTree,
    levels: Int = 0, countsPages: Bool = false, counting: Counting = .nothing, moves: MoveRule = .keep,
    exempt: [Exemption] = [], guesses: [String] = [],
    joins: @escaping @Sendable (borrowing SimulatedKernel, AnonVMAHandle) -> Bool = { _, _ in true },
    parameter: (@Sendable (Int) -> Policy)? = nil,
    fork: @escaping @Sendable (inout SimulatedKernel, _ child: VMA, _ parent: VMA) -> Void
  ) {
    self.name = name
    self.rule = rule
    self.source = source
    self.fork = fork
    self.joins = joins
    self.sharedPages = sharedPages
    self.neighbours = neighbours
    self.membership = membership
    self.levels = levels
    self.countsPages = countsPages
    self.counting = counting
    self.exempt = exempt
    self.parameter = parameter
    self.moves = moves
    self.guesses = guesses
    reverseMap = nil
  }

  /// A design that has objects of its own.
  init(
    name: String, rule: String, source: String, guesses: [String],
    reverseMap: @escaping @Sendable () -> any ReverseMap
  ) {
    self.name = name
    self.rule = rule
    self.source = source
    self.guesses = guesses
    self.reverseMap = reverseMap
    fork = { _, _, _ in }
    joins = { _, _ in true }
    sharedPages = .root
    neighbours = .singularChain
    membership = .intervalTree
    levels = 0
    countsPages = true
    counting = .split
    exempt = []
    parameter = nil
    moves = .keep
  }

  /// Whether it is a graph of anon_vmas, which the checker's invariants judge.
  public var isGraph: Bool { reverseMap == nil }

  /// The owner of a page that others may have, too.
  public enum SharedPageOwner: Sendable {
    /// The root of the faulting VMA's anon_vma (ea90002b0fa7).
    case root
    /// The faulting VMA's own anon_vma (2.6.34-rc1 to rc3).
    case own
  }

  /// Whose anon_vma __anon_vma_prepare may take.
  public enum NeighbourRule: Sendable {
    /// That of a neighbour with one AVC (d0e9fe1758f2).
    case singularChain
    /// That of any neighbour (before 2.6.34).
    case any
  }

  /// How an anon_vma finds its VMAs.
  public enum Membership: Sendable {
    /// An AVC for each pair, in an interval tree by page offset: a walk visits those that overlap.
    case intervalTree
    /// A list through the VMAs themselves, without AVCs: a walk visits all of them.
    case list
  }

  /// What mremap does to pages.
  public enum MoveRule: Sendable {
    /// They keep their anon_vma and their index.
    case keep
    /// They get those that they would have at the new place, where nobody shares them (MREMAP_RELOCATE_ANON).
    case relocate
  }

  /// What an anon_vma counts, and how large that makes it on x86-64.
  public enum Counting: Sendable {
    /// Nothing but references.
    case nothing
    /// `degree`: children and VMAs in one (3.19 to 5.19).
    case degree
    /// `num_children` and `num_active_vmas` (6.0).
    case split
  }

  /// An invariant that does not apply.
  public struct Exemption: Sendable {
    /// Its name.
    public let invariant: String
    /// Why it is no rule of the design.
    public let reason: String

    /// An exemption.
    public init(_ invariant: String, _ reason: String) {
      self.invariant = invariant
      self.reason = reason
    }
  }

  /// How many anon_vmas a slab page of 4096 bytes holds: 39 of 96 bytes and a free pointer behind the object (the
  /// cache is SLAB_TYPESAFE_BY_RCU), 46 of the 80 bytes that the struct had with `degree`. For comparison, all
  /// others are counted with today's struct, those too that kernels with a smaller one had (`single`, `hierarchy`); the
  /// 8 bytes of memory cgroups' accounting for each object are left out.
  public var anonVMAsPerSlabPage: UInt64 { counting == .degree ? 46 : 39 }
  /// How many AVCs a slab page holds: 64 of 64 bytes; none are needed for a list.
  public static let avcsPerSlabPage: UInt64 = 64
  /// The bytes of a slab's page, where sizes of objects are told: those of x86.
  static let slabPage: UInt64 = 4096
}

/// An anon_vma of the simulated kernel: its slot.
public typealias AnonVMAHandle = UInt32
