// Recorder: a recording of the machine that it runs on, and nothing left behind.
//
// One idea: a recorder is a guest. It owns one tracefs instance and one group of probes, both named after the run
// (`rmap_PID_START`), and touches nothing else: whoever else traces is not disturbed. Whatever happens to it, both
// are removed: by itself, by its *janitor* (a second process that notices its end, even by SIGKILL), or by the next
// run, which sweeps what a run that died together with its janitor has left.
//
// It does not write the recording. A *tool* does: trace-cmd, perf, or this program again as `stream`, which exports
// pages while they are written. The recorder defines the probes, starts the tool, runs the command, watches disk and
// counters, stops the tool, takes the kernel's counts, and writes the sidecar. The sidecar is there from the start
// and says `complete: false` until the counts are in it, so that what a killed run leaves is not mistaken for a whole
// recording.
//
// It always records the whole system: anon_vmas are shared between processes, and a change by another one that was
// filtered out would be taken for one that did not happen.
//
// `Diagnosis` says what keeps a kernel from being recorded (`Obstacle`); `record` refuses with the first of these,
// `doctor` shows them all. A new obstacle is a case there. A new tool is a case of `Diagnosis.Tool`, its command line
// in `RecordPlan`, and how it says that it has begun in `RecordingTool`.

import FoundationEssentials
import Glibc
import KernelProbes
import RecordingFormat
import TraceReading
import Vocabulary

/// One recording, from the first probe to the last one's removal.
public final class RecordRun {
  /// What became of it.
  public struct Outcome: Sendable {
    /// The command's exit status, where there was one.
    public var commandStatus: Int32?
    /// What the kernel counted, in one line.
    public var summary = ""
    /// Why the recording ended before its time, if it did.
    public var ending: String?
    /// Why the sidecar has no checksum of the recording, if it has none.
    public var missingChecksum: String?
    /// What could not be removed from tracefs, a line each.
    public var leftovers: [String] = []
  }

  private let plan: RecordPlan
  private let probes: ProbePlan
  private let machine: MachineState
  private let report: (String) -> Void
  private let tenancy: Tenancy<TraceFS>
  private let started = monotonicTime()
  private var sidecar: Sidecar
  /// When the process started that the recording ends with: its number may go to another one.
  private var targetStart: UInt64?
  private var perfLosses = PerfLosses()

  /// A run of a plan on this machine. `report` gets the progress, a line each time.
  ///
  /// - Throws: ``RecordingFailure`` if the machine can't be recorded.
  public init(
    _ plan: RecordPlan, machine: MachineState, types: KernelTypes, symbols: KernelSymbols,
    report: @escaping (String) -> Void
  ) throws(RecordingFailure) {
    var diagnosis = Diagnosis(level: plan.level)
    diagnosis.judge(types: types, symbols: symbols, pageSize: MachineState.pageSize)
    diagnosis.judge(machine, tool: plan.tool)
    if let failure = diagnosis.refusal { throw failure }
    guard let probes = diagnosis.plan, case .mounted(let path) = machine.tracefs else {
      throw RecordingFailure(.unavailable, "this kernel can't be recorded: see `rmapcheck doctor`")
    }
    if case .process(let pid) = plan.target {
      targetStart = startOfRunningProcess(pid)
      if targetStart == nil { throw .noProcess(pid) }
    }
    self.plan = plan
    self.probes = probes
    self.machine = machine
    self.report = report
    tenancy = Tenancy(files: TraceFS(root: path), name: .own())
    sidecar = Sidecar(plan, probes, machine, types)
  }

  /// Records. Whatever happens, everything that was made in tracefs is removed.
  ///
  /// - Throws: ``RecordingFailure`` if there is no recording.
  public func run() throws(RecordingFailure) -> Outcome {
    let output = try ReservedOutput(plan, tenancy.name)
    StopSignals.catchAll()
    let swept = Tenancy.sweep(tenancy.files, endTools: { Orphans.end($0, report: report) })
    if !swept.isEmpty { report("removed what \(counted(swept.count, "run")) that died had left in tracefs") }
    let janitor: JanitorHandle
    do { janitor = try JanitorHandle(tenancy.name, tracefs: tenancy.files.root) } catch {
      _ = output.giveUp()
      throw error
    }
    do {
      try tenancy.begin(probes.definitions)
      var outcome = try record(output, janitor)
      outcome.leftovers = cleanUp(janitor)
      return outcome
    } catch {
      let kept = output.giveUp()
      let rest = kept.isEmpty ? "" : "; what was recorded until then was left in \(kept.joined(separator: ", "))"
      let leftovers = cleanUp(janitor).map { "; could not be removed: \($0)" }
      throw RecordingFailure(error.kind, error.reason + rest + leftovers.joined())
    }
  }

  /// Removes everything from tracefs. Returns what is still there.
  private func cleanUp(_ janitor: JanitorHandle) -> [String] {
    _ = tenancy.end()
    janitor.dismiss()
    return tenancy.end()
  }

