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
    /// Objects of all kinds: anon_vmas, AVCs, contexts, remap entries, pinned VMAs.
    public let objects: UInt64
    /// Their bytes.
    public let bytes: UInt64
  }

  /// What rmap walks for pages would cost.
  public struct Walks: Sendable, Equatable {
    /// VMAs that a walk for one page visits.
    public internal(set) var visited = Distribution()
    /// VMAs that map it.
    public internal(set) var mapping = Distribution()
    /// VMAs that are visited and do not map it.
    public internal(set) var inVain = Distribution()
    /// Contexts that a walk comes to, live or dead; of designs that have some.
    public internal(set) var contexts = Distribution()
    /// VMAs that a walk looks up or finds in a tree.
    public internal(set) var lookups = Distribution()
    /// Walks that are over after one VMA was looked up.
    public internal(set) var byOneLookup: UInt64 = 0
    /// Walks that cannot be: the page's anon_vma was freed.
    public internal(set) var dangling: UInt64 = 0
    /// Recorded walks for folios that nobody maps as far as is known: not measured.
    public internal(set) var notMeasured: UInt64 = 0

    mutating func add(visited: Int, mapping: Int) {
      self.visited.add(visited)
      self.mapping.add(mapping)
      inVain.add(visited - mapping)
      lookups.add(visited)
      if visited == 1 { byOneLookup += 1 }
    }

    mutating func add(_ walk: Walk) {
      visited.add(walk.visited)
      mapping.add(walk.mapping)
      inVain.add(walk.visited - walk.mapping)
      lookups.add(walk.lookups)
      if walk.contexts > 0 { contexts.add(walk.contexts) }
      if walk.lookups == 1, walk.contexts <= 1 { byOneLookup += 1 }
    }

    /// The share of walks that are over after one VMA was looked up, in per cent.
    public var shareByOneLookup: Double {
      visited.total == 0 ? 0 : Double(byOneLookup) * 100 / Double(visited.total)
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
        step: step, anonVMAs: costs.anonVMAs.now, avcs: costs.avcs.now, depth: depth, chain: chain,
        objects: costs.objects, bytes: costs.bytes))
    measurePages()
  }

  private mutating func measurePages() {
    var cover = Coverage(slots: anonVMAs.slots.count)
    for page in pages.indices where pages[page].mappings > 0 && !pages[page].isForgotten {
      if let reverseMap, reverseMap.anonVMA(of: UInt32(page), in: self) == nil {
        measureWalk(of: UInt32(page), part: \.pages)
        continue
      }
      let (node, slot) = (pages[page], pages[page].anonVMA)
      guard anonVMAs[slot].serial == node.serial else {
        samples.pages.dangling += 1
        continue
      }
      let visited = policy.membership == .list ? Int(anonVMAs[slot].members) : cover.visited(node.index, slot, self)
      samples.pages.add(visited: visited, mapping: Int(node.mappings))
    }
  }

  /// A walk of the workload, for a folio of `count` pages: it visits the VMAs that overlap it.
  mutating func measureWalk(for page: UInt32, count: UInt32 = 1) {
    let node = pages[Int(page)]
    let folio = page..<page + count
    guard !node.isForgotten, folio.contains(where: { pages[Int($0)].mappings > 0 }) else {
      samples.walks.notMeasured += 1
      return
    }
    guard policy.isGraph else { return measureWalk(of: page, count: count, part: \.walks) }
    guard anonVMAs[node.anonVMA].serial == node.serial else {
      samples.walks.dangling += 1
      return
    }
    measureWalk(of: page, count: count, part: \.walks)
  }

  /// Walks, counts, and looks whether all was found.
  private mutating func measureWalk(
    of page: UInt32, count: UInt32 = 1, part: WritableKeyPath<Samples, Samples.Walks>
  ) {
    for folio in parts(of: page..<page + count) {
      if let reverseMap, reverseMap.isDangling(folio.lowerBound, in: self) {
        samples[keyPath: part].dangling += 1
        continue
      }
      var walk = Walk()
      self.walk(folio, &walk)
      samples[keyPath: part].add(walk)
      judge(folio, walk)
    }
  }

  /// The mapped parts of a folio whose pages have neighbouring indices: a design that gives a part of a large folio other
  /// ones has split it first.
  private func parts(of folio: Range<UInt32>) -> [Range<UInt32>] {
    guard folio.count > 1 else { return [folio] }
    var parts: [Range<UInt32>] = []
    for page in folio where pages[Int(page)].isKnown {
      let index = pages[Int(page)].index
      if let last = parts.last, pages[Int(last.lowerBound)].index &+ UInt64(page - last.lowerBound) == index {
        parts[parts.count - 1] = last.lowerBound..<page + 1
      } else {
        parts.append(page..<page + 1)
      }
    }
    return parts.filter { $0.contains { pages[Int($0)].mappings > 0 } }
  }

  /// The first and last page offset of each VMA in a tree.
  func forEachMember(of slot: UInt32, _ body: (UInt64, UInt64) -> Void) {
    var avc = anonVMAs[slot].firstInTree
    while avc != .max {
      let span = vmas[Int(avcs[avc].vma)].span
      body(span.pgoff, span.last)
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
