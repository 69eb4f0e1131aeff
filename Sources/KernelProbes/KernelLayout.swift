extension KernelTypes {
  /// Where the members lie, bytes, that the reverse mapping is made of, and each struct's size as `size`: for whoever
  /// reads a recording long after its kernel is gone. What a kernel lacks is left out.
  public var layoutOfInterest: [String: [String: Int]] {
    let wanted = [
      "anon_vma": [
        "root", "rwsem", "refcount", "num_children", "num_active_vmas", "degree", "parent", "rb_root",
      ],
      "anon_vma_chain": ["vma", "anon_vma", "same_vma", "rb", "rb_subtree_last"],
      "vm_area_struct": [
        "vm_start", "vm_end", "vm_mm", "vm_flags", "anon_vma_chain", "anon_vma", "vm_pgoff", "vm_file",
      ],
      "folio": ["flags", "mapping", "index", "_mapcount", "_refcount"],
      "page": ["flags", "compound_head", "mapping", "index"],
      "rw_semaphore": ["count", "owner", "rwbase"],
    ]
    var layout: [String: [String: Int]] = [:]
    for (name, members) in wanted {
      guard let structure = structure(named: name) else { continue }
      var offsets: [String: Int] = [:]
      for member in members {
        if let found = try? self.member(member, of: structure) { offsets[member] = found.byteOffset }
      }
      if case .aggregate(let bytes)? = shape(of: structure) { offsets["size"] = bytes }
      layout[name] = offsets
    }
    return layout
  }
}
