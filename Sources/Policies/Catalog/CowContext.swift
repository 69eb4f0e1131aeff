import RmapGraph

extension Policy {
  /// E11c: what its author means.
  static let cowContext = cow(
    "cow-context", .init(),
    rule: """
      No anon_vma: each mm has a context, below that of the mm that it was forked from; a page points to the context of \
      the mm that made it. A walk looks in that context's mm and in those of all contexts below, at the page's index and, \
      in an mm with moved VMAs, at each offset noted for it. A walk for a page that is mapped once ends where it is found.
      """,
    guesses: [
      "a page that others may have (a swap-in) belongs to the topmost context; the prototype does otherwise",
      "a range in the remap tree is that of the VMA, cut where the VMA is",
      "the walk for a large folio ends when it has found as many mappings as the folio has, if no page has two",
    ])

  /// E11v: with the file pages' index of the series of August 2026.
  static let cowVirtual = cow(
    "cow-virtual", .init(isVirtual: true),
    rule: """
      As cow-context, but private pages of a file's mapping have the index of their place at the first fault, as \
      anonymous ones: such a VMA needs no offset until it is moved.
      """,
    guesses: [
      "a VMA whose pgoff is not its place at its first fault is taken for a file's: an unfaulted anonymous one is none"
    ])

  /// E11u: and with what was announced for moves.
  static let cowUnshare = cow(
    "cow-unshare", .init(unshares: true),
    rule: """
      As cow-context, but a move gives the VMA and its pages the index of the new place, and copies those pages that \
      others have, too: no offset is noted.
      """,
    guesses: ["all of it: one line of a digest says that moves are to unshare the pages of deep fork hierarchies"])

  /// What would keep dead contexts from piling up; proposed here, by nobody else.
  static let cowPruned = cow(
    "cow-pruned", .init(isVirtual: true, prunes: true),
    rule: """
      As cow-virtual, but a dead context that no page points to leaves the tree, and its children go to its parent; a \
      topmost one stays as long as it has two children, which may have pages of swap in common.
      """,
    guesses: ["all of it: no author proposes it; it shows what would bound the tree"])

  /// E11p: as the code on the author's branch reads (mm/cow_context.c and mm/rmap.c, May 2026).
  static let cowPrototype = cow(
    "cow-prototype", .init(stopsAtFirstLive: true, sharedBelongToFaulter: true),
    rule: """
      As cow-context, but the walk for a page that is mapped once ends at the first context whose mm lives, before its \
      offsets are tried; and a page that comes from swap belongs to whoever faults first. Its author marks most of this \
      as to be done.
      """,
    guesses: ["what the parts of the branch do that were not seen: whole ranges dropped, hooks missing at merges"])

  private static func cow(
    _ name: String, _ options: ContextMap.Options, rule: String, guesses: [String]
  ) -> Policy {
    Policy(
      name: name, rule: rule,
      source: "Lorenzo Stoakes, LSF/MM/BPF 2026 (LWN 1072378, \"Keeping COWs in context\"), and his branch",
      guesses: guesses
    ) { ContextMap(options) }
  }
}

/// Contexts, one an mm, in the tree that forks have made.
final class ContextMap: ReverseMap {
  typealias VMA = Policy.VMA

  /// What the variants differ in.
  struct Options: Sendable {
    /// The walk for a page that is mapped once ends at the first living context.
    var stopsAtFirstLive = false
    /// A page from swap belongs to the mm that faults first, not to the topmost context.
    var sharedBelongToFaulter = false
    /// Private pages of files have the index of their place.
    var isVirtual = false
    /// A move leaves no offset behind.
    var unshares = false
    /// Dead contexts without pages leave the tree.
    var prunes = false
  }

  /// `struct cow_context`.
  struct Context {
    /// Its mm; .max when that is gone.
    var mm: UInt32
    let birth: UInt64
    var parent: UInt32
    var newestChild: UInt32 = .max
    var older: UInt32 = .max
    var newer: UInt32 = .max
    /// One for the mm, one for each child, one for each page.
    var references = 1
    /// Of these, those of pages.
    var pages = 0
    var isFreed = false
  }

  /// A range of the remap tree: pages of these indices lie so far from where their index says.
  private struct Remap {
    let first: UInt64
    let last: UInt64
    let offset: UInt64
    let vma: Int
  }

