public import RmapEvents

/// What the graph has, object by object: for pictures only, since each of these looks through many objects.
extension RmapGraph {
  /// The VMAs of an mm, upwards.
  public func vmas(of mm: KernelAddress) -> [VMAID] {
    var found: [VMAID] = []
    vmaOf.forEach { if vmas[$0].view.mm == mm { found.append(VMAID(slot: $0)) } }
    return found.sorted { isBelow(vmas[$0.slot].view, vmas[$1.slot].view) }
  }

  /// The anon_vmas under a root, and the root itself, in the order of their births.
  public func anonVMAs(under root: KernelAddress) -> [AnonVMAID] {
    var found: [UInt32] = []
    anonVMAOf.forEach { if anonVMAs[$0].root == root { found.append($0) } }
    return found.sorted {
      (anonVMAs[$0].birth.ordinal, anonVMAs[$0].address) < (anonVMAs[$1].birth.ordinal, anonVMAs[$1].address)
    }.map { AnonVMAID(slot: $0, serial: anonVMAs[$0].serial) }
  }

  /// How many pages a VMA maps, as far as the model knows.
  public func mappedPages(in vma: VMAID) -> Int {
    let view = vmas[vma.slot].view
    var count = 0
    paging.tables.forEach(mm: view.mm.raw, pages: view.start.page..<max(view.start.page, view.end.page)) { _, _ in
      count += 1
    }
    return count
  }

  /// The AVCs of an anon_vma that are out of its tree for a range change, by address: their VMAs still have them.
  public func parkedAVCs(of anonVMA: AnonVMAID) -> [AVCID] {
    guard anonVMAs[anonVMA.slot].parkedCount > 0 else { return [] }
    var found: [UInt32] = []
    avcOf.forEach { if avcs[$0].anonVMA == anonVMA, !avcs[$0].isLinked { found.append($0) } }
    return found.sorted { avcs[$0].address < avcs[$1].address }.map(AVCID.init)
  }

  private func isBelow(_ left: VMAView, _ right: VMAView) -> Bool {
    (left.start, left.address) < (right.start, right.address)
  }
}
