extension Policy {
  /// E2: a new anon_vma at each fork, without limit.
  static let hierarchy = Policy(
    name: "hierarchy",
    rule: "The child joins every tree of its parent and gets a new anon_vma of its own.",
    source: "2.6.34 (5beb49305251, Rik van Riel), with the page rule of ea90002b0fa7; to 3.18",
    exempt: [.reuseRule], fork: forkHierarchy)

  /// The same before 2.6.34-rc4.
  static let hierarchyWithOwnPages = Policy(
    name: "hierarchy-rc3",
    rule: "As hierarchy, but a page that comes from swap belongs to the VMA that faults first, not to the root.",
    source: "2.6.34-rc1 to rc3; LWN 383162, \"The case of the overly anonymous anon_vma\"",
    sharedPages: .own,
    exempt: [
      .reuseRule,
      .init("page-owner", "the rule that a shared page belongs to the root came with the fix, ea90002b0fa7"),
    ],
    fork: forkHierarchy)
}

private func forkHierarchy(_ kernel: inout SimulatedKernel, _ child: Policy.VMA, _ parent: Policy.VMA) {
  kernel.clone(child, from: parent)
  kernel.makeAnonVMA(for: child, below: kernel.anonVMA(of: parent))
}
