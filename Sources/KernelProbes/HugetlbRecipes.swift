import Vocabulary

/// The events that map and unmap anonymous pages of hugetlbfs: one mapping is a whole huge page.
///
/// Since e135826b2da0 ("mm/rmap: introduce and use hugetlb_remove_rmap()", 6.8) a mapping is taken away by an inline
/// function; what can be observed is the range that `__unmap_hugepage_range` empties. Before, page_remove_rmap tells.
extension EventRecipe {
  /// Whether `index` counts in huge pages or in those of the page size: until a08c7193e4f1 ("mm/filemap: remove
  /// hugetlb special casing in filemap.c", 6.7) linear_page_index() had a case of its own for hugetlb.
  private static let unit: Part = .required(
    [Field(.unitHuge, .mark(ofFunction: "linear_hugepage_index"))], [Field(.unitPage, .constant(1))])

  private static let address = argument(.address, "address")
  private static let rmapFlags = argument(.rmapFlags, "flags", style: .unsigned)

  /// `mm/rmap.c:hugetlb_add_new_anon_rmap`, at the return, when mapping and index are set.
  static let hugetlbNew = EventRecipe(
    .hugetlbNew, .exitWithArguments, shapes: newShapes, isSupplement: true,
    otherwise: EventRecipe(.hugetlbNewEntry, shapes: newShapes))

  private static let newShapes: [[Part]] = [folioFields + [vmaFields(nth: 1), address, unit]]

  /// `mm/rmap.c:hugetlb_add_anon_rmap`: a folio that migration has made takes the old one's place.
  static let hugetlbAdd = EventRecipe(.hugetlbAdd, of: "hugetlb_add_anon_rmap", shapes: addShapes, isSupplement: true)

  private static let addShapes: [[Part]] = [folioFields + [vmaFields(nth: 1), address, rmapFlags, unit]]

  /// `mm/hugetlb.c:__unmap_hugepage_range`: what a VMA maps in a range goes; with `ref` only that page. The
  /// argument is called `ref_page`, later `ref_folio`, and `folio` by 6.18.
  static let hugetlbUnmap = EventRecipe(
    .hugetlbUnmap,
    shapes: [
      [
        vmaFields(nth: 1), argument(.address, "start"), argument(.end, "end"),
        argument(.refcount, "ref_folio", "folio", "ref_page"),
      ]
    ], isSupplement: true)

  /// `mm/rmap.c:hugepage_add_new_anon_rmap`, at the entry: mapping is not set yet. It gets a folio since d0ce0e47b323
  /// ("mm/hugetlb: convert hugetlb fault paths to use alloc_hugetlb_folio()", 6.3).
  static let hugepageNew = EventRecipe(
    .hugepageNew, shapes: [subpageFields + [address, unit]], isSupplement: true,
    otherwise: EventRecipe(.hugetlbNewEntry, shapes: newShapes))

  /// `mm/rmap.c:hugepage_add_anon_rmap`: a huge page is mapped once more. It gets flags in 5.19 and a folio in 6.7
  /// ("mm/rmap: pass folio to hugepage_add_anon_rmap()").
  static let hugepageAdd = EventRecipe(
    .hugepageAdd, shapes: [subpageFields + [address, rmapFlags, unit], subpageFields + [address, unit]],
    isSupplement: true,
    otherwise: EventRecipe(.hugetlbAdd, shapes: addShapes))
}
