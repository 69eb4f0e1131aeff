import RmapEvents
import RmapGraph

extension Policy {
  /// E12: split-counters with MREMAP_RELOCATE_ANON.
  static let relocate = Policy(
    name: "relocate",
    rule: """
      As split-counters, but a move of a VMA that was never forked, and of whose pages each is mapped once, gives VMA and \
      pages the index and an anon_vma of the new place, a neighbour's if it may take that, so that they may merge.
      """,
    source:
      "MREMAP_RELOCATE_ANON (Lorenzo Stoakes), RFC of May and series of June 2025; whether it lives on is not known",
    counting: .split, moves: .relocate,
    guesses: [
      "the anon_vma of the new place is a neighbour's as at a first fault, or a new one",
      "merges that it makes possible are counted, not made: the recorded kernel did not make them",
    ], fork: splitCounters.fork)
}

extension SimulatedKernel {
  /// A move as MREMAP_RELOCATE_ANON makes it; whether it could.
  mutating func relocate(
    _ source: Policy.VMA, _ pages: Range<UInt64>, to target: Policy.VMA, _ place: UInt64
  ) -> Bool {
    guard policy.moves == .relocate, source != target, vmas[source].mm == vmas[target].mm, isUnforked(source),
      isUnforked(target)
    else { return false }
    let (old, new) = (vmas[source], vmas[target])
    collect(new.mm, new.span.pages)
    let isCopy = old.anonVMA == new.anonVMA && scratch.isEmpty
    // It moves into a VMA that is there already, and has the same offset or, after an earlier move, another one.
    let keepsIndex = old.span.index(of: pages.lowerBound) == new.span.index(of: place)
    if !isCopy, keepsIndex, old.anonVMA == new.anonVMA { return false }
    collect(old.mm, pages)
    let moved = scratch
    guard moved.allSatisfy({ self.pages[Int($0.number)].mappings == 1 && !self.pages[Int($0.number)].isForgotten })
    else { return false }
    for (page, number) in moved { unmapOne(number, source, page) }
    if isCopy { renew(target) }
    for (page, number) in moved { mapAnew(number, target, page &- pages.lowerBound &+ place) }
    costs.rewrittenAtMove += UInt64(moved.count)
    return true
  }

  /// The copy of a VMA gets the offset of its place, and an anon_vma as at a first fault.
  private mutating func renew(_ target: Policy.VMA) {
    unlinkAnonVMAs(target)
    let shift = vmas[target].span.moved
    vmas[target].shift &+= shift
    vmas[target].span = vmas[target].span.shifted(by: shift)
    let before = births
    prepareAnonVMA(
      target, next: neighbour(of: target, at: vmas[target].span.end),
      previous: neighbour(of: target, at: vmas[target].span.start &- 1))
    if births == before { costs.mergeable += 1 }
  }

  /// Nobody else has had part in the VMA's anon_vma since it was made.
  private func isUnforked(_ vma: Policy.VMA) -> Bool {
    guard hasAnonVMA(vma), vmas[vma].chainLength == 1 else { return false }
    return isRoot(vmas[vma].anonVMA) && anonVMAs[vmas[vma].anonVMA].children == 1
  }

  /// The VMA beside it, if the two could be one but for their anon_vmas (mm/vma.c:anon_vma_compatible).
  private func neighbour(of vma: Policy.VMA, at page: UInt64) -> Policy.VMA? {
    guard judgesWalks, let other = places.vma(vmas[vma].mm, at: page), other != vma else { return nil }
    let (span, near) = (vmas[vma].span, vmas[other].span)
    let mayDiffer: VMFlags = [.access, .softDirty]
    guard near.moved == span.moved,
      mayDiffer.isSuperset(of: VMFlags(rawValue: near.flags ^ span.flags))
    else { return nil }
    return other
  }
}
