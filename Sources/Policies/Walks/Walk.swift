import RmapGraph

/// An rmap walk for one folio: what it looks at, counted, and kept as a trail where somebody will read it.
struct Walk {
  /// Contexts that it came to, live or dead.
  private(set) var contexts = 0
  /// VMAs that it looked up or came to in a tree.
  private(set) var lookups = 0
  /// VMAs that it visited: rmap_one is called for them.
  private(set) var visited = 0
  /// Of these, VMAs that map a page of the folio.
  private(set) var mapping = 0
  /// Mappings of the folio's pages that it found.
  private(set) var mappings = 0
  /// Whether it came to the mapping that it was to look for.
  private(set) var hasMet = false
  /// What it came to, in words, in order.
  private(set) var trail: [String] = []
  private let keepsTrail: Bool
  private let target: (mm: UInt32, place: UInt64)?

  /// A walk that is counted, or, to be told, kept.
  init(keepingTrail: Bool = false, lookingFor target: (mm: UInt32, place: UInt64)? = nil) {
    keepsTrail = keepingTrail
    self.target = target
  }

  /// It comes to a context; a dead one is stepped over.
  mutating func stepOver(mm: UInt32?, _ name: @autoclosure () -> String) {
    contexts += 1
    if keepsTrail { trail.append(mm == nil ? "\(name()) is dead and stepped over" : "came to \(name())") }
  }

  /// It looks a VMA up.
  mutating func lookUp(_ what: @autoclosure () -> String) {
    lookups += 1
    if keepsTrail { trail.append(what()) }
  }

  /// It says something about its way.
  mutating func note(_ what: @autoclosure () -> String) {
    if keepsTrail { trail.append(what()) }
  }

  /// It visits a VMA, in which the folio's first page would lie at `place`.
  mutating func visit(
    _ vma: Policy.VMA, _ folio: Range<UInt32>, at place: UInt64, in kernel: borrowing SimulatedKernel
  ) {
    visited += 1
    let (mm, span) = (kernel.vmas[vma].mm, kernel.vmas[vma].span)
    var found = 0
    for page in folio {
      let place = place &+ UInt64(page - folio.lowerBound)
      guard place >= span.start, place < span.end else { continue }
      if let target, target.mm == mm, target.place == place { hasMet = true }
      guard let entry = kernel.tables.entry(mm: Address.mm(mm), page: place), entry.folio == page else { continue }
      found += 1
    }
    mappings += found
    if found > 0 { mapping += 1 }
    if keepsTrail { trail.append("visited VMA \(vma) of mm \(mm), which \(found > 0 ? "maps" : "does not map") it") }
  }
}