  private let options: Options
  private var contexts = Slab<Context>()
  private var births: UInt64 = 0
  private var remaps = Notes<ContiguousArray<Remap>>([])
  private var contextOf = Notes<UInt32>(.max)
  private var pointers = Notes<(context: UInt32, birth: UInt64)>((.max, 0))

  init(_ options: Options) { self.options = options }

  // MARK: Contexts

  private func context(of mm: UInt32, below parent: UInt32 = .max, _ kernel: inout SimulatedKernel) -> UInt32 {
    if contextOf[mm] != .max { return contextOf[mm] }
    let slot = contexts.insert(Context(mm: mm, birth: births, parent: parent))
    births += 1
    contextOf[mm] = slot
    kernel.costs.add(\.contexts)
    kernel.costs.allocated()
    guard parent != .max else { return slot }
    contexts[parent].references += 1
    let newest = contexts[parent].newestChild
    contexts[slot].older = newest
    if newest != .max { contexts[newest].newer = slot }
    contexts[parent].newestChild = slot
    kernel.costs.locked()
    return slot
  }

  /// Drops a reference; the last one of a context frees it, and drops that to its parent.
  private func put(_ context: UInt32, _ kernel: inout SimulatedKernel) {
    var slot = context
    while slot != .max {
      contexts[slot].references -= 1
      if options.prunes { handDown(slot) }
      guard contexts[slot].references == 0 else { return }
      let node = contexts[slot]
      if node.newer != .max { contexts[node.newer].older = node.older }
      if node.older != .max { contexts[node.older].newer = node.newer }
      if node.parent != .max, contexts[node.parent].newestChild == slot {
        contexts[node.parent].newestChild = node.older
      }
      contexts[slot].isFreed = true
      contexts.remove(slot)
      kernel.costs.remove(\.contexts)
      kernel.costs.remove(\.deadContexts)
      slot = node.parent
    }
  }

  /// The children of a dead context that no page points to go to its parent, in its place among the siblings.
  private func handDown(_ slot: UInt32) {
    let node = contexts[slot]
    guard node.mm == .max, node.pages == 0, node.newestChild != .max else { return }
    let isOnlyChild = contexts[node.newestChild].older == .max
    guard node.parent != .max || isOnlyChild else { return }
    var (child, oldest) = (node.newestChild, node.newestChild)
    while child != .max {
      contexts[child].parent = node.parent
      contexts[slot].references -= 1
      if node.parent != .max { contexts[node.parent].references += 1 }
      (oldest, child) = (child, contexts[child].older)
    }
    contexts[slot].newestChild = .max
    guard node.parent != .max else { return }
    // Between it and the next newer sibling, so that put(_:_:) takes it out as any other.
    contexts[node.newestChild].newer = node.newer
    contexts[oldest].older = slot
    contexts[slot].newer = oldest
    if node.newer != .max { contexts[node.newer].older = node.newestChild }
    if contexts[node.parent].newestChild == slot { contexts[node.parent].newestChild = node.newestChild }
  }

  func exit(_ mm: UInt32, in kernel: inout SimulatedKernel) {
    let context = contextOf[mm]
    guard context != .max else { return }
    contextOf[mm] = .max
    contexts[context].mm = .max
    kernel.costs.add(\.deadContexts)
    while !remaps[context].isEmpty { removeRemap(at: remaps[context].count - 1, of: context, &kernel) }
    put(context, &kernel)
  }

  // MARK: VMAs

  private func offset(of vma: VMA, in kernel: borrowing SimulatedKernel) -> UInt64 {
    kernel.vmas[vma].span.moved
  }

  private func track(_ vma: VMA, in kernel: inout SimulatedKernel) {
    let (span, offset) = (kernel.vmas[vma].span, offset(of: vma, in: kernel))
    guard offset != 0, !span.pages.isEmpty else { return }
    let context = context(of: kernel.vmas[vma].mm, &kernel)
    remaps[context].append(Remap(first: span.pgoff, last: span.last, offset: offset, vma: vma))
    kernel.costs.add(\.remaps)
    kernel.costs.locked()
    // Each context's tree has maple nodes of its own.
    if remaps[context].count % Costs.rangesPerNode == 1 {
      kernel.costs.add(\.remapNodes)
      kernel.costs.allocated()
    }
  }

