import RmapGraph

/// VMAs that have no anon_vma yet, and pages that point to VMAs.
final class LazyMap: ReverseMap {
  typealias VMA = Policy.VMA

  /// What the variants differ in.
  struct Options: Sendable {
    /// The parts of a VMA get one anon_vma.
    var sharesAnonVMA = false
    /// A child's own pages point to its VMA.
    var repoints = false
    /// A folio that lies across several parts of a VMA is found in all of them.
    var keepsFoliosTogether = false
    /// Pages of the swap cache are looked at when they are mapped again.
    var looksAtSwapIns = false
    /// mremap leaves everything as it is.
    var movesAsIs = false
  }

  /// `vma->anon_vma`, a tagged word.
  private struct Tag {
    enum State { case none, lazy, parent, regular }

    var state = State.none
    /// `root_vma`: the VMA that it was split from, or itself; .max if none.
    var root: UInt32 = .max
    /// Of a forked VMA: its parent's anon_vma, and the serial that tells it from a later one in the same slot.
    var inherited: AnonVMAHandle = .max
    var serial: UInt64 = 0
  }

  /// A VMA that pages or other VMAs point to. Where its pages lie never changes: base + index.
  private struct Root {
    var base: UInt64 = 0
    var mm: UInt32 = 0
    /// Itself, the VMAs that were split from it, and the pages.
    var pins: UInt32 = 0
    /// Whether it is counted among the VMAs that are gone and kept.
    var isCounted = false
    /// The anon_vma that its parts share.
    var anonVMA: (slot: AnonVMAHandle, serial: UInt64) = (.max, 0)
  }

  private let options: Options
  private var tags = Notes(Tag())
  private var roots = Notes(Root())
  /// Whom a page points to, if that is a VMA; .max for an anon_vma.
  private var rootOf = Notes<UInt32>(.max)

  init(_ options: Options) { self.options = options }

  // MARK: VMAs

  private func base(of vma: VMA, in kernel: borrowing SimulatedKernel) -> UInt64 {
    kernel.vmas[vma].span.moved
  }

  private func makeRoot(_ vma: VMA, in kernel: inout SimulatedKernel) {
    tags[vma].root = UInt32(vma)
    if roots[vma].isCounted {  // It had left its anon_vmas, and is faulted in again.
      roots[vma].isCounted = false
      kernel.costs.remove(\.pinned)
    }
    roots[vma].pins += 1
    (roots[vma].base, roots[vma].mm) = (base(of: vma, in: kernel), kernel.vmas[vma].mm)
  }

  private func unpin(_ root: UInt32, _ kernel: inout SimulatedKernel) {
    roots[root].pins -= 1
    if roots[root].pins == 0, roots[root].isCounted {
      roots[root].isCounted = false
      kernel.costs.remove(\.pinned)
    }
  }

  func firstFault(_ vma: VMA, in kernel: inout SimulatedKernel) {
    tags[vma].state = .lazy
    makeRoot(vma, in: &kernel)
  }

  /// Gives the VMA an anon_vma.
  private func upgrade(
    _ vma: VMA, in kernel: inout SimulatedKernel, counting count: WritableKeyPath<Costs, UInt64> = \.rewrittenAtMove
  ) {
    if options.keepsFoliosTogether, tags[vma].root != .max {
      upgradeParts(of: vma, in: &kernel, counting: count)
    } else {
      upgradeAlone(vma, in: &kernel)
    }
  }

  private func upgradeAlone(_ vma: VMA, in kernel: inout SimulatedKernel) {
    switch tags[vma].state {
    case .none, .regular: return
    case .lazy: takeRoot(vma, in: &kernel)
    case .parent:
      let free = kernel.oldestAnonVMA(of: vma) { $0.activeVMAs(of: $1) == 0 && $0.children(of: $1) < 2 }
      if let free {
        kernel.use(free, by: vma)
      } else {
        kernel.makeAnonVMA(for: vma, below: tags[vma].inherited)
      }
    }
    tags[vma].state = .regular
  }

