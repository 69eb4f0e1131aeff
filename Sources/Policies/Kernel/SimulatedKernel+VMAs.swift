import RmapEvents
import RmapGraph

/// What happens to VMAs.
extension SimulatedKernel {
  /// Does one step of the workload.
  mutating func apply(_ step: Workload.Step, of workload: borrowing Workload) {
    freed.removeAll(keepingCapacity: true)
    stepNumber += 1
    bench.beginStep()
    switch step.operation {
    case .map(let vma, let mm, let span): map(renumbering.vma(vma), renumbering.mm(mm), span)
    case .assume(let vma, let mm, let span, let like):
      begin(mm)
      let vma = renumbering.vma(vma)
      guard !vmas[vma].isAlive else { return }
      if firstVMA[Int(renumbering.mm(mm))] == .max { reverseMap?.begin(renumbering.mm(mm), in: &self) }
      born(vma, renumbering.mm(mm), span)
      occupy(vma)
      assume(vma, like: like.map { renumbering.vma($0) })
    case .update(let vma, let span):
      let vma = renumbering.vma(vma)
      begin(vma)
      if vmas[vma].isAlive { update(vma, span) }
    case .prepare(let vma, let next, let previous):
      guard let vma = living(vma) else { return }
      prepare(vma, next: next.map { renumbering.vma($0) }, previous: previous.map { renumbering.vma($0) })
    case .fork(let child, let mm, let parent):
      guard let parent = living(parent) else { return }
      fork(renumbering.vma(child), renumbering.mm(mm), parent)
    case .copy(let new, let original, let span):
      guard let original = living(original) else { return }
      copy(renumbering.vma(new), of: original, span)
    case .adopt(let kept, let removed):
      guard let kept = living(kept), let removed = living(removed), !vmas[kept].isFaulted, vmas[removed].isFaulted
      else { return }
      join(kept, removed, isCopy: false)
    case .resize(let range): resize(workload.spans[Int(range.lowerBound)..<Int(range.upperBound)])
    case .merge(let kept, let removed):
      guard let kept = living(kept), let removed = living(removed) else { return }
      merge(kept, removed)
    case .unlink(let vma):
      let vma = renumbering.vma(vma)
      begin(vma)
      if vmas[vma].isAlive, vmas[vma].absorber == .max { unlink(vma) }
    case .free(let vma):
      let vma = renumbering.vma(vma)
      begin(vma)
      if vmas[vma].isAlive, vmas[vma].absorber == .max { free(vma) }
    case .exit(let mm): exit(mm)
    default: applyToPages(step.operation, workload)
    }
  }

  // MARK: Who acts

  mutating func begin(_ mm: Workload.MM) { bench.pid = Int32(truncatingIfNeeded: renumbering.mm(mm)) + 1 }

  mutating func begin(_ vma: Policy.VMA) { bench.pid = Int32(truncatingIfNeeded: vmas[vma].mm) + 1 }

  /// The VMA that stands for the workload's, whose process acts; nil if it does not live.
  mutating func living(_ vma: Workload.VMA) -> Policy.VMA? {
    var vma = renumbering.vma(vma)
    while vmas[vma].absorber != .max { vma = Int(vmas[vma].absorber) }
    begin(vma)
    if !vmas[vma].isAlive { oddities.deadVMAs += 1 }
    return vmas[vma].isAlive ? vma : nil
  }

  // MARK: Birth and death

  private mutating func map(_ vma: Policy.VMA, _ mm: UInt32, _ span: Workload.Span) {
    bench.pid = Int32(truncatingIfNeeded: mm) + 1
    guard !vmas[vma].isAlive else { return }  // It lives on from an earlier round.
    if firstVMA[Int(mm)] == .max { reverseMap?.begin(mm, in: &self) }
    born(vma, mm, span)
    occupy(vma)
    record { _ in .leave(OperationReturn(kind: .vmaAlloc, value: Int64(bitPattern: Address.vma(vma)))) }
  }

  /// A VMA becomes as faulted in as another one of its mm.
  private mutating func join(_ vma: Policy.VMA, _ other: Policy.VMA, isCopy: Bool) {
    vmas[vma].isFaulted = true
    if let reverseMap {
      if isCopy { reverseMap.copy(vma, of: other, in: &self) } else { reverseMap.adopt(vma, from: other, in: &self) }
    } else {
      vmas[vma].anonVMA = vmas[other].anonVMA
      clone(vma, from: other)
    }
  }

