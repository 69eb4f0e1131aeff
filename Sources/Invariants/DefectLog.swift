public import RmapEvents
import RmapGraph

/// Which violations follow from which, noted as they show.
///
/// A chain is a violation and what follows from it: what shows at the same event, or speaks of an object that the chain
/// speaks of, or of a tree under a root that it has spoiled. Chains that begin alike are the same defect, which struck
/// more than once. A flood has few kinds of defect, however many violations: of each kind only the first chains are told
/// apart, and what strikes after that is counted. So the memory is bounded, and all is counted.
///
/// Shared by the ledgers of a replay's judges, which one thread calls at a time.
public final class DefectLog: @unchecked Sendable {
  /// A place among ``chains``.
  public typealias Chain = UInt32

  /// A violation, and what follows from it.
  public struct Links: Sendable {
    /// The invariant's number.
    public fileprivate(set) var invariant: Int
    /// The violation that shows first; of several at one event, that of the invariant that the catalog names first.
    public fileprivate(set) var first: Finding
    /// How often the like of it has struck since, told apart no more.
    public fileprivate(set) var again: UInt64 = 0
    /// The others, by the numbers of their invariants.
    public fileprivate(set) var follows: [Int: Follow] = [:]
    fileprivate var kind: DefectKind
  }

  /// The violations of one invariant that follow from another violation.
  public struct Follow: Sendable, Equatable {
    /// How many.
    public internal(set) var count: UInt64
    /// The number of the event at which the first of them shows.
    public internal(set) var firstEvent: UInt64

    /// Memberwise.
    public init(count: UInt64, firstEvent: UInt64) {
      self.count = count
      self.firstEvent = firstEvent
    }
  }

  /// All chains, in the order in which they showed.
  public private(set) var chains: [Links] = []
  private var chainOf: [Subject: Chain] = [:]
  /// What is in `chainOf`, the oldest first from `oldest` on: a ring once it is full.
  private var subjects: [Subject] = []
  private var oldest = 0
  private var chainsOfKind: [DefectKind: [Chain]] = [:]

  /// So many chains of a kind are told apart.
  private static let mostOfKind = 64
  /// So many subjects are remembered.
  private static let mostSubjects = 1 << 16

  /// Nothing.
  public init() {}

  /// Notes a violation; whether it is now the first of its chain.
  func note(
    _ finding: Finding, of invariant: Int, in graph: borrowing RmapGraph
  ) -> (chain: Chain, isFirst: Bool) {
    let about = graph.subjects(of: finding)
    let chain = earliest(of: about, finding)
    defer { remember(about, finding, chain ?? Chain(chains.count - 1)) }
    if let chain { return (chain, link(finding, invariant, to: chain)) }
    let kind = DefectKind(finding, of: invariant)
    if let alike = chainsOfKind[kind], alike.count >= Self.mostOfKind, let last = alike.last {
      chains[Int(last)].again += 1
      return (last, false)
    }
    let new = Chain(chains.count)
    chains.append(Links(invariant: invariant, first: finding, kind: kind))
    chainsOfKind[kind, default: []].append(new)
    return (new, true)
  }

  /// Counts a violation of an object that the invariant has been broken for; whether it follows from another, so that no
  /// more is to be noted.
  func count(_ invariant: Int, in chain: Chain) -> Bool {
    guard let place = chains[Int(chain)].follows.index(forKey: invariant) else { return false }
    chains[Int(chain)].follows.values[place].count += 1
    return true
  }

  // MARK: What follows from what

  /// The first chain that this may be a part of. An event or an object in common says more than a root.
  private func earliest(of about: Subjects, _ finding: Finding) -> Chain? {
    let direct = about.objects.union(finding.causes).compactMap { chainOf[$0] }.min()
    return direct ?? about.trees.compactMap { chainOf[$0] }.min()
  }

  /// Adds a violation to a chain; whether it is now its first.
  private func link(_ finding: Finding, _ invariant: Int, to chain: Chain) -> Bool {
    let place = Int(chain)
    let first = chains[place].first
    let isFirst =
      Self.isContract(finding, invariant, brokenBy: first, chains[place].invariant)
      || (finding.stamp.ordinal, Self.order(invariant)) < (first.stamp.ordinal, Self.order(chains[place].invariant))
        && !Self.isContract(first, chains[place].invariant, brokenBy: finding, invariant)
    if !isFirst {
      follow(invariant, finding.stamp.ordinal, in: place)
      return false
    }
    follow(chains[place].invariant, first.stamp.ordinal, in: place)
    chains[place].first = finding
    chains[place].invariant = invariant
    let kind = DefectKind(finding, of: invariant)
    if kind != chains[place].kind {
      chainsOfKind[chains[place].kind]?.removeAll { $0 == chain }
      chainsOfKind[kind, default: []].append(chain)
      chains[place].kind = kind
    }
    return true
  }

  /// Whether a violation is that of an operation's own rule, and the other one shows within that operation.
  private static func isContract(
    _ finding: Finding, _ invariant: Int, brokenBy other: Finding, _ otherInvariant: Int
  ) -> Bool {
    guard let began = finding.operation, began.pid == other.stamp.pid, began.ordinal <= other.stamp.ordinal,
      other.stamp.ordinal <= finding.stamp.ordinal
    else { return false }
    return order(invariant) < order(otherInvariant)
  }

  private func follow(_ invariant: Int, _ event: UInt64, in place: Int) {
    let before = chains[place].follows[invariant]
    chains[place].follows[invariant] = Follow(
      count: (before?.count ?? 0) + 1, firstEvent: min(before?.firstEvent ?? event, event))
  }

  /// What is remembered first is what it stays with.
  private func remember(_ about: Subjects, _ finding: Finding, _ chain: Chain) {
    for subject in about.objects.union(about.trees).union(finding.effects) where chainOf[subject] == nil {
      chainOf[subject] = chain
      if subjects.count < Self.mostSubjects {
        subjects.append(subject)
      } else {
        chainOf[subjects[oldest]] = nil
        subjects[oldest] = subject
        oldest = (oldest + 1) % Self.mostSubjects
      }
    }
  }

  /// The catalog's order: what an operation did wrong stands before what follows from it.
  private static func order(_ invariant: Int) -> Int { places[invariant] ?? .max }
  private static let places = Dictionary(
    uniqueKeysWithValues: Invariant.all.enumerated().map { ($0.element.number, $0.offset) })
}

/// What two violations have in common that are the same defect: no address, no number, and the job of the function that
/// did it. Neither its name, which changes from kernel to kernel, nor where it shows, which is chance.
public struct DefectKind: Hashable, Sendable {
  /// The invariant's number.
  public let invariant: Int
  /// What is wrong, with `#` for each number.
  public let what: String
  /// The function that did it, as far as that is known; otherwise that in which it shows.
  public let function: KernelFunction

  /// The kind of a violation.
  public init(_ finding: Finding, of invariant: Int) {
    self.invariant = invariant
    what = Self.withoutNumbers(finding.what)
    function = finding.responsible
  }

  /// Numbers, decimal and those that 0x begins, as one `#`; digits within a word stay.
  package static func withoutNumbers(_ text: String) -> String {
    var result: [UInt8] = []
    var word: [UInt8] = []
    func end() {
      let isNumber = word.first.map { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ?? false
      let isPlain = word.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } || word.starts(with: "0x".utf8)
      result += isNumber && isPlain ? [UInt8(ascii: "#")] : word
      word = []
    }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), 0x80...:
        word.append(byte)
      default:
        end()
        result.append(byte)
      }
    }
    end()
    return String(decoding: result, as: UTF8.self)
  }
}
