import ArgumentParser
import Invariants

/// `--limit`: a number, or all.
enum Limit: ExpressibleByArgument {
  case first(Int)
  case all

  init?(argument: String) {
    if argument == "all" {
      self = .all
    } else if let count = Int(argument), count >= 0 {
      self = .first(count)
    } else {
      return nil
    }
  }

  var defaultValueDescription: String { count.map(String.init) ?? "all" }

  /// nil for all.
  var count: Int? { if case .first(let count) = self { count } else { nil } }
}

extension FindingLimit {
  /// So many of each invariant, and never fewer than usual: a check rests on them, too.
  init(_ limit: Limit) { self = limit.count.map { .first(max($0, Self.standardCount)) } ?? .all }
}
