import RmapEvents

/// Two events that can't both be as they were recorded, whatever the kernel did: an event is missing without a mark,
/// was recorded twice, or holds a value that is not the kernel's. No rule is broken by it, but none is proved either.
public enum Contradiction: UInt8, CaseIterable, Sendable {
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
  /// An event is of a task whose number no task has.
  case noTask
  /// A lock's word has bits that no lock has.
  case noLock

  /// The level of the events that it is about: what pages and walks do changes no VMA, AVC or anon_vma.
  public var level: RecordingLevel {
    switch self {
    case .walkStep: .walks
    case .pageMapping: .pages
    default: .structure
    }
  }

  /// What it means, for people.
  public var meaning: String {
    switch self {
    case .returnWithoutEntry: "a function returns that its task has not entered"
    case .vmaBirth: "a VMA appears without an allocation, or is allocated twice"
    case .vmaDeath: "a VMA is not freed with its mm"
    case .vmaView: "a VMA is not what it was, though nothing has changed it"
    case .anonVMADeath: "an anon_vma is freed twice, or never"
    case .returnValue: "a function returns what it never returns"
    case .deadMM: "an mm is used while it is torn down"
    case .pageMapping: "a page is mapped twice at one place, or unmapped without having been mapped"
    case .noTask: "an event is of a task that cannot be"
    case .noLock: "a lock's count is none that a lock can have"
    case .walkStep: "the steps of an rmap walk do not follow one another"
    }
  }
}

/// The contradictions of a recording.
public struct Contradictions: Sendable, Equatable {
  /// How many there are of each kind.
  public private(set) var counts = [UInt64](repeating: 0, count: Contradiction.allCases.count)
  /// The event at which each kind showed first; 0 if it has not.
  private var ordinals = [UInt64](repeating: 0, count: Contradiction.allCases.count)

  /// The first one, and the event at which it showed.
  public var first: (kind: Contradiction, ordinal: UInt64)? {
    Contradiction.allCases.map { (kind: $0, ordinal: ordinals[Int($0.rawValue)]) }.filter { $0.ordinal > 0 }
      .min { $0.ordinal < $1.ordinal }
  }

  /// The first event at which one of that level, or of a lower one, showed.
  public func first(upTo level: RecordingLevel) -> UInt64? {
    Contradiction.allCases.filter { $0.level <= level }.map { ordinals[Int($0.rawValue)] }.filter { $0 > 0 }.min()
  }

  /// All of them.
  public var total: UInt64 { counts.reduce(0, &+) }

  mutating func note(_ kind: Contradiction, _ ordinal: UInt64) {
    if counts[Int(kind.rawValue)] == 0 { ordinals[Int(kind.rawValue)] = ordinal }
    counts[Int(kind.rawValue)] &+= 1
  }
}

extension RmapGraph {
  /// Notes a contradiction at the event that is being applied.
  @inline(never) mutating func contradict(_ kind: Contradiction) {
    statistics.contradictions.note(kind, currentOrdinal)
  }

  /// The lock of a root, or the mmap_lock.
  @inline(__always) mutating func compareLock(_ count: UInt64?) {
    if let count, !LockView.isPossible(count) { contradict(.noLock) }
  }

  // MARK: Pages

  /// A page is unmapped, or looked at, that the model has not mapped there.
  mutating func noteUnknownPage(_ event: FolioEvent) {
    guard !event.isLarge, !event.mapping.isKSM, let slot = anonVMAOf[event.mapping.anonVMA.raw],
      anonVMAs[slot].birthWasSeen, !anonVMAs[slot].mayHaveMorePages
    else { return }
    // copy_page_range has given the child the page, and reclaim has found it there, before it returned.
    if activeCopies.contains(where: { $0.destination.mm == event.vma.mm }) { return }
    contradict(.pageMapping)
  }

  /// Pages of an anon_vma may be mapped where the model does not have them.
  mutating func doubtPages(of id: AnonVMAID?) {
    guard let id, anonVMA(id) != nil else { return }
    anonVMAs[id.slot].mayHaveMorePages = true
  }

  /// Pages that a VMA maps may be mapped elsewhere too.
  mutating func doubtPages(of view: VMAView) {
    guard let slot = vmaOf[view.address.raw] else { return }
    var avc = vmas[slot].firstInChain
    while avc != .max {
      anonVMAs[avcs[avc].anonVMA.slot].mayHaveMorePages = true
      avc = avcs[avc].nextInVMA
    }
  }

  /// A page is unmapped from a VMA that the model does not have.
  mutating func noteUnknownVMA(_ event: FolioEvent, _ slot: UInt32?) {
    let isMapped = slot.map { place(of: $0, event, at: linearAddress(event)) != nil } ?? false
    if isMapped || knownMMs[event.vma.mm.raw] != nil && birthsAreRecorded { contradict(.vmaView) }
  }

  /// A new folio goes to the LRU lists right after its first mapping, before the page table's lock is let go: by the task
  /// that has mapped it (folio_add_lru_vma's callers in mm/memory.c, mm/huge_memory.c, mm/khugepaged.c, mm/userfaultfd.c).
  mutating func compareMaker(_ slot: UInt32, _ stamp: EventStamp) {
    if folios[slot].birthWasSeen, folios[slot].changeStamp.pid != stamp.pid { contradict(.pageMapping) }
  }

  /// No other folios than anonymous ones go to the LRU lists by folio_add_lru_vma.
  mutating func compareUnmapped(_ event: FolioEvent) {
    if let slot = folioOf[event.folio.raw], folios[slot].birthWasSeen, !folios[slot].placeIsUncertain {
      contradict(.pageMapping)
    }
  }

  /// A page of a file is unmapped from a VMA in which the model has an anonymous page at that page's address.
  mutating func compareFilePage(_ event: FolioEvent, _ slot: UInt32) {
    guard folios[slot].birthWasSeen, !folios[slot].placeIsUncertain, !event.isLarge,
      let vma = vmaOf[event.vma.address.raw], vmas[vma].view.mm == event.vma.mm,
      mappedAddress(of: FolioID(slot: slot), in: VMAID(slot: vma)) != nil
    else { return }
    contradict(.pageMapping)
  }

  /// A write fault has found a page where the model has another one, which was put there for certain.
  mutating func compareUnknownMove(_ event: FolioEvent, at address: UserAddress) {
    guard event.vma.contains(address), !event.isLarge,
      let entry = tables.entry(mm: event.vma.mm.raw, page: address.page), !folios[entry.folio].address.isNull,
      folios[entry.folio].birthWasSeen, !folios[entry.folio].placeIsUncertain, folios[entry.folio].index == event.index,
      activeCopies.isEmpty
    else { return }
    contradict(.pageMapping)
  }

  /// A write fault leaves a folio's index alone, and UFFDIO_MOVE changes it after this event
  /// (mm/userfaultfd.c:move_present_pte).
  mutating func compareMove(_ event: FolioEvent, _ slot: UInt32) {
    guard folios[slot].birthWasSeen else { return }
    if folios[slot].index != event.index || folios[slot].isLarge != event.isLarge { contradict(.pageMapping) }
  }
}