  /// All that was split from one VMA, or merged with such a part, gets one anon_vma: a folio may lie across it.
  private func upgradeParts(
    of vma: VMA, in kernel: inout SimulatedKernel, counting count: WritableKeyPath<Costs, UInt64>
  ) {
    var (waiting, known) = ([tags[vma].root], Set([tags[vma].root]))
    while let root = waiting.popLast() {
      var (shared, other) = (AnonVMAHandle.max, kernel.firstVMA[Int(kernel.vmas[vma].mm)])
      while other != .max {
        let part = Int(other)
        other = kernel.vmas[part].nextInMM
        guard tags[part].root == root, tags[part].state == .lazy || tags[part].state == .parent else { continue }
        if tags[part].state == .parent, shared != .max {
          join(part, shared, in: &kernel)
        } else {
          upgradeAlone(part, in: &kernel)
        }
        shared = kernel.vmas[part].anonVMA
        kernel.collect(kernel.vmas[part].mm, kernel.vmas[part].span.pages)
        for (_, page) in kernel.scratch {
          if rootOf[page] != .max, known.insert(rootOf[page]).inserted { waiting.append(rootOf[page]) }
          point(page, toAnonVMAOf: part, &kernel, counting: count)
        }
      }
    }
  }

  /// A part of a forked VMA gets the anon_vma of the other one.
  private func join(_ part: VMA, _ anonVMA: AnonVMAHandle, in kernel: inout SimulatedKernel) {
    kernel.costs.locked()
    if kernel.oldestAnonVMA(of: part, where: { $1 == anonVMA }) == nil { kernel.link(part, anonVMA) }
    kernel.vmas[part].anonVMA = anonVMA
    kernel.anonVMAs[anonVMA].active += 1
    tags[part].state = .regular
  }

  private func takeRoot(_ vma: VMA, in kernel: inout SimulatedKernel) {
    let root = tags[vma].root
    var (slot, serial) = roots[root].anonVMA
    if !options.sharesAnonVMA || slot == .max || kernel.anonVMAs[slot].serial != serial {
      slot = kernel.makeRoot()
      serial = kernel.anonVMAs[slot].serial
      roots[root].anonVMA = (slot, serial)
    }
    kernel.costs.locked()
    kernel.vmas[vma].anonVMA = slot
    kernel.link(vma, slot)
    kernel.anonVMAs[slot].active += 1
  }

  func fork(_ child: VMA, from parent: VMA, in kernel: inout SimulatedKernel) {
    upgrade(parent, in: &kernel, counting: \.rewrittenAtFork)
    kernel.clone(child, from: parent)
    let inherited = kernel.vmas[parent].anonVMA
    tags[child] = Tag(state: .parent, inherited: inherited, serial: kernel.anonVMAs[inherited].serial)
  }

  func copy(_ new: VMA, of original: VMA, in kernel: inout SimulatedKernel) {
    let isMove = base(of: new, in: kernel) != base(of: original, in: kernel)
    if isMove, !options.movesAsIs, tags[original].root != .max { upgrade(original, in: &kernel) }
    tags[new] = tags[original]
    if isMove, !options.movesAsIs { tags[new].root = .max }
    if tags[new].root != .max { roots[tags[new].root].pins += 1 }
    guard kernel.vmas[original].chainLength > 0 else { return }
    kernel.vmas[new].anonVMA = kernel.vmas[original].anonVMA
    kernel.clone(new, from: original)
  }

  func resized(_ vma: VMA, from old: Workload.Span, in kernel: inout SimulatedKernel) {
    if base(of: vma, in: kernel) != old.moved, tags[vma].root != .max, !options.movesAsIs {
      upgrade(vma, in: &kernel)
      kernel.collect(
        kernel.vmas[vma].mm, min(old.start, kernel.vmas[vma].span.start)..<max(old.end, kernel.vmas[vma].span.end))
      for (_, page) in kernel.scratch { point(page, toAnonVMAOf: vma, &kernel, counting: \.rewrittenAtMove) }
      unpin(tags[vma].root, &kernel)
      tags[vma].root = .max
    }
    let span = kernel.vmas[vma].span
    guard span.start < old.start || span.end > old.end else { return }
    var other = kernel.firstVMA[Int(kernel.vmas[vma].mm)]
    while other != .max {
      let next = kernel.vmas[Int(other)].nextInMM
      if Int(other) != vma, kernel.vmas[Int(other)].isFaulted, kernel.vmas[Int(other)].span.pages.overlaps(span.pages) {
        takeOver(Int(other), by: vma, in: &kernel)
      }
      other = next
    }
  }

