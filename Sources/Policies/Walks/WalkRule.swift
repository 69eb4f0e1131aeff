import RmapEvents
import RmapGraph

/// The rule that every design must keep, whatever it is made of: the walk from a page visits every VMA that maps the page, at
/// the place where it does; and what a page points to lives, and what its VMA does. (What the VMAs of a graph of anon_vmas
/// point to is judged by the checker's invariants.)
///
/// It is judged for each mapping that a step of the workload makes or may have cut off: where a page is mapped, inherited
/// or moved, for the pages of VMAs that change, for a page that a write fault takes, and for the last mapping
/// when all others are gone (a walk may depend on whether a page is mapped once). At the sampled moments, and at each
/// walk of the workload, walks are walked to their end and must come to as many mappings as there are.
public struct WalkRule: Sendable {
  /// Mappings that were looked for.
  public internal(set) var decided: UInt64 = 0
  /// Of these, those that the walk does not come to.
  public internal(set) var missed: UInt64 = 0
  /// Of these, those of a page, or in a VMA, that points to something freed.
  public internal(set) var dangling: UInt64 = 0
  /// Not looked for: no VMA is known at the place.
  public internal(set) var unknown: UInt64 = 0
  /// The first misses, in order, not two of one step; and the first one of a folio of several pages.
  public internal(set) var misses: [Miss] = []
  /// How many are told.
  static let told = 4

  /// A mapping that a walk does not come to.
  public struct Miss: Sendable, Equatable {
    /// The step of the workload after which it is so; from 0.
    public let step: Int
    /// The page's number in the workload.
    public let page: UInt32
    /// How many pages the folio has that was walked for.
    public let pages: Int
    /// The mm that maps it.
    public let mm: UInt32
    /// The VMA that maps it.
    public let vma: Int
    /// Where: a page number.
    public let place: UInt64
    /// What points to something that was freed; nil if nothing does, and the walk does not come to the mapping.
    public let dangling: Dangling?
    /// Whether what the page or its VMA points to was freed.
    public var isDangling: Bool { dangling != nil }
    /// What the walk came to, in words, in order.
    public let trail: [String]
  }

  /// What can point to something freed.
  public enum Dangling: String, Sendable {
    /// The page.
    case page
    /// The VMA that maps it.
    case vma = "VMA"
  }

  /// Whether any mapping was missed.
  public var isBroken: Bool { missed + dangling > 0 }
}

extension SimulatedKernel {
  /// Looks whether the walk for a page comes to where it is mapped.
  mutating func judge(_ page: UInt32, in mm: UInt32, at place: UInt64) {
    guard judgesWalks, !pages[Int(page)].isForgotten else { return }
    guard let vma = findableVMA(mm, at: place) else { return rule.unknown += 1 }
    rule.decided += 1
    if isDangling(page) {
      rule.dangling += 1
      tell(page, in: mm, at: place, vma, .page)
    } else if reverseMap?.isDangling(vma: vma, in: self) == true {
      rule.dangling += 1
      tell(page, in: mm, at: place, vma, .vma)
    } else if !finds(page, in: mm, at: place, vma) {
      rule.missed += 1
      tell(page, in: mm, at: place, vma, nil)
    }
  }

  /// Of a page that is mapped once: looks whether the walk comes to that mapping.
  mutating func judgeOnlyMapping(of page: UInt32) {
    let node = pages[Int(page)]
    if judgesWalks, node.mappings == 1 { judge(page, in: node.mapperMM, at: node.mapperPlace) }
  }

  /// Looks for every mapping within a range of an mm.
  mutating func judgePages(of mm: UInt32, _ span: Workload.Span) {
    guard judgesWalks, span.start < span.end else { return }
    collect(mm, span.start..<span.end)
    for (place, page) in scratch { judge(page, in: mm, at: place) }
  }

  private mutating func tell(
    _ page: UInt32, in mm: UInt32, at place: UInt64, _ vma: Policy.VMA, _ dangling: WalkRule.Dangling?
  ) {
    guard rule.misses.count < WalkRule.told, rule.misses.last?.step != stepNumber else { return }
    var walk = Walk(keepingTrail: true)
    if dangling == nil { self.walk(page..<page + 1, &walk) }
    rule.misses.append(
      WalkRule.Miss(
        step: stepNumber, page: original(of: page), pages: 1, mm: mm, vma: vma, place: place, dangling: dangling,
        trail: walk.trail))
  }

