import RmapEvents

/// What a walk's callback for one VMA is to unmap.
struct Unmapping {
  var purpose: WalkVisit.Purpose
  var vma: VMAID
  var mm: KernelAddress
  var place: UserAddress
  var folio: UInt32
  /// Tells the tenants of one slot apart.
  var address: KernelAddress
  /// The callback's entry; of one that has returned, its return.
  var stamp: EventStamp
}

/// try_to_unmap_one and try_to_migrate_one take a folio's mappings away and report each of them.
extension RmapGraph {
  /// How many mappings are kept that a callback has left: each waits until its place is mapped anew.
  private static let leftKept = 64

  /// The callback's entry: notes the mapping that it is to take away, if the model is sure of it. mremap moves pages
  /// some time before its return tells of it.
  func unmapping(_ visit: WalkVisit, of frame: WalkFrame, _ stamp: EventStamp) -> Unmapping? {
    guard visit.purpose == .unmap || visit.purpose == .migrate, !frame.isKSM, frame.pages == 1,
      visit.folio == frame.folio, let folio = paging.folioOf[visit.folio.raw], paging.folios[folio].birthWasSeen,
      !paging.folios[folio].isHugetlb, !paging.folios[folio].placeIsUncertain, let vma = vmaOf[visit.vma.raw]
    else { return nil }
    let mm = vmas[vma].view.mm
    guard place(mm, visit.address.page, holding: folio, 0) != nil,
      !paging.activeMoves.contains(where: { $0.entry.source.mm == mm })
    else { return nil }
    return Unmapping(
      purpose: visit.purpose, vma: VMAID(slot: vma), mm: mm, place: visit.address, folio: folio,
      address: visit.folio, stamp: stamp)
  }

  /// The callback has returned and wants the walk to go on: the mapping is gone, or somebody else is just taking it away.
  mutating func endUnmapping<Observer: GraphObserver & ~Copyable>(
    _ unmapping: Unmapping, _ stamp: EventStamp, _ observer: inout Observer
  ) {
    guard place(unmapping.mm, unmapping.place.page, holding: unmapping.folio, 0) != nil else {
      return observer.didTryToUnmap(UnmapSituation(unmapping, isLeft: false, stamp: stamp), in: self)
    }
    if walking.left.count == Self.leftKept { walking.left.removeFirst() }
    walking.left.append(unmapping)
    walking.left[walking.left.count - 1].stamp = stamp
    if unmapping.purpose == .unmap { walking.left[walking.left.count - 1].stamp.function = .walkUnmap }
  }

  /// A page of the folio is unmapped in the mm after all.
  mutating func removeLeft(_ folio: UInt32, _ mm: KernelAddress) {
    walking.left.removeAll { $0.folio == folio && $0.mm == mm }
  }

  /// A place gets a mapping by a step that finds no page there (a swap-in, the end of a migration): whatever the model
  /// has there has long been taken away. Tells of it if it was a walk's callback that ought to have done so.
  mutating func tellLeft<Observer: GraphObserver & ~Copyable>(
    _ folio: UInt32, _ mm: KernelAddress, _ page: UInt64, _ stamp: EventStamp, _ observer: inout Observer
  ) -> Bool {
    let found = walking.left.firstIndex {
      $0.folio == folio && $0.mm == mm && $0.place.page == page && $0.address == paging.folios[folio].address
    }
    guard let found else { return false }
    let left = walking.left.remove(at: found)
    observer.didTryToUnmap(UnmapSituation(left, isLeft: true, stamp: stamp), in: self)
    return true
  }
}

extension UnmapSituation {
  fileprivate init(_ unmapping: Unmapping, isLeft: Bool, stamp: EventStamp) {
    self.init(
      purpose: unmapping.purpose, folio: unmapping.address, vma: unmapping.vma,
      address: unmapping.place, isLeft: isLeft, returned: unmapping.stamp, stamp: stamp)
  }
}
