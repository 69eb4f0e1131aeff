extension Policy {
  /// E7: what Linux took.
  static let degree = Policy(
    name: "degree",
    rule: """
      The child takes the oldest anon_vma of its chain, its parent's own apart, whose degree (VMAs that have it plus \
      children) is below 2; else a new one. The root counts itself and is never taken.
      """,
    source: """
      7a3ef208e662 (Konstantin Khlebnikov), 3.19 to 5.19. CVE-2022-42703: a degree of 1 may be a VMA instead of a child
      """,
    counting: .degree, exempt: [.reuseRule], fork: forkByDegree)

  /// E8: the add-on of 5.5.
  static let degreeWithPrevious = Policy(
    name: "degree+prev",
    rule: """
      As degree, but where the parent's VMA has the anon_vma of the VMA before it, the child's VMA takes that one \
      (the code meant the child's previous VMA and got the parent's). VMAs that were never faulted in are not known and \
      passed over.
      """,
    source: "4e4a9eb92133 (Wei Yang), 5.5, later reverted; with the double reuse of degree",
    counting: .degree, exempt: [.sharedByLineage, .reuseRule]
  ) { kernel, child, parent in
    if let previous = kernel.previousVMA(before: parent), kernel.hasAnonVMA(previous),
      kernel.anonVMA(of: previous) == kernel.anonVMA(of: parent)
    {
      kernel.clone(child, from: parent)
      kernel.use(kernel.anonVMA(of: parent), by: child)
    } else {
      forkByDegree(&kernel, child, parent)
    }
  }
}

private func forkByDegree(_ kernel: inout SimulatedKernel, _ child: Policy.VMA, _ parent: Policy.VMA) {
  let inherited = kernel.anonVMA(of: parent)
  kernel.clone(child, from: parent)
  let free = kernel.oldestAnonVMA(of: child) {
    $1 != inherited && $0.activeVMAs(of: $1) + $0.children(of: $1) < 2
  }
  if let free {
    kernel.use(free, by: child)
  } else {
    kernel.makeAnonVMA(for: child, below: inherited)
  }
}