  /// A whole walk must come to as many mappings as there are.
  mutating func judge(_ folio: Range<UInt32>, _ walk: Walk) {
    guard judgesWalks else { return }
    let known = folio.reduce(0) { $0 + (pages[Int($1)].isForgotten ? 0 : Int(pages[Int($1)].mappings)) }
    rule.decided += 1
    guard walk.mappings < known else { return }
    var (missed, isFirst): ([(mm: UInt32, place: UInt64, page: UInt32)], Bool) = ([], true)
    for mm in firstVMA.indices {
      tables.forEach(mm: Address.mm(UInt32(mm)), pages: 0..<1 << 44) { place, entry in
        if folio.contains(entry.folio) { missed.append((UInt32(mm), place, entry.folio)) }
      }
    }
    for (mm, place, page) in missed.sorted(by: { ($0.mm, $0.place) < ($1.mm, $1.place) }) {
      var walk = Walk(keepingTrail: true, lookingFor: (mm, place))
      self.walk(folio, &walk)
      guard !walk.hasMet, let vma = findableVMA(mm, at: place) else { continue }
      let isFirstOfFolio = folio.count > 1 && !rule.misses.contains { $0.pages > 1 }
      if isFirst, rule.misses.count < WalkRule.told || isFirstOfFolio, rule.misses.last?.step != stepNumber {
        rule.misses.append(
          WalkRule.Miss(
            step: stepNumber, page: original(of: page), pages: folio.count, mm: mm, vma: vma, place: place,
            dangling: nil, trail: walk.trail))
      }
      if isFirst { rule.missed += 1 }
      isFirst = false
    }
  }

  /// The VMA at a place, if walks must find pages there. The stack of a new program is moved while they pass it by
  /// (vma_is_temporary_stack).
  private func findableVMA(_ mm: UInt32, at place: UInt64) -> Policy.VMA? {
    guard let vma = places.vma(mm, at: place), vmas[vma].isFaulted, !view(vma).isTemporaryStack else { return nil }
    return vma
  }

  // MARK: Of any design

  /// The walk for a folio of these pages.
  func walk(_ folio: Range<UInt32>, _ walk: inout Walk) {
    if let reverseMap { return reverseMap.walk(folio, &walk, in: self) }
    let node = pages[Int(folio.lowerBound)]
    guard node.anonVMA != .max, anonVMAs[node.anonVMA].serial == node.serial else { return }
    walkTree(of: node.anonVMA, folio, &walk)
  }

  /// rmap_walk_anon.
  func walkTree(of anonVMA: UInt32, _ folio: Range<UInt32>, _ walk: inout Walk) {
    let index = pages[Int(folio.lowerBound)].index
    let last = index &+ UInt64(folio.count) &- 1
    var avc = anonVMAs[anonVMA].firstInTree
    while avc != .max {
      let vma = Int(avcs[avc].vma)
      let span = vmas[vma].span
      let overlaps = span.pgoff <= last && index <= span.last
      if overlaps || policy.membership == .list {
        walk.lookUp("the tree of anon_vma \(anonVMA) has VMA \(vma)")
        walk.visit(vma, folio, at: span.page(at: index), in: self)
      }
      avc = avcs[avc].nextInTree
    }
  }

  private func isDangling(_ page: UInt32) -> Bool {
    if let reverseMap { return reverseMap.isDangling(page, in: self) }
    let node = pages[Int(page)]
    return node.anonVMA == .max || anonVMAs[node.anonVMA].serial != node.serial
  }

  private func finds(_ page: UInt32, in mm: UInt32, at place: UInt64, _ vma: Policy.VMA) -> Bool {
    if let reverseMap { return reverseMap.finds(page, in: mm, at: place, self) }
    return findsInTree(page, pages[Int(page)].anonVMA, at: place, vma)
  }

  /// Whether the VMA stands in the tree, and has the page's index where the page is.
  func findsInTree(_ page: UInt32, _ anonVMA: UInt32, at place: UInt64, _ vma: Policy.VMA) -> Bool {
    let span = vmas[vma].span
    guard span.page(at: pages[Int(page)].index) == place else { return false }
    if anonVMAs[anonVMA].members < vmas[vma].chainLength {
      var avc = anonVMAs[anonVMA].firstInTree
      while avc != .max {
        if avcs[avc].vma == UInt32(vma) { return true }
        avc = avcs[avc].nextInTree
      }
    } else {
      var avc = vmas[vma].newest
      while avc != .max {
        if avcs[avc].anonVMA == anonVMA { return true }
        avc = avcs[avc].older
      }
    }
    return false
  }
}
