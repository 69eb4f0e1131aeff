public import Vocabulary

extension Invariant {
  /// Whether its rule rests on a part of the kernel's types that the law was not read against: what it then would find is
  /// proof of nothing.
  public func rests(on unread: UnreadLaw) -> Bool {
    switch unread.kind {
    case .member: rests(onStructure: unread.of)
    case .parameter: rests(on: Self.kinds(ofFunction: unread.of))
    case .enumerator: rests(on: Self.kinds(toldBy: unread.of))
    }
  }

  private func rests(onStructure name: String) -> Bool {
    switch name {
    case "folio", "page": highestLevel >= .pages
    case "rmap_walk_control", "page_vma_mapped_walk", "ksm_rmap_item", "rmap_item": level == .walks
    default: true  // vm_area_struct, anon_vma, anon_vma_chain: what the graph is made of
    }
  }

  /// What no invariant needs by name, the model needs all the same.
  private func rests(on kinds: Set<EventKind>) -> Bool {
    func needs(_ invariant: Invariant) -> Bool {
      !kinds.isDisjoint(with: invariant.needs + invariant.needsWithPages)
    }
    return Self.all.contains(where: needs) ? needs(self) : highestLevel >= RecordingLevel(of: kinds)
  }

  private static func kinds(ofFunction name: String) -> Set<EventKind> {
    // Where rmap_walk_anon is inlined.
    if name == "rmap_walk" { return [.walk] }
    return Set(EventDeclaration.all.filter { $0.functions.contains(name) }.flatMap(\.kinds))
  }

  private static func kinds(toldBy enumeration: String) -> Set<EventKind> {
    switch enumeration {
    case "vma_operation": [.clone]
    case "ttu_flags": [.walkUnmap, .walkMigrate]
    case "rmap_level", "pgtable_level": [.folioAdd, .folioAddPMD, .folioRemove, .folioRemovePMD]
    default: []
    }
  }
}
