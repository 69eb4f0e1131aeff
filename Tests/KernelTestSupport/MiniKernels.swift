import KernelProbes
import Vocabulary

// Kernels in miniature: the structs and functions that the recipes name, laid out as in the eras
// that differ, and nothing else.

extension MiniBTF {
  private static let vma = CType.to("vm_area_struct")
  private static let page = CType.to("page")
  private static let folio = CType.to("folio")
  private static let rmapFlags = CType.typedef("rmap_t", .int)
  private static let atomic = CType.typedef("atomic_t", .structure("<atomic>"))
  private static let pgprot = CType.typedef("pgprot_t", .structure("pgprot"))
  private static let atomicLong = CType.typedef("atomic_long_t", .structure("<atomic long>"))

  /// What all eras share.
  private static var common: MiniBTF {
    var kernel = MiniBTF()
    kernel.structure("<atomic>", bytes: 4, ("counter", .int, 0))
    kernel.structure("<atomic long>", bytes: 8, ("counter", .signedLong, 0))
    kernel.structure("rb_node", bytes: 24, ("__rb_parent_color", .long, 0))
    kernel.structure("rb_root", bytes: 8, ("rb_node", .to("rb_node"), 0))
    kernel.structure(
      "rb_root_cached", bytes: 16, ("rb_root", .structure("rb_root"), 0),
      ("rb_leftmost", .to("rb_node"), 8))
    kernel.structure("rw_semaphore", bytes: 40, ("count", atomicLong, 0), ("owner", atomicLong, 8))
    kernel.structure("task_struct", bytes: 4096, ("pid", .typedef("pid_t", .int), 1264))
    kernel.structure(
      "mm_struct", bytes: 128, ("pgd", .long, 0), ("mmap_lock", .structure("rw_semaphore"), 80))
    kernel.structure("address_space", bytes: 8, ("host", .pointer(.void), 0))
    kernel.structure("mmu_gather", bytes: 8, ("mm", .to("mm_struct"), 0))
    kernel.structure("pgprot", bytes: 8, ("pgprot", .long, 0))
    kernel.structure("vm_operations_struct", bytes: 8, ("open", .pointer(.void), 0))
    kernel.structure("file", bytes: 8, ("f_pos", .long, 0))
    kernel.structure("pmd_t", bytes: 8, ("pmd", .long, 0))
    kernel.structure("vma_iterator", bytes: 8, ("index", .long, 0))
    kernel.structure(
      "anon_vma_chain", bytes: 64, ("vma", vma, 0), ("anon_vma", .to("anon_vma"), 8))
    kernel.structure(
      "rmap_walk_control", bytes: 48, ("arg", .pointer(.void), 0), ("try_lock", .bool, 8),
      ("rmap_one", .pointer(.void), 16), ("done", .pointer(.void), 24),
      ("anon_lock", .pointer(.void), 32), ("invalid_vma", .pointer(.void), 40))
    kernel.anonVMA()
    kernel.treeFunctions()
    kernel.lifetimeFunctions()
    return kernel
  }

  private mutating func anonVMA() {
    structure(
      "anon_vma", bytes: 96, ("root", .to("anon_vma"), 0),
      ("rwsem", .structure("rw_semaphore"), 8), ("refcount", Self.atomic, 48),
      ("num_children", .long, 56), ("num_active_vmas", .long, 64), ("parent", .to("anon_vma"), 72),
      ("rb_root", .structure("rb_root_cached"), 80))
  }

  private mutating func treeFunctions() {
    for name in ["anon_vma_interval_tree_insert", "anon_vma_interval_tree_remove"] {
      function(name, ("node", .to("anon_vma_chain")), ("root", .to("rb_root_cached")))
    }
    let vma = Self.vma
    function("__anon_vma_prepare", returns: .int, ("vma", vma))
    function("anon_vma_clone", returns: .int, ("dst", vma), ("src", vma))
    function("anon_vma_fork", returns: .int, ("vma", vma), ("pvma", vma))
    function("unlink_anon_vmas", ("vma", vma))
    function("__put_anon_vma", ("anon_vma", .to("anon_vma")))
  }

