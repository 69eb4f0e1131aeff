public import Invariants
import RmapEvents

/// One thing that is wrong in a recording: its first violation, and what follows from that.
public struct Defect: Sendable {
  /// See ``Fingerprint``; no two defects of a recording have the same.
  public let fingerprint: String
  /// The invariant that is broken first.
  public let invariant: Invariant
  /// The violation that shows first: what a report leads with.
  public let first: Finding
  /// How often it has struck: violations of this kind that follow from no other one, the first included.
  public let occurrences: UInt64
  /// What follows from it, by invariant, in the order in which that first shows.
  public let follows: [Follow]
  /// The chains of the log that it is made of.
  let chains: Set<DefectLog.Chain>

  /// The violations of one invariant that follow from a defect's.
  public struct Follow: Sendable {
    /// The invariant.
    public let invariant: Invariant
    /// How many of its violations.
    public let count: UInt64
    /// The number of the event at which the first of them shows.
    public let firstEvent: UInt64
  }

  /// All that follows from it.
  public var followCount: UInt64 { follows.reduce(0) { $0 &+ $1.count } }

  /// All of its violations.
  public var violations: UInt64 { occurrences &+ followCount }
}

extension Defect {
  /// The defects behind the violations of a replay. Chains that begin with the same kind of violation are one: it is
  /// the same line of the kernel, however often it ran.
  static func all(of log: DefectLog) -> [Defect] {
    if log.chains.isEmpty { return [] }
    var order: [String] = []
    var chains: [String: [DefectLog.Chain]] = [:]
    let invariants = Dictionary(uniqueKeysWithValues: Invariant.all.map { ($0.number, $0) })
    for (place, links) in log.chains.enumerated() {
      guard let invariant = invariants[links.invariant] else { continue }
      let fingerprint = Fingerprint.of(links.first, of: invariant)
      if chains[fingerprint] == nil { order.append(fingerprint) }
      chains[fingerprint, default: []].append(DefectLog.Chain(place))
    }
    return order.map { Defect($0, of: chains[$0] ?? [], in: log, invariants) }
      .enumerated().sorted { ($0.element.first.stamp.ordinal, $0.offset) < ($1.element.first.stamp.ordinal, $1.offset) }
      .map(\.element)
  }

  private init(
    _ fingerprint: String, of chains: [DefectLog.Chain], in log: DefectLog, _ invariants: [Int: Invariant]
  ) {
    let links = chains.map { log.chains[Int($0)] }
    guard let first = links.min(by: { $0.first.stamp.ordinal < $1.first.stamp.ordinal }),
      let invariant = invariants[first.invariant]
    else { preconditionFailure("a defect has a chain") }
    var follows: [Int: DefectLog.Follow] = [:]
    for one in links {
      follows.merge(one.follows) { left, right in
        DefectLog.Follow(count: left.count &+ right.count, firstEvent: min(left.firstEvent, right.firstEvent))
      }
    }
    self.fingerprint = fingerprint
    self.invariant = invariant
    self.first = first.first
    occurrences = links.reduce(0) { $0 &+ 1 &+ $1.again }
    self.follows = Invariant.all.compactMap { invariant in
      follows[invariant.number].map { Follow(invariant: invariant, count: $0.count, firstEvent: $0.firstEvent) }
    }.enumerated().sorted { ($0.element.firstEvent, $0.offset) < ($1.element.firstEvent, $1.offset) }.map(\.element)
    self.chains = Set(chains)
  }
}
