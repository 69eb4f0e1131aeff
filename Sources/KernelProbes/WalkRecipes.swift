/// The events of the kernel's own rmap walks: whom it looks for, in which tree, and whom it visits.
///
/// A walk of `mm/rmap.c:rmap_walk_anon` is recorded as
///
///     walk  walk_first walk_first_ret  one_… one_…_ret  walk_next walk_next_ret  …  walk_ret
///
/// KSM and memory failure step through the same trees without the frame of rmap_walk_anon.
extension EventRecipe {
  static let walks: [EventChoice] = [
    EventChoice([walk], [walkOfAnyFolio, walkWithLockHeld]), EventChoice([walkKSM]),
    EventChoice([walkFirst]), EventChoice([walkNext]),
    EventChoice([visit("one_referenced", of: "folio_referenced_one")]),
    EventChoice([visit("one_unmap", of: "try_to_unmap_one")]),
    EventChoice([visit("one_migrate", of: "try_to_migrate_one")]),
    EventChoice([restore]),
  ]

  // MARK: The frame

  private static let control = Base(.pointer(to: "rmap_walk_control"))

  /// What is looked for, and what may legally end the walk early.
  private static let frameFields: [Part] =
    folioFields + [
      .required([
        Field("rmap_one", .path(control, ["rmap_one"], .hex)),
        Field("done", .path(control, ["done"], .hex)),
        Field("anon_lock", .path(control, ["anon_lock"], .hex)),
        Field("invalid_vma", .path(control, ["invalid_vma"], .hex)),
        Field("try_lock", .path(control, ["try_lock"], .number)),
      ])
    ]

  /// `mm/rmap.c:rmap_walk_anon`: the walk of one anonymous folio outside KSM, whoever called for it.
  static let walk = EventRecipe(
    "walk", of: "rmap_walk_anon", shapes: [frameFields], onReturn: [])

  /// Where rmap_walk_anon is inlined: `mm/rmap.c:rmap_walk`, which file folios pass too.
  static let walkOfAnyFolio = EventRecipe(
    "walk", of: "rmap_walk", shapes: [frameFields], onReturn: [])

  /// Where rmap_walk_anon is inlined: `mm/rmap.c:rmap_walk_locked`, whose caller holds the lock.
  static let walkWithLockHeld = EventRecipe(
    "walk_locked", of: "rmap_walk_locked", shapes: [frameFields], onReturn: [])

  /// `mm/ksm.c:rmap_walk_ksm`: a merged page is looked for in the trees of several anon_vmas.
  static let walkKSM = EventRecipe(
    "walk_ksm", of: "rmap_walk_ksm", shapes: [frameFields], onReturn: [])

  // MARK: The steps

  private static let first = argument("first", "first", "start", "pgoff_start")
  private static let last = argument("last", "last", "pgoff_last", "pgoff_end")
  private static let visited = [Field("avc", .returnValue(.hex))]

  /// `mm/interval_tree.c:anon_vma_interval_tree_iter_first`: a walk begins in one anon_vma's tree.
  ///
  /// The anon_vma is the struct around the tree's root, so the lock is reached from the argument.
  static let walkFirst: EventRecipe = {
    let container = Base(.pointer(to: "rb_root_cached"), in: "anon_vma", as: "rb_root")
    let direct = Base(.pointer(to: "anon_vma"))
    return EventRecipe(
      "walk_first", of: "anon_rmap_tree_iter_first", "anon_vma_interval_tree_iter_first",
      shapes: [
        [
          .required([
            Field("rb", .argument(.pointer(to: "rb_root_cached"), .hex)),
            Field("rb_off", .offset(of: "rb_root", in: "anon_vma")),
          ]),
          first, last,
        ] + lockFields(of: container),
        [
          .required([
            Field("rb", .argument(.pointer(to: "anon_vma"), .hex)),
            Field("rb_off", .constant(0)),
          ]),
          first, last,
        ] + lockFields(of: direct),
      ], onReturn: visited)
  }()

  /// `mm/interval_tree.c:anon_vma_interval_tree_iter_next`: the walk goes on from an AVC.
  static let walkNext = EventRecipe(
    "walk_next", of: "anon_rmap_tree_iter_next", "anon_vma_interval_tree_iter_next",
    shapes: [
      [pointer("node", to: "anon_vma_chain"), first, last]
        + lockFields(of: Base(.pointer(to: "anon_vma_chain"), "anon_vma->"))
    ], onReturn: visited)

  /// The lock of an anon_vma's root. While readers hold it, its owner says nothing.
  private static func lockFields(of anonVMA: Base) -> [Part] {
    let owner = "root->rwsem.owner.counter->(task_struct)pid"
    return [
      .required([Field("root", .path(anonVMA, ["root"], .hex))]),
      .optional(
        [Field("lock", .path(anonVMA, ["root->rwsem.count.counter"], .hex))], hint: "PREEMPT_RT?"),
      .optional([Field("lock_pid", .path(anonVMA, [owner], .number))], hint: "PREEMPT_RT?"),
    ]
  }

  // MARK: The visits

  private static let visitFields: [Part] = [
    pointer("folio", to: "folio"), pointer("vma", to: "vm_area_struct"),
    argument("addr", "address", "addr"),
  ]

  private static let goesOn = [Field("ret", .returnValue(.number))]

  /// A callback of a walk (`rmap_walk_control.rmap_one`): it returns false to end the walk.
  private static func visit(_ name: String, of symbol: String) -> EventRecipe {
    EventRecipe(name, of: symbol, shapes: [visitFields], onReturn: goesOn)
  }

  /// `mm/migrate.c:remove_migration_pte`: page table entries get the new folio in place of the old one.
  static let restore: EventRecipe = {
    let folio = Base(.pointer(to: "folio"))
    let new: Part = .required([
      Field("mapping", .path(folio, ["mapping"], .hex)),
      Field("index", .path(folio, ["index"], .hex)),
    ])
    /// The old folio: since 6.12 behind a struct rmap_walk_arg.
    func old(_ base: Base, _ prefix: String) -> Part {
      .required([
        Field("src", .path(base, [prefix], .hex)),
        Field("src_mapping", .path(base, ["\(prefix)->(folio)mapping"], .hex)),
        Field("src_index", .path(base, ["\(prefix)->(folio)index"], .hex)),
      ])
    }
    let argument = Base(.named(["arg", "old"]))
    return EventRecipe(
      "one_restore", of: "remove_migration_pte",
      shapes: [
        visitFields + [new, old(argument, "(rmap_walk_arg)folio")],
        visitFields + [new, old(argument, "")],
      ], onReturn: goesOn)
  }()
}
