// Vocabulary: what a recording is made of. Every event, field, level and marker is declared here, once.
//
// One idea: recorder and checker must mean the same by a name, and so must the tests that write recordings and the
// documents that describe them. So a name is declared with its meaning, its unit and the kernel's source, and
// everybody else goes by the declaration: KernelProbes says where to fetch a field, EventDecoding where it lies in a
// record, the writers of tests and the fuzzer make records of it, RecordingVocabulary.md is printed from it. A field
// that is recorded and never read, or read and never recorded, fails a test.
//
// The names are ours and the same on every kernel; a function's name is the kernel's own, and a recording carries the
// one that its kernel has (`FunctionNames`).
//
// A new event or field is one entry here, in the file of its level.

/// One event of a recording: which function it is about, which fields its records have, and what it tells.
///
/// Everything that writes, reads or describes a recording goes by these declarations: the recipes of `KernelProbes` say how
/// to fetch each field, the layouts of `EventDecoding` where it lies, the tests' writers and the fuzzer make records of
/// them, and RecordingVocabulary.md is printed from them. Tests hold each of these to the declarations.
public struct EventDeclaration: Sendable {
  /// Which part of a call the event is.
  public enum Role: Sendable {
    /// The one event of a call: its entry, or its return with the entry's arguments.
    case whole
    /// The entry of an operation, which is observable only together with its return.
    case entry
    /// The return of an operation.
    case exit
  }

  /// A field in this event.
  public struct Field: Sendable, Hashable {
    /// Its name.
    public let name: FieldName
    /// How it lies in the record.
    public let width: FieldWidth
    /// What it is here, where that is something else than ``FieldName/meaning``.
    public let meaning: String
  }

  /// The event's name.
  public let name: EventName
  /// What it tells of.
  public let kinds: [EventKind]
  /// Which part of a call it is.
  public let role: Role
  /// The kernel functions that it may be about, newest kernel first.
  public let functions: [String]
  /// The file that has the function (6.12's).
  public let file: String
  /// What happens, for people.
  public let meaning: String
  private let requiredNames, optionalNames: [FieldName]
  /// What a field is here, where that is not what its name says. (Fields are made when they are asked for: a check needs
  /// none of them.)
  private let meaningOfAll: String?
  private let instead: KeyValuePairs<FieldName, (width: FieldWidth, meaning: String)>

  /// The fields without which a record can't be understood.
  public var required: [Field] { requiredNames.map(field) }
  /// The fields that a kernel, or an older recording, may lack.
  public var optional: [Field] { optionalNames.map(field) }
  /// All of its fields.
  public var fields: [Field] { required + optional }
  /// The level that records it.
  public var level: RecordingLevel { RecordingLevel(of: kinds) }
  /// The file and the function: `mm/rmap.c:anon_vma_fork`.
  public var source: String { "\(file):\(functions[0])" }

  init(
    _ name: EventName, _ kinds: EventKind..., role: Role = .whole, of functions: [String], in file: String,
    _ meaning: String, _ required: [FieldName], optional: [FieldName] = [],
    instead: KeyValuePairs<FieldName, (width: FieldWidth, meaning: String)> = [:]
  ) {
    self.name = name
    self.kinds = kinds
    self.role = role
    self.functions = functions
    self.file = file
    self.meaning = meaning
    requiredNames = required
    optionalNames = optional
    self.instead = instead
    meaningOfAll = nil
  }

  /// The return of an operation.
  init(_ name: EventName, returnOf entry: EventDeclaration, _ fields: [FieldName], _ meaning: String? = nil) {
    self.name = name
    kinds = entry.kinds
    role = .exit
    functions = entry.functions
    file = entry.file
    self.meaning = "\(entry.functions[0]) returns."
    requiredNames = fields
    optionalNames = []
    instead = [:]
    meaningOfAll = meaning
  }

  private func field(_ name: FieldName) -> Field {
    let own = instead.first { $0.key == name }?.value
    return Field(name: name, width: own?.width ?? name.width, meaning: own?.meaning ?? meaningOfAll ?? name.meaning)
  }

  /// Every event, in the vocabulary's order.
  public static let all: [EventDeclaration] = structure + pages + walks
  static let byName = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }
}

extension [FieldName] {
  /// The VMA that an event is about.
  static let vma: Self = VMAFieldNames.vma.required
  /// What it has beside that on 7.3.
  static let vmaOffset: Self = VMAFieldNames.vma.optional
  /// The VMA that it copies.
  static let source: Self = VMAFieldNames.source.required
  /// What that has beside on 7.3.
  static let sourceOffset: Self = VMAFieldNames.source.optional
}
