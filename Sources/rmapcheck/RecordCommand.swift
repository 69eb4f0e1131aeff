import ArgumentParser
import Checking
import Glibc
import KernelProbes
import Recorder
import RecordingFormat
import Reports
import Vocabulary

/// `rmapcheck record`: records this machine.
struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Records this machine, with a sidecar for what the ring buffer can't hold.",
    discussion: """
      Records while COMMAND runs, until process PID ends, for a number of seconds, or until Ctrl-C. The whole system is \
      always recorded, because anon_vmas are shared between processes.

      It uses its own probes and its own tracefs instance and removes both on exit, even if it is killed; nothing else \
      in tracefs is touched.

      Exit status: 0 recorded (the command's own status is reported, and stored in the sidecar); with --check that of \
      `rmapcheck check`; 69 this kernel can't be recorded, 71 the system refused something, or something \
      could not be removed, 73 the output is there already or can't be made, 77 not root, 64 usage, 74 the \
      report of --check could not be written.
      """)

  @Option(
    name: [.customShort("o"), .long], help: ArgumentHelp("Where the recording goes.", valueName: "file"),
    completion: .file())
  var output: String?

  @Option(help: "How much to record.")
  var level = RecordingLevel.pages

  @Option(name: [.customShort("p"), .long], help: ArgumentHelp("Record until this process ends.", valueName: "pid"))
  var pid: Int32?

  @Option(help: ArgumentHelp("Record no longer than this, in seconds.", valueName: "s"))
  var duration: Double?

  @Option(help: ArgumentHelp("Ring buffer per CPU; by default what doctor advises.", valueName: "kb"))
  var buffer: Int?

  @Flag(help: "Check the recording afterwards.")
  var check = false

  @Flag(help: "Record with perf (perf.data) instead of trace-cmd (trace.dat).")
  var perf = false

  @Option(
    help: ArgumentHelp(
      "Export pages as they are written, into this folder's files head, cpu0, cpu1 and so on (ports, pipes, NFS), so "
        + "that the recording survives the kernel; see assemble.", valueName: "folder"), completion: .directory)
  var stream: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Further arguments of trace-cmd record (or perf record); GROUP stands for this run's probes.", valueName: "words")
  )
  var toolArguments = ""

  @Option(
    help: ArgumentHelp(
      "The kernel's symbols, where /proc/kallsyms does not show all of them.", valueName: "file"), completion: .file())
  var kallsyms = KernelSymbols.runningKernel

  @Flag(help: "Replace the output if it exists.")
  var force = false

  @Argument(parsing: .postTerminator, help: "What to run, after --.")
  var command: [String] = []

  func validate() throws {
    if pid != nil, !command.isEmpty { throw ValidationError("Name a process or a command, not both.") }
    if let pid, pid < 1 { throw ValidationError("-p takes the number of a process.") }
    if let duration, !(duration > 0 && duration < 1e9) { throw ValidationError("--duration takes seconds.") }
    if stream != nil, perf || check { throw ValidationError("--stream goes with neither --perf nor --check.") }
    if let buffer, !(4...4_194_304).contains(buffer) { throw ValidationError("--buffer takes 4 to 4194304 KB.") }
  }

  func run() throws {
    let machine = MachineState.running()
    let path = output ?? (perf ? "perf.data" : "trace.dat")
    var hasLeftovers = false
    do {
      let outcome = try record(machine, path)
      if let status = outcome.commandStatus, status != 0 { complain("\(command[0]) exited with status \(status)") }
      complain("\(path): \(outcome.summary)")
      if let ending = outcome.ending { complain("the recording ended early: \(ending)") }
      if let reason = outcome.missingChecksum { complain("about.json has no checksum: \(reason)") }
      for line in outcome.leftovers { complain("could not be removed: \(line)") }
      hasLeftovers = !outcome.leftovers.isEmpty
    } catch let failure as RecordingFailure {
      complain("\(failure)")
      throw ExitCode(failure.kind.rawValue)
    } catch {
      complain("\(error)")
      throw ExitCode(3)
    }
    if check {
      let result = RecordingCheck().run(path: path)
      try StandardOutput.write(TextReport.render(result))
      if !hasLeftovers { throw ExitCode(result.verdict.exitStatus) }
    }
    if hasLeftovers { throw ExitCode(RecordingFailure.Kind.system.rawValue) }
  }

  private func record(_ machine: MachineState, _ path: String) throws -> RecordRun.Outcome {
    guard machine.isRoot else { throw RecordingFailure.notRoot }
    let target: RecordPlan.Target =
      if let pid { .process(pid) } else { command.isEmpty ? .machine : .command(command) }
    var plan = RecordPlan(
      output: path, level: level, target: target, buffer: buffer ?? machine.advisedBuffer,
      tool: stream != nil ? .stream : perf ? .perf : .traceCommand)
    plan.streamFolder = stream ?? ""
    plan.arguments = toolArguments.split(separator: " ").map(String.init)
    plan.duration = duration
    plan.replaces = force
    let line = ProgressOnTerminal()
    defer { line.clear() }
    let run = try RecordRun(
      plan, machine: machine, types: try KernelTypes(path: KernelTypes.runningKernel),
      symbols: try KernelSymbols(path: kallsyms), report: line.show)
    return try run.run()
  }
}

/// `rmapcheck janitor`: not for people.
struct JanitorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "janitor", shouldDisplay: false)

  @Argument var name: String
  @Argument var tracefs: String

  func run() throws {
    for line in Janitor.run(name: name, tracefs: tracefs) { complain("could not be removed: \(line)") }
  }
}

/// `rmapcheck stream`: not for people.
struct StreamCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "stream", shouldDisplay: false)

  @Argument var name: String
  @Argument var tracefs: String
  @Argument var folder: String
  @Argument var buffer: Int

  func run() throws {
    do {
      try PageStream.run(name: name, tracefs: tracefs, folder: folder, buffer: buffer)
    } catch {
      complain("\(error)")
      throw ExitCode(error.kind.rawValue)
    }
  }
}

/// One line that is written over on a terminal, and a line each ten times elsewhere.
private final class ProgressOnTerminal {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var count = 0

  func show(_ text: String) {
    if isTerminal {
      writeToStandardError("\r\u{1b}[K\(printable(text))")
    } else if count.isMultiple(of: 10) {
      complain(text)
    }
    count += 1
  }

  func clear() {
    if isTerminal, count > 0 { writeToStandardError("\r\u{1b}[K") }
  }
}
