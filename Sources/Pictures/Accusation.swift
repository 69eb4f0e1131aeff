import Invariants

/// What a finding says is wrong, as far as a drawing can show it.
public struct Accusation: Sendable, Equatable {
  /// What kind of thing it is.
  enum Kind: Sendable, Equatable {
    /// A VMA is not in a tree, or is in one too many.
    case membership
    /// An AVC is there, and something is wrong with it.
    case avc
    /// Something is wrong with an object.
    case object
  }

  /// What kind of thing it is.
  let kind: Kind
  /// The letter of the VMA that is judged, where one is.
  let vma: String?
  /// The letters of the objects that the contradiction speaks of.
  let accused: [String]
  /// The rule.
  public let invariant: String
  /// The rule and the contradiction.
  public let text: String

  init(_ finding: Finding, of invariant: Invariant, letters: [String]) {
    kind = Self.kinds[invariant.name] ?? .object
    vma = finding.objects.first { $0.description.hasPrefix("vma ") }?.name
    let words = finding.contradiction.text.split { !$0.isLetter && $0 != "_" }.map(String.init)
    let named = letters.filter { words.contains($0) }
    accused = named.isEmpty ? Array(finding.objects.prefix(1).map(\.name)) : named
    self.invariant = invariant.name
    text = "\(invariant.name): \(finding.contradiction.text)"
  }

  /// By invariant; the findings of all others accuse objects.
  static let kinds: [String: Kind] = [
    "fork-closure": .membership, "copy-closure": .membership, "merge-closure": .membership,
    "prepare-closure": .membership, "parent-closure": .membership, "shared-anon-vma": .membership,
    "reach": .membership, "vma-state": .membership,
    "avc-link": .avc, "interval-key": .avc, "vma-death": .avc, "walk-coverage": .avc, "walk-order": .avc,
  ]
}

extension Accusation {
  /// The rules that have a kind of their own.
  package static var ruledNames: [String] { kinds.keys.sorted() }
}
