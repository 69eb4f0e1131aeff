import FoundationEssentials
import Glibc

/// The recording tools of a run that died with its janitor: they would record for ever.
enum Orphans {
  /// Ends them, kindly first: they write their file. They are known by the run's name among their arguments, which no other program has.
  static func end(_ name: RunName, report: (String) -> Void = { _ in }) {
    for (signal, patience) in [(SIGINT, RecordingTool.patience), (SIGKILL, 5)] {
      let tools = find(name)
      if tools.isEmpty { return }
      report("ending the recorder of a run that died: \(tools.map(String.init).joined(separator: ", "))")
      for pid in tools { kill(pid, signal) }
      for _ in 0..<Int(patience * 10) {
        if find(name).isEmpty { return }
        usleep(100_000)
      }
    }
  }

  private static func find(_ name: RunName) -> [pid_t] {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.compactMap { pid_t($0) }.filter { isTool($0, of: name) }
  }

  /// `trace-cmd record … -B rmap_1_2 …`, `perf record … -e rmap_1_2:* …`,
  /// `/proc/self/exe stream rmap_1_2 …`.
  private static func isTool(_ pid: pid_t, of name: RunName) -> Bool {
    guard let words = wholeFile("/proc/\(pid)/cmdline")?.split(separator: "\0"), words.count > 2 else { return false }
    let program = words[0].split(separator: "/").last ?? ""
    if words[1] == "stream" { return words[2] == "\(name)" }
    return (program == "trace-cmd" || program == "perf") && words[1] == "record"
      && words.dropFirst(2).contains { $0 == "\(name)" || $0 == "\(name):*" }
  }
}
