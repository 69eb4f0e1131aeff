import Glibc

/// A small process beside the recorder that outlives it. When the recorder is gone, however it went, it ends the
/// recording tool and takes the run's probes and buffers away. Nobody can catch SIGKILL; but the pipe from the
/// recorder to its janitor closes with the recorder.
public enum Janitor {
  /// The janitor's life. `name` is the run's; its input is the pipe, on which the recorder writes the number of each
  /// process group that must not outlive it.
  ///
  /// Returns what could not be removed, a line each.
  public static func run(name: String, tracefs: String) -> [String] {
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE] { signal(number, SIG_IGN) }
    setsid()
    guard let name = RunName(name) else { return ["\(name) is not the name of a run"] }
    let groups = readNumbers()
    for group in groups { end(group) }
    return Tenancy(files: TraceFS(root: tracefs), name: name).end()
  }

  /// Blocks until the other end of the pipe is closed.
  private static func readNumbers() -> [pid_t] {
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 256)
    while true {
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count > 0 { text += chunk[..<count] }
      if count == 0 || (count < 0 && errno != EINTR) { break }
    }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { pid_t($0) }
  }

  /// First kindly, so that the tool can write its file; it is no child of ours, so its end shows by its absence.
  private static func end(_ group: pid_t) {
    guard kill(-group, 0) == 0 else { return }
    kill(group, SIGINT)
    for _ in 0..<Int(RecordingTool.patience * 50) {
      if kill(-group, 0) != 0 { return }
      usleep(20_000)
    }
    kill(-group, SIGKILL)
  }
}

/// The recorder's end of the pipe.
struct JanitorHandle {
  private let process: ChildProcess
  private let pipe: CInt

  /// Starts a janitor: this program again, by its hidden command.
  init(_ name: RunName, tracefs: String) throws(RecordingFailure) {
    let ends = try makePipe()
    defer { close(ends.reading) }
    pipe = ends.writing
    process = try ChildProcess(
      ["/proc/self/exe", "janitor", "\(name)", tracefs], .ours, descriptors: [STDIN_FILENO: ends.reading])
  }

  /// Gives a process group into its care.
  func watch(_ child: ChildProcess) {
    let line = Array("\(child.pid)\n".utf8)
    _ = write(pipe, line, line.count)
  }

  /// Lets it do its work, and waits for that.
  func dismiss() {
    close(pipe)
    _ = process.wait(seconds: 40)
  }
}
