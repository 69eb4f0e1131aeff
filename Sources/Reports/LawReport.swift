public import Invariants
import RmapEvents

/// The invariants' own texts, for `explain`.
public enum LawReport {
  /// The given invariants, one after another.
  public static func render(_ invariants: [Invariant]) -> String {
    var page = TextLayout()
    for (index, invariant) in invariants.enumerated() {
      if index > 0 { page.line() }
      page.line("\(invariant.name) (I\(invariant.number))")
      page.paragraph("  Rule", invariant.statement, indent: 12)
      page.paragraph("  Source", invariant.source, indent: 12)
      page.paragraph("  Kernels", invariant.kernels, indent: 12)
      page.paragraph("  Except", invariant.exceptions, indent: 12)
      page.paragraph(
        "  Needs",
        (invariant.needs.map { FunctionNames()[$0] } + invariant.fields.map(\.meaning))
          .joined(separator: ", "), indent: 12)
    }
    return page.text
  }

  /// The given invariants, a line each: number, name, and the beginning of the rule.
  public static func list(_ invariants: [Invariant]) -> String {
    var page = TextLayout()
    for invariant in invariants {
      let line = "\(column("I\(invariant.number)", 4)) \(column(invariant.name, 17)) "
      let rest = TextLayout.width - line.count
      let rule = invariant.statement
      page.line(line + (rule.count <= rest ? rule : cut(rule, rest - 3) + "..."))
    }
    return page.text
  }

  /// Whole words.
  private static func cut(_ text: String, _ width: Int) -> String {
    let head = text.prefix(width)
    return String(text.dropFirst(width).first == " " ? head : head[..<(head.lastIndex(of: " ") ?? head.endIndex)])
  }

  /// What no recording can decide, and why.
  public static func render(_ undecidable: [Undecidable]) -> String {
    var page = TextLayout()
    page.line("Not decided by any recording:")
    for entry in undecidable {
      page.line()
      page.line(entry.name)
      page.paragraph("  What", entry.statement, indent: 12)
      page.paragraph("  Why not", entry.reason, indent: 12)
    }
    return page.text
  }
}
