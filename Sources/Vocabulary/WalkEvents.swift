extension EventDeclaration {
  /// The kernel's own rmap walks: what they look for, in which tree, and which VMAs they visit.
  static let walks: [EventDeclaration] = [
    walk, EventDeclaration(.walkReturn, returnOf: walk, []),
    walkLocked, EventDeclaration(.walkLockedReturn, returnOf: walkLocked, []),
    walkKSM, EventDeclaration(.walkKSMReturn, returnOf: walkKSM, []),
    walkFirst, EventDeclaration(.walkFirstReturn, returnOf: walkFirst, [.avc], visited),
    walkNext, EventDeclaration(.walkNextReturn, returnOf: walkNext, [.avc], visited),
    oneReferenced, EventDeclaration(.oneReferencedReturn, returnOf: oneReferenced, [.result], goesOn),
    oneUnmap, EventDeclaration(.oneUnmapReturn, returnOf: oneUnmap, [.result], goesOn),
    oneMigrate, EventDeclaration(.oneMigrateReturn, returnOf: oneMigrate, [.result], goesOn),
    oneRestore, EventDeclaration(.oneRestoreReturn, returnOf: oneRestore, [.result], goesOn),
  ]

  private static let visited = "the AVC that is visited, or NULL at the walk's end"
  private static let goesOn = "whether the walk is to go on"

  private static let frame: [FieldName] = [
    .folio, .mapping, .index, .large, .folioPages, .callback, .done, .anonLock, .invalidVMA,
  ]
  private static let walk = EventDeclaration(
    .walk, .walk, role: .entry, of: ["rmap_walk_anon"], in: "mm/rmap.c",
    "A folio is looked for, outside of KSM; where the function is inlined: rmap_walk, which file folios pass too.",
    frame)
  private static let walkLocked = EventDeclaration(
    .walkLocked, .walk, role: .entry, of: ["rmap_walk_locked"], in: "mm/rmap.c",
    "As walk, where rmap_walk_anon is inlined: the caller holds the lock.", frame)
  private static let walkKSM = EventDeclaration(
    .walkKSM, .walk, role: .entry, of: ["rmap_walk_ksm"], in: "mm/ksm.c",
    "A merged page is looked for in the trees of several anon_vmas.", frame, optional: [.oneIndex])

  private static let walkFirst = EventDeclaration(
    .walkFirst, .walkFirst, role: .entry, of: ["anon_rmap_tree_iter_first", "anon_vma_interval_tree_iter_first"],
    in: "mm/interval_tree.c", "A walk begins in one anon_vma's tree.", [.tree, .treeOffset, .first, .last, .root],
    optional: [.lock, .lockPID])
  private static let walkNext = EventDeclaration(
    .walkNext, .walkNext, role: .entry, of: ["anon_rmap_tree_iter_next", "anon_vma_interval_tree_iter_next"],
    in: "mm/interval_tree.c", "The walk goes on from an AVC.", [.node, .first, .last, .root],
    optional: [.lock, .lockPID])

  private static let oneReferenced = EventDeclaration(
    .oneReferenced, .walkReferenced, role: .entry, of: ["folio_referenced_one", "page_referenced_one"], in: "mm/rmap.c",
    "A walk's callback asks whether a VMA has used the folio.", [.folio, .vma, .address])
  private static let oneUnmap = EventDeclaration(
    .oneUnmap, .walkUnmap, role: .entry, of: ["try_to_unmap_one"], in: "mm/rmap.c",
    "A walk's callback unmaps the folio from a VMA; before 5.14 it also puts migration entries in its place.",
    [.folio, .vma, .address], optional: [.unmapFlags])
  private static let oneMigrate = EventDeclaration(
    .oneMigrate, .walkMigrate, role: .entry, of: ["try_to_migrate_one"], in: "mm/rmap.c",
    "A walk's callback puts migration entries in the folio's place.", [.folio, .vma, .address])
  private static let oneRestore = EventDeclaration(
    .oneRestore, .walkRestore, role: .entry, of: ["remove_migration_pte"], in: "mm/migrate.c",
    "A walk's callback puts the new folio in the place of migration entries.",
    [.folio, .vma, .address, .mapping, .index, .source, .sourceMapping, .sourceIndex],
    instead: [
      .folio: (.word, "the new folio"), .mapping: (.word, "the new folio's mapping"),
      .index: (.word, "the new folio's index, pages"), .source: (.word, "the old folio"),
    ])
}
