// KernelProbes: which kprobes a kernel can carry, and their definitions.
//
// One idea: a kernel is asked, never guessed by its version. Distributions backport, and a version number says
// nothing of what was inlined. BTF says how structs and functions are made, /proc/kallsyms which functions are
// symbols that a probe can be placed on. From the two a *recipe* is worked out: which function, under which of its
// names; which arguments; at which offsets the fields lie. The result is a line for `kprobe_events`. The names of
// event and fields in it are ours and the same on every kernel, which is why the decoder needs no versions either.
//
// Several recipes may give one event (*families*: a function was renamed, folios replaced pages); the first whose
// symbols are there is taken. What a kernel can't give is left out with a reason, an event (inlined, cloned by the
// compiler, ambiguous) or a single field; `doctor` shows it and says what that costs. Without the interval tree's
// insert and remove there is no graph, and no recording.
//
// *Dialects* are the list of what is known to differ between kernels, for people: each has the evidence it rests on,
// a real kernel or one that was made up for a test.
//
// A new field is a declaration in Vocabulary and one line in a recipe; a renamed function is one more name in it; a
// new event is also a recipe in one of the Recipes files, and its layout in EventDecoding.

public import Vocabulary

/// The probes that one kernel can carry, and what it cannot give.
public struct ProbePlan {
  /// The lines for `kprobe_events`, in the vocabulary's order.
  public private(set) var definitions: [ProbeDefinition] = []
  /// What became of each event of the vocabulary, in its order.
  public private(set) var outcomes: [ProbeOutcome] = []
  /// One line for each event or field that is left out, with the reason.
  public var notes: [String] { outcomes.flatMap(\.notes) }
  /// Which of the names and forms that differ between kernels this one has.
  public let dialects: [KernelDialect]
  /// What the law was not read against, of that which the kernel has and a recording with these probes rests on.
  public private(set) var unread: [UnreadLaw] = []
  /// The newest kernel that the law was read against.
  public static var lawVersion: String { KnownLaw.all.version }

  private let types: KernelTypes
  private let symbols: KernelSymbols
  private let pageSize: Int?

  /// Works the recipes of a level out for a kernel. `pageSize` is its PAGE_SIZE in bytes, which neither types nor symbols
  /// tell; where nil, a recording has no mark of it.
  public init(level: RecordingLevel, types: KernelTypes, symbols: KernelSymbols, pageSize: Int? = nil) {
    self.init(level: level, types: types, symbols: symbols, law: .all, pageSize: pageSize)
  }

  package init(
    level: RecordingLevel, types: KernelTypes, symbols: KernelSymbols, law: KnownLaw, pageSize: Int? = nil
  ) {
    self.pageSize = pageSize
    self.types = types
    self.symbols = symbols
    dialects = KernelDialect.all.filter { $0.isSpoken(types, symbols) }
    for choice in EventRecipe.choices(for: level) { choose(from: choice) }
    unread = law.unread(
      in: LawfulTypes(types, law), probed: Set(definitions.map { String($0.symbol.prefix { $0 != "." }) }))
  }

  /// The events without which no graph can be rebuilt.
  public static var core: Set<EventName> { EventRecipe.core }

  /// Whether those are there.
  public var hasCore: Bool { Self.core.isSubset(of: definitions.compactMap { EventName(rawValue: $0.event) }) }

  private mutating func choose(from choice: EventChoice) {
    guard choice.families.joined().contains(where: { $0.isWanted(on: types) }) else { return }
    let present = choice.families.first { family in
      family.contains { $0.symbols.contains { symbols.status(of: $0) != .absent } }
    }
    if let present {
      for recipe in present { add(recipe) }
    } else if !choice.families.joined().allSatisfy(\.isSupplement) {
      let recipes = choice.families.joined()
      let wanted = recipes.flatMap(\.symbols)
      let reason = "no symbol \(wanted.joined(separator: " nor "))"
      outcomes.append(leftOut(recipes.map(\.name), wanted, because: reason))
    }
  }

  private mutating func add(_ recipe: EventRecipe) {
    var reasons: [String] = []
    for symbol in recipe.symbols where symbols.status(of: symbol) != .absent {
      do {
        return try add(recipe, on: symbol)
      } catch { reasons.append(error.reason) }
      for other in recipe.otherwise where (try? add(other, on: symbol)) != nil { return }
    }
    if reasons.isEmpty { reasons = ["no symbol \(recipe.symbols.joined(separator: " nor "))"] }
    outcomes.append(
      leftOut([recipe.name], recipe.symbols, because: reasons.joined(separator: "; ")))
  }

  /// Why an event is left out: the first of its functions that is there in some form says it.
  private func leftOut(
    _ events: [EventName], _ wanted: [String], because reason: String
  ) -> ProbeOutcome {
    let statuses = wanted.map { symbols.status(of: $0) }
    let status: ProbeOutcome.Status =
      if statuses.contains(.unique) {
        .unusable
      } else if statuses.contains(where: \.isAmbiguous) {
        .ambiguous
      } else if statuses.contains(where: { $0 != .absent }) {
        .cloned
      } else {
        wanted.contains { types.hasFunction($0) } ? .inlined : .absent
      }
    return ProbeOutcome(events: events, status: status, wanted: wanted, reason: reason)
  }

  private mutating func add(_ recipe: EventRecipe, on symbol: String) throws(Absence) {
    let part = recipe.isWholeInPart ? symbols.clones(of: symbol).first { $0 == symbol + ".part.0" } : nil
    if part == nil { try requireUsable(symbol) }
    let place = part ?? symbol
    if recipe.kind == .exitWithArguments, !readsArgumentsAtReturn {
      throw Absence("this kernel cannot read $argN in a return probe")
    }
    guard let prototype = types.prototype(of: symbol) else {
      throw Absence("no prototype of \(symbol) in BTF")
    }
    let resolver = FieldResolver(types: types, symbol: symbol, prototype: prototype, pageSize: pageSize)
    var (arguments, omissions) = try Self.firstShape(of: recipe, resolver)
    var made = [
      try ProbeDefinition(
        event: recipe.name.rawValue, isReturn: recipe.kind != .entry, symbol: place, arguments: arguments)
    ]
    if let fields = recipe.onReturn {
      arguments = try Self.resolve(fields, resolver)
      made.append(
        try ProbeDefinition(
          event: recipe.name.ofReturn.rawValue, isReturn: true, symbol: place, arguments: arguments))
    }
    definitions += made
    outcomes.append(
      ProbeOutcome(
        events: [recipe.name] + (recipe.onReturn == nil ? [] : [recipe.name.ofReturn]),
        status: KernelDialect.isRenamed(symbol) ? .renamed : .exists,
        wanted: recipe.symbols, symbol: place, omissions: omissions,
        clones: symbols.clones(of: symbol).filter { $0 != place }))
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
      arguments.append(.init(name: field.name.rawValue, fetch: try resolver.fetch(field.value)))
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
        guard part.isNoted else { continue }
        let reason = error.reason + (part.hint.map { " (\($0))" } ?? "")
        let names = part.alternatives.first?.map(\.name.rawValue) ?? []
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
