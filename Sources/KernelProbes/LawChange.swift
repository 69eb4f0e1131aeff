import Vocabulary

/// What changed for the law between two kernels: what a maintainer reads when a new kernel comes.
public struct LawChange: Equatable, Sendable {
  /// A struct, a prototype or an enum.
  public struct Subject: Equatable, Sendable {
    /// `struct anon_vma`, `anon_vma_clone()`, `enum vma_operation`.
    public let name: String
    /// Whether only the new kernel has it, or only the old one; nil if both have it.
    public let isNew: Bool?
    /// What is new or of another type, as C declares it.
    public let added: [Line]
    /// What is gone or was of another type, as C declares it.
    public let removed: [String]
  }

  /// Something new.
  public struct Line: Equatable, Sendable {
    /// As C declares it.
    public let declaration: String
    /// What the law's data says of it: nil where it was read, `not read`, or what it is for if no rule rests on it.
    public let remark: String?
  }

  /// What differs: structs, functions, enums, each by name.
  public let subjects: [Subject]
  /// What the law was not read against, of all that the new kernel has.
  public let unreadCount: Int

  /// Compares a kernel with an older one.
  public init(from old: KernelTypes, to new: KernelTypes) {
    self.init(from: LawfulTypes(old), to: LawfulTypes(new), .all)
  }

  init(from old: LawfulTypes, to new: LawfulTypes, _ law: KnownLaw) {
    let unread = law.unread(in: new, probed: Set(new.functions.keys))
    func remark(_ subject: String, _ entry: LawfulName) -> String? {
      if unread.contains(where: { $0.of == subject && [entry.name, entry.declaration].contains($0.name) }) {
        return "not read"
      }
      let purpose = law.structures.first { $0.name == subject }?.purpose(of: entry.name)
      return purpose.map { "no rule rests on it: \($0)" }
    }
    func differences(
      _ old: [String: [LawfulName]], _ new: [String: [LawfulName]], _ title: (String) -> String
    ) -> [Subject] {
      Set(old.keys).union(new.keys).sorted().compactMap { key in
        let (before, after) = (old[key], new[key])
        let (known, present) = (Set(before ?? []), Set(after ?? []))
        let added = (after ?? []).filter { !known.contains($0) }
        let removed = (before ?? []).filter { !present.contains($0) }
        let isNew = before == nil ? true : after == nil ? false : nil
        if added.isEmpty, removed.isEmpty, isNew == nil { return nil }
        return Subject(
          name: title(key), isNew: isNew,
          added: added.map { Line(declaration: $0.declaration, remark: remark(key, $0)) },
          removed: removed.map(\.declaration))
      }
    }
    subjects =
      differences(old.structures, new.structures) { "struct \($0)" }
      + differences(old.functions, new.functions) { "\($0)()" }
      + differences(old.enumerations, new.enumerations) { "enum \($0)" }
    unreadCount = unread.count
  }
}
