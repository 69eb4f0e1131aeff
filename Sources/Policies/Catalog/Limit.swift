import RmapEvents

extension Policy {
  /// E4: stop making anon_vmas at a depth.
  static func limit(_ length: Int) -> Policy {
    Policy(
      name: "limit:\(length)",
      rule: """
        As hierarchy, but a child that has joined more than \(counted(length, "tree")) keeps its parent's anon_vma \
        instead of getting one.
        """,
      source: """
        Michel Lespinasse, August 2012 (length 1); Daniel Forrest ran 5 for two years and posted it in 2013 and 2014; \
        not merged: a magic constant
        """,
      levels: length, exempt: [.sharedByLineage, .reuseRule],
      parameter: { limit($0) }
    ) { kernel, child, parent in
      kernel.clone(child, from: parent)
      if kernel.chainLength(of: child) > length {
        kernel.use(kernel.anonVMA(of: parent), by: child)
      } else {
        kernel.makeAnonVMA(for: child, below: kernel.anonVMA(of: parent))
      }
    }
  }
}
