package import TraceReading

/// Checks many recordings, several at a time.
public struct BatchCheck: Sendable {
  /// How one recording is checked.
  public let check: RecordingCheck
  /// How many threads there may be: so many recordings are checked at once.
  public let jobs: Int

  /// A batch; `jobs` below 1 counts as 1.
  public init(check: RecordingCheck, jobs: Int) {
    self.check = check
    self.jobs = max(1, jobs)
  }

  /// Checks every recording and hands each result, with its place among `paths`, to `done` as soon as it is there, in
  /// no particular order; and to `deliver` in the order of `paths`, as soon as all before it are there.
  ///
  /// Before that, `examine` gets what is violated, in the thread that has checked it, with the recording still open.
  package func run(
    _ paths: [String], examine: (@Sendable (RecordingResult, RecordingInput) -> Void)? = nil,
    done: (Int, RecordingResult) -> Void = { _, _ in }, deliver: (RecordingResult) -> Void
  ) async {
    await withTaskGroup(of: (Int, RecordingResult).self) { group in
      var check = check
      // A second thread for each recording, where there are more threads than recordings.
      check.readsAhead = jobs >= 2 * paths.count
      var next = 0
      func start() {
        guard next < paths.count else { return }
        let (index, path) = (next, paths[next])
        group.addTask { [check] in (index, check.run(path: path, examine)) }
        next += 1
      }
      for _ in 0..<min(jobs, paths.count) { start() }
      var waiting: [Int: RecordingResult] = [:]
      var delivered = 0
      while let (index, result) = await group.next() {
        done(index, result)
        waiting[index] = result
        while let ready = waiting.removeValue(forKey: delivered) {
          deliver(ready)
          delivered += 1
        }
        start()
      }
    }
  }
}

extension RecordingCheck {
  /// Replays the recording at `path`, and hands on what is violated.
  fileprivate func run(
    path: String, _ examine: (@Sendable (RecordingResult, RecordingInput) -> Void)?
  ) -> RecordingResult {
    guard let examine, !RecordingSearch.isFolder(path), let input = try? RecordingInput(path: path) else {
      return run(path: path)
    }
    let result = run(path: path, input: input)
    if result.violations > 0 { examine(result, input) }
    return result
  }
}
