import Glibc

/// A program that we started.
final class ChildProcess {
  let pid: pid_t
  /// What it exited with, once it has: 128 and the signal's number if it was killed.
  private(set) var exitStatus: Int32?

  /// How it stands to us.
  enum Standing {
    /// In our process group: what the terminal sends us, it gets too.
    case ours
    /// In a group of its own: Ctrl-C does not reach it, we say when it ends.
    case apart
  }

  /// Starts a program, found by the PATH. `descriptors` gives ours by the numbers that it sees; its input is empty
  /// unless it is ours.
  init(_ command: [String], _ standing: Standing, descriptors: [CInt: CInt] = [:]) throws(RecordingFailure) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if standing != .ours, descriptors[STDIN_FILENO] == nil {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    }
    for (target, source) in descriptors.sorted(by: { $0.key < $1.key }) {
      posix_spawn_file_actions_adddup2(&actions, source, target)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    var flags = Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
    if standing == .apart { flags |= Int32(POSIX_SPAWN_SETPGROUP) }
    posix_spawnattr_setflags(&attributes, Int16(flags))
    let arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child = pid_t()
    let code = posix_spawnp(&child, command[0], &actions, &attributes, arguments, environ)
    guard code == 0 else {
      throw RecordingFailure(.system, "cannot run \(command[0]): \(String(cString: strerror(code)))")
    }
    pid = child
  }

  /// Whether it still runs.
  func isRunning() -> Bool {
    reap(WNOHANG)
    return exitStatus == nil
  }

  /// Waits for its end, at most so many seconds; says whether it came.
  func wait(seconds: Double) -> Bool {
    var rest = seconds
    while isRunning() {
      if rest <= 0 { return false }
      usleep(20_000)
      rest -= 0.02
    }
    return true
  }

  /// Sends a signal to it alone.
  func signal(_ number: CInt) {
    if exitStatus == nil { kill(pid, number) }
  }

  /// Ends it and everything in its group at once.
  func killGroup() {
    kill(-pid, SIGKILL)
    while exitStatus == nil { reap(0) }
  }

  private func reap(_ options: CInt) {
    guard exitStatus == nil else { return }
    var status: CInt = 0
    let result = waitpid(pid, &status, options)
    if result == pid {
      let signal = status & 0x7f
      exitStatus = signal == 0 ? (status >> 8) & 0xff : 128 + signal
    } else if result < 0, errno != EINTR {
      exitStatus = 255
    }
  }
}
