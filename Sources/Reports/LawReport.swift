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
      page.paragraph("  Except", invariant.exceptions, indent: 12)
      page.paragraph(
        "  Needs", invariant.needs.map(\.kernelFunction).joined(separator: ", "), indent: 12)
    }
    return page.text
  }
}