  /// The walks; `old` is how remove_migration_pte calls its last argument.
  private mutating func walkFunctions(old: String) {
    let (folio, vma, chain) = (Self.folio, Self.vma, CType.to("anon_vma_chain"))
    let control = CType.to("rmap_walk_control")
    function("rmap_walk_anon", ("folio", folio), ("rwc", control), ("locked", .bool))
    function("rmap_walk_ksm", ("folio", folio), ("rwc", control))
    function(
      "anon_vma_interval_tree_iter_first", returns: chain, ("root", .to("rb_root_cached")),
      ("first", .long), ("last", .long))
    function(
      "anon_vma_interval_tree_iter_next", returns: chain, ("node", chain), ("first", .long),
      ("last", .long))
    for name in ["folio_referenced_one", "try_to_unmap_one", "try_to_migrate_one"] {
      function(
        name, returns: .bool, ("folio", folio), ("vma", vma), ("address", .long),
        ("arg", .pointer(.void)))
    }
    function(
      "remove_migration_pte", returns: .bool, ("folio", folio), ("vma", vma), ("addr", .long),
      (old, .pointer(.void)))
  }

  private mutating func lifetimeFunctions() {
    let vma = Self.vma
    function("vm_area_alloc", returns: vma, ("mm", .to("mm_struct")))
    function("vm_area_dup", returns: vma, ("orig", vma))
    function("vm_area_free", ("vma", vma))
    function("copy_page_range", returns: .int, ("dst_vma", vma), ("src_vma", vma))
    function(
      "move_page_tables", returns: .long, ("vma", vma), ("old_addr", .long), ("new_vma", vma),
      ("new_addr", .long), ("len", .long), ("need_rmap_locks", .bool))
    function(
      "copy_vma", returns: vma, ("vmap", .pointer(vma)), ("addr", .long), ("len", .long),
      ("pgoff", .long), ("need_rmap_locks", .pointer(.bool)))
    function("exit_mmap", ("mm", .to("mm_struct")))
    function(
      "__split_huge_pmd", ("vma", vma), ("pmd", .to("pmd_t")), ("address", .long),
      ("freeze", .bool))
  }

  // MARK: Eras

  /// Linux 6.1: page_* functions, and no $argN in return probes.
  static var linux6_1: MiniBTF {
    var kernel = common
    kernel.structure(
      "vm_area_struct", bytes: 152, ("vm_start", .long, 0), ("vm_end", .long, 8),
      ("vm_mm", .to("mm_struct"), 16), ("vm_page_prot", pgprot, 24), ("vm_flags", .long, 32),
      ("anon_vma", .to("anon_vma"), 88), ("vm_ops", .to("vm_operations_struct"), 96),
      ("vm_pgoff", .long, 104), ("vm_file", .to("file"), 112))
    kernel.structure("<cache>", bytes: 40, ("mapping", .to("address_space"), 16), ("index", .long, 24))
    kernel.structure("<tail>", bytes: 40, ("compound_head", .long, 0))
    kernel.structure(
      "<first>", bytes: 40, union: true, ("", .structure("<cache>"), 0),
      ("", .structure("<tail>"), 0))
    kernel.structure("page", bytes: 64, ("flags", .long, 0), ("", .structure("<first>"), 8))
    kernel.structure(
      "folio", bytes: 112, ("flags", .long, 0), ("mapping", .to("address_space"), 24),
      ("index", .long, 32), ("_folio_nr_pages", .unsigned, 92))
    kernel.pageflags(("PG_locked", 0), ("PG_head", 16), ("PG_anon_exclusive", 17))
    kernel.function(
      "__split_vma", returns: .int, ("mm", .to("mm_struct")), ("vma", vma), ("addr", .long),
      ("new_below", .int))
    kernel.pageFunctions()
    kernel.walkFunctions(old: "old")
    return kernel
  }

