import EventDecoding

@testable import TraceReading

/// Every event of our vocabulary, with all of its fields behind one another.
enum Vocabulary {
  private static let vma = ["vma", "vm_start", "vm_end", "vm_mm", "vm_flags", "vm_anon", "vm_pgoff"]
  private static let source = ["src", "src_start", "src_end", "src_mm", "src_flags", "src_anon", "src_pgoff"]
  private static let folio = ["folio", "page", "mapping", "index", "large:1", "folio_nr:4", "page_size:1"]

  private static let fields: [(events: [String], fields: [String])] = [
    (
      ["avc_insert", "avc_remove"],
      ["avc", "rb", "rb_off:1"] + vma
        + ["av", "root", "root_root", "parent", "ref:4", "root_ref:4", "children", "active", "rb_node"]
        + ["lock", "lock_pid:4", "vm_prot"]
    ),
    (["av_put"], ["av", "root", "parent", "ref:4", "root_ref:4", "children", "active", "rb_node"]),
    (["vma_free", "vma_release"], ["vma", "vm_mm", "vm_anon"]),
    (["prepare"], vma + ["mmap_lock", "vm_ops", "vm_file"]),
    (["clone", "fork", "copy_range"], vma + source),
    (["unlink"], vma), (["vma_dup"], source), (["mm_exit"], ["mm"]),
    (["split", "copy_vma"], vma + ["addr"]),
    (["move_tables"], vma + source + ["addr", "src_addr", "len", "locks:1"]),
    (["uffd_move"], ["mm", "addr", "src_addr", "len"]),
    (["fork_ret", "clone_ret", "split_ret", "copy_range_ret", "prepare_ret"], ["ret:4"]),
    (["vma_alloc_ret", "vma_dup_ret", "copy_vma_ret"], ["vma"]),
    (
      ["folio_new", "folio_add", "folio_add_pmd", "folio_remove", "folio_remove_pmd", "folio_move", "lru_add"],
      folio + ["nr:4", "exclusive:1"] + vma + ["addr", "rmap_flags:4"]
    ),
    (
      ["page_new", "page_add", "page_remove", "page_move"],
      folio + ["exclusive:1", "compound_head", "head_mapping", "head_index", "compound:1"] + vma
        + ["addr", "rmap_flags:4"]
    ),
    (["walk", "walk_ksm"], folio + ["rmap_one", "done", "anon_lock", "invalid_vma", "try_lock:1"]),
    (["walk_first"], ["rb", "rb_off:1", "first", "last", "root", "lock", "lock_pid:4"]),
    (["walk_next"], ["node", "first", "last", "root", "lock", "lock_pid:4"]),
    (["walk_first_ret", "walk_next_ret"], ["avc"]),
    (["one_unmap", "one_migrate", "one_referenced"], ["folio", "vma", "addr"]),
    (
      ["one_restore"],
      ["folio", "vma", "addr", "mapping", "index", "src", "src_mapping", "src_index"]
    ),
    (["one_unmap_ret", "one_restore_ret"], ["ret:1"]),
  ]

  static let formats: EventFormats = {
    var formats: [EventFormat] = []
    for (events, names) in fields {
      for event in events {
        formats.append(format(event, id: UInt16(formats.count), names))
      }
    }
    return EventFormats(formats)
  }()

  static let decoder = EventDecoder(formats: formats)

  private static func format(_ event: String, id: UInt16, _ names: [String]) -> EventFormat {
    var offset = 8
    let fields = names.map { name in
      let parts = name.split(separator: ":")
      let size = parts.count > 1 ? Int(parts[1]) ?? 8 : 8
      defer { offset += size }
      return EventField(name: String(parts[0]), typeName: "u64", offset: offset, size: size)
    }
    return EventFormat(id: id, system: "rmap", name: event, fields: fields)
  }
}
