extension EventDeclaration {
  /// What changes VMAs, anon_vmas and the chains between them.
  static let structure: [EventDeclaration] = [
    EventDeclaration(
      .avcInsert, .insert, of: ["anon_rmap_tree_insert", "anon_vma_interval_tree_insert"], in: "mm/interval_tree.c",
      "An AVC is about to enter an anon_vma's tree.", treeFields,
      optional: treeOptions + [.vmProtection, .pages4K, .pages16K, .pages64K]),
    EventDeclaration(
      .avcRemove, .remove, of: ["anon_rmap_tree_remove", "anon_vma_interval_tree_remove"], in: "mm/interval_tree.c",
      "An AVC is about to leave an anon_vma's tree.", treeFields, optional: treeOptions),
    prepare, EventDeclaration(.prepareReturn, returnOf: prepare, [.result]),
    clone, EventDeclaration(.cloneReturn, returnOf: clone, [.result]),
    fork, EventDeclaration(.forkReturn, returnOf: fork, [.result]),
    unlink, EventDeclaration(.unlinkReturn, returnOf: unlink, []),
    EventDeclaration(
      .put, .put, of: ["__put_anon_vma"], in: "mm/rmap.c",
      "The last reference is gone: the anon_vma is about to be freed.",
      [.anonVMA, .root, .refcount, .rootRefcount, .treeNode], optional: [.parent, .children, .active]),
    EventDeclaration(
      .vmaAllocReturn, .vmaAlloc, of: ["vm_area_alloc"], in: "kernel/fork.c",
      "A new VMA, all of whose fields are still to be set.", [.vma]),
    vmaDup, EventDeclaration(.vmaDupReturn, returnOf: vmaDup, [.vma], "the copy"),
    EventDeclaration(
      .vmaFree, .vmaFree, of: ["vm_area_free"], in: "kernel/fork.c", "A VMA's address may come back as another VMA.",
      [.vma, .vmMM, .vmAnon]),
    EventDeclaration(
      .vmaRelease, .vmaFree, of: ["__vm_area_free"], in: "kernel/fork.c",
      "As vma_free (6.4 to 6.15): exit frees its VMAs by this alone; the RCU callback of vm_area_free comes here once more.",
      [.vma, .vmMM, .vmAnon]),
    copyRange, EventDeclaration(.copyRangeReturn, returnOf: copyRange, [.result]),
    moveTables, EventDeclaration(.moveTablesReturn, returnOf: moveTables, [.result], "how much was moved, bytes"),
    split, EventDeclaration(.splitReturn, returnOf: split, [.result]),
    copyVMA, EventDeclaration(.copyVMAReturn, returnOf: copyVMA, [.vma], "the destination, or NULL"),
    mmExit, EventDeclaration(.mmExitReturn, returnOf: mmExit, []),
  ]

  private static let treeFields: [FieldName] =
    [.avc, .tree, .treeOffset] + .vma
    + [.anonVMA, .root, .rootOfRoot, .parent, .refcount, .treeNode, .rootRefcount]
  /// Counters: not where the kernel has `degree` (until 2555283eb40d). The lock: not under PREEMPT_RT.
  private static let treeOptions: [FieldName] = .vmaOffset + [.children, .active, .lock, .lockPID]

  private static let prepare = EventDeclaration(
    .prepare, .prepare, role: .entry, of: ["__anon_vma_prepare"], in: "mm/rmap.c",
    "A VMA gets its first anon_vma, its own or a neighbour's.", .vma,
    optional: .vmaOffset + [.mmapLock, .vmOperations, .vmFile])
  private static let clone = EventDeclaration(
    .clone, .clone, role: .entry, of: ["anon_vma_clone"], in: "mm/rmap.c",
    "A VMA is added to every tree in which src stands.", .vma + .source,
    optional: .vmaOffset + .sourceOffset + [.cloneOperation])
  private static let fork = EventDeclaration(
    .fork, .fork, role: .entry, of: ["anon_vma_fork"], in: "mm/rmap.c",
    "A child's VMA is cloned from its parent's and gets an anon_vma.", .vma + .source,
    optional: .vmaOffset + .sourceOffset)
  private static let unlink = EventDeclaration(
    .unlink, .unlink, role: .entry, of: ["unlink_anon_vmas"], in: "mm/rmap.c", "A VMA leaves all of its trees.", .vma,
    optional: .vmaOffset)
  private static let vmaDup = EventDeclaration(
    .vmaDup, .vmaDup, role: .entry, of: ["vm_area_dup"], in: "kernel/fork.c",
    "A VMA is copied, for fork, split or move.",
    .source, optional: .sourceOffset)
  private static let copyRange = EventDeclaration(
    .copyRange, .copyRange, role: .entry, of: ["copy_page_range"], in: "mm/memory.c",
    "fork copies the page tables of src; there is no event for each page.", .vma + .source,
    optional: .vmaOffset + .sourceOffset)
  private static let moveTables = EventDeclaration(
    .moveTables, .moveTables, role: .entry, of: ["move_page_tables"], in: "mm/mremap.c",
    "Pages move from src to vma; until the return the rmap may find them in either.",
    .vma + .source + [.sourceAddress, .address, .length], optional: .vmaOffset + .sourceOffset + [.locks])
  private static let split = EventDeclaration(
    .split, .split, role: .entry, of: ["__split_vma", "split_vma"], in: "mm/vma.c", "One VMA becomes two at addr.",
    .vma + [.address], optional: .vmaOffset)
  private static let copyVMA = EventDeclaration(
    .copyVMA, .copyVMA, role: .entry, of: ["copy_vma"], in: "mm/vma.c",
    "mremap makes the destination at addr, or merges into it.", .vma + [.address], optional: .vmaOffset)
  private static let mmExit = EventDeclaration(
    .mmExit, .mmExit, role: .entry, of: ["exit_mmap"], in: "mm/mmap.c", "An address space goes, with all of its VMAs.",
    [.mm])
}
