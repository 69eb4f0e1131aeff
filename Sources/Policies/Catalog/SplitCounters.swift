extension Policy {
  /// E9: the rule of today.
  public static let splitCounters = Policy(
    name: "split-counters",
    rule: """
      The child takes the oldest anon_vma of its chain that no VMA has as its own and that has at most one child; \
      else a new one. The root counts itself and is never taken.
      """,
    source: "2555283eb40d (Jann Horn), 6.0 and stable kernels; the rule of 5.10 (as Debian has it) and 6.1 to 7.3",
    counting: .split
  ) { kernel, child, parent in
    kernel.clone(child, from: parent)
    let free = kernel.oldestAnonVMA(of: child) { $0.activeVMAs(of: $1) == 0 && $0.children(of: $1) < 2 }
    if let free {
      kernel.use(free, by: child)
    } else {
      kernel.makeAnonVMA(for: child, below: kernel.anonVMA(of: parent))
    }
  }
}