  private func untrack(_ vma: VMA, in kernel: inout SimulatedKernel) {
    let context = contextOf[kernel.vmas[vma].mm]
    guard context != .max, let index = remaps[context].firstIndex(where: { $0.vma == vma }) else { return }
    removeRemap(at: index, of: context, &kernel)
    kernel.costs.locked()
  }

  private func removeRemap(at index: Int, of context: UInt32, _ kernel: inout SimulatedKernel) {
    remaps[context].remove(at: index)
    kernel.costs.remove(\.remaps)
    if remaps[context].count % Costs.rangesPerNode == 0 { kernel.costs.remove(\.remapNodes) }
  }

  /// From now on the VMA's pages have other indices.
  private func shift(_ vma: VMA, by shift: UInt64, in kernel: inout SimulatedKernel) {
    kernel.vmas[vma].shift &+= shift
    kernel.vmas[vma].span = kernel.vmas[vma].span.shifted(by: shift)
  }

  func begin(_ mm: UInt32, in kernel: inout SimulatedKernel) { _ = context(of: mm, &kernel) }

  func firstFault(_ vma: VMA, in kernel: inout SimulatedKernel) {
    if options.isVirtual { shift(vma, by: offset(of: vma, in: kernel), in: &kernel) }
    track(vma, in: &kernel)
  }

  func fork(_ child: VMA, from parent: VMA, in kernel: inout SimulatedKernel) {
    let above = context(of: kernel.vmas[parent].mm, &kernel)
    _ = context(of: kernel.vmas[child].mm, below: above, &kernel)
    track(child, in: &kernel)
  }

  func copy(_ new: VMA, of original: VMA, in kernel: inout SimulatedKernel) {
    let offset = offset(of: new, in: kernel)
    if options.unshares, offset != self.offset(of: original, in: kernel) {
      shift(new, by: offset, in: &kernel)
    }
    track(new, in: &kernel)
  }

  func adopt(_ kept: VMA, from removed: VMA, in kernel: inout SimulatedKernel) {
    shift(kept, by: kernel.vmas[removed].shift &- kernel.vmas[kept].shift, in: &kernel)
    track(kept, in: &kernel)
  }

  func resized(_ vma: VMA, from old: Workload.Span, in kernel: inout SimulatedKernel) {
    untrack(vma, in: &kernel)
    track(vma, in: &kernel)
  }

  func mayMerge(_ kept: VMA, _ removed: VMA, in kernel: borrowing SimulatedKernel) -> Bool {
    offset(of: kept, in: kernel) == offset(of: removed, in: kernel)
  }

  func unlink(_ vma: VMA, in kernel: inout SimulatedKernel) { untrack(vma, in: &kernel) }

  // MARK: Pages

  private func point(_ page: UInt32, to context: UInt32, _ kernel: inout SimulatedKernel) {
    contexts[context].references += 1
    contexts[context].pages += 1
    released(page, &kernel)
    pointers[page] = (context, contexts[context].birth)
  }

  func newPage(_ page: UInt32, in vma: VMA, isShared: Bool, _ kernel: inout SimulatedKernel) {
    var owner = context(of: kernel.vmas[vma].mm, &kernel)
    if isShared, !options.sharedBelongToFaulter {
      while contexts[owner].parent != .max { owner = contexts[owner].parent }
    }
    point(page, to: owner, &kernel)
  }

  func moved(
    _ page: UInt32, from source: VMA, to target: VMA, at place: UInt64, _ kernel: inout SimulatedKernel
  ) -> UInt32 {
    let (mm, span) = (kernel.vmas[target].mm, kernel.vmas[target].span)
    let index = span.index(of: place)
    guard options.unshares, source != target, index != kernel.pages[Int(page)].index else { return page }
    var arriving = page
    if kernel.pages[Int(page)].mappings == 1 {
      kernel.pages[Int(page)].index = index
      kernel.costs.rewrittenAtMove += 1
    } else {
      arriving = kernel.copyPage(page, index: index)
      kernel.costs.copiedAtMove += 1
    }
    point(arriving, to: context(of: mm, &kernel), &kernel)
    return arriving
  }

