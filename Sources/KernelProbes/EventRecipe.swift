import Vocabulary

/// One event of the recording vocabulary: how to probe it on any kernel that has it.
///
/// A recipe holds names only. Offsets, sizes, signedness and argument numbers come from BTF when
/// the recipe meets a kernel.
struct EventRecipe: Sendable {
  enum Kind: Sendable {
    /// At the function's entry, where every argument can be read.
    case entry
    /// At the return, where only the returned value can be read.
    case exit
    /// At the return, with the entry's arguments: since 25f00e40ce79 ("tracing/probes: Support
    /// $argN in return probe").
    case exitWithArguments
  }

  let name: EventName
  let kind: Kind
  /// The functions that do this job, newest kernel first: those of the declaration, or others where those are inlined.
  let symbols: [String]
  /// The field lists for the prototypes that the function has had, newest kernel first.
  let shapes: [[Part]]
  /// Whether only some kernels have the function and the others lose nothing: its absence is not worth a note.
  let isSupplement: Bool
  /// The fields of the event at the return that goes with one at the entry; nil where there is none.
  let onReturn: [Field]?
  /// What is recorded of the same function where this can't be: at the entry, or by another prototype.
  let otherwise: [EventRecipe]
  /// The event is recorded only on kernels of which this is true; nil for all.
  let condition: Lack?
  /// Whether the compiler's `.part.0` of the function stands for all of it: an early return is all that is left outside,
  /// and what the part is given lies where the function's own arguments do.
  let isWholeInPart: Bool

  /// An argument that a function lacks on some kernels.
  struct Lack: Sendable {
    let argument: Argument
    let function: String

    init(of argument: Argument, in function: String) {
      self.argument = argument
      self.function = function
    }
  }

  init(
    _ name: EventName, _ kind: Kind = .entry, of symbols: String..., shapes: [[Part]],
    onReturn: [Field]? = nil, isSupplement: Bool = false, where condition: Lack? = nil, isWholeInPart: Bool = false,
    otherwise: EventRecipe...
  ) {
    self.name = name
    self.kind = kind
    self.symbols = symbols.isEmpty ? name.declaration.functions : symbols
    self.shapes = shapes
    self.onReturn = onReturn
    self.otherwise = otherwise
    self.isSupplement = isSupplement
    self.condition = condition
    self.isWholeInPart = isWholeInPart
  }
}

/// Alternatives for one job: the family of the newest kernel that this kernel has is taken.
struct EventChoice: Sendable {
  let families: [[EventRecipe]]

  init(_ families: [EventRecipe]...) { self.families = families }
}

/// A part of an event's field list: alternatives, of which the first that can be had is taken.
struct Part: Sendable {
  let alternatives: [[Field]]
  /// A part that the event can do without.
  let isOptional: Bool
  /// What its absence probably means, for the note: `PREEMPT_RT?`.
  let hint: String?
  /// Whether its absence is worth a note.
  var isNoted = true

  static func required(_ alternatives: [Field]...) -> Part {
    Part(alternatives: alternatives, isOptional: false, hint: nil)
  }

  static func optional(_ alternatives: [Field]..., hint: String? = nil) -> Part {
    Part(alternatives: alternatives, isOptional: true, hint: hint)
  }

  /// A part that tells something of the kernel where that is known.
  static func mark(_ alternatives: [Field]...) -> Part {
    Part(alternatives: alternatives, isOptional: true, hint: nil, isNoted: false)
  }
}

/// One field of an event: its name in the vocabulary, and the value that it records.
struct Field: Sendable {
  let name: FieldName
  let value: Value

  init(_ name: FieldName, _ value: Value) {
    self.name = name
    self.value = value
  }
}

/// How a recorded number is written in the definition; its width always comes from BTF.
enum Style: Sendable {
  /// Addresses, flags and page offsets.
  case hex
  /// Counts, with the signedness that BTF gives.
  case number
  /// Flags of a signed C type that are read as bits.
  case unsigned
}

enum Value: Sendable {
  /// What a C expression over a base would read: `anon_vma->root->rwsem.count.counter`.
  ///
  /// The first of the paths that resolves is taken. A hop may name the struct that an untyped word
  /// points to: `owner.counter->(task_struct)pid`, or go on to the next element of an array: `[1].compound_nr`. `untag` is
  /// taken off the last pointer.
  case path(Base, [String], Style, untag: Int = 0)
  /// The argument itself.
  case argument(Argument, Style)
  /// One bit of a word, its number an enumerator.
  case bit(Base, [String], enumerator: String, of: String)
  case returnValue(Style)
  /// A member's offset, as a constant.
  case offset(of: String, in: String)
  /// A struct's size, as a constant.
  case size(of: String)
  case constant(Int)
  /// 1, on a kernel that has this function.
  case mark(ofFunction: String)
  /// 1, on a kernel whose struct has this member.
  case memberMark(String, of: String)
  /// 1, on a kernel whose PAGE_SIZE, in bytes, is known to be this one.
  case pageSizeMark(Int)
}

/// A function's argument, found by its declaration.
enum Argument: Sendable, Hashable {
  /// The nth argument that points to this struct.
  case pointer(to: String, nth: Int = 1)
  /// The first argument that points to a pointer to this struct.
  case pointerToPointer(to: String)
  /// The argument of the first of these names that is there.
  case named([String])
}

/// Where a path starts: an argument, and the hops that all fields of one object share.
struct Base: Sendable {
  let argument: Argument
  let prefix: String
  /// The struct that holds what the argument points to, and as which member (`container_of`).
  let container: (structure: String, member: String)?

  init(_ argument: Argument, _ prefix: String = "") {
    self.argument = argument
    self.prefix = prefix
    container = nil
  }

  init(_ argument: Argument, in structure: String, as member: String) {
    self.argument = argument
    prefix = ""
    container = (structure, member)
  }
}

extension EventRecipe {
  /// Every event of the vocabulary for a level, in its order.
  static func choices(for level: RecordingLevel) -> [EventChoice] {
    switch level {
    case .structure: structure
    case .pages: structure + pages
    case .walks: structure + pages + walks
    }
  }

  /// Since 25f00e40ce79; the definition of `$argN` at return needs it.
  static let returnArgumentMarkers = ["traceprobe_get_entry_data_size", "store_trace_entry_data"]

  /// Every recipe, with those that stand in for another.
  static let all: [EventRecipe] = choices(for: .walks).flatMap { $0.families.joined() }.flatMap { [$0] + $0.otherwise }

  /// Whether the event is recorded on a kernel with such types.
  func isWanted(on types: KernelTypes) -> Bool {
    guard let condition else { return true }
    guard let prototype = types.prototype(of: condition.function) else { return false }
    let resolver = FieldResolver(types: types, symbol: condition.function, prototype: prototype)
    return (try? resolver.fetch(.argument(condition.argument, .hex))) == nil
  }

  /// Every function that some recipe probes.
  static let functionsOfInterest = Set(all.flatMap(\.symbols))

  static let symbolsOfInterest = functionsOfInterest.union(returnArgumentMarkers)
}
