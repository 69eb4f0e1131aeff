extension Policy {
  /// E6: Khlebnikov's first proposal.
  static let reuseAny = Policy(
    name: "reuse-any",
    rule:
      "The child takes the oldest anon_vma of its chain that no VMA has as its own, the root included; else a new one.",
    source: "Konstantin Khlebnikov, 18 November 2014 (nr_vmas); replaced by his degree a week later",
    exempt: [.reuseRule]
  ) { kernel, child, parent in
    kernel.clone(child, from: parent)
    if let free = kernel.oldestAnonVMA(of: child, where: { $0.activeVMAs(of: $1) == 0 }) {
      kernel.use(free, by: child)
    } else {
      kernel.makeAnonVMA(for: child, below: kernel.anonVMA(of: parent))
    }
  }
}