  private mutating func occupy(_ vma: Policy.VMA) {
    guard judgesWalks, vmas[vma].isAlive else { return }
    places.store(vmas[vma].mm, vmas[vma].span.pages, UInt32(vma))
  }

  mutating func vacate(_ vma: Policy.VMA) {
    if judgesWalks { places.erase(vmas[vma].mm, vmas[vma].span.pages, UInt32(vma)) }
  }

  private mutating func born(_ vma: Policy.VMA, _ mm: UInt32, _ span: Workload.Span) {
    vmas[vma] = VMA()
    vmas[vma].span = span
    vmas[vma].mm = mm
    vmas[vma].isAlive = true
    let first = firstVMA[Int(mm)]
    vmas[vma].nextInMM = first
    if first != .max { vmas[Int(first)].previousInMM = UInt32(vma) }
    firstVMA[Int(mm)] = UInt32(vma)
    costs.vmaBorn()
  }

  private mutating func free(_ vma: Policy.VMA) {
    record {
      let view = $0.view(vma)
      return .vmaFree(VMAFree(vma: view.address, mm: view.mm, anonVMA: view.anonVMA))
    }
    let (next, previous) = (vmas[vma].nextInMM, vmas[vma].previousInMM)
    if previous == .max { firstVMA[Int(vmas[vma].mm)] = next } else { vmas[Int(previous)].nextInMM = next }
    if next != .max { vmas[Int(next)].previousInMM = previous }
    vacate(vma)
    vmas[vma].isAlive = false
    costs.vmaDied()
  }

  /// munmap of all of it.
  mutating func end(_ vma: Policy.VMA) {
    begin(vma)
    unmap(vma, vmas[vma].span.start..<vmas[vma].span.end, only: .max)
    unlink(vma)
    free(vma)
  }

  /// A VMA of before the recording: as if it had been faulted in now, together with the one that it shares with.
  private mutating func assume(_ vma: Policy.VMA, like other: Policy.VMA?) {
    record { _ in .leave(OperationReturn(kind: .vmaAlloc, value: Int64(bitPattern: Address.vma(vma)))) }
    guard let other, reverseMap == nil, vmas[other].isAlive, vmas[other].isFaulted, vmas[other].mm == vmas[vma].mm
    else {
      return prepare(vma, next: nil, previous: nil)
    }
    join(vma, other, isCopy: true)
  }

  /// vm_area_dup.
  private mutating func duplicate(_ original: Policy.VMA, as new: Policy.VMA, _ mm: UInt32) {
    record { .enter(OperationEntry(kind: .vmaDup, source: $0.view(original))) }
    born(new, mm, vmas[original].span)
    record { _ in .leave(OperationReturn(kind: .vmaDup, value: Int64(bitPattern: Address.vma(new)))) }
  }

  private mutating func fork(_ child: Policy.VMA, _ mm: UInt32, _ parent: Policy.VMA) {
    duplicate(parent, as: child, mm)
    vmas[child].shift = vmas[parent].shift
    occupy(child)
    copies.inherit(by: mm, from: vmas[parent].mm)
    guard vmas[parent].isFaulted else { return }
    vmas[child].isFaulted = true
    let costsBefore = (costs.allocations, costs.locks)
    let before = links
    defer {
      costs.forked(mm, since: costsBefore)
      costs.forked(linked: links - before)
    }
    if let reverseMap { return reverseMap.fork(child, from: parent, in: &self) }
    vmas[child].anonVMA = vmas[parent].anonVMA  // As vm_area_dup copied it.
    record { $0.entry(.fork, child, source: parent) }
    vmas[child].anonVMA = .max
    lastForkReused = false
    policy.fork(&self, child, parent)
    record { _ in .leave(OperationReturn(kind: .fork)) }
  }

  private mutating func copy(_ new: Policy.VMA, of original: Policy.VMA, _ span: Workload.Span) {
    duplicate(original, as: new, vmas[original].mm)
    vmas[new].shift = vmas[original].shift
    vmas[new].span = span.shifted(by: vmas[new].shift)
    occupy(new)
    guard vmas[original].isFaulted else { return }
    join(new, original, isCopy: true)
    judgePages(of: vmas[new].mm, vmas[new].span)
  }

