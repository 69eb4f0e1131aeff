import RmapGraph

/// Notes what no kernel does. A workload from which steps were dropped may show it: it would prove nothing about a design.
struct Possibility {
  /// Something that no kernel does. Numbers are the workload's: a shorter one with the same numbers can be compared.
  enum Violation: Hashable {
    /// A copy has got no page of those that its original mapped: fork duplicates what is mapped.
    case emptyCopy(vma: UInt32)
    /// fork has left out a mapped page.
    case leftOut(child: UInt32, place: UInt64)
    /// An mm has an anonymous page at two places.
    case mappedTwice(page: UInt32, mm: UInt32)
    /// A page is mapped again that was never mapped.
    case unborn(page: UInt32)
    /// A page is mapped again by who never had it: neither made it nor was forked, at whatever distance, from its maker since.
    case neverHad(page: UInt32, mm: UInt32)
    /// A page comes out of swap where nothing was ever unmapped: it cannot have been swapped out.
    case neverOut(index: UInt64, mm: UInt32)
    /// A write fault takes a page that others map.
    case tookShared(page: UInt32)
  }

  /// A place in an mm by its index, which a move leaves as it is.
  private struct Place: Hashable {
    let mm: UInt32
    let index: UInt64
  }

  private var seen: Set<Violation> = []
  /// Copies of VMAs whose original mapped pages, and that have got none of them yet.
  private var emptyCopies: Set<UInt32> = []
  /// Who made a page, and in which step.
  private var births: [UInt32: (mm: UInt32, step: Int)] = [:]
  /// Where something was unmapped, and in which step first.
  private var unmapped: [Place: Int] = [:]
  /// Whom an mm was forked from, and the last step of that fork.
  private var forks: [UInt32: (parent: UInt32, step: Int)] = [:]
  private var stepNumber = 0

  /// What was seen.
  var violations: Set<Violation> { seen.union(emptyCopies.lazy.map { .emptyCopy(vma: $0) }) }

  /// Looks at a step that is about to be done.
  mutating func look(at step: Workload.Step, of workload: borrowing Workload, in kernel: borrowing SimulatedKernel) {
    stepNumber += 1
    switch step.operation {
    case .fork(let child, let mm, let parent):
      // What it is not seen to duplicate must be in swap.
      if !kernel.mappedPages(of: parent).isEmpty { emptyCopies.insert(child.number) }
      forks[mm.number] = (kernel.vmas[Int(parent.number)].mm, stepNumber)
    case .copyPages(let child, let parent, let range):
      emptyCopies.remove(child.number)
      let runs = workload.runs[Int(range.lowerBound)..<Int(range.upperBound)]
      for place in kernel.mappedPages(of: parent) where !runs.contains(where: { $0.contains(place) }) {
        seen.insert(.leftOut(child: child.number, place: place))
      }
    case .fault(let vma, let place, let first, let count, let fault):
      let vma = kernel.vmas[Int(vma.number)]
      for offset in 0..<count {
        let (page, place) = (first.number + offset, place + UInt64(offset))
        switch fault {
        case .new: births[page] = (vma.mm, stepNumber)
        case .swapIn:
          births[page] = nil  // Others may have it in swap, too.
          lookAtSwap(Place(mm: vma.mm, index: vma.span.index(of: place)))
        case .again:
          lookAtReturn(of: page, to: vma.mm, at: place, in: kernel)
          if births[page] == nil, kernel.pages[Int(page)].isKnown {
            lookAtSwap(Place(mm: vma.mm, index: vma.span.index(of: place)))
          }
        }
      }
    case .unmap(let vma, let place, let count, _):
      let vma = kernel.vmas[Int(vma.number)]
      kernel.tables.forEach(mm: Address.mm(vma.mm), pages: place..<place + count) { place, _ in
        let out = Place(mm: vma.mm, index: vma.span.index(of: place))
        unmapped[out] = unmapped[out] ?? stepNumber
      }
    case .reuse(let vma, let place):
      let mm = kernel.vmas[Int(vma.number)].mm
      if let entry = kernel.tables.entry(mm: Address.mm(mm), page: place), kernel.pages[Int(entry.folio)].mappings > 1 {
        seen.insert(.tookShared(page: entry.folio))
      }
    default: break
    }
  }

  private mutating func lookAtReturn(
    of page: UInt32, to mm: UInt32, at place: UInt64, in kernel: borrowing SimulatedKernel
  ) {
    guard kernel.pages[Int(page)].isKnown else {
      seen.insert(.unborn(page: page))
      return
    }
    if !couldHave(page, mm) { seen.insert(.neverHad(page: page, mm: mm)) }
    if kernel.maps(page, mm, elsewhereThan: place) { seen.insert(.mappedTwice(page: page, mm: mm)) }
  }

  /// What is in swap was unmapped there, or where the mm was forked from before it was.
  private mutating func lookAtSwap(_ place: Place) {
    var (mm, end) = (place.mm, Int.max)
    while unmapped[Place(mm: mm, index: place.index)] ?? .max >= end {
      guard let fork = forks[mm], fork.step < end else {
        seen.insert(.neverOut(index: place.index, mm: place.mm))
        return
      }
      (mm, end) = (fork.parent, fork.step)
    }
  }

  private func couldHave(_ page: UInt32, _ mm: UInt32) -> Bool {
    guard let birth = births[page] else { return true }
    var mm = mm
    while mm != birth.mm {
      guard let fork = forks[mm], fork.step > birth.step, fork.parent != mm else { return false }
      mm = fork.parent
    }
    return true
  }
}

extension SimulatedKernel {
  /// Where the VMA maps pages that are followed.
  fileprivate func mappedPages(of vma: Workload.VMA) -> [UInt64] {
    let vma = Int(vma.number)
    guard vmas[vma].isAlive, vmas[vma].isFaulted else { return [] }
    var mapped: [UInt64] = []
    tables.forEach(mm: Address.mm(vmas[vma].mm), pages: vmas[vma].span.pages) { place, entry in
      if !pages[Int(entry.folio)].isForgotten { mapped.append(place) }
    }
    return mapped
  }

  /// Whether the mm has the page at another place: an anonymous page is mapped once an mm.
  fileprivate func maps(_ page: UInt32, _ mm: UInt32, elsewhereThan place: UInt64) -> Bool {
    let node = pages[Int(page)]
    if node.mappings < 2 { return node.mappings == 1 && node.mapperMM == mm && node.mapperPlace != place }
    var isElsewhere = false
    tables.forEach(mm: Address.mm(mm), pages: 0..<1 << 44) { other, entry in
      if entry.folio == page, other != place { isElsewhere = true }
    }
    return isElsewhere
  }
}
