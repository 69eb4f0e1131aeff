import CLibBPF
import Testing

/// A C type as a test writes it. Structs go by name; one whose name begins with "<" is anonymous.
indirect enum CType: Hashable, Sendable {
  case void
  case int(String, bytes: Int, signed: Bool)
  case structure(String)
  case pointer(CType)
  case typedef(String, CType)
  case const(CType)
  case volatile(CType)
  case array(CType, Int)

  static let long = CType.int("unsigned long", bytes: 8, signed: false)
  static let signedLong = CType.int("long", bytes: 8, signed: true)
  static let int = CType.int("int", bytes: 4, signed: true)
  static let unsigned = CType.int("unsigned int", bytes: 4, signed: false)
  static let bool = CType.int("_Bool", bytes: 1, signed: false)

  static func to(_ structure: String) -> CType { .pointer(.structure(structure)) }
}

struct CMember {
  let name: String
  let type: CType
  let bit: Int
  var bitfieldWidth = 0
}

/// Builds BTF through libbpf's own writer, so that tests read what a compiler could have written.
struct MiniBTF {
  struct Structure {
    let name: String
    let isUnion: Bool
    let bytes: Int
    let members: [CMember]
  }

  struct Function {
    let name: String
    var returns = CType.void
    let parameters: [(String, CType)]
  }

  private(set) var structures: [Structure] = []
  private(set) var functions: [Function] = []
  private(set) var enumerators: [(String, Int)] = []

  /// `members` are (name, type, byte offset). A struct of the same name is replaced.
  mutating func structure(
    _ name: String, bytes: Int, union isUnion: Bool = false, _ members: (String, CType, Int)...
  ) {
    structures.removeAll { $0.name == name }
    let list = members.map { CMember(name: $0.0, type: $0.1, bit: $0.2 * 8) }
    structures.append(Structure(name: name, isUnion: isUnion, bytes: bytes, members: list))
  }

  mutating func structure(_ name: String, bytes: Int, bits members: [CMember]) {
    structures.append(Structure(name: name, isUnion: false, bytes: bytes, members: members))
  }

  mutating func function(
    _ name: String, returns: CType = .void, _ parameters: (String, CType)...
  ) {
    functions.removeAll { $0.name == name }
    functions.append(Function(name: name, returns: returns, parameters: parameters))
  }

  mutating func removeFunctions(_ names: String...) {
    functions.removeAll { names.contains($0.name) }
  }

  mutating func removeStructure(_ name: String) {
    structures.removeAll { $0.name == name }
  }

  /// Gives a struct one more member, at a byte offset.
  mutating func add(member: (String, CType, Int), to structure: String) {
    structures = structures.map { old in
      guard old.name == structure else { return old }
      let new = CMember(name: member.0, type: member.1, bit: member.2 * 8)
      return Structure(name: old.name, isUnion: old.isUnion, bytes: old.bytes, members: old.members + [new])
    }
  }

  /// Takes one member out of a struct, and leaves a hole.
  mutating func remove(member: String, of structure: String) {
    structures = structures.map { old in
      guard old.name == structure else { return old }
      let members = old.members.filter { $0.name != member }
      return Structure(name: old.name, isUnion: old.isUnion, bytes: old.bytes, members: members)
    }
  }

  mutating func pageflags(_ enumerators: (String, Int)...) { self.enumerators = enumerators }

  // MARK: Writing

  /// Raw BTF. Structs come first, then what refers to them: numbers may point forward.
  func bytes() -> [UInt8] {
    guard let btf = btf__new_empty() else { return [] }
    defer { btf__free(btf) }
    var numbers: [CType: CInt] = [:]
    var order: [CType] = []
    for (index, structure) in structures.enumerated() {
      numbers[.structure(structure.name)] = CInt(index + 1)
    }
    let members = structures.flatMap(\.members).map(\.type)
    for type in members + functions.flatMap({ [$0.returns] + $0.parameters.map(\.1) }) {
      number(type, &numbers, &order)
    }
    let numbered = numbers
    for structure in structures { write(structure, to: btf, numbered) }
    for type in order { write(type, to: btf, numbered) }
    writeEnumerators(to: btf)
    for function in functions { write(function, to: btf, numbered) }
    var size: UInt32 = 0
    guard let raw = btf__raw_data(btf, &size) else { return [] }
    return [UInt8](UnsafeRawBufferPointer(start: raw, count: Int(size)))
  }

  private func number(_ type: CType, _ numbers: inout [CType: CInt], _ order: inout [CType]) {
    guard type != .void, numbers[type] == nil else { return }
    switch type {
    case .pointer(let inner), .typedef(_, let inner), .const(let inner), .volatile(let inner):
      number(inner, &numbers, &order)
    case .array(let inner, _):
      number(inner, &numbers, &order)
      number(.int, &numbers, &order)
    case .void, .int: break
    case .structure(let name): Issue.record("no struct \(name) in this kernel")
    }
    order.append(type)
    numbers[type] = CInt(structures.count + order.count)
  }

  private func write(
    _ structure: Structure, to btf: OpaquePointer, _ numbers: [CType: CInt]
  ) {
    let name = structure.name.hasPrefix("<") ? "" : structure.name
    let add = structure.isUnion ? btf__add_union : btf__add_struct
    #expect(add(btf, name, UInt32(structure.bytes)) > 0)
    for member in structure.members {
      let number = numbers[member.type] ?? 0
      let (offset, width) = (UInt32(member.bit), UInt32(member.bitfieldWidth))
      let memberName = member.name.isEmpty ? nil : member.name
      #expect(btf__add_field(btf, memberName, number, offset, width) == 0)
    }
  }

  private func write(_ type: CType, to btf: OpaquePointer, _ numbers: [CType: CInt]) {
    func inner(_ type: CType) -> CInt { numbers[type] ?? 0 }
    let number =
      switch type {
      case .int(let name, let bytes, let signed):
        btf__add_int(btf, name, bytes, signed ? BTF_INT_SIGNED : 0)
      case .pointer(let target): btf__add_ptr(btf, inner(target))
      case .typedef(let name, let target): btf__add_typedef(btf, name, inner(target))
      case .const(let target): btf__add_const(btf, inner(target))
      case .volatile(let target): btf__add_volatile(btf, inner(target))
      case .array(let element, let count):
        btf__add_array(btf, inner(.int), inner(element), UInt32(count))
      case .void, .structure: CInt(0)
      }
    #expect(number == numbers[type])
  }

  private func writeEnumerators(to btf: OpaquePointer) {
    guard !enumerators.isEmpty else { return }
    #expect(btf__add_enum(btf, "pageflags", 4) > 0)
    for (name, value) in enumerators {
      #expect(btf__add_enum_value(btf, name, Int64(value)) == 0)
    }
  }

  private func write(_ function: Function, to btf: OpaquePointer, _ numbers: [CType: CInt]) {
    let proto = btf__add_func_proto(btf, numbers[function.returns] ?? 0)
    for (name, type) in function.parameters {
      #expect(btf__add_func_param(btf, name, numbers[type] ?? 0) == 0)
    }
    #expect(btf__add_func(btf, function.name, BTF_FUNC_GLOBAL, proto) > 0)
  }
}
