import RmapEvents

/// An event of the recording's vocabulary as the writer lays it out: a name, and fields of 64 bits.
///
/// The names are those that `EventDecoding` looks for; on level `pages`, as kernels from 6.7 on have them.
struct EventVocabulary {
  /// Field names by event name; an event's number is its place, from ``firstID`` on.
  private(set) var events: [(name: String, fields: [String])] = []
  private var places: [String: Int] = [:]

  static let firstID = 1000

  /// The address of a `vm_operations_struct`.
  private static let someOperations: UInt64 = 0xffff_ffff_8200_0000

  private static let vma = ["vma", "vm_start", "vm_end", "vm_mm", "vm_flags", "vm_anon", "vm_pgoff"]
  private static let source = ["src", "src_start", "src_end", "src_mm", "src_flags", "src_anon", "src_pgoff"]
  private static let folio =
    ["folio"] + vma + [
      "mapping", "index", "large", "folio_nr", "page_size", "page", "nr", "addr", "rmap_flags", "exclusive",
    ]
  private static let tree =
    ["avc", "rb", "rb_off"] + vma
    + [
      "av", "root", "root_root", "parent", "ref", "root_ref", "children", "active", "rb_node", "lock", "lock_pid",
      "vm_prot",
    ]

  init() {
    add(["avc_insert", "avc_remove"], Self.tree)
    add(["av_put"], ["av", "root", "rb_node", "ref", "root_ref", "children", "active"])
    add(["vma_free"], ["vma", "vm_mm", "vm_anon"])
    add(["prepare"], Self.vma + ["mmap_lock", "vm_ops", "vm_file"])
    add(["clone", "fork", "copy_range"], Self.vma + Self.source)
    add(["unlink"], Self.vma)
    add(["move_tables"], Self.vma + Self.source + ["addr", "src_addr", "len", "locks"])
    add(["split", "copy_vma"], Self.vma + ["addr"])
    add(["uffd_move"], ["mm", "addr", "src_addr", "len"])
    add(["mm_exit"], ["mm"])
    add(["vma_dup"], Self.source)
    add(
      [
        "prepare_ret", "clone_ret", "fork_ret", "copy_range_ret", "move_tables_ret", "split_ret", "uffd_move_ret",
        "unlink_ret", "mm_exit_ret",
      ], ["ret"])
    add(["copy_vma_ret", "vma_alloc_ret", "vma_dup_ret"], ["vma"])
    add(
      ["folio_new", "folio_add", "folio_add_pmd", "folio_remove", "folio_remove_pmd", "folio_move", "lru_add"],
      Self.folio)
    // unit_page says that the index of a page of hugetlbfs counts pages of the page size.
    add(["hugetlb_new", "hugetlb_add"], Self.folio + ["unit_page"])
    add(["hugetlb_unmap"], Self.vma + ["addr", "end", "ref"])
  }

  private mutating func add(_ names: [String], _ fields: [String]) {
    for name in names {
      places[name] = events.count
      events.append((name, fields))
    }
  }

  /// The number and the fields' values of an event; nil for what a recording of level `pages` does not hold.
  func words(_ event: RmapEvent) -> (id: UInt16, words: [UInt64])? {
    guard let (name, words) = layOut(event), let place = places[name] else { return nil }
    precondition(words.count == events[place].fields.count, "\(name) has \(words.count) values")
    return (UInt16(Self.firstID + place), words)
  }

  private func layOut(_ event: RmapEvent) -> (String, [UInt64])? {
    switch event {
    case .insert(let update): ("avc_insert", tree(update))
    case .remove(let update): ("avc_remove", tree(update))
    case .put(let put):
      (
        "av_put",
        [
          put.anonVMA.raw, put.root.raw, put.treeIsEmpty ? 0 : 1, word(put.refcount), word(put.rootRefcount),
          put.children ?? 0, put.active ?? 0,
        ]
      )
    case .vmaFree(let free): ("vma_free", [free.vma.raw, free.mm.raw, free.anonVMA.raw])
    case .enter(let entry): layOut(entry)
    case .leave(let result): layOut(result)
    case .folio(let event): (name(event), folio(event) + (name(event).hasPrefix("hugetlb") ? [1] : []))
    case .hugetlbUnmap(let unmap):
      ("hugetlb_unmap", view(unmap.vma) + [unmap.start.raw, unmap.end.raw, unmap.only.raw])
    case .walk: nil
    }
  }

