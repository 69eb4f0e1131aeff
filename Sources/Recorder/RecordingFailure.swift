import Glibc

/// Why a recording could not be made, or a kernel not be looked at.
public struct RecordingFailure: Error, Equatable, CustomStringConvertible {
  /// What kind of trouble it is, as the exit status of `sysexits.h` tells.
  public enum Kind: Int32, Sendable {
    /// An input can't be read or understood.
    case input = 3
    /// This kernel, as it is, can't be recorded.
    case unavailable = 69
    /// The system refused something.
    case system = 71
    /// The output is there already, or can't be made.
    case output = 73
    /// Only root may do this.
    case permission = 77
  }

  /// What kind it is.
  public let kind: Kind
  /// What happened, where, and what to do.
  public let reason: String

  init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  /// We are not root.
  public static let notRoot = RecordingFailure(
    .permission, "only root may make probes: run it with sudo. `rmapcheck doctor` says what else is needed.")

  /// There is no process of that number.
  public static func noProcess(_ pid: Int32) -> RecordingFailure {
    RecordingFailure(.unavailable, "there is no process \(pid)")
  }

  /// The reason.
  public var description: String { reason }
}

/// What the last failed call of the C library says.
func lastError() -> String { String(cString: strerror(errno)) }
