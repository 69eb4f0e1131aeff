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

  /// The names that most kernels have, made once for all recordings.
  private static let usual = {
    var names = [String](repeating: "", count: EventKind.allCases.count)
    for declaration in EventDeclaration.all.reversed() {
      for kind in declaration.kinds { names[Int(kind.rawValue)] = declaration.function(whereTreesAreRenamed: false) }
    }
    for kind in EventKind.allCases where names[Int(kind.rawValue)].isEmpty {
      names[Int(kind.rawValue)] = "\(kind)"
    }
    return names
  }()

  /// The names that most kernels have: where no recording says more.
  public init() { names = Self.usual }

  /// The names of a recording that can hold these events, with these fields; `definitions` are lines of `kprobe_events`.
  public init(events: Set<EventName>, fields: Set<FieldName> = [], definitions: [String]) {
    names = Self.usual
    // No kernel with the second offset has a tree by its older name (both 7.3).
    let isRenamed = fields.contains(.vmAnonPgoffLow)
    let probed = Dictionary(definitions.compactMap(Self.probe)) { first, _ in first }
    // Where several events are of one kind, the first of the vocabulary names it: vm_area_free, rmap_walk_anon.
    for name in EventName.allCases.reversed() where name.declaration.role != .exit {
      let usual = events.contains(name) ? name.declaration.function(whereTreesAreRenamed: isRenamed) : nil
      guard let function = probed[name].map({ String($0) }) ?? usual else { continue }
      for kind in name.declaration.kinds { names[Int(kind.rawValue)] = function }
    }
    // Until a98a2f0c8ce1 ("mm/rmap: split migration into its own function", 5.14) one callback did both.
    if probed[.oneUnmap] != nil, probed[.oneMigrate] == nil {
      names[Int(EventKind.walkMigrate.rawValue)] = self[.walkUnmap]
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

  /// Whether a function is one of those that 7.3 has instead of anon_vma_interval_tree_* (include/linux/rmap.h). Most
  /// recorded kernels know it by the older name.
  public static func isOfAnonRmapTree(_ function: some StringProtocol) -> Bool { function.hasPrefix("anon_rmap_tree_") }

  /// An event of ours and its function, of a line of `kprobe_events`; nil if it is none of ours.
  public static func probe(_ definition: String) -> (event: EventName, function: Substring)? {
    guard let line = KprobeLine(definition), let name = EventName(rawValue: String(line.event)) else { return nil }
    return line.function.isEmpty ? nil : (name, line.function)
  }
}

extension EventDeclaration {
  /// The first of its functions that kernels with such trees have: of most recordings that do not name their functions it
  /// is not known whether they are newer than the name.
  fileprivate func function(whereTreesAreRenamed isRenamed: Bool) -> String {
    functions.first { isRenamed || !FunctionNames.isOfAnonRmapTree($0) } ?? functions[0]
  }
}
