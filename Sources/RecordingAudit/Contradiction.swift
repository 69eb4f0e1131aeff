public import RmapEvents
import Vocabulary

/// Two events that can't both be as they were recorded, whatever the kernel did: an event is missing without a mark,
/// was recorded twice, or holds a value that is not the kernel's. No rule is broken by it, but none is proved either.
public struct Contradiction: Sendable, Hashable {
  /// What kind of contradiction it is.
  public let kind: Kind
  /// The object that an event shows otherwise than it can be.
  public let object: Object
  /// Which of its fields.
  public let field: Field
  /// The field's value by what was recorded before, or by another field of the same event; nil where the value is one that
  /// no such field has.
  public let was: Value?
  /// The value that the event shows.
  public let now: Value
  /// The number of the event that showed ``was``; nil where that is the same event, or was not kept.
  public let since: UInt64?
  /// The event at which it shows.
  public let at: EventStamp

  /// What kinds there are.
  public enum Kind: UInt8, CaseIterable, Sendable {
    /// A function returns that its task has not entered.
    case returnWithoutEntry
    /// A VMA is allocated at the address of one that was not freed, or appears in a new mm without having been
    /// allocated.
    case vmaBirth
    /// A VMA outlives its mm.
    case vmaDeath
    /// A VMA is in another mm than before, or has another range while its AVCs stand in their trees, or changes within
    /// an operation that holds its lock.
    case vmaView
    /// An anon_vma is freed twice, or its last reference goes without its being freed.
    case anonVMADeath
    /// A function returns what it never returns.
    case returnValue
    /// A task is at work in an mm that is being torn down.
    case deadMM
    /// A page is mapped where it is mapped already, or unmapped where it is not.
    case pageMapping
    /// The steps of a walk do not follow one another.
    case walkStep
    /// An event carries a pid that no task has.
    case noTask
    /// A lock's count has bits that no rwsem has.
    case noLock

    /// The level of the events that it is about: what pages and walks do changes no VMA, AVC or anon_vma.
    public var level: RecordingLevel {
      switch self {
      case .walkStep: .walks
      case .pageMapping: .pages
      default: .structure
      }
    }
  }

  /// What a contradiction is about.
  public enum Object: Sendable, Hashable {
    case vma(KernelAddress)
    case anonVMA(KernelAddress)
    case mm(KernelAddress)
    case folio(KernelAddress)
    /// The `rmap_one` of a walk.
    case callback(KernelAddress)
    /// A task, by its pid.
    case task(Int32)
    /// A function that is recorded.
    case function(EventKind)
  }

  /// A field of an object, by its name in the kernel, or what else events tell of it.
  public enum Field: String, CaseIterable, Sendable {
    // A VMA.
    case address
    case start
    case end
    case mm
    case flags
    case anonVMA = "anon_vma"
    case vmPgoff
    case anonPgoff = "anon_pgoff"
    /// Where a split divides the VMA.
    case splitAt = "split address"
    /// Where pages are moved from or to.
    case movedAddress = "moved address"
    /// How many AVCs are on its chain.
    case chain = "number of AVCs"
    /// Its vm_area_alloc or vm_area_dup.
    case allocation
    /// Its unlink_anon_vmas.
    case unlinking = "unlink_anon_vmas"
    // An anon_vma.
    case root
    /// `root->rwsem.count`.
    case rwsem = "rwsem.count"
    /// Its __put_anon_vma.
    case lastPut = "last put"
    // An mm.
    /// `mmap_lock.count`.
    case mmapLock = "mmap_lock.count"
    /// How many VMAs the mm has.
    case vmas = "number of VMAs"
    /// A function that works on it.
    case user
    // A function.
    case entry, result = "return value"
    // A folio.
    case folio
    case mapping
    case index
    case pages = "number of pages"
    case isLarge = "PG_head"
    case mapped = "mapping by a VMA"
    case mapper = "last mapping task"
    // A walk.
    case pid
    case step
    case done
    case anonLock
    case first = "first index"
    case last = "last index"
    case node = "last AVC"
    case purpose
    case vma
    case visited = "visited folio"

    /// Its name in a report: the recording's, where it is one of the recording's fields.
    public var name: String {
      switch self {
      case .start: FieldName.vmStart.rawValue
      case .end: FieldName.vmEnd.rawValue
      case .mm: FieldName.vmMM.rawValue
      case .flags: FieldName.vmFlags.rawValue
      case .vmPgoff: FieldName.vmPgoff.rawValue
      case .anonLock: FieldName.anonLock.rawValue
      case .purpose: FieldName.callback.rawValue
      default: rawValue
      }
    }
  }

  /// A field's value.
  public enum Value: Sendable, Hashable {
    /// The address of a kernel object.
    case kernel(KernelAddress)
    /// An address in a process.
    case user(UserAddress)
    /// An offset in pages.
    case pages(PgOff)
    /// A word whose bits mean something.
    case word(UInt64)
    /// A number.
    case number(Int64)
    /// A function that is recorded.
    case function(EventKind)
    /// A walk's callback, by what it does.
    case callback(WalkVisit.Purpose)
    /// What must have been recorded, and was not.
    case missing
    /// What was recorded already, and can't be twice.
    case again
  }
}

/// The contradictions of a recording: all are counted, and the first of each kind is kept.
public struct Contradictions: Sendable, Equatable {
  private var counts = [UInt64](repeating: 0, count: Contradiction.Kind.allCases.count)
  private var firsts = [Contradiction?](repeating: nil, count: Contradiction.Kind.allCases.count)

  /// No contradictions.
  public init() {}

  /// How many of a kind there are.
  public func count(of kind: Contradiction.Kind) -> UInt64 { counts[Int(kind.rawValue)] }

  /// The first of a kind; nil if there is none.
  public func first(of kind: Contradiction.Kind) -> Contradiction? { firsts[Int(kind.rawValue)] }

  /// The first of each kind, in the order of their events.
  public var kept: [Contradiction] {
    firsts.compactMap { $0 }.sorted { ($0.at.ordinal, $0.kind) < ($1.at.ordinal, $1.kind) }
  }

  /// The first of all.
  public var first: Contradiction? { kept.first }

  /// The number of the first event at which one of that level, or of a lower one, shows.
  public func first(upTo level: RecordingLevel) -> UInt64? { kept.first { $0.kind.level <= level }?.at.ordinal }

  /// How many there are.
  public var total: UInt64 { counts.reduce(0, &+) }

  package mutating func note(_ contradiction: Contradiction) {
    let index = Int(contradiction.kind.rawValue)
    if counts[index] == 0 { firsts[index] = contradiction }
    counts[index] &+= 1
  }
}

extension Contradiction.Kind: Comparable {
  /// By their order above.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
