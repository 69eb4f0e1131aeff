import CLibBPF

/// A member found in a struct: where it lies, and what it is.
struct Member {
  let byteOffset: Int
  let type: TypeID
}

extension KernelTypes {
  /// Finds a member by its dotted path, as C would write it: `rb_root.rb_root.rb_node`.
  ///
  /// Members of anonymous structs and unions count as the outer struct's, at any depth.
  func member(_ path: String, of structure: TypeID) throws(Absence) -> Member {
    var found = Member(byteOffset: 0, type: structure)
    for name in path.split(separator: ".", omittingEmptySubsequences: false) {
      guard let container = unqualified(found.type) else { throw Absence("damaged type") }
      var visited: Set<TypeID> = []
      guard !name.isEmpty, let bits = find(String(name), in: container.id, &visited) else {
        throw Absence("\(container.name) has no member \(name)")
      }
      guard bits.offset.isMultiple(of: 8), !bits.isBitfield else {
        throw Absence("member \(name) of \(container.name) is a bitfield")
      }
      found = Member(byteOffset: found.byteOffset + bits.offset / 8, type: bits.type)
    }
    return found
  }

  private typealias BitMember = (offset: Int, isBitfield: Bool, type: TypeID)

  /// A depth-first search. `visited` ends it on a damaged file whose anonymous structs hold
  /// themselves: what did not have the member once does not have it the second time.
  private func find(
    _ name: String, in structure: TypeID, _ visited: inout Set<TypeID>
  ) -> BitMember? {
    guard visited.count < 256, visited.insert(structure).inserted,
      let type = record(structure), btf_is_composite(type)
    else { return nil }
    for (index, entry) in trailer(of: type, as: btf_member.self).enumerated() {
      let offset = Int(btf_member_bit_offset(type, UInt32(index)))
      let memberName = string(entry.name_off)
      if memberName == name {
        let width = btf_member_bitfield_size(type, UInt32(index))
        return (offset, width != 0, TypeID(number: entry.type))
      }
      guard memberName.isEmpty, let inner = unqualified(TypeID(number: entry.type)),
        let hit = find(name, in: inner.id, &visited)
      else { continue }
      return (offset + hit.offset, hit.isBitfield, hit.type)
    }
    return nil
  }
}