  private func layOut(_ entry: OperationEntry) -> (String, [UInt64])? {
    let (vma, source) = (view(entry.vma), view(entry.source))
    return switch entry.kind {
    case .prepare:
      ("prepare", vma + [entry.mmapLockCount ?? 0x100, entry.isPlainAnonymous ?? true ? 0 : Self.someOperations, 0])
    case .clone: ("clone", vma + source)
    case .fork: ("fork", vma + source)
    case .copyRange: ("copy_range", vma + source)
    case .unlink: ("unlink", vma)
    case .moveTables:
      (
        "move_tables",
        vma + source
          + [entry.address.raw, entry.sourceAddress.raw, entry.length, entry.takesRmapLocks ?? false ? 1 : 0]
      )
    case .split: ("split", vma + [entry.address.raw])
    case .copyVMA: ("copy_vma", vma + [entry.address.raw])
    case .userfaultMove:
      ("uffd_move", [entry.mm.raw, entry.address.raw, entry.sourceAddress.raw, entry.length])
    case .mmExit: ("mm_exit", [entry.mm.raw])
    case .vmaDup: ("vma_dup", source)
    default: nil
    }
  }

  private func layOut(_ result: OperationReturn) -> (String, [UInt64])? {
    let name: String? =
      switch result.kind {
      case .prepare: "prepare_ret"
      case .clone: "clone_ret"
      case .fork: "fork_ret"
      case .copyRange: "copy_range_ret"
      case .unlink: "unlink_ret"
      case .moveTables: "move_tables_ret"
      case .split: "split_ret"
      case .copyVMA: "copy_vma_ret"
      case .userfaultMove: "uffd_move_ret"
      case .mmExit: "mm_exit_ret"
      case .vmaAlloc: "vma_alloc_ret"
      case .vmaDup: "vma_dup_ret"
      default: nil
      }
    return name.map { ($0, [UInt64(bitPattern: result.value)]) }
  }

  private func name(_ event: FolioEvent) -> String {
    switch event.step {
    case .new where event.isHugetlb: "hugetlb_new"
    case .add where event.isHugetlb: "hugetlb_add"
    case .new: "folio_new"
    case .add: event.isPMD ? "folio_add_pmd" : "folio_add"
    case .remove: event.isPMD ? "folio_remove_pmd" : "folio_remove"
    case .move: "folio_move"
    case .seen: "lru_add"
    }
  }

  private func folio(_ event: FolioEvent) -> [UInt64] {
    let pageSize: UInt64 = 64
    // A folio's size is read where it is new, and is then what is mapped.
    let size = event.isLarge ? event.step == .new ? UInt64(event.pages) : 512 : 1
    return [event.folio.raw] + view(event.vma)
      + [
        event.mapping.raw, event.index.raw, event.isLarge ? 1 : 0, size, pageSize,
        event.folio.raw + UInt64(event.subpage) * pageSize, UInt64(event.pages), event.address?.raw ?? 0,
        event.isExclusive ? 1 : 0, event.isPageExclusive ?? false ? 1 : 0,
      ]
  }

  private func tree(_ update: TreeUpdate) -> [UInt64] {
    let treeOffset: UInt64 = 0x50
    return [update.avc.raw, update.treeOwner.raw + treeOffset, treeOffset] + view(update.vma)
      + [
        update.anonVMA.raw, update.root.raw, update.rootOfRoot.raw, update.parent.raw, word(update.refcount),
        word(update.rootRefcount), update.children ?? 0, update.active ?? 0, update.treeIsEmpty ? 0 : 1,
        update.lock?.count ?? 0, word(update.lock?.ownerPID ?? 0), update.protection ?? 0,
      ]
  }

  private func view(_ view: VMAView) -> [UInt64] {
    [
      view.address.raw, view.start.raw, view.end.raw, view.mm.raw, view.flags.rawValue, view.anonVMA.raw,
      view.vmPgoff.raw,
    ]
  }

  private func word(_ number: Int32) -> UInt64 { UInt64(bitPattern: Int64(number)) }
}
