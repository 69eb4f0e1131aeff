extension Policy {
  /// Every policy that is compared by default.
  public static let all = debate2014 + debate2026

  /// The designs from 2.6 to 6.0, one line each, in the order of the debate.
  public static let debate2014: [Policy] = [
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

  /// The designs of 2026, one line each; split-counters, which they would replace, is the last of the others.
  public static let debate2026: [Policy] = [
    .relocate,
    .lazy,
    .lazyShared,
    .lazyRepoint,
    .lazySwapin,
    .lazyRepaired,
    .cowContext,
    .cowVirtual,
    .cowUnshare,
    .cowPruned,
  ]

  /// Policies that are kept for the bug they have, and compared only where they are named, or by the scenario that shows
  /// the bug.
  public static let historic: [Policy] = [.hierarchyWithOwnPages, .lazyNaive, .cowPrototype]

  /// Names for several policies.
  static let groups: [(name: String, policies: [Policy])] = [
    ("2014", debate2014), ("2026", [.splitCounters] + debate2026), ("all", all + historic),
  ]

  /// The policies that a list of names with commas asks for, each once; all that are compared by default without any.
  public static func chosen(by lists: [String]) throws(NameError) -> [Policy] {
    guard !lists.isEmpty else { return all }
    var chosen: [Policy] = []
    for name in lists.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }) {
      let group = groups.first { $0.name == name }?.policies
      guard let policies = group ?? named(name).map({ [$0] }) else { throw NameError(name: name) }
      for policy in policies where !chosen.contains(where: { $0.name == policy.name }) { chosen.append(policy) }
    }
    return chosen
  }

  /// A name that no policy has.
  public struct NameError: Error, CustomStringConvertible {
    /// What was asked for.
    public let name: String
    /// One sentence.
    public var description: String {
      "There is no design '\(name)'; there are \((all + historic).map(\.name).joined(separator: ", ")), limit:N for "
        + "any N up to 1000000, and 2014, 2026 and all for several."
    }
  }

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
