/// How much a recording holds.
public enum ProbeLevel: String, CaseIterable, Sendable {
  /// VMAs, anon_vmas and the chains between them.
  case structure
  /// That, and the anonymous pages.
  case pages
  /// That, and the kernel's own rmap walks.
  case walks
}

/// The probes that one kernel can carry, and what it cannot give.
public struct ProbePlan {
  /// The lines for `kprobe_events`, in the vocabulary's order.
  public private(set) var definitions: [ProbeDefinition] = []
  /// One line for each event or field that is left out, with the reason.
  public private(set) var notes: [String] = []

  private let types: KernelTypes
  private let symbols: KernelSymbols

  /// Works the recipes of a level out for a kernel.
  public init(level: ProbeLevel, types: KernelTypes, symbols: KernelSymbols) {
    self.types = types
    self.symbols = symbols
    for choice in EventRecipe.choices(for: level) { choose(from: choice) }
  }

  /// Whether both events are there without which no graph can be rebuilt.
  public var hasCore: Bool {
    EventRecipe.core.isSubset(of: definitions.map(\.event))
  }

  private mutating func choose(from choice: EventChoice) {
    let present = choice.families.first { family in
      family.contains { $0.symbols.contains { symbols.status(of: $0) != .absent } }
    }
    if let present {
      for recipe in present { add(recipe) }
    } else if !choice.families.joined().allSatisfy(\.isSupplement) {
      let recipes = choice.families.joined()
      let names = recipes.map(\.name).joined(separator: ", ")
      let absent = recipes.flatMap(\.symbols).joined(separator: " nor ")
      notes.append("\(names): no symbol \(absent): left out")
    }
  }

  private mutating func add(_ recipe: EventRecipe) {
    var reasons: [String] = []
    for symbol in recipe.symbols where symbols.status(of: symbol) != .absent {
      do {
        try add(recipe, on: symbol)
        return
      } catch { reasons.append(error.reason) }
    }
    if reasons.isEmpty { reasons = ["no symbol \(recipe.symbols.joined(separator: " nor "))"] }
    notes.append("\(recipe.name): \(reasons.joined(separator: "; ")): left out")
  }

  private mutating func add(_ recipe: EventRecipe, on symbol: String) throws(Absence) {
    try requireUsable(symbol)
    if recipe.kind == .exitWithArguments, !readsArgumentsAtReturn {
      throw Absence("this kernel cannot read $argN in a return probe")
    }
    guard let prototype = types.prototype(of: symbol) else {
      throw Absence("no prototype of \(symbol) in BTF")
    }
    let resolver = FieldResolver(types: types, symbol: symbol, prototype: prototype)
    var (arguments, omissions) = try Self.firstShape(of: recipe, resolver)
    var made = [
      try ProbeDefinition(
        event: recipe.name, isReturn: recipe.kind != .entry, symbol: symbol, arguments: arguments)
    ]
    if let fields = recipe.onReturn {
      arguments = try Self.resolve(fields, resolver)
      made.append(
        try ProbeDefinition(
          event: "\(recipe.name)_ret", isReturn: true, symbol: symbol, arguments: arguments))
    }
    definitions += made
    notes += omissions.map { "\(recipe.name): \($0)" }
    for clone in symbols.clones(of: symbol) {
      notes.append("\(recipe.name): calls through \(clone) are not seen")
    }
  }

  private func requireUsable(_ symbol: String) throws(Absence) {
    switch symbols.status(of: symbol) {
    case .unique: return
    case .absent: throw Absence("no symbol \(symbol)")
    case .ambiguous(let count): throw Absence("\(count) functions are named \(symbol)")
    case .clonesOnly(let clones):
      let names = clones.joined(separator: ", ")
      throw Absence("\(symbol) exists only as \(names), whose arguments may have changed")
    }
  }

  /// A test for presence, not for a version: struct and functions came with the feature.
  private var readsArgumentsAtReturn: Bool {
    types.structure(named: "probe_entry_arg") != nil
      || EventRecipe.returnArgumentMarkers.contains { symbols.status(of: $0) != .absent }
  }

  // MARK: Field lists

  private typealias Arguments = [ProbeDefinition.Argument]

  private static func resolve(
    _ fields: [Field], _ resolver: FieldResolver
  ) throws(Absence) -> Arguments {
    var arguments: Arguments = []
    for field in fields {
      arguments.append(.init(name: field.name, fetch: try resolver.fetch(field.value)))
    }
    return arguments
  }

  private static func firstShape(
    of recipe: EventRecipe, _ resolver: FieldResolver
  ) throws(Absence) -> (Arguments, omissions: [String]) {
    var lastAbsence = Absence("no fields")
    for shape in recipe.shapes {
      do { return try resolve(shape, resolver) } catch { lastAbsence = error }
    }
    throw lastAbsence
  }

  private static func resolve(
    _ parts: [Part], _ resolver: FieldResolver
  ) throws(Absence) -> (Arguments, omissions: [String]) {
    var arguments: Arguments = []
    var omitted: [(reason: String, names: [String])] = []
    for part in parts {
      do { arguments += try firstAlternative(of: part, resolver) } catch {
        guard part.isOptional else { throw error }
        let reason = error.reason + (part.hint.map { " (\($0))" } ?? "")
        let names = part.alternatives.first?.map(\.name) ?? []
        if let index = omitted.firstIndex(where: { $0.reason == reason }) {
          omitted[index].names += names
        } else {
          omitted.append((reason, names))
        }
      }
    }
    let omissions = omitted.map { reason, names in
      "\(reason): field\(names.count == 1 ? "" : "s") \(names.joined(separator: ", ")) left out"
    }
    return (arguments, omissions)
  }

  /// When no alternative can be had, the newest one's absence is the one to report.
  private static func firstAlternative(
    of part: Part, _ resolver: FieldResolver
  ) throws(Absence) -> Arguments {
    var firstAbsence: Absence?
    for fields in part.alternatives {
      do { return try resolve(fields, resolver) } catch { firstAbsence = firstAbsence ?? error }
    }
    throw firstAbsence ?? Absence("no fields")
  }
}
