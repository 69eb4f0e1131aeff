extension Policy {
  /// E1: what 2.6.34 replaced.
  static let single = Policy(
    name: "single",
    rule: "One anon_vma for a VMA and all that is forked, split or moved from it; its VMAs are on a plain list.",
    source: "Linux before 2.6.34 (Hugh Dickins); in 2012 he asked to go back to it",
    neighbours: .any, membership: .list,
    exempt: [.sharedByLineage, .reuseRule]
  ) { kernel, child, parent in
    kernel.clone(child, from: parent)
    kernel.use(kernel.anonVMA(of: parent), by: child)
  }
}
