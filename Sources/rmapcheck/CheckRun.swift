import Checking
import Dispatch
import Glibc
import Reducing
import Reports
import Synchronization
import TraceReading

/// One run of `check`: shows results as they come, and writes the reports at its end, or when it is interrupted.
final class CheckRun: Sendable {
  private struct State {
    /// By place among the recordings.
    var results: [Int: RecordingResult] = [:]
    /// How many were shown.
    var shown = 0
    var reports: [(form: ReportFormat, file: ReportFile)]
    var options: ReportOptions
    /// What could not be written.
    var lost: LostOutput?
  }

  private let recordings: [String]
  /// nil: each recording's expectation is shown instead of a report.
  private let format: ReportFormat?
  private let progress: ProgressLine
  private let state: Mutex<State>
  private let signals = DispatchQueue(label: "signals")

  init(
    _ recordings: [String], format: ReportFormat?, options: ReportOptions, reports: [ReportRequest]
  ) throws(LostOutput) {
    self.recordings = recordings
    self.format = format
    progress = ProgressLine(total: recordings.count)
    var files: [(form: ReportFormat, file: ReportFile)] = []
    do {
      for request in reports { files.append((request.form, try ReportFile(path: request.path))) }
    } catch {
      for (_, file) in files { file.discard() }
      throw error
    }
    state = Mutex(State(reports: files, options: options))
    // The reader of our output may leave before the reports are written: `rmapcheck check … | head`.
    if !files.isEmpty { signal(SIGPIPE, SIG_IGN) }
  }

  /// Looks for the few events that show a recording's first defect. It takes longer than to check a small recording: of
  /// many, the text names the command.
  @Sendable func examine(_ result: RecordingResult, _ input: RecordingInput) {
    guard recordings.count == 1, let witness = BriefWitness.of(result, input) else { return }
    state.withLock { $0.options.witnesses[result.path] = witness }
  }

  /// Takes a result at its place.
  func note(_ index: Int, _ result: RecordingResult) {
    state.withLock { state in
      state.results[index] = result
      progress.show(state.results.count)
    }
  }

  /// Shows the next result, in the recordings' order.
  func deliver(_ result: RecordingResult) {
    state.withLock { state in
      show(result, &state)
      state.shown += 1
      // Nobody will see more of it.
      if let lost = state.lost, state.reports.isEmpty { RmapCheck.end(lost) }
    }
  }

  private func show(_ result: RecordingResult, _ state: inout State) {
    if let damage = result.damage, format != .text { complain("\(result.path): \(damage)") }
    guard let format else { return write(ExpectationReport.render(result), &state) }
    if format.isIncremental {
      write((state.shown > 0 ? "\n" : "") + TextReport.render(result, state.options), &state)
    }
  }

  /// Writes whatever is still to be written.
  /// - Throws: what could not be.
  func finish() throws(LostOutput) -> [RecordingResult] {
    let (results, lost) = state.withLock { state in
      let results = recordings.indices.compactMap { state.results[$0] }
      finish(results, &state)
      return (results, state.lost)
    }
    if let lost { throw lost }
    return results
  }

  private func finish(_ results: [RecordingResult], _ state: inout State) {
    progress.clear()
    if format == nil {
      let failed = results.count { $0.expectation != .met }
      write("\(results.count - failed) as expected, \(failed) not\n", &state)
    } else if let format, !format.isIncremental {
      write(format.render(results, state.options), &state)
    } else if results.count > 1 {
      write("\n" + TextReport.total(results), &state)
    }
    for (form, file) in state.reports {
      do throws(LostOutput) {
        try file.finish(form.render(results, state.options))
      } catch {
        // The first one is said at the end.
        if state.lost == nil { state.lost = error } else { complain("\(error)") }
      }
    }
    state.reports = []
  }

  private func write(_ text: String, _ state: inout State) {
    // After the first failure the rest would only be a report with a hole in it.
    guard state.lost == nil else { return }
    progress.clear()
    do throws(LostOutput) { try StandardOutput.write(text) } catch { state.lost = error }
  }

  // MARK: Interruption

  /// From now on Ctrl-C (and SIGTERM, SIGHUP) ends the run with what has been judged so far. A second one ends it at once.
  func surviveInterruption() {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      var old = sigaction()
      sigaction(number, nil, &old)
      // nohup, or a shell that put us into the background.
      let isIgnored = unsafeBitCast(old.__sigaction_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
      if isIgnored { continue }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: signals)
      // A source that nobody holds is cancelled: its own handler does.
      source.setEventHandler { [self] in withExtendedLifetime(source) { interrupted(by: number) } }
      source.activate()
    }
  }

  private func interrupted(by number: CInt) {
    for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
    state.withLock { state in
      let judged = state.results.count
      let results = recordings.indices.map { index in
        state.results[index] ?? .notChecked(recordings[index], "it was not checked: the run was interrupted")
      }
      for result in results[state.shown...] where format?.isIncremental != false {
        if state.results[state.shown] != nil { show(result, &state) }
        state.shown += 1
      }
      finish(results, &state)
      complain("interrupted: \(judged) of \(recordings.count) recordings were checked")
      if let lost = state.lost { RmapCheck.end(lost) }
      kill(getpid(), number)
      _exit(128 + number)
    }
  }
}
