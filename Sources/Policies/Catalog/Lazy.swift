extension Policy {
  /// E10a.
  static let lazy = lazy(
    "lazy", .init(),
    rule: """
      A VMA that was never forked has no anon_vma: its pages point to the VMA, or to the one that it was split from. A fork \
      first gives the parent's VMA an anon_vma and points the pages that it shares to that; the child's VMA joins its \
      parent's trees and gets none until it forks itself. Its own new pages belong to its parent's anon_vma.
      """,
    guesses: ["whom a forked child's new pages belong to: here the parent's anon_vma, in lazy-repoint the child's VMA"])

  /// E10s.
  static let lazyShared = lazy(
    "lazy-shared", .init(sharesAnonVMA: true),
    rule: "As lazy, but the parts that were split from one VMA get one anon_vma together.",
    guesses: ["whether parts of one VMA get one anon_vma or one each"])

  /// E10b.
  static let lazyRepoint = lazy(
    "lazy-repoint", .init(repoints: true),
    rule: """
      As lazy, but a forked child's new pages, and those that it finds to be its own at a write fault, point to the \
      child's VMA.
      """,
    guesses: ["whom a forked child's new pages belong to"])

  /// What becomes of the swap cache's pages if a swap-in does look at what they point to.
  static let lazySwapin = lazy(
    "lazy-swapin", .init(looksAtSwapIns: true),
    rule: """
      As lazy, but a page that is mapped again, out of the swap cache, and points to another VMA than the one that maps it is \
      pointed to the root of this one's anon_vma.
      """,
    guesses: [
      "whom a forked child's new pages belong to: as lazy",
      "all that it has beyond lazy: of the patches that touch swap, the text was not seen",
    ])

  /// What it would take; proposed here, by nobody else.
  static let lazyRepaired = lazy(
    "lazy-repaired",
    .init(sharesAnonVMA: true, repoints: true, keepsFoliosTogether: true, looksAtSwapIns: true),
    rule: """
      As lazy-repoint, but a walk looks up every VMA that the folio may reach into; what was split from one VMA gets an \
      anon_vma at once and together; and a page that is mapped again out of the swap cache points to the root's.
      """,
    guesses: ["all of it: no author proposes it; it shows what would find every page"])

  /// E10-naive, the control.
  static let lazyNaive = lazy(
    "lazy-naive", .init(movesAsIs: true),
    rule: """
      As lazy, but mremap moves a VMA and its pages as they are. A control, proposed by nobody: the pages must be lost, \
      for what they point to says where they were.
      """,
    guesses: [])

  private static func lazy(
    _ name: String, _ options: LazyMap.Options, rule: String, guesses: [String]
  ) -> Policy {
    Policy(
      name: name, rule: rule,
      source:
        "ANON_VMA_LAZY, patches 0 to 15 of 27 May 2026 (wangtao), discussed into June; a newer version was not seen",
      guesses: guesses + [
        "mremap gives the VMA an anon_vma first, and so does exec as it moves the stack",
        "an anon_vma is used again as under split-counters",
        "a page keeps the VMA that it points to; a VMA does not take its neighbour's first",
      ] + (options.keepsFoliosTogether ? [] : ["a walk looks one VMA up for the whole of a large folio"])
        + (options.looksAtSwapIns ? [] : ["a swap-in does not look at what the folio points to"])
    ) { LazyMap(options) }
  }
}
