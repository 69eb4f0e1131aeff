import Glibc
import KernelProbes
import Vocabulary

/// The name of one run of the recorder, under which it has its probes and its buffers: `rmap_PID_START`. The process
/// and the time at which it started say whose it is, whatever process has that number later.
struct RunName: Hashable, CustomStringConvertible {
  let pid: Int32
  /// Field 22 of `/proc/PID/stat`: clock ticks since the boot.
  let start: UInt64

  var description: String { "rmap_\(pid)_\(start)" }

  init(pid: Int32, start: UInt64) {
    self.pid = pid
    self.start = start
  }

  /// The run of that name; nil if the name is not of this kind.
  init?(_ name: some StringProtocol) {
    let parts = name.split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "rmap", let pid = Int32(parts[1]), let start = UInt64(parts[2]) else {
      return nil
    }
    self.init(pid: pid, start: start)
    guard description == name else { return nil }
  }

  /// The run of this very process.
  static func own() -> RunName {
    let pid = getpid()
    return RunName(pid: pid, start: startOfProcess(pid) ?? 0)
  }

  /// Whether its process is still there.
  var isAlive: Bool { startOfProcess(pid) == start }
}

/// When a process was started, in clock ticks since the boot; nil if there is none.
func startOfProcess(_ pid: Int32) -> UInt64? {
  // "812 (a name) with ) S …": the fields are counted from the last bracket.
  guard let stat = wholeFile("/proc/\(pid)/stat"), let bracket = stat.lastIndex(of: ")") else { return nil }
  let fields = stat[bracket...].split(separator: " ")
  return fields.count > 20 ? UInt64(fields[20]) : nil
}

/// The same, of a process that still runs: one that has ended stays until its parent looks at it.
func startOfRunningProcess(_ pid: Int32) -> UInt64? {
  guard let stat = wholeFile("/proc/\(pid)/stat"), let bracket = stat.lastIndex(of: ")") else { return nil }
  let state = stat[bracket...].split(separator: " ").dropFirst().first
  return state == "Z" || state == "X" ? nil : startOfProcess(pid)
}

/// What one run has in tracefs: an instance and a group of probes, both of its name, and nothing else. Whatever others
/// trace is never touched.
struct Tenancy<Files: TracingFiles> {
  let files: Files
  let name: RunName

  var instance: String { "instances/\(name)" }

  /// Makes the instance and the probes. If the kernel refuses any of it, all of it is taken back.
  func begin(_ definitions: [ProbeDefinition]) throws(RecordingFailure) {
    do {
      try files.makeFolder(instance)
      for definition in definitions {
        do {
          try files.write(definition.line(inGroup: "\(name)") + "\n", to: "kprobe_events", appending: true)
        } catch {
          throw RecordingFailure(
            .system, "the kernel refused a probe on \(definition.symbol): \(error)\(reasonInLog(error))")
        }
      }
    } catch {
      _ = end()
      if let failure = error as? RecordingFailure { throw failure }
      throw RecordingFailure(.system, "\(error)")
    }
  }

  private func reasonInLog(_ error: TracingError) -> String {
    let log = (try? files.read("error_log")) ?? ""
    guard let line = log.split(separator: "\n").last(where: { $0.contains("error: ") }) else { return "" }
    return " (\(line.drop { $0 != "]" }.dropFirst().drop { $0 == " " }))"
  }

  /// Takes everything away, in the only order that the kernel allows: the instance (and with it the use of the
  /// probes), then the probes. Safe to repeat, and safe against a run that lives: the kernel refuses both while they
  /// are in use.
  ///
  /// Returns what could not be removed, with the reason, a line each.
  func end() -> [String] {
    if files.list("instances").contains("\(name)"), let error = removeInstance() {
      // The probes are in use as long as the instance is.
      return ["\(error)"]
    }
    return removeProbes()
  }

  private func removeInstance() -> TracingError? {
    var last: TracingError?
    // A reader that was just killed may hold it for a moment.
    for _ in 0..<50 {
      do {
        try files.removeFolder(instance)
        return nil
      } catch {
        if error.code == ENOENT { return nil }
        last = error
        guard error.code == EBUSY else { return last }
      }
      files.pause()
    }
    return last
  }

  private func removeProbes() -> [String] {
    guard !ownEvents().isEmpty else { return [] }
    var refusals: [String: TracingError] = [:]
    try? files.write("-:\(name)/\n", to: "kprobe_events", appending: true)
    for _ in 0..<5 {
      for event in ownEvents() {
        do {
          try files.write("-:\(name)/\(event)\n", to: "kprobe_events", appending: true)
        } catch { refusals[event] = error }
      }
      if ownEvents().isEmpty { return [] }
      files.pause()
    }
    return ownEvents().map { "probe \(name)/\($0): \(refusals[$0].map { "\($0)" } ?? "still there")" }
  }

  private func ownEvents() -> [String] {
    Self.probes(files).compactMap { $0.group == "\(name)" ? $0.event : nil }
  }

  // MARK: Everyone's

  /// The probes of the kernel, in the order of `kprobe_events`, which is that of `kprobe_profile` too.
  static func probes(_ files: Files) -> [(group: String, event: String)] {
    guard let text = try? files.read("kprobe_events") else { return [] }
    return text.split(separator: "\n").compactMap { KprobeLine($0) }.map { (String($0.group), String($0.event)) }
  }

  /// Removes what dead runs have left: of those that were killed together with their janitor.
  ///
  /// Returns the names of those runs.
  static func sweep(
    _ files: Files, isAlive: (RunName) -> Bool = { $0.isAlive }, endTools: (RunName) -> Void = { Orphans.end($0) }
  ) -> [RunName] {
    let named = files.list("instances") + probes(files).map(\.group)
    let dead = Set(named.compactMap { RunName($0) }).filter { !isAlive($0) }
    return dead.sorted { $0.description < $1.description }.filter { name in
      endTools(name)
      return Tenancy(files: files, name: name).end().isEmpty
    }
  }
}
