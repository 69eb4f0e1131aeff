import Vocabulary

// The field groups that several events share; names as in the recording vocabulary.

/// A VMA: the one that an event is about, or the one that it copies.
///
/// Since 7.3 ("mm/rmap: index MAP_PRIVATE file-backed folios by anonymous pgoff") it has a second offset, in two halves that
/// do not lie side by side; the high one on 64-bit kernels only.
func vmaFields(_ subject: Base, as names: VMAFieldNames = .vma) -> Part {
  let known = [
    Field(names.address, .path(subject, [""], .hex)),
    Field(names.start, .path(subject, ["vm_start"], .hex)),
    Field(names.end, .path(subject, ["vm_end"], .hex)),
    Field(names.mm, .path(subject, ["vm_mm"], .hex)),
    Field(names.flags, .path(subject, ["vm_flags"], .hex)),
    Field(names.anonVMA, .path(subject, ["anon_vma"], .hex)),
    Field(names.pgoff, .path(subject, ["vm_pgoff"], .hex)),
  ]
  let low = Field(names.anonPgoffLow, .path(subject, ["__vm_anon_pgoff_lo"], .hex))
  let high = Field(names.anonPgoffHigh, .path(subject, ["__vm_anon_pgoff_hi"], .hex))
  return .required(known + [low, high], known + [low], known)
}

/// VMA of the nth `struct vm_area_struct *` argument.
func vmaFields(nth: Int, as names: VMAFieldNames = .vma) -> Part {
  vmaFields(Base(.pointer(to: "vm_area_struct", nth: nth)), as: names)
}

/// The counters that keep an anon_vma from being reused or freed too early.
///
/// Until 2555283eb40d ("mm/rmap: Fix anon_vma->degree ambiguity leading to double-reuse") one field, `degree`, counted
/// children and VMAs together: it decides nothing and is not recorded.
func counters(of anonVMA: Base) -> Part {
  .optional(
    [
      Field(.children, .path(anonVMA, ["num_children"], .number)),
      Field(.active, .path(anonVMA, ["num_active_vmas"], .number)),
    ])
}

/// Where a folio (or the head of a compound page) belongs, and whether it is large.
///
/// `flags` is a struct of one word since the kernel has memdesc_flags_t.
func pageFields(_ page: Base) -> [Part] {
  [
    .required([
      Field(.mapping, .path(page, ["mapping"], .hex)),
      Field(.index, .path(page, ["index"], .hex)),
    ]),
    .optional([
      Field(.large, .bit(page, ["flags.f", "flags"], enumerator: "PG_head", of: "pageflags"))
    ]),
  ]
}

/// PageAnonExclusive of a page, or of a folio's first page: since 6c287605fd56 ("mm: remember exclusively mapped
/// anonymous pages with PG_anon_exclusive", 5.19). Read after mapping: KSM clears it before it changes mapping.
func exclusive(_ page: Base) -> Part {
  .optional([
    Field(
      .exclusive,
      .bit(page, ["flags.f", "flags"], enumerator: "PG_anon_exclusive", of: "pageflags"))
  ])
}

let pageSize: Part = .optional([Field(.pageSize, .size(of: "page"))])

func argument(_ name: FieldName, _ names: String..., style: Style = .hex) -> Part {
  .required([Field(name, .argument(.named(names), style))])
}

func pointer(_ name: FieldName, to structure: String) -> Part {
  .required([Field(name, .argument(.pointer(to: structure), .hex))])
}