  /// exit_mmap is over: what it still mapped was unmapped without an event.
  private mutating func exit(_ mm: Workload.MM) {
    begin(mm)
    let number = renumbering.mm(mm)
    record { _ in .enter(OperationEntry(kind: .mmExit, mm: KernelAddress(Address.mm(number)))) }
    collect(number, 0..<1 << 44)
    for (page, owner) in scratch {
      tables.set(mm: Address.mm(number), page: page, to: nil)
      countMapping(-1, owner, number, page)
    }
    tables.remove(mm: Address.mm(number))
    releaseUnmapped(copies.leave(number))
    reverseMap?.exit(number, in: &self)
    record { _ in .leave(OperationReturn(kind: .mmExit)) }
  }

  // MARK: Ranges

  /// vma_prepare to vma_complete.
  private mutating func resize(_ changes: ArraySlice<(vma: Workload.VMA, span: Workload.Span)>) {
    var changed: ContiguousArray<(vma: Policy.VMA, span: Workload.Span)> = []
    for change in changes {
      let vma = renumbering.vma(change.vma)
      if vmas[vma].isAlive {
        changed.append((vma, change.span.shifted(by: vmas[vma].shift)))
      } else {
        oddities.deadVMAs += 1
      }
    }
    guard let first = changed.first else { return }
    begin(first.vma)
    change(changed)
  }

  private mutating func change(_ changed: ContiguousArray<(vma: Policy.VMA, span: Workload.Span)>) {
    for (vma, _) in changed { forEachAVC(of: vma) { $0.remove($1) } }
    let old = changed.map { vmas[$0.vma].span }
    for (vma, _) in changed { vacate(vma) }
    for (vma, span) in changed { vmas[vma].span = span }
    for (vma, _) in changed { occupy(vma) }
    for (vma, _) in changed { forEachAVC(of: vma) { $0.insert($1) } }
    guard reverseMap != nil || judgesWalks else { return }
    for (index, (vma, _)) in changed.enumerated() where vmas[vma].isFaulted {
      reverseMap?.resized(vma, from: old[index], in: &self)
      for (other, (donor, _)) in changed.enumerated()
      where other != index && vmas[donor].isFaulted && old[other].pages.overlaps(vmas[vma].span.pages) {
        reverseMap?.tookPart(vma, of: donor, in: &self)
      }
    }
    for (vma, span) in changed { judgePages(of: vmas[vma].mm, span) }
  }

  /// Its flags change, or it is in no tree yet; a range that changed unseen takes the way that it must have taken.
  private mutating func update(_ vma: Policy.VMA, _ span: Workload.Span) {
    let (old, span) = (vmas[vma].span, span.shifted(by: vmas[vma].shift))
    if vmas[vma].isFaulted, (old.start, old.end, old.pgoff) != (span.start, span.end, span.pgoff) {
      change([(vma, span)])
    } else {
      vacate(vma)
      vmas[vma].span = span
      occupy(vma)
    }
  }

  private mutating func forEachAVC(of vma: Policy.VMA, _ body: (inout SimulatedKernel, UInt32) -> Void) {
    var avc = vmas[vma].newest
    while avc != .max {
      body(&self, avc)
      avc = avcs[avc].older
    }
  }

  /// vma_merge, if is_mergeable_anon_vma: `kept` grows, `removed` leaves its trees (anon_vma_merge).
  private mutating func merge(_ kept: Policy.VMA, _ removed: Policy.VMA) {
    var span = vmas[kept].span
    let fits: Bool
    if let reverseMap {
      fits = vmas[kept].isFaulted == vmas[removed].isFaulted && reverseMap.mayMerge(kept, removed, in: self)
    } else {
      fits = vmas[kept].anonVMA == vmas[removed].anonVMA
    }
    guard fits, vmas[kept].mm == vmas[removed].mm, kept != removed, span.end == vmas[removed].span.start else {
      oddities.refusedMerges += 1
      return
    }
    span.end = vmas[removed].span.end
    change([(kept, span)])
    if vmas[removed].isFaulted { unlink(removed) }
    free(removed)
    vmas[removed].absorber = UInt32(kept)
  }
}
