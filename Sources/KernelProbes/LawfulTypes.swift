import CLibBPF
import Vocabulary

/// A member, a parameter or an enumerator, with its type in C; an enumerator has none.
struct LawfulName: Hashable, Sendable {
  let name: String
  let type: String

  /// `unsigned long vm_pgoff`
  var declaration: String { type.isEmpty ? name : type + (type.hasSuffix("*") ? "" : " ") + name }
}

/// What the law rests on, as one kernel has it.
struct LawfulTypes: Equatable {
  /// By struct, in the struct's order.
  var structures: [String: [LawfulName]] = [:]
  /// By function, in the prototype's order.
  var functions: [String: [LawfulName]] = [:]
  /// By enum.
  var enumerations: [String: [LawfulName]] = [:]

  /// What a kernel has of those that the law names.
  init(_ types: KernelTypes, _ law: KnownLaw = .all) {
    for structure in law.structures {
      guard let id = types.structure(named: structure.name) else { continue }
      let members = types.members(of: id)
      structures[structure.name] = (structure.words.isEmpty ? members : members.sharing(structure.words)).map(\.name)
    }
    // What is probed only where another function lacks a parameter is elsewhere of no interest.
    for function in Set(EventRecipe.all.filter { $0.isWanted(on: types) }.flatMap(\.symbols)) {
      guard let prototype = types.prototype(of: function) else { continue }
      functions[function] = prototype.parameters.map { LawfulName(name: $0.name, type: types.cName(of: $0.type)) }
    }
    for enumeration in law.enumerations {
      let names = types.enumerators(of: enumeration.name)
      if !names.isEmpty { enumerations[enumeration.name] = names.map { LawfulName(name: $0, type: "") } }
    }
  }
}

/// A member, and where it lies.
struct PlacedMember {
  let name: LawfulName
  let bits: Range<Int>
}

extension [PlacedMember] {
  /// Those that share their place with one of these, themselves included: how else the same word is read.
  func sharing(_ words: [String]) -> [PlacedMember] {
    let places = filter { words.contains($0.name.name) }.map(\.bits)
    return filter { member in places.contains { $0.overlaps(member.bits) } }
  }
}

extension KernelTypes {
  /// The members of a struct; those of anonymous structs and unions in it count as its own.
  func members(of structure: TypeID) -> [PlacedMember] {
    var found: [PlacedMember] = []
    // More than any struct of the kernel has, so that a damaged file comes to an end.
    var budget = 4096
    collect(structure, at: 0, depth: 0, &budget, &found)
    return found
  }

  private func collect(
    _ structure: TypeID, at base: Int, depth: Int, _ budget: inout Int, _ found: inout [PlacedMember]
  ) {
    guard depth < 16, let type = record(structure), btf_is_composite(type) else { return }
    for (index, entry) in trailer(of: type, as: btf_member.self).enumerated() {
      budget -= 1
      if budget < 0 { return }
      let id = TypeID(number: entry.type)
      let offset = base + Int(btf_member_bit_offset(type, UInt32(index)))
      let name = string(entry.name_off)
      if name.isEmpty, let inner = unqualified(id)?.id, let type = record(inner), btf_is_composite(type) {
        collect(inner, at: offset, depth: depth + 1, &budget, &found)
        continue
      }
      let width = Int(btf_member_bitfield_size(type, UInt32(index)))
      let size = width > 0 ? width : max(1, size(of: id)) * 8
      found.append(
        PlacedMember(name: LawfulName(name: name, type: cName(of: id)), bits: offset..<(offset + size)))
    }
  }

  /// A type's size, bytes; 0 where it has none, and for arrays, whose elements' size does not tell it.
  private func size(of id: TypeID) -> Int {
    switch shape(of: id) {
    case .integer(let bytes, _), .pointer(_, let bytes), .aggregate(let bytes): bytes
    case .nothing, nil: 0
    }
  }

  /// A type as C writes it, the same from any compiler: without qualifiers, `unsigned long` for gcc's
  /// `long unsigned int`, and `void *` for a pointer to a function.
  func cName(of id: TypeID) -> String {
    var id = id
    var stars = ""
    var brackets = ""
    for _ in 0..<32 {
      guard let type = record(id) else { return Self.joined("void", stars) + brackets }
      switch Int(btf_kind(type)) {
      case BTF_KIND_CONST, BTF_KIND_VOLATILE, BTF_KIND_RESTRICT, BTF_KIND_TYPE_TAG:
        id = TypeID(number: type.pointee.type)
      case BTF_KIND_PTR:
        stars += "*"
        id = TypeID(number: type.pointee.type)
      case BTF_KIND_ARRAY:
        brackets += "[]"
        id = elementType(of: type)
      default: return Self.joined(bareName(type), stars) + brackets
      }
    }
    return "?"
  }

  private func bareName(_ type: UnsafePointer<btf_type>) -> String {
    let name = string(type.pointee.name_off)
    func tagged(_ tag: String) -> String { name.isEmpty ? tag : "\(tag) \(name)" }
    switch Int(btf_kind(type)) {
    case BTF_KIND_STRUCT: return tagged("struct")
    case BTF_KIND_UNION: return tagged("union")
    case BTF_KIND_ENUM, BTF_KIND_ENUM64: return tagged("enum")
    case BTF_KIND_FWD: return tagged(btf_kflag(type) ? "union" : "struct")
    case BTF_KIND_FUNC_PROTO: return "void"
    case BTF_KIND_INT: return Self.compilersNames[name] ?? name
    default: return name
    }
  }

  private static func joined(_ name: String, _ stars: String) -> String { stars.isEmpty ? name : "\(name) \(stars)" }

  private static let compilersNames = [
    "long unsigned int": "unsigned long", "long int": "long", "long long unsigned int": "unsigned long long",
    "long long int": "long long", "short unsigned int": "unsigned short", "_Bool": "bool",
  ]
}
