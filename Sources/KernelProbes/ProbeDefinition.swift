public import Vocabulary

/// One line of `kprobe_events`, within the limits that the kernel sets.
public struct ProbeDefinition: Equatable, Sendable {
  /// One argument: `vm_start=+0(+0($arg1)):x64`.
  struct Argument: Equatable, Sendable {
    let name: String
    /// The fetch string and its type, which the kernel measures together.
    let fetch: String
  }

  /// kernel/trace/trace_probe.h: MAX_ARGSTR_LEN, MAX_ARG_NAME_LEN less its end, MAX_TRACE_ARGS;
  /// kernel/trace/trace.c: WRITE_BUFSIZE, within which a line and its end must lie.
  enum Limit {
    static let fetch = 63
    static let name = 31
    static let arguments = 128
    static let line = 4096
  }

  /// Returns that may be outstanding at a time: these functions sleep, in many tasks at once.
  static let maxActive = 2048

  /// The event's name in the recording vocabulary, without its group.
  public let event: String
  /// The function that carries the probe.
  public let symbol: String
  /// The line as it goes into `kprobe_events`, without its end.
  public let line: String
  /// The fields that its records hold, in their order.
  public let fields: [ProbedField]

  init(event: String, isReturn: Bool, symbol: String, arguments: [Argument]) throws(Absence) {
    self.event = event
    self.symbol = symbol
    let probe = isReturn ? "r\(Self.maxActive)" : "p"
    let words = ["\(probe):\(ProbeGroup.name)/\(event)", symbol] + arguments.map { "\($0.name)=\($0.fetch)" }
    line = words.joined(separator: " ")
    fields = arguments.map(ProbedField.init)
    try Self.check(arguments, line)
  }

  /// The line for another group than `rmap`.
  public func line(inGroup group: String) -> String {
    line.replacing(":\(ProbeGroup.name)/", with: ":\(group)/", maxReplacements: 1)
  }

  private static func check(_ arguments: [Argument], _ line: String) throws(Absence) {
    var names: Set<String> = []
    for argument in arguments {
      if argument.fetch.utf8.count > Limit.fetch {
        throw Absence("\(argument.name)=\(argument.fetch) is longer than \(Limit.fetch) characters")
      }
      if argument.name.utf8.count > Limit.name {
        throw Absence("the name \(argument.name) is longer than \(Limit.name) characters")
      }
      if !names.insert(argument.name).inserted {
        throw Absence("two arguments are named \(argument.name)")
      }
    }
    if arguments.count > Limit.arguments {
      throw Absence("\(arguments.count) arguments, the kernel takes \(Limit.arguments)")
    }
    if line.utf8.count + 1 >= Limit.line {
      throw Absence("a line of \(line.utf8.count) bytes, the kernel takes less than \(Limit.line)")
    }
  }
}

/// A field as a probe records it.
public struct ProbedField: Equatable, Sendable {
  /// Its name in the vocabulary.
  public let name: String
  /// Its width in a record, bytes.
  public let bytes: Int
  /// Whether it is read as a signed number.
  public let isSigned: Bool

  /// The type is what follows the last colon: `x64`, `s32`, or `b1@6/64`, of which the kernel stores the container.
  init(_ argument: ProbeDefinition.Argument) {
    let type = argument.fetch.split(separator: ":").last.map(String.init) ?? ""
    let bits = type.split { $0 == "/" || $0 == "x" || $0 == "u" || $0 == "s" }.last.flatMap { Int($0) }
    name = argument.name
    bytes = (bits ?? 64) / 8
    isSigned = type.hasPrefix("s")
  }
}
