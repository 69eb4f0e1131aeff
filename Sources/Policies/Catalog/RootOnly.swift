extension Policy {
  /// E5: the extreme case of a limit.
  static let rootOnly = Policy(
    name: "root-only",
    rule: "Every VMA of a lineage is in the root's interval tree, and all pages belong to the root.",
    source: """
      Michel Lespinasse, 19 November 2014: "In the extreme case, forcing all vmas to be added on the root vma's \
      interval tree would be correct, though it may re-introduce the performance problems"
      """,
    exempt: [.sharedByLineage, .reuseRule]
  ) { kernel, child, parent in
    kernel.clone(child, from: parent)
    kernel.use(kernel.anonVMA(of: parent), by: child)
  }
}
