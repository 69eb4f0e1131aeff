/// Why no probes can be worked out at all.
///
/// What a readable kernel merely lacks is not a failure: it becomes a note of the `ProbePlan`.
public enum ProbeFailure: Error, Equatable, CustomStringConvertible {
  /// The file cannot be read, or is not what it should be.
  case unreadable(path: String, reason: String)

  /// One line, fit for stderr.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    }
  }
}

/// Why one field or one event cannot be had on this kernel.
///
/// The text is a clause that reads well before a colon: "struct rw_semaphore has no member owner".
struct Absence: Error, Equatable {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
