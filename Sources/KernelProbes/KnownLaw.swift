import Vocabulary

/// What the law of the invariants was read against: the parts of a kernel's types that it rests on.
///
/// A kernel with a member, parameter or enumerator there that this does not name may have other rules. Whoever reads such
/// a kernel's source adds the name here, with the rules' change if there is one; `rmapcheck doctor --since OLD.btf` lists
/// what is to be read. What is gone needs no entry: the recipes see that themselves. Offsets play no part.
package struct KnownLaw: Sendable {
  /// A struct.
  struct Structure: Sendable {
    let name: String
    /// If given, only members that share their place with one of these are looked at.
    var words: [String] = []
    /// The members that recipes and rules rest on, in each type that they have had.
    var read: Set<LawfulName>
    /// Members that no rule rests on, by what they are for. A name may end in `*`.
    var besides: [String: String]

    /// What a member that no rule rests on is for.
    func purpose(of member: String) -> String? {
      besides[member] ?? besides.first { $0.key.hasSuffix("*") && member.hasPrefix($0.key.dropLast()) }?.value
    }
  }

  /// An enum.
  struct Enumeration: Sendable {
    let name: String
    var read: Set<String>
  }

  /// The newest kernel whose source it was read in.
  let version: String
  var structures: [Structure]
  /// By function, every parameter that its prototypes have had, in an order that contains that of each of them.
  var functions: [String: [LawfulName]]
  var enumerations: [Enumeration]

  /// What a kernel has of it that it does not name, in order of struct, function and enum. Of functions only those in
  /// `probed`.
  func unread(in types: LawfulTypes, probed: Set<String>) -> [UnreadLaw] {
    let members = structures.flatMap { structure in
      (types.structures[structure.name] ?? []).compactMap { unread($0, in: structure) }
    }
    let parameters = types.functions.filter { probed.contains($0.key) }.sorted { $0.key < $1.key }.flatMap {
      unread(parameters: $0.value, of: $0.key)
    }
    let enumerators = enumerations.flatMap { enumeration in
      (types.enumerations[enumeration.name] ?? []).filter { !enumeration.read.contains($0.name) }.map {
        UnreadLaw(.enumerator, of: enumeration.name, name: $0.name)
      }
    }
    return members + parameters + enumerators
  }

  private func unread(_ member: LawfulName, in structure: Structure) -> UnreadLaw? {
    if structure.read.contains(member) || structure.purpose(of: member.name) != nil { return nil }
    let isOtherType = structure.read.contains { $0.name == member.name }
    return UnreadLaw(.member, of: structure.name, name: isOtherType ? member.declaration : member.name)
  }

  private func unread(parameters: [LawfulName], of function: String) -> [UnreadLaw] {
    var rest = (functions[function] ?? [])[...]
    var unread: [UnreadLaw] = []
    for parameter in parameters {
      if let place = rest.firstIndex(of: parameter) {
        rest = rest[(place + 1)...]
      } else {
        let isKnown = functions[function]?.contains { $0.name == parameter.name } ?? false
        unread.append(UnreadLaw(.parameter, of: function, name: isKnown ? parameter.declaration : parameter.name))
      }
    }
    return unread
  }
}

extension LawfulName {
  /// Reads `unsigned long vm_start` or `struct vm_area_struct **vmap`.
  init(declaration: some StringProtocol) {
    let words = declaration.split(separator: " ")
    let last = words.last ?? ""
    let stars = last.prefix { $0 == "*" }
    let type = words.dropLast().joined(separator: " ")
    self.init(name: String(last.dropFirst(stars.count)), type: stars.isEmpty ? type : "\(type) \(stars)")
  }
}

extension KnownLaw.Structure {
  /// Reads a list of members as C declares them, one a line, and one of members that don't matter: `vm_policy: NUMA`.
  init(_ name: String, words: [String] = [], _ read: String, besides: String = "") {
    self.name = name
    self.words = words
    self.read = Set(read.split(separator: "\n").map { LawfulName(declaration: $0) })
    self.besides = besides.split(separator: "\n").reduce(into: [:]) { purposes, line in
      let parts = line.split(separator: ":", maxSplits: 1)
      for member in parts[0].split(separator: " ") {
        purposes[String(member)] = parts[1].drop { $0 == " " }.description
      }
    }
  }
}

extension KnownLaw {
  /// Reads prototypes, one a line.
  static func functions(_ text: String) -> [String: [LawfulName]] {
    text.split(separator: "\n").reduce(into: [:]) { functions, line in
      let parts = line.split { $0 == "(" || $0 == ")" }
      functions[String(parts[0])] = parts[1].split(separator: ",").map { LawfulName(declaration: $0) }
    }
  }
}
