import RmapEvents
import RmapGraph

/// What happens to pages.
extension SimulatedKernel {
  mutating func applyToPages(_ operation: Workload.Operation, _ workload: borrowing Workload) {
    switch operation {
    case .copyPages(let child, let parent, let range):
      guard let parent = living(parent), let child = living(child) else { return }
      begin(parent)
      copyPages(parent, to: child, workload.runs[Int(range.lowerBound)..<Int(range.upperBound)])
    case .movePages(let source, let page, let count, let target, let place):
      guard let target = living(target), let source = living(source) else { return }
      movePages(source, page..<page + count, to: target, place)
    case .fault(let vma, let page, let first, let count, let fault):
      guard let vma = living(vma) else { return }
      for offset in 0..<count { map(renumbering.page(first) + offset, vma, page + UInt64(offset), fault) }
    case .unmap(let vma, let page, let count, let only):
      guard let vma = living(vma) else { return }
      unmap(vma, page..<page + count, only: renumbering.page(only))
    case .reuse(let vma, let page):
      guard let vma = living(vma) else { return }
      reuse(vma, page)
    case .forget(let page):
      let page = renumbering.page(page)
      for page in [page] + copies.copies(of: page) { forget(page) }
    case .walk(let page, let count):
      guard policy.isGraph || judgesWalks else { return }  // It would need to know where VMAs lie.
      measureRecordedWalk(renumbering.page(page)..<renumbering.page(page) + count)
    default: preconditionFailure("\(operation) does not concern pages")
    }
  }

  private func owner(of vma: Policy.VMA, isShared: Bool) -> UInt32 {
    let own = vmas[vma].anonVMA
    return isShared && policy.sharedPages == .root ? anonVMAs[own].root : own
  }

  private func index(_ vma: Policy.VMA, _ page: UInt64) -> UInt64 {
    vmas[vma].span.index(of: page)
  }

  private func isAlive(_ page: UInt32) -> Bool {
    let node = pages[Int(page)]
    return node.anonVMA != .max && anonVMAs[node.anonVMA].serial == node.serial
  }

  // MARK: Mapping

  private mutating func map(_ page: UInt32, _ vma: Policy.VMA, _ place: UInt64, _ fault: Workload.Fault) {
    let page = fault == .again ? pageToReturn(page, to: vmas[vma].mm) : page
    guard PageTables.canHold(place), vmas[vma].isFaulted else {
      oddities.deadVMAs += 1
      return
    }
    var step = FolioEvent.Step.new
    if fault == .again, pages[Int(page)].isKnown, !pages[Int(page)].isForgotten {
      step = .add
      reverseMap?.mappedAgain(page, in: vma, &self)
    } else {
      if fault == .again { oddities.strangers += 1 }
      own(page, vma, place, isShared: fault != .new)
    }
    // A fault that copies maps the copy first and unmaps the old page afterwards; here it is the other way round.
    if let old = tables.entry(mm: Address.mm(vmas[vma].mm), page: place), old.folio != page {
      unmapOne(old.folio, vma, place)
    }
    record { $0.folio(step, page, vma, at: place, isExclusive: fault == .new) }
    let mm = vmas[vma].mm
    if tables.set(mm: Address.mm(mm), page: place, to: entry(page)) == nil { countMapping(1, page, mm, place) }
    judge(page, in: mm, at: place)
  }

  /// A page that is mapped nowhere is mapped as a new one would be.
  mutating func mapAnew(_ page: UInt32, _ vma: Policy.VMA, _ place: UInt64) {
    own(page, vma, place, isShared: false)
    record { $0.folio(.new, page, vma, at: place, isExclusive: true) }
    tables.set(mm: Address.mm(vmas[vma].mm), page: place, to: entry(page))
    countMapping(1, page, vmas[vma].mm, place)
    judge(page, in: vmas[vma].mm, at: place)
  }