  func tookPart(_ vma: VMA, of donor: VMA, in kernel: inout SimulatedKernel) {
    // Where they still overlap, the donor is about to go: resized(_:from:in:) has seen to it.
    guard !kernel.vmas[donor].span.pages.overlaps(kernel.vmas[vma].span.pages) else { return }
    takeOver(donor, by: vma, in: &kernel)
  }

  /// A recorded merge, or a part of one: one that this design would refuse is made all the same, and the VMA that is kept joins the other's
  /// trees.
  private func takeOver(_ removed: VMA, by kept: VMA, in kernel: inout SimulatedKernel) {
    guard !mayMerge(kept, removed, in: kernel) else { return }
    kernel.oddities.forcedMerges += 1
    upgrade(kept, in: &kernel)
    var avc = kernel.vmas[removed].oldest
    while avc != .max {
      let anonVMA = kernel.avcs[avc].anonVMA
      if kernel.oldestAnonVMA(of: kept, where: { $1 == anonVMA }) == nil { kernel.link(kept, anonVMA) }
      avc = kernel.avcs[avc].newer
    }
  }

  func mayMerge(_ kept: VMA, _ removed: VMA, in kernel: borrowing SimulatedKernel) -> Bool {
    let (one, other) = (tags[kept], tags[removed])
    guard one.state == other.state else { return false }
    return switch one.state {
    case .none: true
    case .lazy: base(of: kept, in: kernel) == base(of: removed, in: kernel)
    case .parent: one.inherited == other.inherited
    case .regular: kernel.vmas[kept].anonVMA == kernel.vmas[removed].anonVMA
    }
  }

  func unlink(_ vma: VMA, in kernel: inout SimulatedKernel) {
    if kernel.vmas[vma].chainLength > 0 { kernel.unlinkAnonVMAs(vma) }
    let root = tags[vma].root
    tags[vma] = Tag()
    // Gone, but kept while something points to it.
    if roots[vma].pins > (root == UInt32(vma) ? 1 : 0), !roots[vma].isCounted {
      roots[vma].isCounted = true
      kernel.costs.add(\.pinned)
    }
    if root != .max { unpin(root, &kernel) }
  }

  // MARK: Pages

  private func point(_ page: UInt32, to anonVMA: AnonVMAHandle, _ kernel: inout SimulatedKernel) {
    released(page, &kernel)
    kernel.pages[Int(page)].anonVMA = anonVMA
    kernel.pages[Int(page)].serial = kernel.anonVMAs[anonVMA].serial
  }

  private func point(_ page: UInt32, toRootOf vma: VMA, _ kernel: inout SimulatedKernel) {
    if tags[vma].root == .max { makeRoot(vma, in: &kernel) }
    let root = tags[vma].root
    roots[root].pins += 1
    released(page, &kernel)
    rootOf[page] = root
    kernel.pages[Int(page)].anonVMA = .max
  }

  /// A page that points to a VMA is pointed to the anon_vma that the VMA has got.
  private func point(
    _ page: UInt32, toAnonVMAOf vma: VMA, _ kernel: inout SimulatedKernel,
    counting count: WritableKeyPath<Costs, UInt64>
  ) {
    guard rootOf[page] != .max, kernel.hasAnonVMA(vma) else { return }
    point(page, to: kernel.vmas[vma].anonVMA, &kernel)
    kernel.costs[keyPath: count] += 1
  }

  func newPage(_ page: UInt32, in vma: VMA, isShared: Bool, _ kernel: inout SimulatedKernel) {
    let tag = tags[vma]
    switch tag.state {
    case .none, .lazy: point(page, toRootOf: vma, &kernel)
    case .parent where !isShared && options.repoints: point(page, toRootOf: vma, &kernel)
    case .parent, .regular:
      let own = tag.state == .regular ? kernel.vmas[vma].anonVMA : tag.inherited
      point(page, to: isShared ? kernel.anonVMAs[own].root : own, &kernel)
    }
  }

