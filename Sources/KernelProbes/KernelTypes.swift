import CLibBPF
import Glibc

/// The number of a type within one BTF.
struct TypeID: Hashable {
  let number: UInt32
}

/// What a value of a type looks like to a probe, once typedefs and qualifiers are taken off.
enum TypeShape: Equatable {
  case integer(bytes: Int, signed: Bool)
  case pointer(to: TypeID, bytes: Int)
  case aggregate(bytes: Int)
  case nothing
}

/// A function's declaration, as BTF has it.
struct Prototype {
  struct Parameter {
    let name: String
    let type: TypeID
  }

  let parameters: [Parameter]
  let returns: TypeID
}

/// The types of one kernel: the only place from which offsets, sizes and enumerators come.
///
/// libbpf checks that every record lies within the file, and answers a stray type number or name
/// offset with nil. It does not look for cycles; each loop here is bounded.
public final class KernelTypes {
  private let btf: OpaquePointer

  /// The header has the constant twice, as an enumerator and as a macro; the type picks the macro.
  private static let function: UInt32 = {
    let kind: CInt = BTF_KIND_FUNC
    return UInt32(kind)
  }()

  /// The types of the kernel that we run on.
  public static let runningKernel = "/sys/kernel/btf/vmlinux"

  /// Reads raw BTF (`/sys/kernel/btf/vmlinux`), or the `.BTF` section of an ELF `vmlinux`.
  public init(path: String) throws(ProbeFailure) {
    _ = libbpf_set_print(nil)
    // libbpf's code for a missing section is that for a missing file: see to the file first.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    close(descriptor)
    guard let btf = btf__parse(path, nil) else {
      throw .unreadable(path: path, reason: "no usable BTF: \(Self.reason(errno))")
    }
    self.btf = btf
  }

  /// Reads raw BTF that is in memory already.
  public init(bytes: [UInt8], name: String = "BTF") throws(ProbeFailure) {
    _ = libbpf_set_print(nil)
    guard let btf = btf__new(bytes, UInt32(clamping: bytes.count)) else {
      throw .unreadable(path: name, reason: "no usable BTF: \(Self.reason(errno))")
    }
    self.btf = btf
  }

  deinit { btf__free(btf) }

  private static func reason(_ code: CInt) -> String {
    switch code {
    case EINVAL: "damaged, or of a kind that this libbpf does not know"
    case EIO: "too short"
    // libbpf looks for BTF first and for ELF then: these are what it says of an ELF file without
    // the section, and (with its own codes from 4000 on) of anything else.
    case ENOENT, ENODATA: "an ELF file without a .BTF section"
    case EPROTO, 4000...: "neither raw BTF nor an ELF file"
    default: String(cString: strerror(code))
    }
  }

  // MARK: Types by name

  func structure(named name: String) -> TypeID? {
    for kind in [BTF_KIND_STRUCT, BTF_KIND_UNION] {
      let number = btf__find_by_name_kind(btf, name, UInt32(kind))
      if number > 0 { return TypeID(number: UInt32(number)) }
    }
    return nil
  }

  func prototype(of function: String) -> Prototype? {
    let number = btf__find_by_name_kind(btf, function, Self.function)
    guard number > 0, let declaration = record(TypeID(number: UInt32(number))),
      let proto = record(TypeID(number: declaration.pointee.type)),
      btf_is_func_proto(proto)
    else { return nil }
    let list = trailer(of: proto, as: btf_param.self)
    let parameters = list.map {
      Prototype.Parameter(name: string($0.name_off), type: TypeID(number: $0.type))
    }
    return Prototype(parameters: parameters, returns: TypeID(number: proto.pointee.type))
  }

  func hasFunction(_ name: String) -> Bool {
    btf__find_by_name_kind(btf, name, Self.function) > 0
  }

  /// The value of an enumerator, such as `PG_head` of `enum pageflags`.
  func enumerator(_ name: String, of enumeration: String) throws(Absence) -> Int {
    let number = btf__find_by_name_kind(btf, enumeration, UInt32(BTF_KIND_ENUM))
    guard number > 0, let type = record(TypeID(number: UInt32(number))) else {
      throw Absence("no enum \(enumeration)")
    }
    for entry in trailer(of: type, as: btf_enum.self) where string(entry.name_off) == name {
      return Int(entry.val)
    }
    throw Absence("enum \(enumeration) has no \(name)")
  }