  /// A page gets what it points to.
  private mutating func own(_ page: UInt32, _ vma: Policy.VMA, _ place: UInt64, isShared: Bool) {
    let index = index(vma, place)
    if let reverseMap {
      if pages[Int(page)].isKnown { reverseMap.released(page, &self) }
      pages[Int(page)] = Page(index: index, isKnown: true)
      reverseMap.newPage(page, in: vma, isShared: isShared, &self)
    } else {
      let owner = owner(of: vma, isShared: isShared)
      pages[Int(page)] = Page(anonVMA: owner, serial: anonVMAs[owner].serial, index: index, isKnown: true)
    }
  }

  private func entry(_ page: UInt32) -> PageTables.Entry {
    PageTables.Entry(folio: page, subpage: 0, isPMD: false)
  }

  mutating func countMapping(_ change: Int32, _ page: UInt32, _ mm: UInt32, _ place: UInt64) {
    let old = pages[Int(page)].mappings
    pages[Int(page)].mappings = UInt32(Int32(old) + change)
    pages[Int(page)].mapperMM ^= mm
    pages[Int(page)].mapperPlace ^= place
    costs.mapped(change)
    guard reverseMap == nil else {
      if Int32(old) + change == 0, !mayReturn(page) { release(page) }
      return
    }
    guard isAlive(page), !pages[Int(page)].isForgotten else { return }
    let anonVMA = pages[Int(page)].anonVMA
    if old == 0 { anonVMAs[anonVMA].pages += 1 }
    if Int32(old) + change == 0 { anonVMAs[anonVMA].pages -= 1 }
  }

  /// Whether a later step of the workload maps the page again: out of the swap cache, or after migration.
  func mayReturn(_ page: UInt32) -> Bool {
    if copies.isAwaited(page) { return true }
    guard page >= renumbering.pageBase, Int(page - renumbering.pageBase) < lastFaults.count else { return false }
    return lastFaults[Int(page - renumbering.pageBase)] > stepNumber
  }

  mutating func release(_ page: UInt32) {
    guard pages[Int(page)].isKnown else { return }
    pages[Int(page)].isKnown = false
    reverseMap?.released(page, &self)
  }

  private mutating func reuse(_ vma: Policy.VMA, _ place: UInt64) {
    guard let entry = tables.entry(mm: Address.mm(vmas[vma].mm), page: place), vmas[vma].isFaulted else {
      oddities.unmapsOfNothing += 1
      return
    }
    let page = Int(entry.folio)
    guard !pages[page].isForgotten else { return }
    if let reverseMap {
      reverseMap.reused(entry.folio, by: vma, &self)
      return judge(entry.folio, in: vmas[vma].mm, at: place)
    }
    if isAlive(entry.folio) { anonVMAs[pages[page].anonVMA].pages -= 1 }
    let own = vmas[vma].anonVMA
    (pages[page].anonVMA, pages[page].serial) = (own, anonVMAs[own].serial)
    anonVMAs[own].pages += 1
    record { $0.folio(.move, entry.folio, vma, at: place) }
    judge(entry.folio, in: vmas[vma].mm, at: place)
  }

  // MARK: Unmapping

  mutating func unmap(_ vma: Policy.VMA, _ places: Range<UInt64>, only: UInt32) {
    collect(vmas[vma].mm, places)
    if scratch.isEmpty, only != .max { oddities.unmapsOfNothing += 1 }
    // Another page there is the copy that has taken the place of the one that is to be unmapped.
    for (place, page) in scratch where only == .max || original(of: page) == only || pages[Int(page)].isForgotten {
      if only != .max, page != only, original(of: page) == only, mayReturn(only) {
        copies.wait(for: page, in: vmas[vma].mm)
      }
      unmapOne(page, vma, place)
    }
  }

  mutating func unmapOne(_ page: UInt32, _ vma: Policy.VMA, _ place: UInt64) {
    if !pages[Int(page)].isForgotten { record { $0.folio(.remove, page, vma, at: place) } }
    tables.set(mm: Address.mm(vmas[vma].mm), page: place, to: nil)
    countMapping(-1, page, vmas[vma].mm, place)
    judgeOnlyMapping(of: page)
  }

  /// The pages of an mm, with the mapped page's number at each place.
  mutating func collect(_ mm: UInt32, _ places: Range<UInt64>) {
    var found: ContiguousArray<(page: UInt64, number: UInt32)> = []
    swap(&found, &scratch)
    found.removeAll(keepingCapacity: true)
    tables.forEach(mm: Address.mm(mm), pages: places) { found.append(($0, $1.folio)) }
    found.sort { $0.page < $1.page }
    scratch = found
  }

