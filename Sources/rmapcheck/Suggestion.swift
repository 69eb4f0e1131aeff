import Invariants

/// What a misspelt name may have meant.
enum Suggestion {
  /// ` Did you mean 'reach'?`, or nothing where no name is near.
  static func text(for word: String, among names: [String]) -> String {
    nearest(to: word, among: names).map { " Did you mean '\($0)'?" } ?? ""
  }

  /// The name with the fewest letters added, left out, changed or swapped; nil if these are more than a third of them.
  static func nearest(to word: String, among names: [String]) -> String? {
    let found = names.map { (name: $0, distance: distance(word.lowercased(), $0.lowercased())) }
      .min { $0.distance < $1.distance }
    guard let found, found.distance <= max(1, max(word.count, found.name.count) / 3) else { return nil }
    return found.name
  }

  /// Optimal string alignment.
  static func distance(_ one: String, _ other: String) -> Int {
    let (a, b) = (Array(one), Array(other))
    var rows = [Array(0...b.count)]
    for i in 1...max(1, a.count) where i <= a.count {
      var row = [i]
      for j in 1...max(1, b.count) where j <= b.count {
        var least = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { least = min(least, rows[i - 2][j - 2] + 1) }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}

extension Invariant {
  /// The names of all, for completion.
  static var names: [String] { all.map(\.name) }

  /// The invariant that a user means.
  /// - Throws: ``UnknownInvariant``.
  static func meant(by name: String) throws(UnknownInvariant) -> Invariant {
    guard let invariant = named(name) else { throw UnknownInvariant(name: name) }
    return invariant
  }
}

/// A name that no invariant has.
struct UnknownInvariant: Error, CustomStringConvertible {
  let name: String

  var description: String {
    "There is no invariant '\(name)'." + Suggestion.text(for: name, among: Invariant.names)
      + " `rmapcheck explain --list` has all of them."
  }
}
