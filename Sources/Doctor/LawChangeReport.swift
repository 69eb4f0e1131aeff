public import KernelProbes
import Reports

extension LawChange {
  /// The form's name; fields are only ever added to it.
  public static let schema = "rmapcheck-since/1"

  /// 0 if the law was read against all that the new kernel has, 4 if not.
  public var exitStatus: Int32 { unreadCount == 0 ? 0 : 4 }

  /// For people: lines of at most 80 columns, as a diff.
  public func text() -> String {
    var out = TextLayout()
    out.line(subjects.isEmpty ? "Nothing changed for the law." : "What changed for the law")
    for subject in subjects {
      let note = subject.isNew.map { $0 ? " (new)" : " (gone)" } ?? ""
      out.line("  \(subject.name)\(note)")
      for line in subject.removed { out.paragraph("    -", line, indent: 6) }
      for line in subject.added {
        out.paragraph("    +", line.declaration + (line.remark.map { " (\($0))" } ?? ""), indent: 6)
      }
    }
    out.line(
      unreadCount == 0
        ? "The law (read up to \(ProbePlan.lawVersion)) names all that the new kernel has."
        : "Not read (the law is that of \(ProbePlan.lawVersion)): \(unreadCount). What rests on it is undecided.")
    return out.text
  }

  /// For programs: keys sorted, the same bytes every time.
  public func json() -> String { JSONReport.encode(Document(self)) }

  private struct Document: Encodable {
    let schema = LawChange.schema
    let lawVersion = ProbePlan.lawVersion
    let unread: Int
    let changes: [Entry]

    init(_ change: LawChange) {
      unread = change.unreadCount
      changes = change.subjects.map(Entry.init)
    }
  }

  private struct Entry: Encodable {
    let name: String
    let presence: String
    let added: [Added]
    let removed: [String]

    init(_ subject: Subject) {
      name = subject.name
      presence = subject.isNew.map { $0 ? "new" : "gone" } ?? "both"
      added = subject.added.map { Added(declaration: $0.declaration, remark: $0.remark) }
      removed = subject.removed
    }
  }

  private struct Added: Encodable {
    let declaration: String
    let remark: String?
  }
}
