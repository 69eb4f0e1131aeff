import RmapGraph

/// What is measured over all objects at some moments of a workload.
public struct Samples: Sendable {
  /// One moment.
  public struct Moment: Sendable, Equatable {
    /// How many steps of the workload were done.
    public let step: Int
    /// anon_vmas.
    public let anonVMAs: UInt64
    /// AVCs.
    public let avcs: UInt64
    /// The deepest anon_vma; a root has depth 1.
    public let depth: Int
    /// The longest chain.
    public let chain: Int
  }

  /// What rmap walks for pages would cost.
  public struct Walks: Sendable, Equatable {
    /// VMAs that a walk for one page visits.
    public internal(set) var visited = Distribution()
    /// VMAs that map it.
    public internal(set) var mapping = Distribution()
    /// VMAs that are visited and do not map it.
    public internal(set) var inVain = Distribution()
    /// Walks that cannot be: the page's anon_vma was freed.
    public internal(set) var dangling: UInt64 = 0

    mutating func add(visited: Int, mapping: Int) {
      self.visited.add(visited)
      self.mapping.add(mapping)
      inVain.add(visited - mapping)
    }
  }

  /// The moments.
  public internal(set) var moments: [Moment] = []
  /// Depths of all anon_vmas at all moments.
  public internal(set) var depths = Distribution()
  /// Lengths of all chains at all moments.
  public internal(set) var chains = Distribution()
  /// Walks for all mapped pages at all moments.
  public internal(set) var pages = Walks()
  /// The walks of the workload.
  public internal(set) var walks = Walks()
}

extension SimulatedKernel {
  /// Looks at everything.
  mutating func sample(after step: Int) {
    var (depth, chain) = (0, 0)
    for vma in vmas.indices where vmas[vma].isAlive && vmas[vma].anonVMA != .max {
      let length = Int(vmas[vma].chainLength)
      samples.chains.add(length)
      chain = max(chain, length)
    }
    for slot in anonVMAs.slots where anonVMAs[slot].serial != .max {
      samples.depths.add(Int(anonVMAs[slot].depth))
      depth = max(depth, Int(anonVMAs[slot].depth))
    }
    samples.moments.append(
      Samples.Moment(
        step: step, anonVMAs: costs.anonVMAs.now, avcs: costs.avcs.now, depth: depth, chain: chain))
    measurePages()
  }

  private mutating func measurePages() {
    var cover = Coverage(slots: anonVMAs.slots.count)
    for page in pages.indices where pages[page].mappings > 0 && !pages[page].isForgotten {
      let (node, slot) = (pages[page], pages[page].anonVMA)
      guard anonVMAs[slot].serial == node.serial else {
        samples.pages.dangling += 1
        continue
      }
      let visited = policy.membership == .list ? Int(anonVMAs[slot].members) : cover.visited(node.index, slot, self)
      samples.pages.add(visited: visited, mapping: Int(node.mappings))
    }
  }

  /// A walk of the workload.
  mutating func measureWalk(for page: UInt32) {
    let node = pages[Int(page)]
    guard !node.isForgotten else { return }
    guard anonVMAs[node.anonVMA].serial == node.serial else {
      samples.walks.dangling += 1
      return
    }
    var visited = Int(anonVMAs[node.anonVMA].members)
    if policy.membership == .intervalTree {
      visited = 0
      forEachMember(of: node.anonVMA) { first, last in
        if first <= node.index, node.index <= last { visited += 1 }
      }
    }
    samples.walks.add(visited: visited, mapping: Int(node.mappings))
  }

  /// The first and last page offset of each VMA in a tree.
  func forEachMember(of slot: UInt32, _ body: (UInt64, UInt64) -> Void) {
    var avc = anonVMAs[slot].firstInTree
    while avc != .max {
      let span = vmas[Int(avcs[avc].vma)].span
      body(span.pgoff, span.pgoff &+ (span.end - span.start) &- 1)
      avc = avcs[avc].nextInTree
    }
  }
}

/// How many VMAs of a tree overlap an offset, at one moment: for each anon_vma that is asked for, the sorted first and
/// last offsets of its VMAs, so that a question is two binary searches.
private struct Coverage {
  private var placeOf: ContiguousArray<Int32>
  private var ends: ContiguousArray<(first: ContiguousArray<UInt64>, last: ContiguousArray<UInt64>)> = []

  init(slots: Int) { placeOf = ContiguousArray(repeating: -1, count: slots) }

  mutating func visited(_ index: UInt64, _ slot: UInt32, _ kernel: borrowing SimulatedKernel) -> Int {
    if placeOf[Int(slot)] < 0 {
      var (first, last): (ContiguousArray<UInt64>, ContiguousArray<UInt64>) = ([], [])
      kernel.forEachMember(of: slot) {
        first.append($0)
        last.append($1)
      }
      first.sort()
      last.sort()
      placeOf[Int(slot)] = Int32(ends.count)
      ends.append((first, last))
    }
    let place = Int(placeOf[Int(slot)])
    return count(below: index &+ 1, ends[place].first) - count(below: index, ends[place].last)
  }

  private func count(below bound: UInt64, _ sorted: ContiguousArray<UInt64>) -> Int {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < bound { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
