/// The events that change VMAs, anon_vmas and the chains between them.
extension EventRecipe {
  static let structure: [EventChoice] = [
    EventChoice([chainInsert]), EventChoice([chainRemove]), EventChoice([prepare]),
    EventChoice([clone]), EventChoice([fork]), EventChoice([unlink]), EventChoice([put]),
    EventChoice([vmaAlloc]), EventChoice([vmaDup]), EventChoice([vmaFree]),
    EventChoice([vmaRelease]),
    EventChoice([copyRange]), EventChoice([moveTables]), EventChoice([split]),
    EventChoice([copyVMA]), EventChoice([exit]),
  ]

  /// Without these two nothing can be rebuilt.
  static let core: Set<String> = [chainInsert.name, chainRemove.name]

  /// `mm/interval_tree.c:anon_vma_interval_tree_insert`: an AVC enters an anon_vma's tree.
  static let chainInsert = EventRecipe(
    "avc_insert", of: "anon_rmap_tree_insert", "anon_vma_interval_tree_insert",
    shapes: [chainFields])

  /// `mm/interval_tree.c:anon_vma_interval_tree_remove`: an AVC leaves an anon_vma's tree.
  static let chainRemove = EventRecipe(
    "avc_remove", of: "anon_rmap_tree_remove", "anon_vma_interval_tree_remove",
    shapes: [chainFields])

  private static let chain = Argument.pointer(to: "anon_vma_chain")

  /// What an AVC ties together, and the root's lock, which its holder must hold.
  private static let chainFields: [Part] = {
    let anonVMA = Base(chain, "anon_vma->")
    let root = Base(chain, "anon_vma->root->")
    let owner = "rwsem.owner.counter->(task_struct)pid"
    return [
      pointer("avc", to: "anon_vma_chain"),
      // The tree by its root; or, since the rename to anon_rmap_tree_*, by the anon_vma itself.
      .required(
        [
          Field("rb", .argument(.pointer(to: "rb_root_cached"), .hex)),
          Field("rb_off", .offset(of: "rb_root", in: "anon_vma")),
        ],
        [
          Field("rb", .argument(.pointer(to: "anon_vma"), .hex)),
          Field("rb_off", .constant(0)),
        ]),
      vmaFields(Base(chain, "vma->")),
      .required([
        Field("av", .path(anonVMA, [""], .hex)),
        Field("root", .path(root, [""], .hex)),
        Field("root_root", .path(root, ["root"], .hex)),
        Field("parent", .path(anonVMA, ["parent"], .hex)),
        Field("ref", .path(anonVMA, ["refcount.counter"], .number)),
      ]),
      counters(of: anonVMA),
      .required([
        Field("rb_node", .path(anonVMA, ["rb_root.rb_root.rb_node"], .hex)),
        Field("root_ref", .path(root, ["refcount.counter"], .number)),
      ]),
      .optional([Field("lock", .path(root, ["rwsem.count.counter"], .hex))], hint: "PREEMPT_RT?"),
      .optional(
        [Field("lock_owner", .path(root, ["rwsem.owner.counter"], .hex))], hint: "PREEMPT_RT?"),
      .optional([Field("lock_pid", .path(root, [owner], .number))], hint: "PREEMPT_RT?"),
    ]
  }()

  private static let result = [Field("ret", .returnValue(.number))]

  /// `mm/rmap.c:__anon_vma_prepare`: a VMA gets its first anon_vma, its own or a neighbour's.
  static let prepare = EventRecipe(
    "prepare", of: "__anon_vma_prepare", shapes: [[vmaFields(nth: 1)]], onReturn: result)

  /// `mm/rmap.c:anon_vma_clone`: dst is added to every tree in which src stands.
  static let clone = EventRecipe(
    "clone", of: "anon_vma_clone", shapes: [[vmaFields(nth: 1), vmaFields(nth: 2, as: "src")]],
    onReturn: result)

  /// `mm/rmap.c:anon_vma_fork`: a child's VMA is cloned from its parent's and gets an anon_vma.
  static let fork = EventRecipe(
    "fork", of: "anon_vma_fork", shapes: [[vmaFields(nth: 1), vmaFields(nth: 2, as: "src")]],
    onReturn: result)

  /// `mm/rmap.c:unlink_anon_vmas`: a VMA leaves all of its trees.
  static let unlink = EventRecipe(
    "unlink", of: "unlink_anon_vmas", shapes: [[vmaFields(nth: 1)]], onReturn: [])