  func reused(_ page: UInt32, by vma: VMA, _ kernel: inout SimulatedKernel) {
    point(page, to: context(of: kernel.vmas[vma].mm, &kernel), &kernel)
  }

  func released(_ page: UInt32, _ kernel: inout SimulatedKernel) {
    let context = pointers[page].context
    pointers[page] = (.max, 0)
    guard context != .max else { return }
    contexts[context].pages -= 1
    put(context, &kernel)
  }

  // MARK: Walks

  func isDangling(_ page: UInt32, in kernel: borrowing SimulatedKernel) -> Bool {
    let (context, birth) = pointers[page]
    return context == .max || contexts[context].isFreed || contexts[context].birth != birth
  }

  func walk(_ folio: Range<UInt32>, _ walk: inout Walk, in kernel: borrowing SimulatedKernel) {
    let start = pointers[folio.lowerBound].context
    guard start != .max else { return }
    let isExclusive = folio.allSatisfy { kernel.pages[Int($0)].mappings <= 1 }
    // A walk that may end early ends as it has found all that are mapped: once each.
    let enough = isExclusive ? folio.count { kernel.pages[Int($0)].mappings == 1 } : .max
    guard look(start, folio, enough, &walk, kernel) else { return }
    // All below it, children before their parents, the newest first.
    var slot = deepest(start)
    while slot != start {
      guard look(slot, folio, enough, &walk, kernel) else { return }
      slot = contexts[slot].older == .max ? contexts[slot].parent : deepest(contexts[slot].older)
    }
  }

  private func deepest(_ context: UInt32) -> UInt32 {
    var slot = context
    while contexts[slot].newestChild != .max { slot = contexts[slot].newestChild }
    return slot
  }

  /// Looks for the folio in one context; whether the walk goes on. It ends when it has found `enough` mappings.
  private func look(
    _ context: UInt32, _ folio: Range<UInt32>, _ enough: Int, _ walk: inout Walk,
    _ kernel: borrowing SimulatedKernel
  ) -> Bool {
    let mm = contexts[context].mm
    walk.stepOver(mm: mm == .max ? nil : mm, mm == .max ? "a context" : "the context of mm \(mm)")
    guard mm != .max else { return true }
    let index = kernel.pages[Int(folio.lowerBound)].index
    look(mm, at: index, offset: 0, folio, &walk, kernel)
    if enough < .max, options.stopsAtFirstLive {
      walk.note("the page is mapped once, so that the walk ends here")
      return false
    }
    let last = index &+ UInt64(folio.count) &- 1
    var tried: ContiguousArray<UInt64> = []
    for remap in remaps[context] where remap.first <= last && index <= remap.last && !tried.contains(remap.offset) {
      guard walk.mappings < enough else { break }
      tried.append(remap.offset)
      look(mm, at: index &+ remap.offset, offset: remap.offset, folio, &walk, kernel)
    }
    return walk.mappings < enough
  }

  private func look(
    _ mm: UInt32, at place: UInt64, offset: UInt64, _ folio: Range<UInt32>, _ walk: inout Walk,
    _ kernel: borrowing SimulatedKernel
  ) {
    walk.lookUp("looked VMAs up at page 0x\(String(place, radix: 16)) of mm \(mm)")
    guard PageTables.canHold(place) else { return }
    kernel.places.forEach(mm, overlapping: place..<place + UInt64(folio.count)) { vma in
      if self.offset(of: vma, in: kernel) == offset { walk.visit(vma, folio, at: place, in: kernel) }
    }
  }

  func finds(_ page: UInt32, in mm: UInt32, at place: UInt64, _ kernel: borrowing SimulatedKernel) -> Bool {
    let node = kernel.pages[Int(page)]
    if options.stopsAtFirstLive, node.mappings == 1 {
      var walk = Walk(lookingFor: (mm, place))
      self.walk(page..<page + 1, &walk, in: kernel)
      return walk.hasMet
    }
    var context = contextOf[mm]
    while context != .max, context != pointers[page].context { context = contexts[context].parent }
    guard context != .max, let vma = kernel.places.vma(mm, at: place) else { return false }
    let offset = place &- node.index
    guard self.offset(of: vma, in: kernel) == offset else { return false }
    return offset == 0
      || remaps[contextOf[mm]].contains { $0.offset == offset && $0.first <= node.index && node.index <= $0.last }
  }
}
