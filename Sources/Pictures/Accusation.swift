import Invariants

/// What a finding says is wrong, as far as a drawing can show it.
public struct Accusation: Sendable, Equatable {
  /// What kind of thing it is.
  let kind: Accused
  /// The letter of the VMA that is judged, where one is.
  let vma: String?
  /// The letters of the objects that the contradiction speaks of.
  let accused: [String]
  /// The rule.
  public let invariant: String
  /// The rule and the contradiction.
  public let text: String

  init(_ finding: Finding, of invariant: Invariant, letters: [String]) {
    kind = invariant.accuses
    vma = finding.objects.first { $0.description.hasPrefix("vma ") }?.name
    let words = finding.contradiction.text.split { !$0.isLetter && $0 != "_" }.map(String.init)
    let named = letters.filter { words.contains($0) }
    accused = named.isEmpty ? Array(finding.objects.prefix(1).map(\.name)) : named
    self.invariant = invariant.name
    text = "\(invariant.name): \(finding.contradiction.text)"
  }
}
