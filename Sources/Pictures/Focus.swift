public import Invariants
public import RmapEvents
public import RmapGraph

/// What a picture is about.
public struct Focus: Sendable, Equatable {
  /// The objects, most important first.
  public private(set) var subjects: [Subject] = []
  /// A root whose whole graph is to be shown.
  public var root: KernelAddress?
  /// What the finding says is wrong; nil without one.
  public private(set) var accusation: Accusation?
  /// Whether it is about one object and nothing else.
  public private(set) var isOfObject = false

  /// An object.
  public struct Subject: Sendable, Equatable {
    /// Its address.
    public let address: KernelAddress
    /// The letter that a finding has for it.
    public var letter: String?
  }

  /// Nothing yet: the event's own objects come when it is there.
  public init(root: KernelAddress? = nil) { self.root = root }

  /// One object.
  public init(object: KernelAddress) {
    add(object)
    isOfObject = true
  }

  /// What a finding speaks of.
  public init(_ finding: Finding, of invariant: Invariant) {
    for object in finding.objects {
      if let address = addresses(in: object.description).first { add(address, letter: object.name) }
    }
    let facts = finding.established + [finding.contradiction]
    for fact in facts {
      for (address, letter) in lettered(fact.text) { add(address, letter: letter) }
    }
    let told = subjects.map(\.address)
    for fact in facts {
      for address in addresses(in: fact.text) { add(address) }
    }
    for object in finding.objects {
      for address in addresses(in: object.description) { add(address) }
    }
    accusation = Accusation(finding, of: invariant, letters: subjects.prefix(told.count).compactMap(\.letter))
  }

  /// Adds an object, unless it is there.
  public mutating func add(_ address: KernelAddress, letter: String? = nil) {
    guard address.isKernel else { return }
    if let index = subjects.firstIndex(where: { $0.address == address }) {
      if subjects[index].letter == nil { subjects[index].letter = letter }
    } else {
      subjects.append(Subject(address: address, letter: letter))
    }
  }

  /// The letter of an object.
  func letter(_ address: KernelAddress) -> String? { subjects.first { $0.address == address }?.letter }

  /// Adds what an event shows.
  public mutating func add(_ event: borrowing RmapEvent, at stamp: EventStamp, in graph: borrowing RmapGraph) {
    switch event {
    case .insert(let update), .remove(let update):
      add(update.vma.address)
      add(update.anonVMA)
      add(update.root)
    case .enter(let entry): add(entry)
    case .leave(let result):
      if let operation = graph.operation(ofTask: stamp.pid), operation.pointee.kind == result.kind {
        add(operation.pointee.entry)
      }
      add(KernelAddress(UInt64(bitPattern: result.value)))
    case .put(let put):
      add(put.anonVMA)
      add(put.root)
    case .vmaFree(let free):
      add(free.vma)
      add(free.anonVMA)
    case .folio(let event):
      add(event.folio)
      add(event.vma.address)
      if event.mapping.isAnonymous { add(event.mapping.anonVMA) }
    case .hugetlbUnmap(let unmap): add(unmap.vma.address)
    case .walk(let event): add(event, at: stamp, in: graph)
    }
  }

  private mutating func add(_ entry: OperationEntry) {
    add(entry.vma.address)
    add(entry.source.address)
    add(entry.vma.anonVMA)
    add(entry.source.anonVMA)
  }

  private mutating func add(_ event: WalkEvent, at stamp: EventStamp, in graph: borrowing RmapGraph) {
    switch event {
    case .begin(let frame):
      add(frame.folio)
      if frame.mapping.isAnonymous { add(frame.mapping.anonVMA) }
    case .first(let start): add(start.anonVMA)
    case .next(let step): add(step.node)
    case .found(let avc): add(avc)
    case .visit(let visit):
      add(visit.folio)
      add(visit.vma)
    case .end, .visited: break
    }
    if let walker = graph.walker(ofTask: stamp.pid) {
      if let folio = walker.pointee.frame?.folio { add(folio) }
      if let start = walker.pointee.walk?.start { add(start.anonVMA) }
    }
  }
}

/// The kernel addresses in a text, in their order.
func addresses(in text: String) -> [KernelAddress] { spans(text).map(\.address) }

/// `A = anon_vma 0xff…` in a text.
private func lettered(_ text: String) -> [(KernelAddress, String)] {
  spans(text).compactMap { span in
    let words = text[..<span.start].split(separator: " ").suffix(3)
    guard words.count == 3, words.dropFirst().first == "=", let letter = words.first, letter.count == 1 else {
      return nil
    }
    return (span.address, String(letter))
  }
}

/// `0xff` and 14 more digits, and where each begins.
private func spans(_ text: String) -> [(start: String.Index, address: KernelAddress)] {
  var found: [(String.Index, KernelAddress)] = []
  var rest = text[...]
  while let zero = rest.firstIndex(of: "0") {
    let digits = rest[zero...].dropFirst(2).prefix { $0.isHexDigit }
    if rest[zero...].hasPrefix("0xff"), digits.count == 16, let raw = UInt64(digits, radix: 16) {
      found.append((zero, KernelAddress(raw)))
      rest = rest[digits.endIndex...]
    } else {
      rest = rest[rest.index(after: zero)...]
    }
  }
  return found
}