  /// The checker's graph forgets a folio that is seen to be none of an anon_vma's.
  private mutating func forget(_ page: UInt32) {
    guard pages[Int(page)].mappings > 0, !pages[Int(page)].isForgotten else { return }
    if reverseMap == nil, isAlive(page) { anonVMAs[pages[Int(page)].anonVMA].pages -= 1 }
    pages[Int(page)].isForgotten = true
    if reverseMap != nil { release(page) }
    record { _ in
      .folio(
        FolioEvent(
          step: .remove, isAfter: false, folio: KernelAddress(Address.page(page)), vma: .none,
          mapping: FolioMapping(0), index: PgOff(0)))
    }
  }

  // MARK: Whole ranges

  /// copy_page_range. Pages that are not in the runs changed while it ran: the child does not get them.
  private mutating func copyPages(
    _ parent: Policy.VMA, to child: Policy.VMA, _ runs: ArraySlice<Range<UInt64>>
  ) {
    record { $0.entry(.copyRange, child, source: parent) }
    collect(vmas[parent].mm, vmas[parent].span.start..<vmas[parent].span.end)
    record { _ in .leave(OperationReturn(kind: .copyRange)) }
    var run = runs.startIndex
    for (place, page) in scratch where !pages[Int(page)].isForgotten {
      while run < runs.endIndex, runs[run].upperBound <= place { run += 1 }
      if run < runs.endIndex, runs[run].contains(place) {
        tables.set(mm: Address.mm(vmas[child].mm), page: place, to: entry(page))
        countMapping(1, page, vmas[child].mm, place)
        if let reverseMap {
          reverseMap.inherited(page, by: child, from: parent, &self)
          judge(page, in: vmas[parent].mm, at: place)
        }
        judge(page, in: vmas[child].mm, at: place)
      } else {
        record { $0.folio(.remove, page, child, at: place) }
      }
    }
  }

  private mutating func movePages(
    _ source: Policy.VMA, _ places: Range<UInt64>, to target: Policy.VMA, _ place: UInt64
  ) {
    if relocate(source, places, to: target, place) { return }
    let length = (places.upperBound - places.lowerBound) << PageSize.small.shift
    record {
      .enter(
        OperationEntry(
          kind: .moveTables, vma: $0.view(target), source: $0.view(source), address: UserAddress(page: place),
          sourceAddress: UserAddress(page: places.lowerBound), length: length, takesRmapLocks: true))
    }
    collect(vmas[source].mm, places)
    let moved = scratch
    for (page, _) in moved { tables.set(mm: Address.mm(vmas[source].mm), page: page, to: nil) }
    for (page, number) in moved { move(number, from: (source, page), to: (target, page &- places.lowerBound &+ place)) }
    record { _ in .leave(OperationReturn(kind: .moveTables, value: Int64(bitPattern: length))) }
  }
  private mutating func move(
    _ page: UInt32, from old: (vma: Policy.VMA, place: UInt64), to new: (vma: Policy.VMA, place: UInt64)
  ) {
    let (source, target) = (vmas[old.vma].mm, vmas[new.vma].mm)
    guard PageTables.canHold(new.place) else { return countMapping(-1, page, source, old.place) }
    var arriving = page
    if let reverseMap, !pages[Int(page)].isForgotten {
      arriving = reverseMap.moved(page, from: old.vma, to: new.vma, at: new.place, &self)
    }
    if arriving == page {
      pages[Int(page)].mapperMM ^= source ^ target
      pages[Int(page)].mapperPlace ^= old.place ^ new.place
    } else {
      countMapping(-1, page, source, old.place)
      countMapping(1, arriving, target, new.place)
      judgeOnlyMapping(of: page)
    }
    if let old = tables.set(mm: Address.mm(target), page: new.place, to: entry(arriving)) {
      countMapping(-1, old.folio, target, new.place)
    }
    judge(arriving, in: target, at: new.place)
  }
}