  /// `mm/rmap.c:__put_anon_vma`: the last reference is gone; the anon_vma is about to be freed.
  static let put: EventRecipe = {
    let anonVMA = Base(.pointer(to: "anon_vma"))
    return EventRecipe(
      "av_put", of: "__put_anon_vma",
      shapes: [
        [
          .required([
            Field("av", .path(anonVMA, [""], .hex)),
            Field("root", .path(anonVMA, ["root"], .hex)),
            Field("parent", .path(anonVMA, ["parent"], .hex)),
            Field("ref", .path(anonVMA, ["refcount.counter"], .number)),
            Field("root_ref", .path(anonVMA, ["root->refcount.counter"], .number)),
          ]),
          counters(of: anonVMA),
          .required([Field("rb_node", .path(anonVMA, ["rb_root.rb_root.rb_node"], .hex))]),
        ]
      ])
  }()

  /// `kernel/fork.c:vm_area_alloc`: a new VMA, all of whose fields are still to be set.
  static let vmaAlloc = EventRecipe(
    "vma_alloc_ret", .exit, of: "vm_area_alloc",
    shapes: [[.required([Field("vma", .returnValue(.hex))])]])

  /// `kernel/fork.c:vm_area_dup`: a copy of a VMA, for fork, split and move.
  static let vmaDup = EventRecipe(
    "vma_dup", of: "vm_area_dup", shapes: [[vmaFields(nth: 1, as: "src")]],
    onReturn: [Field("vma", .returnValue(.hex))])

  /// `kernel/fork.c:vm_area_free`: the VMA's address may come back as another VMA.
  static let vmaFree = EventRecipe("vma_free", of: "vm_area_free", shapes: [freedVMA])

  /// `kernel/fork.c:__vm_area_free` (6.4+): exit_mmap frees its VMAs by this function alone; for all others
  /// the RCU callback of vm_area_free comes here once more.
  static let vmaRelease = EventRecipe(
    "vma_release", of: "__vm_area_free", shapes: [freedVMA], isSupplement: true)

  private static let freedVMA: [Part] = {
    let subject = Base(.pointer(to: "vm_area_struct"))
    return [
      .required([
        Field("vma", .path(subject, [""], .hex)),
        Field("vm_mm", .path(subject, ["vm_mm"], .hex)),
        Field("vm_anon", .path(subject, ["anon_vma"], .hex)),
      ])
    ]
  }()

  /// `mm/memory.c:copy_page_range`: fork copies the page tables of src; no event for each page.
  static let copyRange = EventRecipe(
    "copy_range", of: "copy_page_range",
    shapes: [[vmaFields(nth: 1), vmaFields(nth: 2, as: "src")]], onReturn: result)

  /// `mm/mremap.c:move_page_tables`: pages move from src to vma; between entry and return the
  /// rmap may find them in either.
  static let moveTables: EventRecipe = {
    // One argument that holds all: struct pagetable_move_control, since 6.16.
    let control = Argument.pointer(to: "pagetable_move_control")
    let whole = Base(control)
    return EventRecipe(
      "move_tables", of: "move_page_tables",
      shapes: [
        [
          vmaFields(Base(control, "new->")), vmaFields(Base(control, "old->"), as: "src"),
          .required([
            Field("src_addr", .path(whole, ["old_addr"], .hex)),
            Field("addr", .path(whole, ["new_addr"], .hex)),
            Field("len", .path(whole, ["len_in"], .hex)),
          ]),
          .optional([Field("rmap_locks", .path(whole, ["need_rmap_locks"], .number))]),
        ],
        [
          vmaFields(nth: 2), vmaFields(nth: 1, as: "src"), argument("src_addr", "old_addr"),
          argument("addr", "new_addr"), argument("len", "len"),
          .optional([Field("rmap_locks", .argument(.named(["need_rmap_locks"]), .number))]),
        ],
      ], onReturn: [Field("ret", .returnValue(.number))])
  }()

  /// `mm/vma.c:__split_vma` (6.1: `mm/mmap.c`): one VMA becomes two at addr.
  static let split = EventRecipe(
    "split", of: "__split_vma", "split_vma",
    shapes: [[vmaFields(nth: 1), argument("addr", "addr")]],
    onReturn: result)

  /// `mm/vma.c:copy_vma` (6.1: `mm/mmap.c`): mremap makes, or merges into, the destination.
  static let copyVMA = EventRecipe(
    "copy_vma", of: "copy_vma",
    shapes: [
      [
        vmaFields(Base(.pointerToPointer(to: "vm_area_struct"))), argument("addr", "addr"),
        argument("len", "len"), argument("pgoff", "pgoff"),
      ]
    ], onReturn: [Field("vma", .returnValue(.hex))])

  /// `mm/mmap.c:exit_mmap`: an address space goes, with all of its VMAs.
  static let exit = EventRecipe(
    "mm_exit", of: "exit_mmap", shapes: [[pointer("mm", to: "mm_struct")]], onReturn: [])
}
