import Vocabulary

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
  static let core: Set<EventName> = [chainInsert.name, chainRemove.name]

  /// `mm/interval_tree.c:anon_vma_interval_tree_insert`: an AVC enters an anon_vma's tree.
  static let chainInsert = EventRecipe(
    .avcInsert,
    shapes: [chainFields + [protection, pageSizeMark]])

  /// `mm/interval_tree.c:anon_vma_interval_tree_remove`: an AVC leaves an anon_vma's tree.
  static let chainRemove = EventRecipe(
    .avcRemove,
    shapes: [chainFields])

  private static let chain = Argument.pointer(to: "anon_vma_chain")

  /// What an rmap walk that restores a page table entry would take from the VMA.
  private static let protection: Part = .optional([
    Field(.vmProtection, .path(Base(chain, "vma->"), ["vm_page_prot.pgprot"], .hex))
  ])

  /// A macro in the kernel: BTF does not have it.
  private static let pageSizeMark: Part = .mark(
    [Field(.pages4K, .pageSizeMark(4096))], [Field(.pages16K, .pageSizeMark(16384))],
    [Field(.pages64K, .pageSizeMark(65536))])

  /// What an AVC ties together, and the root's lock, which its holder must hold.
  private static let chainFields: [Part] = {
    let anonVMA = Base(chain, "anon_vma->")
    let root = Base(chain, "anon_vma->root->")
    let owner = "rwsem.owner.counter->(task_struct)pid"
    return [
      pointer(.avc, to: "anon_vma_chain"),
      // The tree by its root; or, since the rename to anon_rmap_tree_*, by the anon_vma itself.
      .required(
        [
          Field(.tree, .argument(.pointer(to: "rb_root_cached"), .hex)),
          Field(.treeOffset, .offset(of: "rb_root", in: "anon_vma")),
        ],
        [
          Field(.tree, .argument(.pointer(to: "anon_vma"), .hex)),
          Field(.treeOffset, .constant(0)),
        ]),
      vmaFields(Base(chain, "vma->")),
      .required([
        Field(.anonVMA, .path(anonVMA, [""], .hex)),
        Field(.root, .path(root, [""], .hex)),
        Field(.rootOfRoot, .path(root, ["root"], .hex)),
        Field(.parent, .path(anonVMA, ["parent"], .hex)),
        Field(.refcount, .path(anonVMA, ["refcount.counter"], .number)),
      ]),
      counters(of: anonVMA),
      .required([
        Field(.treeNode, .path(anonVMA, ["rb_root.rb_root.rb_node"], .hex)),
        Field(.rootRefcount, .path(root, ["refcount.counter"], .number)),
      ]),
      .optional([Field(.lock, .path(root, ["rwsem.count.counter"], .hex))], hint: "PREEMPT_RT?"),
      .optional([Field(.lockPID, .path(root, [owner], .number))], hint: "PREEMPT_RT?"),
    ]
  }()

  private static let result = [Field(.result, .returnValue(.number))]

  /// `mm/rmap.c:__anon_vma_prepare`: a VMA gets its first anon_vma, its own or a neighbour's.
  static let prepare = EventRecipe(
    .prepare,
    shapes: [
      [
        vmaFields(nth: 1),
        // mmap_sem until da1c55f1b272 ("mmap locking API: rename mmap_sem to mmap_lock", 5.8).
        .optional(
          [
            Field(
              .mmapLock,
              .path(
                Base(.pointer(to: "vm_area_struct"), "vm_mm->"),
                ["mmap_lock.count.counter", "mmap_sem.count.counter"], .hex))
          ], hint: "PREEMPT_RT?"),
        .optional([
          Field(.vmOperations, .path(Base(.pointer(to: "vm_area_struct")), ["vm_ops"], .hex)),
          Field(.vmFile, .path(Base(.pointer(to: "vm_area_struct")), ["vm_file"], .hex)),
        ]),
      ]
    ], onReturn: result)

  /// `mm/rmap.c:anon_vma_clone`: dst is added to every tree in which src stands.
  static let clone = EventRecipe(
    .clone,
    shapes: [
      [vmaFields(nth: 1), vmaFields(nth: 2, as: .source), argument(.cloneOperation, "operation", style: .unsigned)],
      [vmaFields(nth: 1), vmaFields(nth: 2, as: .source)],
    ], onReturn: result)

  /// `mm/rmap.c:anon_vma_fork`: a child's VMA is cloned from its parent's and gets an anon_vma.
  static let fork = EventRecipe(
    .fork, shapes: [[vmaFields(nth: 1), vmaFields(nth: 2, as: .source)]],
    onReturn: result)

  /// `mm/rmap.c:unlink_anon_vmas`: a VMA leaves all of its trees.
  static let unlink = EventRecipe(
    .unlink, shapes: [[vmaFields(nth: 1)]], onReturn: [])

  /// `mm/rmap.c:__put_anon_vma`: the last reference is gone; the anon_vma is about to be freed.
  static let put: EventRecipe = {
    let anonVMA = Base(.pointer(to: "anon_vma"))
    return EventRecipe(
      .put,
      shapes: [
        [
          .required([
            Field(.anonVMA, .path(anonVMA, [""], .hex)),
            Field(.root, .path(anonVMA, ["root"], .hex)),
            Field(.parent, .path(anonVMA, ["parent"], .hex)),
            Field(.refcount, .path(anonVMA, ["refcount.counter"], .number)),
            Field(.rootRefcount, .path(anonVMA, ["root->refcount.counter"], .number)),
          ]),
          counters(of: anonVMA),
          .required([Field(.treeNode, .path(anonVMA, ["rb_root.rb_root.rb_node"], .hex))]),
        ]
      ])
  }()

  /// `kernel/fork.c:vm_area_alloc`: a new VMA, all of whose fields are still to be set.
  static let vmaAlloc = EventRecipe(
    .vmaAllocReturn, .exit,
    shapes: [[.required([Field(.vma, .returnValue(.hex))])]])

  /// `kernel/fork.c:vm_area_dup`: a copy of a VMA, for fork, split and move.
  static let vmaDup = EventRecipe(
    .vmaDup, shapes: [[vmaFields(nth: 1, as: .source)]],
    onReturn: [Field(.vma, .returnValue(.hex))])

  /// `kernel/fork.c:vm_area_free`: the VMA's address may come back as another VMA.
  static let vmaFree = EventRecipe(.vmaFree, shapes: [freedVMA])

  /// `kernel/fork.c:__vm_area_free` (6.4+): exit_mmap frees its VMAs by this function alone; for all others
  /// the RCU callback of vm_area_free comes here once more.
  static let vmaRelease = EventRecipe(
    .vmaRelease, shapes: [freedVMA], isSupplement: true)

  private static let freedVMA: [Part] = {
    let subject = Base(.pointer(to: "vm_area_struct"))
    return [
      .required([
        Field(.vma, .path(subject, [""], .hex)),
        Field(.vmMM, .path(subject, ["vm_mm"], .hex)),
        Field(.vmAnon, .path(subject, ["anon_vma"], .hex)),
      ])
    ]
  }()

  /// `mm/memory.c:copy_page_range`: fork copies the page tables of src; no event for each page.
  static let copyRange = EventRecipe(
    .copyRange,
    shapes: [[vmaFields(nth: 1), vmaFields(nth: 2, as: .source)]], onReturn: result)

  /// `mm/mremap.c:move_page_tables`: pages move from src to vma; between entry and return the
  /// rmap may find them in either.
  static let moveTables: EventRecipe = {
    // One argument that holds all: struct pagetable_move_control, since 6.16.
    let control = Argument.pointer(to: "pagetable_move_control")
    let whole = Base(control)
    return EventRecipe(
      .moveTables,
      shapes: [
        [
          vmaFields(Base(control, "new->")), vmaFields(Base(control, "old->"), as: .source),
          .required([
            Field(.sourceAddress, .path(whole, ["old_addr"], .hex)),
            Field(.address, .path(whole, ["new_addr"], .hex)),
            Field(.length, .path(whole, ["len_in"], .hex)),
          ]),
          .optional([Field(.locks, .path(whole, ["need_rmap_locks"], .unsigned))]),
        ],
        [
          vmaFields(nth: 2), vmaFields(nth: 1, as: .source), argument(.sourceAddress, "old_addr"),
          argument(.address, "new_addr"), argument(.length, "len"),
          .optional([Field(.locks, .argument(.named(["need_rmap_locks"]), .unsigned))]),
        ],
      ], onReturn: [Field(.result, .returnValue(.number))], isWholeInPart: true)
  }()

  /// `mm/vma.c:__split_vma` (6.1: `mm/mmap.c`): one VMA becomes two at addr.
  static let split = EventRecipe(
    .split,
    shapes: [[vmaFields(nth: 1), argument(.address, "addr")]],
    onReturn: result)

  /// `mm/vma.c:copy_vma` (6.1: `mm/mmap.c`): mremap makes, or merges into, the destination.
  static let copyVMA = EventRecipe(
    .copyVMA,
    shapes: [
      [
        vmaFields(Base(.pointerToPointer(to: "vm_area_struct"))), argument(.address, "addr"),
      ]
    ], onReturn: [Field(.vma, .returnValue(.hex))])

  /// `mm/mmap.c:exit_mmap`: an address space goes, with all of its VMAs.
  static let exit = EventRecipe(
    .mmExit, shapes: [[pointer(.mm, to: "mm_struct")]], onReturn: [])
}