  func mappedAgain(_ page: UInt32, in vma: VMA, _ kernel: inout SimulatedKernel) {
    guard options.looksAtSwapIns, rootOf[page] != .max else { return }
    // The VMA has it to itself, as before.
    if tags[vma].state == .lazy, tags[vma].root == rootOf[page] { return }
    // What the VMA that it points to has got meanwhile, if that is one for all of its parts.
    let given = options.sharesAnonVMA ? roots[rootOf[page]].anonVMA : (.max, 0)
    var own = given.slot
    if own == .max || kernel.anonVMAs[own].serial != given.serial {
      own = tags[vma].state == .regular ? kernel.vmas[vma].anonVMA : tags[vma].inherited
    }
    if own != .max { point(page, to: kernel.anonVMAs[own].root, &kernel) }
  }

  func inherited(_ page: UInt32, by child: VMA, from parent: VMA, _ kernel: inout SimulatedKernel) {
    point(page, toAnonVMAOf: parent, &kernel, counting: \.rewrittenAtFork)
  }

  func moved(
    _ page: UInt32, from source: VMA, to target: VMA, at place: UInt64, _ kernel: inout SimulatedKernel
  ) -> UInt32 {
    if !options.movesAsIs { point(page, toAnonVMAOf: target, &kernel, counting: \.rewrittenAtMove) }
    return page
  }

  func reused(_ page: UInt32, by vma: VMA, _ kernel: inout SimulatedKernel) {
    switch tags[vma].state {
    case .none, .lazy: point(page, toRootOf: vma, &kernel)
    case .regular: point(page, to: kernel.vmas[vma].anonVMA, &kernel)
    case .parent: if options.repoints { point(page, toRootOf: vma, &kernel) }
    }
  }

  func released(_ page: UInt32, _ kernel: inout SimulatedKernel) {
    guard rootOf[page] != .max else { return }
    unpin(rootOf[page], &kernel)
    rootOf[page] = .max
  }

  // MARK: Walks

  func isDangling(_ page: UInt32, in kernel: borrowing SimulatedKernel) -> Bool {
    if rootOf[page] != .max { return roots[rootOf[page]].pins == 0 }
    let node = kernel.pages[Int(page)]
    return node.anonVMA == .max || kernel.anonVMAs[node.anonVMA].serial != node.serial
  }

  func isDangling(vma: VMA, in kernel: borrowing SimulatedKernel) -> Bool {
    let tag = tags[vma]
    if tag.root != .max, roots[tag.root].pins == 0 { return true }
    return tag.state == .parent && kernel.anonVMAs[tag.inherited].serial != tag.serial
  }

  func anonVMA(of page: UInt32, in kernel: borrowing SimulatedKernel) -> AnonVMAHandle? {
    rootOf[page] == .max ? kernel.pages[Int(page)].anonVMA : nil
  }

  func walk(_ folio: Range<UInt32>, _ walk: inout Walk, in kernel: borrowing SimulatedKernel) {
    let node = kernel.pages[Int(folio.lowerBound)]
    guard rootOf[folio.lowerBound] != .max else { return kernel.walkTree(of: node.anonVMA, folio, &walk) }
    let root = roots[rootOf[folio.lowerBound]]
    let place = root.base &+ node.index
    guard !options.keepsFoliosTogether else {
      walk.lookUp("looked VMAs up from page 0x\(String(place, radix: 16)) of mm \(root.mm) on")
      return kernel.places.forEach(root.mm, overlapping: place..<place &+ UInt64(folio.count)) { vma in
        walk.visit(vma, folio, at: place, in: kernel)
      }
    }
    walk.lookUp("looked one VMA up at page 0x\(String(place, radix: 16)) of mm \(root.mm)")
    if let vma = kernel.places.vma(root.mm, at: place) { walk.visit(vma, folio, at: place, in: kernel) }
  }

  func finds(_ page: UInt32, in mm: UInt32, at place: UInt64, _ kernel: borrowing SimulatedKernel) -> Bool {
    let node = kernel.pages[Int(page)]
    guard rootOf[page] == .max else {
      let root = roots[rootOf[page]]
      return root.mm == mm && root.base &+ node.index == place
    }
    guard let vma = kernel.places.vma(mm, at: place) else { return false }
    return kernel.findsInTree(page, node.anonVMA, at: place, vma)
  }
}
