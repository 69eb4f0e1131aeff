/// How many of an invariant's violations are kept with their full explanation. All are counted.
public enum FindingLimit: Sendable, Equatable {
  /// The first so many, each of another object.
  case first(Int)
  /// Every one, also a second one of the same object.
  case all

  /// Enough to see what is wrong, little enough to be kept for each invariant of each recording of a large run.
  public static let standard = FindingLimit.first(standardCount)
  /// See ``standard``.
  public static let standardCount = 64

  func keeps(isNew: Bool, kept: Int) -> Bool {
    switch self {
    case .first(let count): isNew && kept < count
    case .all: true
    }
  }
}
