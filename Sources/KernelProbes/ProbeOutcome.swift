public import Vocabulary

/// What became of one event of the vocabulary on one kernel.
public struct ProbeOutcome: Equatable, Sendable {
  /// How the function behind an event stands in the kernel.
  public enum Status: String, Codable, Sendable {
    /// It can be probed under the name that it has had since 6.1.
    case exists
    /// It can be probed, under another name: see ``KernelDialect``.
    case renamed
    /// The type information knows it and the symbols do not: every call of it was inlined.
    case inlined
    /// Only compiler clones of it (`.isra`, `.constprop`, `.part`), whose arguments may have changed.
    case cloned
    /// Several functions bear its name; the kernel refuses a probe by such a name.
    case ambiguous
    /// It is there, but what the event needs to read is not.
    case unusable
    /// Neither symbols nor type information know it: another kernel, or another configuration.
    case absent

    /// Whether the event is recorded.
    public var isRecorded: Bool { self == .exists || self == .renamed }
  }

  /// The events. Several where one function gives entry and return, or where no function of a family is there.
  public let events: [EventName]
  /// How the function stands.
  public let status: Status
  /// The functions that would do, newest kernel first.
  public let wanted: [String]
  /// The function that carries the probe; nil where the event is left out.
  public let symbol: String?
  /// Why the event is left out; nil where it is recorded.
  public let reason: String?
  /// The fields that are left out, with the reason, a clause each.
  public let omissions: [String]
  /// Clones beside the function, whose calls are not seen.
  public let clones: [String]

  init(
    events: [EventName], status: Status, wanted: [String], symbol: String? = nil,
    reason: String? = nil, omissions: [String] = [], clones: [String] = []
  ) {
    self.events = events
    self.status = status
    self.wanted = wanted
    self.symbol = symbol
    self.reason = reason
    self.omissions = omissions
    self.clones = clones
  }

  /// One line for whatever is left out or not seen.
  public var notes: [String] {
    if let reason { return ["\(events.map(\.rawValue).joined(separator: ", ")): \(reason): left out"] }
    let event = events.first?.rawValue ?? ""
    return omissions.map { "\(event): \($0)" }
      + clones.map { "\(event): calls through \($0) are not seen" }
  }
}
