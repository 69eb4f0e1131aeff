public import RmapEvents

/// What a recording says of one object, event by event.
public struct Life: Sendable {
  /// An event that names the object.
  public struct Line: Sendable {
    /// The event.
    public let stamp: EventStamp
    /// The function that it is of.
    public let kind: EventKind
    /// What it says; the object itself is `it`.
    public let text: String
  }

  /// The object.
  public let object: KernelAddress
  /// The first events that name it.
  public private(set) var first: [Line] = []
  /// The last of the others.
  public private(set) var last: [Line] = []
  /// How many name it.
  public private(set) var total = 0
  /// How many of the first are kept.
  private let limit: Int
  /// How many of the last are kept beside them.
  private static let lastKept = 10
  /// Operations about it that have been entered, by task.
  private var open: [Int32: [EventKind]] = [:]

  /// The life of an object, of which so many of the first events are kept; nil for all.
  public init(of object: KernelAddress, limit: Int?) {
    self.object = object
    self.limit = limit ?? .max
  }

  /// How many events between ``first`` and ``last`` are not kept.
  public var leftOut: Int { total - first.count - last.count }

  /// Takes the next event of the recording.
  public mutating func take(_ event: borrowing RmapEvent, at stamp: EventStamp) {
    let step = EventPicture.Step(event)
    switch event {
    case .leave(let result): return leave(result, stamp)
    default: break
    }
    guard let text = LifeText(object).text(of: event) else { return }
    switch event {
    case .enter(let entry): open[stamp.pid, default: []].append(entry.kind)
    default: break
    }
    note(Line(stamp: stamp, kind: step.kind, text: text))
  }

  private mutating func leave(_ result: OperationReturn, _ stamp: EventStamp) {
    let isIt = KernelAddress(UInt64(bitPattern: result.value)) == object
    let isOpen = open[stamp.pid]?.last == result.kind
    if isOpen {
      open[stamp.pid]?.removeLast()
      if open[stamp.pid]?.isEmpty == true { open[stamp.pid] = nil }
    }
    guard isIt || isOpen else { return }
    let made = result.kind == .vmaAlloc || result.kind == .vmaDup
    note(Line(stamp: stamp, kind: result.kind, text: isIt ? (made ? "returns it, new" : "returns it") : "returns"))
  }

  private mutating func note(_ line: Line) {
    total += 1
    if first.count < limit { return first.append(line) }
    last.append(line)
    if last.count > Self.lastKept { last.removeFirst() }
  }
}

/// An event in words, for whoever asks about one object.
private struct LifeText {
  private let object: KernelAddress

  init(_ object: KernelAddress) { self.object = object }

  /// nil if the event does not name the object.
  func text(of event: borrowing RmapEvent) -> String? {
    switch event {
    case .insert(let update):
      about([update.avc, update.vma.address, update.anonVMA, update.root]) { tree(update, "links") }
    case .remove(let update):
      about([update.avc, update.vma.address, update.anonVMA, update.root]) { tree(update, "unlinks") }
    case .enter(let entry): about([entry.vma.address, entry.source.address, entry.mm]) { operation(entry) }
    case .leave: nil
    case .put(let put):
      about([put.anonVMA, put.root]) {
        "\(name("anon_vma", put.anonVMA)) is freed" + (put.root == put.anonVMA ? "" : ", root \(name("", put.root))")
      }
    case .vmaFree(let free): about([free.vma, free.mm]) { "\(name("vma", free.vma)) is freed" }
    case .folio(let event): about([event.folio, event.vma.address, event.mapping.anonVMA]) { folio(event) }
    case .hugetlbUnmap(let unmap):
      about([unmap.vma.address]) { "\(name("vma", unmap.vma.address)) loses \(unmap.start)-\(unmap.end)" }
    case .walk(let event): walk(event)
    }
  }

  private func about(_ addresses: [KernelAddress], _ text: () -> String) -> String? {
    addresses.contains(object) ? text() : nil
  }

  private func name(_ kind: String, _ address: KernelAddress) -> String {
    if address == object { return "it" }
    return kind.isEmpty ? "\(address)" : "\(kind) \(address)"
  }

  private func vma(_ view: VMAView) -> String { "\(name("vma", view.address)) \(view.start)-\(view.end)" }

  private func tree(_ update: TreeUpdate, _ verb: String) -> String {
    var text = "\(name("AVC", update.avc)) \(verb) \(vma(update.vma)) "
    text += (verb == "links" ? "to " : "from ") + name("anon_vma", update.anonVMA)
    if update.root != update.anonVMA { text += ", root \(name("", update.root))" }
    if let children = update.children, let active = update.active {
      text += ", refcount \(update.refcount), children \(children), active \(active)"
    }
    return text
  }

  private func operation(_ entry: OperationEntry) -> String {
    if entry.kind == .mmExit { return "\(name("mm", entry.mm)) ends" }
    var text = entry.vma.address.isNull ? "" : vma(entry.vma)
    if !entry.source.address.isNull { text += (text.isEmpty ? "" : " ") + "from \(vma(entry.source))" }
    if entry.length > 0 {
      text += ", \(entry.sourceAddress) to \(entry.address), \(entry.address.pages(inBytes: entry.length)) pages"
    } else if entry.address.raw != 0 {
      text += " at \(entry.address)"
    }
    return text
  }

  private func folio(_ event: FolioEvent) -> String {
    var text = "\(name("folio", event.folio)) index \(event.index) of \(vma(event.vma))"
    if let address = event.address { text += " at \(address)" }
    if event.mapping.isAnonymous { text += ", mapping \(name("anon_vma", event.mapping.anonVMA))" }
    return text
  }

  private func walk(_ event: WalkEvent) -> String? {
    switch event {
    case .begin(let frame):
      about([frame.folio, frame.mapping.anonVMA]) { "a walk for \(name("folio", frame.folio)) index \(frame.index)" }
    case .first(let start):
      about([start.anonVMA, start.root]) { "a walk in the tree of \(name("anon_vma", start.anonVMA))" }
    case .next(let step): about([step.node]) { "a walk goes on from it" }
    case .found(let avc): about([avc]) { "a walk comes to it" }
    case .visit(let visit):
      about([visit.folio, visit.vma]) {
        "a walk looks for \(name("folio", visit.folio)) in \(name("vma", visit.vma)) at \(visit.address)"
      }
    case .end, .visited: nil
    }
  }
}
