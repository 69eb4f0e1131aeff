extension Policy {
  /// E3: do not inherit what nobody can need.
  static let pagecount = Policy(
    name: "pagecount",
    rule: """
      As hierarchy, but an anon_vma that no VMA has as its own and no mapped page points to is not joined by copies. \
      The root is always joined: pages from swap belong to it (the patch as posted did not say so).
      """,
    source: "Rik van Riel's idea, Daniel Forrest's patch, August 2012; rejected: an atomic operation for each page",
    countsPages: true,
    exempt: [
      .init("fork-closure", "the child is to be missing from trees that no page needs"),
      .init("copy-closure", "a copy is to be missing from trees that no page needs"),
      .init("merge-closure", "copies of one VMA may stand in different trees that no page needs"),
      .init("parent-closure", "a parent's tree may have been left out where the child's was not"),
      .reuseRule,
      .init("shared-anon-vma", "copies of one VMA may stand in different trees that no page needs"),
    ],
    joins: { kernel, anonVMA in
      kernel.isRoot(anonVMA) || kernel.activeVMAs(of: anonVMA) > 0 || kernel.mappedPages(of: anonVMA) > 0
    }
  ) { kernel, child, parent in
    kernel.clone(child, from: parent)
    kernel.makeAnonVMA(for: child, below: kernel.anonVMA(of: parent))
  }
}
