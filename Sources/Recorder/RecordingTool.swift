import Glibc

/// trace-cmd or perf at work.
struct RecordingTool {
  let process: ChildProcess
  private let plan: RecordPlan
  private let tenancy: Tenancy<TraceFS>
  /// What it says.
  private let log: CInt
  /// To perf and from it.
  private var control: CInt = -1
  private var acknowledgement: CInt = -1

  /// Starts the tool; it records once ``start()`` has returned.
  init(_ plan: RecordPlan, _ tenancy: Tenancy<TraceFS>) throws(RecordingFailure) {
    self.plan = plan
    self.tenancy = tenancy
    log = try makeUnnamedFile()
    var descriptors: [CInt: CInt] = [STDOUT_FILENO: log, STDERR_FILENO: log]
    if plan.tool == .perf {
      let (commands, answers) = (try makePipe(), try makePipe())
      (control, acknowledgement) = (commands.writing, answers.reading)
      descriptors[3] = commands.reading
      descriptors[4] = answers.writing
      // Our ends too: perf does not finish its file once nobody else has them ("Thread and evlist pollfd index
      // mismatch", perf 6.1), and we may be killed.
      descriptors[5] = control
      descriptors[6] = acknowledgement
    }
    defer { for descriptor in [descriptors[3], descriptors[4]] { descriptor.map { _ = close($0) } } }
    process = try ChildProcess(
      plan.command(tenancy.name, tracefs: tenancy.files.root), .apart, descriptors: descriptors)
  }

  /// Waits until the probes are switched on.
  func start() throws(RecordingFailure) {
    if plan.tool == .perf { send("enable\n") }
    for _ in 0..<3000 {
      if !process.isRunning() { throw failure("ended before it began") }
      if StopSignals.haveCome { break }
      if isOn() { return }
      usleep(10_000)
    }
    process.killGroup()
    throw failure(StopSignals.haveCome ? "was interrupted before it began" : "did not begin within 30 s")
  }

  private func isOn() -> Bool {
    switch plan.tool {
    case .traceCommand, .stream:
      let folder = tenancy.instance
      return (try? tenancy.files.read("\(folder)/events/\(tenancy.name)/enable"))?.hasPrefix("1") == true
        && (try? tenancy.files.read("\(folder)/tracing_on"))?.hasPrefix("1") == true
    case .perf:
      var ready = pollfd(fd: acknowledgement, events: Int16(POLLIN), revents: 0)
      return poll(&ready, 1, 0) == 1 && ready.revents & Int16(POLLIN) != 0
    }
  }

  /// Has perf write what is in its buffers: any command wakes it.
  func flush() {
    guard plan.tool == .perf else { return }
    var answers = [UInt8](repeating: 0, count: 256)
    while isOn(), read(acknowledgement, &answers, answers.count) > 0 {}
    send("ping\n")
  }

  private func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(control, bytes, bytes.count)
  }

  /// How long a tool may take to write its file, s: trace-cmd copies all that it has, and the disk may be slow.
  static let patience = 600.0

  /// Lets it write its file.
  func stop() throws(RecordingFailure) {
    process.signal(SIGINT)
    guard process.wait(seconds: Self.patience) else {
      process.killGroup()
      throw failure("did not end within 10 minutes")
    }
    // perf ends by the signal that we sent, as it should.
    let isGood = process.exitStatus == 0 || (plan.tool == .perf && process.exitStatus == 128 + SIGINT)
    if !isGood { throw failure("failed with status \(process.exitStatus ?? -1)") }
    if plan.tool == .perf, !isFinished() { throw failure("did not finish its file") }
  }

  /// perf dies of our signal whether it could write or not; but it fills in the size of its data last
  /// (tools/perf/util/header.h: struct perf_file_header, data.size).
  private func isFinished() -> Bool {
    let file = open(plan.output, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    var size: UInt64 = 0
    return pread(file, &size, 8, 48) == 8 && size != 0
  }

  /// Ends it at once, if it still runs, with all of its helpers.
  func kill() {
    if process.isRunning() { process.killGroup() }
    for descriptor in [log, control, acknowledgement] where descriptor >= 0 { close(descriptor) }
  }

  private func failure(_ what: String) -> RecordingFailure {
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = max(0, pread(log, &bytes, bytes.count, 0))
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").suffix(4)
    let said = lines.isEmpty ? "" : ": " + lines.joined(separator: " / ")
    return RecordingFailure(.system, "\(plan.tool.rawValue) \(what)\(said)")
  }
}
