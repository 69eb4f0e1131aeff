import RmapGraph

/// Counts what no kernel does. A workload from which steps were dropped may show it: it would prove nothing about a design.
struct Possibility {
  /// Copies of VMAs whose original mapped pages, and that have got none of them yet.
  private var emptyCopies: Set<UInt32> = []
  private var doubleMappings = 0

  /// How often something impossible was seen.
  var violations: Int { emptyCopies.count + doubleMappings }

  /// Looks at a step that is about to be done.
  mutating func look(at step: Workload.Step, in kernel: borrowing SimulatedKernel) {
    switch step.operation {
    case .fork(let child, _, let parent):
      // fork duplicates what is mapped; what it is not seen to duplicate must be in swap.
      if kernel.mapsPages(Int(parent.number)) { emptyCopies.insert(child.number) }
    case .copyPages(let child, _, _): emptyCopies.remove(child.number)
    case .fault(let vma, let place, let first, let count, .again):
      for offset in 0..<count
      where kernel.isMappedElsewhere(first.number + offset, Int(vma.number), at: place + UInt64(offset)) {
        doubleMappings += 1
      }
    default: break
    }
  }
}

extension SimulatedKernel {
  /// Whether any page is mapped in the VMA.
  fileprivate func mapsPages(_ vma: Policy.VMA) -> Bool {
    guard vmas[vma].isAlive, vmas[vma].isFaulted else { return false }
    var isMapped = false
    tables.forEach(mm: Address.mm(vmas[vma].mm), pages: vmas[vma].span.pages) { _, _ in isMapped = true }
    return isMapped
  }

  /// Whether the page's only mapping is at another place of the VMA's mm: an anonymous page is mapped once an mm.
  fileprivate func isMappedElsewhere(_ page: UInt32, _ vma: Policy.VMA, at place: UInt64) -> Bool {
    guard Int(page) < pages.count else { return false }
    let node = pages[Int(page)]
    return node.mappings == 1 && node.mapperMM == vmas[vma].mm && node.mapperPlace != place
  }
}
