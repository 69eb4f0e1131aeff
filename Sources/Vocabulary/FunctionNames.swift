/// A kernel function that did something, whatever its name on the recorded kernel.
public enum KernelFunction: Hashable, Sendable {
  /// The function that events of a kind are about.
  case kind(EventKind)
  /// A function without events of its own, by its name.
  case named(String)

  /// The same word for the same job on every kernel: `folioRemove`.
  public var word: String {
    switch self {
    case .kind(let kind): "\(kind)"
    case .named(let name): name
    }
  }
}

/// The kernel functions of one recording: what a report calls that which happened.
///
/// The names are those of the recorded kernel: its probes' definitions tell them, or else the names of its events, since
/// `page_add` is page_add_anon_rmap and `folio_add` is folio_add_anon_rmap_ptes.
public struct FunctionNames: Sendable, Equatable {
  private var names: [String]

  /// The names that most kernels have: where no recording says more.
  public init() { self.init(events: [], definitions: []) }

  /// The names of a recording that can hold these events; `definitions` are lines of `kprobe_events`.
  public init(events: some Sequence<EventName>, definitions: [String]) {
    names = EventKind.allCases.map { kind in
      EventDeclaration.all.first { $0.kinds.contains(kind) }?.usualFunction ?? "\(kind)"
    }
    let probed = Dictionary(definitions.compactMap(Self.probe)) { first, _ in first }
    // Where several events are of one kind, the first of the vocabulary names it: vm_area_free, rmap_walk_anon.
    for name in EventName.allCases.reversed() where name.declaration.role != .exit {
      guard let function = probed[name] ?? (events.contains(name) ? name.declaration.usualFunction : nil) else {
        continue
      }
      for kind in name.declaration.kinds { names[Int(kind.rawValue)] = function }
    }
  }

  /// The function behind a kind of event.
  public subscript(kind: EventKind) -> String { names[Int(kind.rawValue)] }

  /// The function's name.
  public subscript(function: KernelFunction) -> String {
    switch function {
    case .kind(let kind): self[kind]
    case .named(let name): name
    }
  }

  /// `p:rmap/fork anon_vma_fork …` is an event's name and its function.
  private static func probe(_ definition: String) -> (EventName, String)? {
    let words = definition.split(separator: " ", maxSplits: 2)
    guard words.count >= 2, let colon = words[0].firstIndex(of: ":") else { return nil }
    let path = words[0][words[0].index(after: colon)...]
    let name = path.split(separator: "/").last.flatMap { EventName(rawValue: String($0)) }
    return name.map { ($0, String(words[1].split(separator: "+")[0])) }
  }
}

extension EventDeclaration {
  /// The first of its functions that was not renamed in 7.3: of a recording that does not name its functions it is
  /// not known whether it is newer.
  fileprivate var usualFunction: String { functions.first { !$0.hasPrefix("anon_rmap_tree_") } ?? functions[0] }
}