  /// The enumerators of an enum; none if there is no such enum.
  func enumerators(of enumeration: String) -> [String] {
    let number = btf__find_by_name_kind(btf, enumeration, UInt32(BTF_KIND_ENUM))
    guard number > 0, let type = record(TypeID(number: UInt32(number))) else { return [] }
    return trailer(of: type, as: btf_enum.self).map { string($0.name_off) }
  }

  // MARK: One type

  /// The type below typedefs, qualifiers, tags and arrays, with the first name met on the way.
  func unqualified(_ id: TypeID) -> (id: TypeID, name: String)? {
    var id = id
    var name = ""
    for _ in 0..<32 {
      guard let type = record(id) else { return id.number == 0 ? (id, "void") : nil }
      let kind = Int(btf_kind(type))
      if name.isEmpty { name = string(type.pointee.name_off) }
      switch kind {
      case BTF_KIND_TYPEDEF, BTF_KIND_CONST, BTF_KIND_VOLATILE, BTF_KIND_RESTRICT,
        BTF_KIND_TYPE_TAG:
        // A type tag's name is the tag (`__rcu`), not a type's.
        if kind == BTF_KIND_TYPE_TAG { name = "" }
        id = TypeID(number: type.pointee.type)
      case BTF_KIND_ARRAY:
        id = TypeID(number: firstTrailing(type, as: btf_array.self).type)
      case BTF_KIND_STRUCT where name == string(type.pointee.name_off):
        return (id, "struct \(name)")
      case BTF_KIND_UNION where name == string(type.pointee.name_off): return (id, "union \(name)")
      default: return (id, name)
      }
    }
    return nil
  }

  func shape(of id: TypeID) -> TypeShape? {
    guard let bare = unqualified(id) else { return nil }
    guard let type = record(bare.id) else { return .nothing }
    let bytes = Int(type.pointee.size)
    switch Int(btf_kind(type)) {
    case BTF_KIND_INT:
      let encoding = firstTrailing(type, as: UInt32.self)
      return .integer(bytes: bytes, signed: (encoding >> 24) & UInt32(BTF_INT_SIGNED) != 0)
    case BTF_KIND_ENUM, BTF_KIND_ENUM64: return .integer(bytes: bytes, signed: btf_kflag(type))
    case BTF_KIND_PTR:
      return .pointer(to: TypeID(number: type.pointee.type), bytes: btf__pointer_size(btf))
    case BTF_KIND_STRUCT, BTF_KIND_UNION: return .aggregate(bytes: bytes)
    default: return nil
    }
  }

  /// The named struct or union that a pointer type leads to; nil for any other type.
  func pointee(of id: TypeID) -> TypeID? {
    guard case .pointer(let target, _)? = shape(of: id) else { return nil }
    return unqualified(target)?.id
  }

  /// The bare name of a struct or union: `vm_area_struct`.
  func name(of id: TypeID) -> String {
    guard let type = record(id) else { return "" }
    return string(type.pointee.name_off)
  }

  // MARK: Raw records

  func record(_ id: TypeID) -> UnsafePointer<btf_type>? {
    id.number == 0 ? nil : btf__type_by_id(btf, id.number)
  }

  func string(_ offset: UInt32) -> String {
    btf__name_by_offset(btf, offset).map { String(cString: $0) } ?? ""
  }

  /// The `vlen` entries that follow a record; libbpf has checked that they lie within the file.
  func trailer<Entry: BitwiseCopyable>(
    of type: UnsafePointer<btf_type>, as: Entry.Type
  ) -> UnsafeBufferPointer<Entry> {
    let start = UnsafeRawPointer(type + 1).assumingMemoryBound(to: Entry.self)
    return UnsafeBufferPointer(start: start, count: Int(btf_vlen(type)))
  }

  /// What an array is made of.
  func elementType(of array: UnsafePointer<btf_type>) -> TypeID {
    TypeID(number: firstTrailing(array, as: btf_array.self).type)
  }

  private func firstTrailing<Entry: BitwiseCopyable>(
    _ type: UnsafePointer<btf_type>, as: Entry.Type
  ) -> Entry {
    UnsafeRawPointer(type + 1).loadUnaligned(as: Entry.self)
  }
}
