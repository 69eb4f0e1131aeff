import Glibc

/// The last signal that asks us to stop; written by a signal handler.
nonisolated(unsafe) private var lastStopSignal: sig_atomic_t = 0

/// SIGINT, SIGTERM and SIGHUP, as wishes: while they are caught nothing dies of them.
enum StopSignals {
  private static let numbers = [SIGINT, SIGTERM, SIGHUP]

  /// Catches them from now on.
  static func catchAll() {
    lastStopSignal = 0
    for number in numbers { signal(number) { lastStopSignal = sig_atomic_t($0) } }
    // Someone who reads our output may go away; that is no reason to leave probes behind.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Whether one has come.
  static var haveCome: Bool { lastStopSignal != 0 }
}