  private mutating func pageFunctions() {
    let (page, vma) = (Self.page, Self.vma)
    function("page_add_new_anon_rmap", ("page", page), ("vma", vma), ("address", .long))
    function(
      "page_add_anon_rmap", ("page", page), ("vma", vma), ("address", .long),
      ("flags", Self.rmapFlags))
    function("page_remove_rmap", ("page", page), ("vma", vma), ("compound", .bool))
    function("page_move_anon_rmap", ("page", page), ("vma", vma))
    function("folio_add_lru_vma", ("folio", Self.folio), ("vma", vma))
  }

  /// hugetlbfs as in 6.1, with an index of its own, and as in 6.12; `onlyPage` is what later kernels call the last
  /// argument of `__unmap_hugepage_range`.
  mutating func hugetlbFunctions(ownIndex: Bool, onlyPage: String = "ref_page") {
    let (page, vma, folio, flags) = (Self.page, Self.vma, Self.folio, Self.rmapFlags)
    if ownIndex {
      function("linear_hugepage_index", returns: .long, ("vma", vma), ("address", .long))
      function("hugepage_add_new_anon_rmap", ("page", page), ("vma", vma), ("address", .long))
      function(
        "hugepage_add_anon_rmap", ("page", page), ("vma", vma), ("address", .long), ("flags", flags))
    } else {
      function("hugetlb_add_new_anon_rmap", ("folio", folio), ("vma", vma), ("address", .long))
      function(
        "hugetlb_add_anon_rmap", ("folio", folio), ("vma", vma), ("address", .long), ("flags", flags))
    }
    function(
      "__unmap_hugepage_range", ("tlb", .to("mmu_gather")), ("vma", vma), ("start", .long), ("end", .long),
      (onlyPage, onlyPage == "ref_page" ? page : folio))
  }

  // 6.6 and 6.8 were written from the kernel's source, not from a recorded kernel's BTF.

  /// Linux 6.6: a folio is new by folio_add_new_anon_rmap, everything else has page_* functions; hugetlbfs has one of
  /// each. No $argN in return probes.
  static var linux6_6: MiniBTF {
    var kernel = between
    kernel.pageFunctions()
    kernel.function("folio_add_new_anon_rmap", ("folio", folio), ("vma", vma), ("address", .long))
    kernel.hugetlbFunctions(ownIndex: true)
    kernel.function("hugepage_add_new_anon_rmap", ("folio", folio), ("vma", vma), ("address", .long))
    return kernel
  }

  /// Linux 6.8: folio_* functions and UFFDIO_MOVE; no $argN in return probes yet.
  static var linux6_8: MiniBTF {
    var kernel = between
    kernel.folioFunctions()
    kernel.function("folio_add_new_anon_rmap", ("folio", folio), ("vma", vma), ("address", .long))
    kernel.hugetlbFunctions(ownIndex: false)
    kernel.structure("userfaultfd_ctx", bytes: 8, ("mm", .to("mm_struct"), 0))
    kernel.function(
      "move_pages", returns: .signedLong, ("ctx", .to("userfaultfd_ctx")), ("mm", .to("mm_struct")),
      ("dst_start", .long), ("src_start", .long), ("len", .long),
      ("mode", .typedef("__u64", .long)))
    return kernel
  }

  /// What 6.6 and 6.8 share: the structs of 6.1 with other offsets, vm_flags in a union, and VMA iterators.
  private static var between: MiniBTF {
    var kernel = linux6_1
    kernel.removeFunctions(
      "page_add_new_anon_rmap", "page_add_anon_rmap", "page_remove_rmap", "page_move_anon_rmap")
    kernel.splittableVMA(anonVMA: 112)
    kernel.structure(
      "folio", bytes: 256, ("flags", .long, 0), ("mapping", .to("address_space"), 24), ("index", .long, 32),
      ("_folio_nr_pages", .unsigned, 100))
    kernel.pageflags(("PG_locked", 0), ("PG_head", 6), ("PG_anon_exclusive", 17))
    return kernel
  }

