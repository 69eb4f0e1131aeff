import Vocabulary

/// Who takes mappings away, for kernels whose page_remove_rmap is not told of which VMA: until cea86fe246b6 ("mm/munlock:
/// rmap call mlock_vma_page() munlock_vma_page()", 5.18).
///
/// Each of page_remove_rmap's callers, or a function around it, has the VMA. They nest (unmap_page_range calls
/// __split_huge_pmd), but always for one VMA, so the entry tells enough. Two know the mm and the address only; where
/// collapse_huge_page is inlined, the check of the VMA that it begins with does.
extension EventRecipe {
  static let unmappers: [EventChoice] =
    [.inRange, .inSplit, .inWalk, .inMerge, .inBalancing, .inHugetlbRange, .inHugetlbFault].map {
      EventChoice([unmapper($0, [vmaFields(nth: 1)])])
    } + [
      EventChoice([unmapper(.inWriteFault, [vmaFields(Base(.pointer(to: "vm_fault"), "vma->"))])]),
      EventChoice([unmapper(.inCollapse, [pointer(.mm, to: "mm_struct"), argument(.address, "address")])]),
      EventChoice([unmapper(.inUprobe, [pointer(.mm, to: "mm_struct"), argument(.address, "vaddr")])]),
    ]

  private static func unmapper(_ name: EventName, _ fields: [Part]) -> EventRecipe {
    EventRecipe(name, shapes: [fields], where: Lack(of: .pointer(to: "vm_area_struct"), in: "page_remove_rmap"))
  }
}
