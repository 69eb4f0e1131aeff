public import RmapEvents
import RmapGraph

/// Takes from a recording what its processes did, event by event, and notes what the recorded kernel made of it.
public struct WorkloadExtraction: ~Copyable {
  private var graph = RmapGraph()
  private var tracer: Tracer

  /// Nothing yet; `name` is the workload's, `pageSize` the recorded kernel's.
  public init(name: String, pageSize: PageSize = .small) {
    tracer = Tracer(workload: Workload(name: name), pageSize: pageSize)
  }

  /// Takes the next event.
  public mutating func take(_ event: borrowing RmapEvent, at stamp: EventStamp) {
    tracer.before(event, stamp)
    graph.apply(event, at: stamp, observer: &tracer)
    tracer.after(event, stamp)
    switch event {
    case .folio(let folio) where folio.step == .move && graph.folio(at: folio.folio) == nil:
      tracer.forgetFolio(folio.folio, stamp)
    default: break
    }
  }

  /// What was found.
  public consuming func finish() -> RecordedWorkload { tracer.finish() }
}

/// A workload, and what the kernel that was recorded made of it.
public struct RecordedWorkload: Sendable {
  /// The workload.
  public internal(set) var workload: Workload
  /// What became of each operation that changed a VMA's chain.
  public internal(set) var observations: [Observation] = []
  /// Whom pages belonged to at their first mapping.
  public internal(set) var ownerships: [Ownership] = []
  /// What new anon_vmas pointed to, by their numbers.
  var births: [UInt32: Birth] = [:]
  /// What tree events show of the anon_vmas that a fork, a split, a merge or a move joins.
  var sightings: [Sighting] = []
  /// The anon_vmas in ``Observation/chain``s.
  var chains: ContiguousArray<UInt32> = []
  /// Which anon_vmas have died, by their numbers.
  var isDead: ContiguousArray<Bool> = []
  /// VMAs that are older than the recording: a stand-in was made up for them.
  public internal(set) var assumedVMAs: UInt64 = 0
  /// Walks for folios that the workload does not know.
  public internal(set) var unknownWalks: UInt64 = 0
  /// Forks that failed.
  public internal(set) var failedForks: UInt64 = 0

  init(workload: Workload) { self.workload = workload }

  /// What a page's mapping was when it was mapped first.
  public struct Ownership: Sendable {
    /// The step of the workload.
    public let step: Int
    let page: Workload.Page
    /// The anon_vma; nil if no chain that was observed has it.
    let owner: UInt32?
  }

  /// `root` and `parent` of an anon_vma at its first insertion; nil for an address at which no anon_vma is known.
  struct Birth: Sendable {
    let root, parent: UInt32?
  }

  /// An anon_vma that anon_vma_clone is about to join.
  struct Sighting: Sendable {
    /// The step of the operation.
    let step: Int
    let anonVMA: UInt32
    /// `num_children` and `num_active_vmas`.
    let children, active: UInt64
    let treeIsEmpty: Bool
    /// Whether `root` and `parent` are those of its birth.
    let isSteady: Bool
    /// The event that shows it.
    let event: UInt64
  }

  /// A VMA's chain, right after an operation.
  public struct Observation: Sendable {
    /// Which operation.
    public enum Kind: UInt8, Sendable, CaseIterable {
      /// anon_vma_fork.
      case fork
      /// __anon_vma_prepare.
      case prepare
      /// anon_vma_clone for split, merge and mremap.
      case copy
    }

    /// Which operation.
    public let kind: Kind
    /// The step of the workload.
    public let step: Int
    let vma: Workload.VMA
    /// Whether all of it was seen from the beginning.
    let isKnown: Bool
    /// `vma->anon_vma`; nil if no event showed it.
    var own: UInt32?
    let chain: Range<Int>
  }
}

/// The recorded graph's observer that writes the workload.
struct Tracer {
  var result: RecordedWorkload
  /// The recorded kernel's.
  let pageSize: PageSize
  var vmas: [UInt64: KnownVMA] = [:]
  var mms: [UInt64: Workload.MM] = [:]
  /// Attached VMAs by where they begin and end, for the neighbours of a first fault.
  var starting: [Edge: UInt64] = [:]
  var ending: [Edge: UInt64] = [:]
  /// The last VMA that was assumed to have a certain recorded anon_vma, both by address.
  var assumed: [UInt64: UInt64] = [:]
  var assumedNumbers: Set<UInt32> = []
  /// The steps of forks and copies that have not returned, by the new VMA.
  var openSteps: [UInt32: Int] = [:]
  var anonVMAs: [AnonVMAID: UInt32] = [:]
  var tasks: [Int32: Pending] = [:]
  /// Lineages of anon_vmas so far: what is forked or copied from one VMA.
  var lineages: UInt32 = 0
  var folios: [UInt64: KnownFolio] = [:]
  /// New folios whose anon_vma no event has shown yet: the step of their first mapping and the first page.
  var unowned: [UInt64: (step: Int, page: Workload.Page)] = [:]
  /// Folios that VMAs of a second lineage map. Processes older than the recording may be related; the stand-ins for
  /// their VMAs are not, and each lineage gets a page of its own.
  var twins: [Twin: KnownFolio] = [:]
  /// Folios that nobody maps, by their owner and index: swap cache and migration bring them back.
  var waiting: [Reappearance: KnownFolio] = [:]
  static let waitingKept = 65_536
  var mappedByPMD: Set<Edge> = []

  init(workload: Workload, pageSize: PageSize) {
    result = RecordedWorkload(workload: workload)
    self.pageSize = pageSize
  }

  /// A VMA of the workload.
  struct KnownVMA {
    let vma: Workload.VMA
    var id: VMAID
    var span: Workload.Span
    let mm: Workload.MM
    let lineage: UInt32
    var isAttached = false
    /// The observation of its fork, until an event shows its anon_vma.
    var unsighted: Int?
  }

  /// A page number of an mm.
  struct Edge: Hashable {
    let mm: UInt64
    let page: UInt64
  }

  /// A folio and the numbers of its pages.
  struct KnownFolio {
    let first: Workload.Page
    let pages: UInt32
    let lineage: UInt32
  }

  /// A folio as one lineage has it.
  struct Twin: Hashable {
    let folio: UInt64
    let lineage: UInt32
  }

  /// What a folio keeps while it is not mapped.
  struct Reappearance: Hashable {
    let owner: AnonVMAID
    let index: UInt64
  }

  /// What a task is in the middle of.
  struct Pending {
    var fork: OperationEntry?
    var clone: OperationEntry?
    var cloneIsInFork = false
    var copiedRange: OperationEntry?
    var runs: [Range<UInt64>] = []
    var move: OperationEntry?
    var exiting: KernelAddress?
    var lastCopy: KernelAddress?
    /// AVCs that are out of their trees for a range change.
    var parked = 0
    var resized: [(vma: Workload.VMA, span: Workload.Span)] = []

    mutating func inherit(_ page: UInt64) {
      if let last = runs.last, last.upperBound == page {
        runs[runs.count - 1] = last.lowerBound..<page + 1
      } else {
        runs.append(page..<page + 1)
      }
    }
  }

  mutating func finish() -> RecordedWorkload {
    result
  }
}

extension Workload.Span {
  init(_ view: VMAView) {
    self.init(start: view.start.page, end: view.end.page, pgoff: view.firstIndex.raw, flags: view.flags.rawValue)
  }
}