  private func record(_ output: ReservedOutput, _ janitor: JanitorHandle) throws(RecordingFailure) -> Outcome {
    var plan = plan
    plan.output = output.working
    let tool = try RecordingTool(plan, tenancy)
    defer { tool.kill() }
    janitor.watch(tool.process)
    try tool.start()
    sidecar.recorder?.start = monotonicTime()
    try output.write(sidecar)

    if case .process(let pid) = plan.target, startOfRunningProcess(pid) != targetStart {
      try tool.stop()
      throw RecordingFailure(.unavailable, "process \(pid) ended before the recording began")
    }
    var command: ChildProcess?
    if case .command(let words) = plan.target {
      do { command = try ChildProcess(words, .ours) } catch {
        try tool.stop()
        throw error
      }
    }
    let ending = wait(tool, command, output)
    let hits = Counters(of: tenancy, probes.definitions).hits
    sidecar.recorder?.end = monotonicTime()
    try? tenancy.files.write("0", to: "\(tenancy.instance)/tracing_on")
    if let command, command.isRunning() { end(command) }
    try tool.stop()

    let counters = Counters(of: tenancy, probes.definitions)
    sidecar.probes = counters.probes
    sidecar.buffers = counters.buffers.isEmpty ? nil : counters.buffers
    sidecar.recorder?.complete = counters.probes.allSatisfy { $0.missed != nil }
    let flaw = counters.flaw ?? ending
    sidecar.recorder?.ending = flaw
    sidecar.workload?.exitStatus = command?.exitStatus
    perfLosses.read(plan.output)
    let summary = progress(counters, output, hits: hits).line
    var missingChecksum: String?
    // A stream is elsewhere, and is no recording yet.
    if plan.tool != .stream {
      do { sidecar.xxh64 = try Checksum.ofFile(at: output.working) } catch { missingChecksum = "\(error)" }
    }
    try output.finish(sidecar)
    if plan.tool == .stream { output.removeEmptyRecording() }
    return Outcome(
      commandStatus: command?.exitStatus, summary: summary, ending: flaw, missingChecksum: missingChecksum)
  }

  /// Returns why the recording ended before its time, if it did.
  private func wait(_ tool: RecordingTool, _ command: ChildProcess?, _ output: ReservedOutput) -> String? {
    let begin = monotonicTime()
    var nextReport = begin + 1_000_000_000
    for turn in 1... {
      usleep(50_000)
      let now = monotonicTime()
      if StopSignals.haveCome { return nil }
      if !tool.process.isRunning() { return "\(plan.tool.rawValue) ended by itself" }
      if let command, !command.isRunning() { return nil }
      if case .process(let pid) = plan.target, startOfRunningProcess(pid) != targetStart { return nil }
      if let duration = plan.duration, Double(now - begin) >= duration * 1e9 { return nil }
      guard turn.isMultiple(of: 5) else { continue }
      tool.flush()
      let counters = Counters(of: tenancy, probes.definitions)
      if output.isShortOfRoom(unwritten(counters)) { return "the disk is nearly full" }
      if now >= nextReport {
        nextReport = now + 1_000_000_000
        if plan.tool == .perf { perfLosses.read(output.working) }
        report(progress(counters, output, hits: counters.hits).line)
      }
    }
    return nil
  }

  /// What the tool may still have to write, bytes. trace-cmd writes it twice. Of perf's buffers only their size is
  /// known, and that an event takes less than 256 bytes.
  private func unwritten(_ counters: Counters) -> UInt64 {
    switch plan.tool {
    case .traceCommand: 2 * counters.unread
    case .perf: min(UInt64(plan.buffer * machine.processors) * 1024, counters.hits * 256)
    case .stream: 0
    }
  }

  /// The command is ours: it ends with the recording, kindly or not.
  private func end(_ command: ChildProcess) {
    command.signal(SIGTERM)
    if !command.wait(seconds: 5) {
      command.signal(SIGKILL)
      _ = command.wait(seconds: 5)
    }
  }

  private func progress(_ counters: Counters, _ output: ReservedOutput, hits: UInt64) -> ProgressText {
    ProgressText(
      seconds: Int((monotonicTime() - started) / 1_000_000_000), events: plan.tool == .perf ? hits : counters.events,
      missed: counters.missed, lost: plan.tool == .perf ? perfLosses.count : counters.lost,
      bytes: output.size() + counters.unread)
  }
}

extension Diagnosis {
  /// Why a recording must not be begun; nil if nothing is in the way.
  var refusal: RecordingFailure? {
    guard let first = obstacles.first(where: \.isOfKernel) ?? obstacles.first else { return nil }
    let kind: RecordingFailure.Kind = first == .notRoot ? .permission : .unavailable
    return RecordingFailure(kind, "\(first.what). Needed: \(first.remedy). `rmapcheck doctor` says more.")
  }
}

/// CLOCK_MONOTONIC, ns: the trace's clock.
func monotonicTime() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
