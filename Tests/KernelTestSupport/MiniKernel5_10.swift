import KernelProbes

// Of a recorded kernel's BTF (5.10.0-46-amd64), as far as the recipes name it.

extension MiniBTF {
  /// Linux 5.10: pages and no folios, in walks too, and functions that are not told of the VMA that they unmap in.
  static var linux5_10: MiniBTF {
    let (page, vma, mm, long) = (CType.to("page"), CType.to("vm_area_struct"), CType.to("mm_struct"), CType.long)
    var kernel = linux6_1
    kernel.removeStructure("folio")
    kernel.structure("<tail>", bytes: 40, ("compound_head", .long, 0), ("compound_nr", .unsigned, 8))
    kernel.pageflags(("PG_locked", 0), ("PG_head", 16))
    kernel.structure("vm_fault", bytes: 96, ("vma", vma, 0), ("flags", .unsigned, 8), ("address", .long, 32))
    kernel.structure("zap_details", bytes: 8, ("first_index", .long, 0))
    kernel.structure("arch_uprobe", bytes: 8, ("insn", .long, 0))
    kernel.removeFunctions(
      "folio_add_lru_vma", "folio_referenced_one", "try_to_migrate_one", "page_add_new_anon_rmap", "page_add_anon_rmap",
      "page_remove_rmap", "rmap_walk_anon", "rmap_walk_ksm", "try_to_unmap_one", "remove_migration_pte",
      "__split_huge_pmd")
    kernel.function(
      "page_add_new_anon_rmap", ("page", page), ("vma", vma), ("address", long), ("compound", .bool))
    kernel.function("page_add_anon_rmap", ("page", page), ("vma", vma), ("address", long), ("compound", .bool))
    kernel.function("do_page_add_anon_rmap", ("page", page), ("vma", vma), ("address", long), ("flags", .int))
    kernel.function("page_remove_rmap", ("page", page), ("compound", .bool))
    kernel.function("lru_cache_add_inactive_or_unevictable", ("page", page), ("vma", vma))
    kernel.function("linear_hugepage_index", returns: long, ("vma", vma), ("address", long))
    kernel.function("hugepage_add_new_anon_rmap", ("page", page), ("vma", vma), ("address", long))
    kernel.function("hugepage_add_anon_rmap", ("page", page), ("vma", vma), ("address", long))
    let control = CType.to("rmap_walk_control")
    kernel.function("rmap_walk_anon", ("page", page), ("rwc", control), ("locked", .bool))
    kernel.function("rmap_walk_ksm", ("page", page), ("rwc", control))
    for name in ["page_referenced_one", "try_to_unmap_one"] {
      kernel.function(
        name, returns: .bool, ("page", page), ("vma", vma), ("address", long), ("arg", .pointer(.void)))
    }
    kernel.function(
      "remove_migration_pte", returns: .bool, ("page", page), ("vma", vma), ("addr", long), ("old", .pointer(.void)))
    kernel.unmappers(page, vma, mm, long)
    return kernel
  }

  private mutating func unmappers(_ page: CType, _ vma: CType, _ mm: CType, _ long: CType) {
    let pmd = CType.typedef("pmd_t", .structure("pmd_t"))
    let pte = CType.typedef("pte_t", .structure("pmd_t"))
    function(
      "unmap_page_range", ("tlb", .to("mmu_gather")), ("vma", vma), ("addr", long), ("end", long),
      ("details", .to("zap_details")))
    function(
      "__split_huge_pmd", ("vma", vma), ("pmd", .pointer(pmd)), ("address", long), ("freeze", .bool), ("page", page))
    function("wp_page_copy", returns: .unsigned, ("vmf", .to("vm_fault")))
    function("try_to_merge_one_page", returns: .int, ("vma", vma), ("page", page), ("kpage", page))
    function(
      "migrate_misplaced_transhuge_page", returns: .int, ("mm", mm), ("vma", vma), ("pmd", .pointer(pmd)),
      ("entry", pmd), ("address", long), ("page", page), ("node", .int))
    function(
      "__unmap_hugepage_range", ("tlb", .to("mmu_gather")), ("vma", vma), ("start", long), ("end", long),
      ("ref_page", page))
    function(
      "hugetlb_cow", returns: .unsigned, ("mm", mm), ("vma", vma), ("address", long), ("ptep", .pointer(pte)),
      ("pagecache_page", page), ("ptl", .pointer(.typedef("spinlock_t", .structure("pmd_t")))))
    // collapse_huge_page is inlined.
    function(
      "hugepage_vma_revalidate", returns: .int, ("mm", mm), ("address", long), ("vmap", .pointer(vma)))
    function(
      "uprobe_write_opcode", returns: .int, ("auprobe", .to("arch_uprobe")), ("mm", mm), ("vaddr", long),
      ("opcode", .typedef("uprobe_opcode_t", .int)))
  }
}
