/// Turns the fields of a recipe into fetch strings for one function of one kernel.
struct FieldResolver {
  let types: KernelTypes
  let symbol: String
  let prototype: Prototype
  /// PAGE_SIZE, bytes, where it is known.
  var pageSize: Int?

  /// The fetch string and type of a value, such as `+0(+8($arg1)):x64`.
  func fetch(_ value: Value) throws(Absence) -> String {
    switch value {
    case .argument(let argument, let style):
      let (number, type) = try find(argument)
      return "$arg\(number):\(try notation(type, style, "argument \(number) of \(symbol)"))"
    case .path(let base, let paths, let style, let untag):
      let place = try firstPlace(base, paths, untag: untag)
      return "\(place.expression):\(try notation(place.type, style, place.last))"
    case .bit(let base, let paths, let enumerator, let enumeration):
      return try bit(base, paths, enumerator, enumeration)
    case .returnValue(let style):
      return "$retval:\(try notation(prototype.returns, style, "the result of \(symbol)"))"
    case .offset(let path, let structure):
      return constant(try types.member(path, of: try named(structure)).byteOffset)
    case .size(let structure):
      guard case .aggregate(let bytes)? = types.shape(of: try named(structure)) else {
        throw Absence("struct \(structure) has no size")
      }
      return constant(bytes)
    case .constant(let number):
      return constant(number)
    case .mark(let function):
      guard types.hasFunction(function) else { throw Absence("no function \(function)") }
      return constant(1)
    case .pageSizeMark(let bytes):
      guard bytes == pageSize else { throw Absence("no pages of \(bytes) bytes") }
      return constant(1)
    case .memberMark(let member, let structure):
      _ = try types.member(member, of: try named(structure))
      return constant(1)
    }
  }

  private func constant(_ number: Int) -> String {
    "\\\(number):\(number < 256 ? "u8" : "u64")"
  }

  private func named(_ structure: String) throws(Absence) -> TypeID {
    guard let id = types.structure(named: structure) else {
      throw Absence("no struct \(structure)")
    }
    return id
  }

  // MARK: Arguments

  /// The argument's number, counted from 1 as in `$arg1`, and its type.
  private func find(_ argument: Argument) throws(Absence) -> (number: Int, type: TypeID) {
    switch argument {
    case .pointer(let structure, let nth):
      let hits = prototype.parameters.enumerated().filter { points($0.element.type, to: structure) }
      guard let hit = hits.dropFirst(nth - 1).first else {
        let which = nth == 1 ? "no argument" : "no argument \(nth) of type"
        throw Absence("\(symbol) has \(which) struct \(structure) *")
      }
      return (hit.offset + 1, hit.element.type)
    case .pointerToPointer(let structure):
      for (index, parameter) in prototype.parameters.enumerated() {
        guard case .pointer(let target, _)? = types.shape(of: parameter.type),
          points(target, to: structure)
        else { continue }
        return (index + 1, parameter.type)
      }
      throw Absence("\(symbol) has no argument struct \(structure) **")
    case .named(let names):
      for name in names {
        guard let index = prototype.parameters.firstIndex(where: { $0.name == name }) else {
          continue
        }
        return (index + 1, prototype.parameters[index].type)
      }
      throw Absence("\(symbol) has no argument \(names.joined(separator: " nor "))")
    }
  }

  private func points(_ type: TypeID, to structure: String) -> Bool {
    types.pointee(of: type).map { types.name(of: $0) == structure } ?? false
  }

  // MARK: Paths

  /// A word in memory or in a register: how a probe reaches it, and what it is.
  private struct Place {
    var expression: String
    var type: TypeID
    var last: String
    /// The struct around what the word points to, and how far before that it begins.
    var container: TypeID?
    var untag = 0
  }

  private func firstPlace(
    _ base: Base, _ paths: [String], untag: Int = 0
  ) throws(Absence) -> Place {
    var firstAbsence: Absence?
    for path in paths {
      do { return try place(base, path, untag: untag) } catch {
        firstAbsence = firstAbsence ?? error
      }
    }
    throw firstAbsence ?? Absence("no path")
  }

  private func place(_ base: Base, _ path: String, untag: Int) throws(Absence) -> Place {
    let (number, type) = try find(base.argument)
    var place = Place(expression: "$arg\(number)", type: type, last: "argument \(number)")
    if case .pointerToPointer = base.argument, case .pointer(let target, _)? = types.shape(of: type) {
      place = Place(expression: "+0(\(place.expression))", type: target, last: place.last)
    }
    if let container = base.container {
      place.container = try named(container.structure)
      place.untag = try types.member(container.member, of: try named(container.structure)).byteOffset
    }
    let hops = (base.prefix + path).components(separatedBy: "->").filter { !$0.isEmpty }
    for (index, hop) in hops.enumerated() {
      try follow(hop, from: &place, untag: index == hops.count - 1 ? untag : 0)
    }
    return place
  }

  /// One `->`: the member's offset, around the pointer that leads to it.
  private func follow(_ hop: String, from place: inout Place, untag: Int) throws(Absence) {
    var path = hop
    var structure = place.container ?? types.pointee(of: place.type)
    if hop.hasPrefix("("), let end = hop.firstIndex(of: ")") {
      structure = try named(String(hop[hop.index(after: hop.startIndex)..<end]))
      path = String(hop[hop.index(after: end)...])
    }
    guard let structure else { throw Absence("\(place.last) is not a pointer") }
    var element = 0
    if path.hasPrefix("[1]."), case .aggregate(let bytes)? = types.shape(of: structure) {
      element = bytes
      path = String(path.dropFirst(4))
    }
    let member = try types.member(path, of: structure)
    let offset = element + member.byteOffset - untag - place.untag
    let sign = offset < 0 ? "" : "+"
    place = Place(
      expression: "\(sign)\(offset)(\(place.expression))", type: member.type,
      last: "member \(path) of struct \(types.name(of: structure))")
  }

  // MARK: Types

  private func notation(
    _ type: TypeID, _ style: Style, _ subject: String
  ) throws(Absence) -> String {
    switch types.shape(of: type) {
    case .integer(let bytes, let signed) where [1, 2, 4, 8].contains(bytes):
      switch style {
      case .hex: return "x\(bytes * 8)"
      case .number: return signed ? "s\(bytes * 8)" : "u\(bytes * 8)"
      case .unsigned: return "u\(bytes * 8)"
      }
    case .pointer(_, let bytes): return "x\(bytes * 8)"
    default: throw Absence("\(subject) is neither an integer nor a pointer")
    }
  }

  private func bit(
    _ base: Base, _ paths: [String], _ enumerator: String, _ enumeration: String
  ) throws(Absence) -> String {
    let place = try firstPlace(base, paths)
    let number = try types.enumerator(enumerator, of: enumeration)
    guard case .integer(let bytes, _)? = types.shape(of: place.type), number >= 0,
      number < bytes * 8
    else { throw Absence("\(place.last) has no bit \(enumerator)") }
    return "\(place.expression):b1@\(number)/\(bytes * 8)"
  }
}

extension String {
  /// Foundation's method of this name, without Foundation.
  func components(separatedBy separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return parts + [String(rest)]
  }
}
