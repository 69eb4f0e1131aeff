extension Policy {
  /// Every policy that is compared by default, one line each, in the order of the debate.
  public static let all: [Policy] = [
    .single,
    .hierarchy,
    .pagecount,
    .limit(1),
    .limit(5),
    .rootOnly,
    .reuseAny,
    .degree,
    .degreeWithPrevious,
    .splitCounters,
  ]

  /// Policies that are kept for the bug they had, and compared only where they are named.
  public static let historic: [Policy] = [.hierarchyWithOwnPages]

  /// The policy with a name; `NAME:N` is one with a number (`limit:7`).
  public static func named(_ name: String) -> Policy? {
    let known = all + historic
    if let policy = known.first(where: { $0.name == name }) { return policy }
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].allSatisfy(\.isASCIIDigit), let number = Int(parts[1]),
      (0...1_000_000).contains(number)
    else { return nil }
    let relative = known.first { $0.parameter != nil && $0.name.hasPrefix("\(parts[0]):") }
    return relative?.parameter?(number)
  }
}