  /// A VMA as between 6.3 and 7.2, and __split_vma with an iterator.
  private mutating func splittableVMA(anonVMA: Int) {
    structure("<range>", bytes: 16, ("vm_start", .long, 0), ("vm_end", .long, 8))
    structure("callback_head", bytes: 16, ("func", .pointer(.void), 8))
    structure(
      "<range or rcu>", bytes: 16, union: true, ("", .structure("<range>"), 0),
      ("vm_rcu", .structure("callback_head"), 0))
    let flags = CType.typedef("vm_flags_t", .long)
    structure(
      "<vm_flags>", bytes: 8, union: true, ("vm_flags", .const(flags), 0), ("__vm_flags", flags, 0))
    structure(
      "vm_area_struct", bytes: anonVMA + 72, ("", .structure("<range or rcu>"), 0),
      ("vm_mm", .to("mm_struct"), 16), ("vm_page_prot", Self.pgprot, 24), ("", .structure("<vm_flags>"), 32),
      ("anon_vma", .to("anon_vma"), anonVMA), ("vm_ops", .to("vm_operations_struct"), anonVMA + 8),
      ("vm_pgoff", .long, anonVMA + 16), ("vm_file", .to("file"), anonVMA + 24))
    for name in ["__split_vma", "split_vma"] {
      function(
        name, returns: .int, ("vmi", .to("vma_iterator")), ("vma", Self.vma), ("addr", .long), ("new_below", .int))
    }
  }

  /// Linux 6.12: folio_* functions, vm_start within an anonymous struct within a union.
  static var linux6_12: MiniBTF {
    var kernel = common
    kernel.splittableVMA(anonVMA: 104)
    kernel.folioLayout(flags: .long, count: ("_folio_nr_pages", 96))
    kernel.structure("probe_entry_arg", bytes: 16, ("size", .unsigned, 8))
    kernel.pageflags(("PG_locked", 0), ("PG_head", 6), ("PG_anon_exclusive", 14))
    kernel.folioFunctions()
    kernel.structure("rmap_walk_arg", bytes: 16, ("folio", folio, 0))
    kernel.walkFunctions(old: "arg")
    return kernel
  }

  private mutating func folioLayout(flags: CType, count: (String, Int)) {
    structure("page", bytes: 64, ("flags", flags, 0), ("compound_head", .long, 8))
    structure(
      "<folio>", bytes: 64, ("flags", flags, 0), ("mapping", .to("address_space"), 24),
      ("index", .long, 32))
    structure(
      "<folio or page>", bytes: 64, union: true, ("", .structure("<folio>"), 0),
      ("page", .structure("page"), 0))
    structure("<second>", bytes: 64, (count.0, .unsigned, count.1 - 64))
    structure(
      "folio", bytes: 256, ("", .structure("<folio or page>"), 0), ("", .structure("<second>"), 64))
  }

  private mutating func folioFunctions() {
    let (page, vma, folio, flags) = (Self.page, Self.vma, Self.folio, Self.rmapFlags)
    function(
      "folio_add_new_anon_rmap", ("folio", folio), ("vma", vma), ("address", .long),
      ("flags", flags))
    function(
      "folio_add_anon_rmap_ptes", ("folio", folio), ("page", page), ("nr_pages", .int),
      ("vma", vma), ("address", .long), ("flags", flags))
    function(
      "folio_add_anon_rmap_pmd", ("folio", folio), ("page", page), ("vma", vma),
      ("address", .long), ("flags", flags))
    function(
      "folio_remove_rmap_ptes", ("folio", folio), ("page", page), ("nr_pages", .int), ("vma", vma))
    function("folio_remove_rmap_pmd", ("folio", folio), ("page", page), ("vma", vma))
    function("folio_move_anon_rmap", ("folio", folio), ("vma", vma))
    function("folio_add_lru_vma", ("folio", folio), ("vma", vma))
  }

  /// Linux 6.18: a struct for page flags, one argument for move_page_tables.
  static var linux6_18: MiniBTF {
    var kernel = linux6_12
    kernel.newerForms()
    return kernel
  }

