import Vocabulary

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
    EventChoice([visit(.oneReferenced)]),
    EventChoice([visit(.oneUnmap)]),
    EventChoice([visit(.oneMigrate)]),
    EventChoice([restore]),
  ]

  // MARK: The frame

  private static let control = Base(.pointer(to: "rmap_walk_control"))

  /// What is looked for, and what may legally end the walk early.
  private static let frameFields = [pointer(.folio, to: "folio")] + pageFields(folio) + [folioPages] + controlFields
  /// Before folios (5.18) the head page is what is looked for.
  private static let pageFrameFields =
    [pointer(.folio, to: "page")] + pageFields(page) + [folioPages(page)] + controlFields

  private static let controlFields: [Part] = [
    .required([
      Field(.callback, .path(control, ["rmap_one"], .hex)),
      Field(.done, .path(control, ["done"], .hex)),
      Field(.anonLock, .path(control, ["anon_lock"], .hex)),
      Field(.invalidVMA, .path(control, ["invalid_vma"], .hex)),
    ])
  ]

  /// `mm/rmap.c:rmap_walk_anon`: the walk of one anonymous folio outside KSM, whoever called for it.
  static let walk = EventRecipe(
    .walk, shapes: [frameFields, pageFrameFields], onReturn: [])

  /// Where rmap_walk_anon is inlined: `mm/rmap.c:rmap_walk`, which file folios pass too.
  static let walkOfAnyFolio = EventRecipe(
    .walk, of: "rmap_walk", shapes: [frameFields, pageFrameFields], onReturn: [])

  /// Where rmap_walk_anon is inlined: `mm/rmap.c:rmap_walk_locked`, whose caller holds the lock.
  static let walkWithLockHeld = EventRecipe(
    .walkLocked, shapes: [frameFields, pageFrameFields], onReturn: [])

  /// `mm/ksm.c:rmap_walk_ksm`: a merged page is looked for in the trees of several anon_vmas.
  static let walkKSM = EventRecipe(
    .walkKSM, shapes: [frameFields + [oneIndex], frameFields, pageFrameFields], onReturn: [])

  /// Since "ksm: add linear_page_index into ksm_rmap_item" (7.3) the walk looks for the index of one rmap_item at a time.
  private static let oneIndex: Part = .required([
    Field(.oneIndex, .memberMark("linear_page_index", of: "ksm_rmap_item"))
  ])

  // MARK: The steps

  private static let first = argument(.first, "first", "start", "pgoff_start")
  private static let last = argument(.last, "last", "pgoff_last", "pgoff_end")
  private static let visited = [Field(.avc, .returnValue(.hex))]

  /// `mm/interval_tree.c:anon_vma_interval_tree_iter_first`: a walk begins in one anon_vma's tree.
  ///
  /// The anon_vma is the struct around the tree's root, so the lock is reached from the argument.
  static let walkFirst: EventRecipe = {
    let container = Base(.pointer(to: "rb_root_cached"), in: "anon_vma", as: "rb_root")
    let direct = Base(.pointer(to: "anon_vma"))
    return EventRecipe(
      .walkFirst,
      shapes: [
        [
          .required([
            Field(.tree, .argument(.pointer(to: "rb_root_cached"), .hex)),
            Field(.treeOffset, .offset(of: "rb_root", in: "anon_vma")),
          ]),
          first, last,
        ] + lockFields(of: container),
        [
          .required([
            Field(.tree, .argument(.pointer(to: "anon_vma"), .hex)),
            Field(.treeOffset, .constant(0)),
          ]),
          first, last,
        ] + lockFields(of: direct),
      ], onReturn: visited)
  }()

  /// `mm/interval_tree.c:anon_vma_interval_tree_iter_next`: the walk goes on from an AVC.
  static let walkNext = EventRecipe(
    .walkNext,
    shapes: [
      [pointer(.node, to: "anon_vma_chain"), first, last]
        + lockFields(of: Base(.pointer(to: "anon_vma_chain"), "anon_vma->"))
    ], onReturn: visited)

  /// The lock of an anon_vma's root. While readers hold it, its owner says nothing.
  private static func lockFields(of anonVMA: Base) -> [Part] {
    let owner = "root->rwsem.owner.counter->(task_struct)pid"
    return [
      .required([Field(.root, .path(anonVMA, ["root"], .hex))]),
      .optional(
        [Field(.lock, .path(anonVMA, ["root->rwsem.count.counter"], .hex))], hint: "PREEMPT_RT?"),
      .optional([Field(.lockPID, .path(anonVMA, [owner], .number))], hint: "PREEMPT_RT?"),
    ]
  }

  // MARK: The visits

  private static let visitFields: [Part] = [pointer(.folio, to: "folio")] + visitedPlace
  private static let pageVisitFields: [Part] = [pointer(.folio, to: "page")] + visitedPlace

  private static let visitedPlace: [Part] = [
    pointer(.vma, to: "vm_area_struct"), argument(.address, "address", "addr"),
  ]
  /// Until a98a2f0c8ce1 ("mm/rmap: split migration into its own function", 5.14) they say what try_to_unmap_one is for.
  private static let unmapFlags = argument(.unmapFlags, "arg")

  private static let goesOn = [Field(.result, .returnValue(.number))]

  /// A callback of a walk (`rmap_walk_control.rmap_one`): it returns false to end the walk.
  private static func visit(_ name: EventName) -> EventRecipe {
    let more = name == .oneUnmap ? [unmapFlags] : []
    return EventRecipe(name, shapes: [visitFields, pageVisitFields + more], onReturn: goesOn)
  }

  /// `mm/migrate.c:remove_migration_pte`: page table entries get the new folio in place of the old one.
  static let restore: EventRecipe = {
    func new(_ base: Base) -> Part {
      .required([
        Field(.mapping, .path(base, ["mapping"], .hex)),
        Field(.index, .path(base, ["index"], .hex)),
      ])
    }
    /// The old folio or page: since 6.12 behind a struct rmap_walk_arg.
    func old(_ prefix: String, _ structure: String) -> Part {
      let base = Base(.named(["arg", "old"]))
      return .required([
        Field(.source, .path(base, [prefix], .hex)),
        Field(.sourceMapping, .path(base, ["\(prefix)->(\(structure))mapping"], .hex)),
        Field(.sourceIndex, .path(base, ["\(prefix)->(\(structure))index"], .hex)),
      ])
    }
    return EventRecipe(
      .oneRestore,
      shapes: [
        visitFields + [new(folio), old("(rmap_walk_arg)folio", "folio")],
        visitFields + [new(folio), old("", "folio")],
        pageVisitFields + [new(page), old("", "page")],
      ], onReturn: goesOn)
  }()
}
