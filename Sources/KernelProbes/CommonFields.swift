// The field groups that several events share; names as in the recording vocabulary.

/// VMA(X): the subject VMA, or a second one under the prefix `src`.
func vmaFields(_ subject: Base, as name: String = "vma") -> Part {
  let prefix = name == "vma" ? "vm" : name
  return .required([
    Field(name, .path(subject, [""], .hex)),
    Field("\(prefix)_start", .path(subject, ["vm_start"], .hex)),
    Field("\(prefix)_end", .path(subject, ["vm_end"], .hex)),
    Field("\(prefix)_mm", .path(subject, ["vm_mm"], .hex)),
    Field("\(prefix)_flags", .path(subject, ["vm_flags"], .hex)),
    Field("\(prefix)_anon", .path(subject, ["anon_vma"], .hex)),
    Field("\(prefix)_pgoff", .path(subject, ["vm_pgoff"], .hex)),
  ])
}

/// VMA of the nth `struct vm_area_struct *` argument.
func vmaFields(nth: Int, as name: String = "vma") -> Part {
  vmaFields(Base(.pointer(to: "vm_area_struct", nth: nth)), as: name)
}

/// The counters that keep an anon_vma from being reused or freed too early.
///
/// Until 2555283eb40d ("mm/rmap: Fix anon_vma->degree ambiguity leading to double-reuse") one
/// field counted children and VMAs together.
func counters(of anonVMA: Base) -> Part {
  .optional(
    [
      Field("children", .path(anonVMA, ["num_children"], .number)),
      Field("active", .path(anonVMA, ["num_active_vmas"], .number)),
    ],
    [Field("degree", .path(anonVMA, ["degree"], .number))])
}

/// Where a folio (or the head of a compound page) belongs, and whether it is large.
///
/// `flags` is a struct of one word since the kernel has memdesc_flags_t.
func pageFields(_ page: Base) -> [Part] {
  [
    .required([
      Field("mapping", .path(page, ["mapping"], .hex)),
      Field("index", .path(page, ["index"], .hex)),
    ]),
    .optional([
      Field("large", .bit(page, ["flags.f", "flags"], enumerator: "PG_head", of: "pageflags"))
    ]),
  ]
}

/// PageAnonExclusive of a page, or of a folio's first page: since 6c287605fd56 ("mm: remember exclusively mapped
/// anonymous pages with PG_anon_exclusive", 5.19). Read after mapping: KSM clears it before it changes mapping.
func exclusive(_ page: Base) -> Part {
  .optional([
    Field(
      "exclusive",
      .bit(page, ["flags.f", "flags"], enumerator: "PG_anon_exclusive", of: "pageflags"))
  ])
}

let pageSize: Part = .optional([Field("page_size", .size(of: "page"))])

func argument(_ name: String, _ names: String..., style: Style = .hex) -> Part {
  .required([Field(name, .argument(.named(names), style))])
}

func pointer(_ name: String, to structure: String) -> Part {
  .required([Field(name, .argument(.pointer(to: structure), .hex))])
}