  /// Linux 7.x: that, and anon_rmap_tree_*.
  static var linux7: MiniBTF {
    var kernel = linux6_12
    kernel.removeFunctions("anon_vma_interval_tree_insert", "anon_vma_interval_tree_remove")
    for name in ["anon_rmap_tree_insert", "anon_rmap_tree_remove"] {
      kernel.function(name, ("avc", .to("anon_vma_chain")), ("anon_vma", .to("anon_vma")))
    }
    kernel.removeFunctions("anon_vma_interval_tree_iter_first", "anon_vma_interval_tree_iter_next")
    kernel.function(
      "anon_rmap_tree_iter_first", returns: .to("anon_vma_chain"), ("anon_vma", .to("anon_vma")),
      ("pgoff_start", .long), ("pgoff_last", .long))
    kernel.function(
      "anon_rmap_tree_iter_next", returns: .to("anon_vma_chain"), ("avc", .to("anon_vma_chain")),
      ("pgoff_start", .long), ("pgoff_last", .long))
    kernel.newerForms()
    return kernel
  }

  /// What came between 6.12 and 6.18.
  private mutating func newerForms() {
    structure("<memdesc flags>", bytes: 8, ("f", .long, 0))
    folioLayout(
      flags: .typedef("memdesc_flags_t", .structure("<memdesc flags>")), count: ("_nr_pages", 120))
    structure(
      "pagetable_move_control", bytes: 56, ("old", Self.vma, 0), ("new", Self.vma, 8),
      ("old_addr", .long, 16),
      ("new_addr", .long, 32), ("len_in", .long, 40), ("need_rmap_locks", .bool, 48))
    function("move_page_tables", returns: .long, ("pmc", .to("pagetable_move_control")))
  }

  /// Before 6.0: one counter, `degree`, for children and VMAs together.
  static var degreeEra: MiniBTF {
    var kernel = linux6_1
    kernel.structure(
      "anon_vma", bytes: 80, ("root", .to("anon_vma"), 0),
      ("rwsem", .structure("rw_semaphore"), 8), ("refcount", atomic, 48), ("degree", .unsigned, 52),
      ("parent", .to("anon_vma"), 56), ("rb_root", .structure("rb_root_cached"), 64))
    return kernel
  }

  /// Before 5.8: the lock of an address space was called mmap_sem.
  static var mmapSemEra: MiniBTF {
    var kernel = degreeEra
    kernel.structure(
      "mm_struct", bytes: 128, ("pgd", .long, 0), ("mmap_sem", .structure("rw_semaphore"), 80))
    return kernel
  }

  /// Linux 6.12 with PREEMPT_RT: another rw_semaphore.
  static var realtime: MiniBTF {
    var kernel = linux6_12
    kernel.structure("rwbase_rt", bytes: 40, ("readers", atomic, 0))
    kernel.structure("rw_semaphore", bytes: 40, ("rwbase", .structure("rwbase_rt"), 0))
    return kernel
  }

  // MARK: Use

  func types() throws -> KernelTypes { try KernelTypes(bytes: bytes()) }

  /// A symbol table with all functions and, besides, these lines.
  func symbols(without: Set<String> = [], and lines: String...) throws -> KernelSymbols {
    let own = functions.map(\.name).filter { !without.contains($0) }
    let text = (own.map { "0000000000000000 T \($0)" } + lines).joined(separator: "\n") + "\n"
    return try KernelSymbols(kallsyms: [UInt8](text.utf8))
  }

  func plan(_ level: RecordingLevel = .pages) throws -> ProbePlan {
    ProbePlan(level: level, types: try types(), symbols: try symbols())
  }
}

extension ProbePlan {
  func line(_ event: String) -> String? {
    definitions.first { $0.event == event }?.line
  }

  var events: [String] { definitions.map(\.event) }
}

/// Undoes the line breaks that keep an expected definition within the page.
func oneLine(_ text: String) -> String {
  text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
}
