public import RmapEvents

/// What an invariant asks at almost every event: answers without a copy of the object.
extension RmapGraph {
  /// The VMA that lives at an address, as far as the recording shows.
  public func vma(at address: KernelAddress) -> VMAID? { vmaOf[address.raw].map(VMAID.init) }

  /// How many anon_vmas the model has that were not freed.
  package var liveAnonVMAs: Int { anonVMAs.count }

  /// How many AVCs it has.
  package var liveAVCs: Int { avcs.count }

  /// How many AVCs of the model are on a VMA's chain, linked or parked.
  public func chainCount(of vma: VMAID) -> Int { vmas[vma.slot].chainCount }

  /// Whether the model has all of a VMA's chain.
  public func chainIsKnown(of vma: VMAID) -> Bool { vmas[vma.slot].chainIsKnown }

  /// The VMA as it was when its AVCs were last put into their trees.
  public func linkedView(of vma: VMAID) -> VMAView? { vmas[vma.slot].linkedView }

  /// How many operations that change a VMA's chain or its `anon_vma` are in progress, of any task.
  public func openOperations(on vma: VMAID) -> Int { vmas[vma.slot].openOperations }

  /// How many page mappings of a folio the model has.
  public func mappedPages(of folio: FolioID) -> Int { paging.folios[folio.slot].mappedPages }

  /// Whether the recording holds the birth of the anon_vma at an address, and so all of its AVCs and children.
  public func birthWasSeen(at address: KernelAddress) -> Bool {
    anonVMAOf[address.raw].map { anonVMAs[$0].birthWasSeen } ?? false
  }

  /// Whether the recording holds a folio's first mapping, and so all of them and the anon_vma's identity.
  public func birthWasSeen(of folio: FolioID) -> Bool { paging.folios[folio.slot].birthWasSeen }

  /// How many references a root must at least have: for its own tree, and for each anon_vma below it that is in
  /// use.
  public func referencesNeeded(byRootAt address: KernelAddress) -> Int? {
    guard let root = anonVMAOf[address.raw] else { return nil }
    return (anonVMAs[root].memberCount > 0 ? 1 : 0) + anonVMAs[root].usedUnder
  }

  /// The first AVC of `vma` that leads to another anon_vma than this.
  public func firstAVC(of vma: VMAID, notIn anonVMA: AnonVMAID) -> AVCID? {
    var slot = vmas[vma.slot].firstInChain
    while slot != .max {
      if avcs[slot].anonVMA != anonVMA { return AVCID(slot: slot) }
      slot = avcs[slot].nextInVMA
    }
    return nil
  }

  /// The first AVC of `vma` for whose anon_vma `other` has none, `exempt` apart.
  public func firstAVC(
    of vma: VMAID, missingFrom other: VMAID, except exempt: AnonVMAID? = nil
  ) -> AVCID? {
    var slot = vmas[vma.slot].firstInChain
    while slot != .max {
      let anonVMA = avcs[slot].anonVMA
      if linkOf[linkKey(other.slot, anonVMA.slot)] == nil, anonVMA != exempt { return AVCID(slot: slot) }
      slot = avcs[slot].nextInVMA
    }
    return nil
  }

  /// The first AVC of `vma` that leads to an anon_vma whose parent's tree the VMA is not a member of.
  public func firstAVCWithoutParent(of vma: VMAID) -> AVCID? {
    var slot = vmas[vma.slot].firstInChain
    while slot != .max {
      let owner = avcs[slot].anonVMA.slot
      if !anonVMAs[owner].isRoot, membership(of: vma, in: anonVMAs[owner].parent) == nil {
        return AVCID(slot: slot)
      }
      slot = avcs[slot].nextInVMA
    }
    return nil
  }
}
