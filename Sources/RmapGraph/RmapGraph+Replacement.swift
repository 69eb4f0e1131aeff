public import RmapEvents

/// A removal that a task owes: it has put another mapping where one was.
struct Owed {
  let pid: Int32
  /// The folio whose mapping must go.
  let old: KernelAddress
  /// The folio that took its place; the same one where entries of its pages take that of its PMD.
  let new: KernelAddress
  let isPMD: Bool
  let mm: KernelAddress
  let place: UserAddress
  let stamp: EventStamp
}

/// A mapping has taken the place of another one, and that one is gone, or known not to have been taken away.
public struct ReplacementSituation: ~Copyable {
  private let pin = Pin()
  /// The folio that was mapped there.
  public let old: KernelAddress
  /// The folio that is mapped there now.
  public let new: KernelAddress
  /// Whether the old mapping was a PMD, and the new ones are of its pages.
  public let isPMD: Bool
  /// The mm.
  public let mm: KernelAddress
  /// The address.
  public let address: UserAddress
  /// Whether the task has gone on to another step without taking the old mapping away.
  public let isLeft: Bool
  /// The event of the new mapping.
  public let added: EventStamp
  /// The event's place.
  public let stamp: EventStamp
}

/// wp_page_copy, replace_page (KSM) and __split_huge_pmd map first and take away then, within one hold of the page
/// table's lock.
extension RmapGraph {
  /// How many removals are kept in mind that tasks owe.
  private static let owedKept = 64

  /// Whether a mapping is put where the model has one for certain, by a step that takes that away afterwards. Where a page
  /// of KSM is mapped is a guess.
  func isReplacement(of old: UInt32, by event: FolioEvent) -> Bool {
    guard event.step == .new || event.mapping.isKSM else { return false }
    return !paging.folios[old].isHugetlb && !paging.folios[old].mapping.isKSM && !paging.folios[old].placeIsUncertain
  }

  /// Whether it is by this event that the task has mapped a page over another one.
  public func owesRemoval(since stamp: EventStamp) -> Bool {
    paging.owed.contains { $0.pid == stamp.pid && $0.stamp.ordinal == stamp.ordinal }
  }

  mutating func noteOwed(
    old: KernelAddress, new: UInt32, isPMD: Bool, _ mm: KernelAddress, _ place: UserAddress, _ stamp: EventStamp
  ) {
    let isNoted = paging.owed.contains { $0.pid == stamp.pid && $0.old == old && $0.isPMD == isPMD }
    guard !isNoted, !old.isNull else { return }
    if paging.owed.count == Self.owedKept { paging.owed.removeFirst() }
    paging.owed.append(
      Owed(
        pid: stamp.pid, old: old, new: paging.folios[new].address, isPMD: isPMD, mm: mm, place: place, stamp: stamp))
  }

  /// A task that owes a removal takes its next step with a folio.
  mutating func settleOwed<Observer: GraphObserver & ~Copyable>(
    _ event: FolioEvent, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard let first = paging.owed.firstIndex(where: { $0.pid == stamp.pid }) else { return }
    if event.step == .seen, event.folio == paging.owed[first].new { return }
    if event.step == .remove,
      let paid = paging.owed.firstIndex(where: {
        $0.pid == stamp.pid && $0.old == event.folio && (!$0.isPMD || event.isPMD)
      })
    {
      let owed = paging.owed.remove(at: paid)
      return observer.didReplaceMapping(ReplacementSituation(owed, isLeft: false, stamp: stamp), in: self)
    }
    // What it takes away is what was there: ksmd has put it in the place of the page that the model has, unseen.
    if event.step == .remove, event.mapping.isKSM {
      paging.owed.removeAll { $0.pid == stamp.pid && $0.mm == event.vma.mm }
    }
    for owed in paging.owed where owed.pid == stamp.pid {
      observer.didReplaceMapping(ReplacementSituation(owed, isLeft: true, stamp: stamp), in: self)
    }
    paging.owed.removeAll { $0.pid == stamp.pid }
  }
}

extension ReplacementSituation {
  fileprivate init(_ owed: Owed, isLeft: Bool, stamp: EventStamp) {
    self.init(
      old: owed.old, new: owed.new, isPMD: owed.isPMD, mm: owed.mm, address: owed.place,
      isLeft: isLeft,
      added: owed.stamp, stamp: stamp)
  }
}
