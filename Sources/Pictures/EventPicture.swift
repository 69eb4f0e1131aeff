public import RmapEvents

/// The graph before and after one event.
public struct EventPicture: Sendable, Equatable {
  /// The event.
  public let stamp: EventStamp
  /// What the event is: the function, and whether it is its return.
  public let step: Step
  /// The outermost operation that the task was in, and its entry; nil outside of any.
  public let operation: Operation?
  /// What it is about.
  public let focus: Focus
  /// The graph before the event.
  public private(set) var before: GraphPicture
  /// The graph after it.
  public private(set) var after: GraphPicture
  /// Whether the event was judged by itself: what was before it is not known, and the graph is what the event says.
  public let isAlone: Bool
  /// The address spaces that it is about, before and after; empty where they were not asked for.
  public private(set) var strips: [Strip] = []
  /// What tasks did around the event.
  public package(set) var course = Course()

  /// An event, in a few words.
  public struct Step: Sendable, Equatable {
    /// The kernel function.
    public let kind: EventKind
    /// What it returned; nil for an entry.
    public let returned: Int64?

    /// The event's.
    public init(_ event: borrowing RmapEvent) {
      switch event {
      case .insert: (kind, returned) = (.insert, nil)
      case .remove: (kind, returned) = (.remove, nil)
      case .enter(let entry): (kind, returned) = (entry.kind, nil)
      case .leave(let result): (kind, returned) = (result.kind, result.value)
      case .put: (kind, returned) = (.put, nil)
      case .vmaFree: (kind, returned) = (.vmaFree, nil)
      case .folio(let event): (kind, returned) = (event.kind, nil)
      case .hugetlbUnmap: (kind, returned) = (.hugetlbUnmap, nil)
      case .walk: (kind, returned) = (.walk, nil)
      }
    }
  }

  /// An operation in which the event is.
  public struct Operation: Sendable, Equatable {
    /// The kernel function.
    public let kind: EventKind
    /// Its entry.
    public let stamp: EventStamp

    /// Memberwise.
    public init(kind: EventKind, stamp: EventStamp) {
      self.kind = kind
      self.stamp = stamp
    }
  }

  /// Gives the objects of both moments their names.
  public init(
    _ stamp: EventStamp, _ step: Step, in operation: Operation?, _ focus: Focus, before: GraphPicture,
    after: GraphPicture, isAlone: Bool = false
  ) {
    self.stamp = stamp
    self.isAlone = isAlone
    self.step = step
    self.operation = operation
    self.focus = focus
    self.before = before
    self.after = after
    let names = Names(focus, [before, after])
    names.give(to: &self.before)
    names.give(to: &self.after)
  }

  /// The mms of the VMAs that it is about, at most two.
  package var mms: [KernelAddress] {
    var found: [KernelAddress] = []
    for vma in (after.vmas + before.vmas).sorted(by: { $0.distance < $1.distance }) where vma.distance <= 1 {
      if !vma.view.mm.isNull, !found.contains(vma.view.mm) { found.append(vma.view.mm) }
    }
    return Array(found.prefix(2)).sorted()
  }

  /// The event with which what the task did here began: the entry of its operation (of a move, copy_vma's), or the making
  /// of a VMA that it is about right before.
  package var began: UInt64 {
    var first = operation?.stamp.ordinal ?? stamp.ordinal
    if (operation?.kind ?? step.kind) == .moveTables {
      let copies = course.steps.filter { $0.kind == .copyVMA && $0.phase == .enter && $0.stamp.pid == stamp.pid }
      first = copies.last { $0.stamp.ordinal < first }?.stamp.ordinal ?? first
    }
    let births = (before.vmas + after.vmas).filter { $0.distance == 0 && $0.birth.pid == stamp.pid }
      .map(\.birth.ordinal).filter { $0 > 0 && $0 < first && first - $0 <= Self.nearEvents }
    return births.min() ?? first
  }

  /// What lies further back than so many events is not part of the same doing.
  private static let nearEvents: UInt64 = 8

  /// Takes the address spaces, as they were before ``began`` and are after the event.
  package mutating func take(_ earlier: [AddressSpace], _ later: [AddressSpace]) {
    let names = Names(focus, [before, after])
    var vmas: [Strip.Tenant: String] = [:]
    var subjects: Set<Strip.Tenant> = []
    for vma in before.vmas + after.vmas {
      let tenant = Strip.Tenant(address: vma.view.address, birth: vma.birth.ordinal)
      vmas[tenant] = vma.name
      if vma.distance <= 1 { subjects.insert(tenant) }
    }
    var first = stamp
    first.ordinal = began
    strips = zip(earlier, later).map { old, new in
      Strip(
        new.mm, about: subjects, vmas, before: (old.pieces, first), after: (new.pieces, stamp, .after), names: names)
    }
  }

  /// The moment that shows what the finding says best: after the event, unless that has taken away one of its objects, or
  /// what is wrong with it.
  public var telling: GraphPicture {
    let named = { (picture: GraphPicture) in
      picture.vmas.count { $0.distance == 0 } + picture.anonVMAs.count { $0.distance == 0 && $0.state != nil }
        + picture.folios.count
    }
    if focus.accusation != nil, after.mark != before.mark { return after.mark > before.mark ? after : before }
    return named(after) < named(before) ? before : after
  }
}

extension GraphPicture {
  /// What is marked as missing or wrong: the more, the better it can be seen.
  enum Mark: Int, Comparable {
    case nothing, object, avc

    static func < (left: Mark, right: Mark) -> Bool { left.rawValue < right.rawValue }
  }

  /// The best that there is.
  var mark: Mark {
    if edges.contains(where: { $0.state == .missing || $0.isWrong }) { return .avc }
    let isAccused =
      vmas.contains(where: \.isWrong) || anonVMAs.contains(where: \.isWrong) || folios.contains(where: \.isWrong)
    return isAccused ? .object : .nothing
  }

  /// Whether the drawing alone says what is wrong. Before an event, a folio is as it was: what the event shows of it is not
  /// to be seen.
  var speaksForItself: Bool {
    switch mark {
    case .nothing: false
    case .object: moment == .after || !folios.contains(where: \.isWrong)
    case .avc: true
    }
  }
}

/// The names of the objects of several pictures: the letters of a finding, numbers for all others.
struct Names {
  private var names: [KernelAddress: String] = [:]

  init(_ focus: Focus, _ pictures: [GraphPicture]) {
    for subject in focus.subjects { if let letter = subject.letter { names[subject.address] = letter } }
    number("v", pictures.flatMap { $0.vmas.map(\.view.address) })
    number("a", pictures.flatMap { $0.anonVMAs.map(\.address) })
    number("f", pictures.flatMap { $0.folios.map(\.address) })
  }

  private mutating func number(_ prefix: String, _ addresses: [KernelAddress]) {
    var next = 1
    for address in addresses where names[address] == nil {
      names[address] = "\(prefix)\(next)"
      next += 1
    }
  }

  func give(to picture: inout GraphPicture) {
    for index in picture.vmas.indices { picture.vmas[index].name = names[picture.vmas[index].view.address] ?? "" }
    for index in picture.anonVMAs.indices {
      picture.anonVMAs[index].name = names[picture.anonVMAs[index].address] ?? ""
    }
    for index in picture.folios.indices { picture.folios[index].name = names[picture.folios[index].address] ?? "" }
  }

  /// The name of an object.
  subscript(_ address: KernelAddress) -> String? { names[address] }
}
