import Glibc
import KernelProbes
import RecordingFormat
import RmapEvents

extension Sidecar {
  /// What is known of a recording before it begins. Until the counts are taken at the end it says that they were not.
  init(_ plan: RecordPlan, _ probes: ProbePlan, _ machine: MachineState, _ types: KernelTypes) {
    let name = plan.output.split(separator: "/").last.map(String.init) ?? plan.output
    self.init(recording: name)
    date = Self.now()
    kernel = Kernel(
      release: machine.release, version: firstLine("/proc/sys/kernel/version"),
      configuration: machine.configuration?.relevant)
    kernel?.machine = Self.architecture()
    kernel?.compiler = firstLine("/proc/version").flatMap(KernelBuild.compiler(ofBanner:))
    kernel?.commit = KernelBuild.commit(ofRelease: machine.release)
    kernel?.pageSize = MachineState.pageSize
    if case .command(let words) = plan.target { workload = Workload(command: words) }
    level = plan.level
    self.probes = probes.definitions.map { Probe(event: $0.event, definition: $0.line) }
    var recorder = Recorder()
    recorder.version = plan.tool.rawValue
    recorder.arguments = plan.arguments.isEmpty ? nil : plan.arguments.joined(separator: " ")
    recorder.cpus = machine.processors
    if plan.tool == .stream { recorder.heartbeatMS = PageStream.heartbeatMS }
    recorder.clock = "mono"
    recorder.bufferKB = plan.buffer
    recorder.complete = false
    recorder.wholeSystem = true
    self.recorder = recorder
    layout = types.layoutOfInterest
    law = Law(version: ProbePlan.lawVersion, unread: probes.unread)
    dialects = Dictionary(probes.dialects.map { ($0.name, $0.evidence.rawValue) }) { first, _ in first }
  }

  /// Now, in UTC: `2026-11-30T14:05:09Z`.
  private static func now() -> String {
    var (now, parts) = (time(nil), tm())
    gmtime_r(&now, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// `uname -m`.
  private static func architecture() -> String {
    var name = utsname()
    uname(&name)
    return withUnsafeBytes(of: name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

extension KernelConfiguration {
  /// What a reader of the recording may want to know of it.
  var relevant: [String: String] {
    let names = [
      "CONFIG_KPROBES", "CONFIG_KPROBE_EVENTS", "CONFIG_KPROBES_ON_FTRACE", "CONFIG_PREEMPT_RT", "CONFIG_SMP",
      "CONFIG_NUMA", "CONFIG_MMU", "CONFIG_KSM", "CONFIG_TRANSPARENT_HUGEPAGE", "CONFIG_MIGRATION",
      "CONFIG_COMPACTION", "CONFIG_MEMCG", "CONFIG_SWAP", "CONFIG_USERFAULTFD", "CONFIG_PER_VMA_LOCK",
      "CONFIG_DEBUG_VM", "CONFIG_DEBUG_VM_RB", "CONFIG_LOCKDEP", "CONFIG_RANDSTRUCT_NONE",
    ]
    return Dictionary(uniqueKeysWithValues: names.map { ($0, self[$0].word) })
  }
}

extension KernelConfiguration.Setting {
  var word: String {
    switch self {
    case .on: "y"
    case .module: "m"
    case .off: "n"
    }
  }
}
