public import KernelProbes
import RmapEvents

/// Something that keeps a kernel from being recorded.
public struct Obstacle: Equatable, Sendable {
  /// What is in the way.
  public let what: String
  /// What would be needed.
  public let remedy: String
  /// Whether the kernel itself is the obstacle, and not how the machine is set up.
  public let isOfKernel: Bool
}

/// Something that must be known of a kernel before anyone can say that it can be recorded.
public enum RequiredFact: CaseIterable, Sendable {
  /// Whether it has kprobe events.
  case kprobeEvents
  /// How its structs and functions are made.
  case types
  /// Which of its functions are symbols, and so can carry a probe.
  case symbols

  /// What is not known without it.
  public var what: String {
    switch self {
    case .kprobeEvents: "whether this kernel has kprobe events is not known"
    case .types: "this kernel's types are not known"
    case .symbols: "whether its functions are symbols, and not inlined or cloned, is not known"
    }
  }

  /// What would tell.
  public var remedy: String {
    switch self {
    case .kprobeEvents: "--config with its configuration"
    case .types: "--btf with its BTF or vmlinux"
    case .symbols: "--kallsyms with its /proc/kallsyms (and --btf)"
    }
  }
}

/// Whether a kernel can be recorded, as far as is known.
public enum Recordability: String, Sendable {
  /// All that is needed is there.
  case possible = "yes"
  /// Something is in the way.
  case impossible = "no"
  /// Nothing that was seen is in the way, but not everything was seen.
  case unknown
}

/// Whether a kernel can be recorded, and what a check of the recording will be able to decide.
public struct Diagnosis {
  /// The kernel's release, where it is known.
  public var release: String?
  /// How much was to be recorded.
  public let level: ProbeLevel
  /// What keeps the kernel from being recorded; nothing if it can be.
  public var obstacles: [Obstacle] = []
  /// What became of each event; nil where nothing is known of the kernel's types.
  public private(set) var plan: ProbePlan?
  /// What a check will be able to decide; empty where there is no plan.
  public private(set) var invariants: [Decidability] = []
  /// Where the members lie that the reverse mapping is made of, bytes; nil where nothing is known of the types.
  public private(set) var layout: [String: [String: Int]]?
  /// The options that a recording depends on; nil where the configuration is not known.
  public private(set) var configuration: [String: String]?
  /// What to choose for the recording, and what to know about it.
  public var advice: [String] = []

  /// A diagnosis of a kernel of which nothing is known yet.
  public init(level: ProbeLevel) { self.level = level }

  /// What is not known, of that which must be.
  public var unknowns: [RequiredFact] { RequiredFact.allCases.filter { !settled.contains($0) } }
  private var settled: Set<RequiredFact> = []

  /// Whether the core can be recorded: VMAs, AVCs and anon_vmas.
  public var recordability: Recordability {
    if !obstacles.isEmpty { return .impossible }
    return unknowns.isEmpty ? .possible : .unknown
  }

  /// 0 if the core can be recorded, 4 if not, or if that is not known.
  public var exitStatus: Int32 { recordability == .possible ? 0 : 4 }

  // MARK: The kernel

  /// Takes types and symbols into account.
  public mutating func judge(types: KernelTypes, symbols: KernelSymbols) {
    let plan = ProbePlan(level: level, types: types, symbols: symbols)
    self.plan = plan
    layout = types.layoutOfInterest
    settled.insert(.types)
    if symbols.isVerified { settled.insert(.symbols) }
    invariants = Decidability.all(plan, level: RecordingLevel(rawValue: level.rawValue) ?? .structure)
    if !plan.hasCore {
      let reasons = plan.outcomes.filter { !$0.status.isRecorded && $0.isCore }.flatMap(\.notes)
      add(
        "the anon_vma interval trees can't be probed: \(reasons.joined(separator: "; "))",
        remedy: "a kernel whose mm/interval_tree.c keeps its functions as symbols")
    }
  }

  /// Takes the kernel's configuration into account.
  public mutating func judge(_ configuration: KernelConfiguration) {
    release = release ?? configuration.release
    self.configuration = configuration.relevant
    settled.insert(.kprobeEvents)
    if configuration["CONFIG_KPROBES"] == .off {
      add(
        "kprobes are not built in (CONFIG_KPROBES is not set)",
        remedy: "a kernel built with CONFIG_KPROBES=y and CONFIG_KPROBE_EVENTS=y. Its static tracepoints do not "
          + "tell which AVC stands in which tree: no verdict can be had from them")
    } else if configuration["CONFIG_KPROBE_EVENTS"] == .off {
      add(
        "kprobe events are not built in (CONFIG_KPROBE_EVENTS is not set)",
        remedy: "a kernel built with CONFIG_KPROBE_EVENTS=y")
    }
    if configuration["CONFIG_DEBUG_INFO_BTF"] == .off, plan == nil {
      settled.insert(.types)
      add(
        "the kernel describes no types (CONFIG_DEBUG_INFO_BTF is not set)",
        remedy: "a kernel built with CONFIG_DEBUG_INFO_BTF=y, or --btf with the vmlinux of this very build")
    }
    if configuration["CONFIG_PREEMPT_RT"] == .on {
      advice.append("PREEMPT_RT: its rwsem has no count and no owner, so who holds the root's lock is not recorded")
    }
    if configuration["CONFIG_KPROBES_ON_FTRACE"] == .off, configuration["CONFIG_KPROBES"] == .on {
      advice.append("kprobes are breakpoints here (CONFIG_KPROBES_ON_FTRACE is not set): each hit costs more")
    }
  }

  // MARK: The machine

  /// Takes the running machine into account.
  public mutating func judge(_ machine: MachineState, tool: Tool = .traceCommand) {
    release = machine.release
    if let configuration = machine.configuration { judge(configuration) }
    judgeTracing(machine)
    if !machine.isRoot {
      add("only root may make probes", remedy: "run it with sudo", isOfKernel: false)
    }
    if tool == .traceCommand ? machine.traceCommand == nil : machine.perf == nil {
      add(
        "no \(tool.rawValue) on the PATH",
        remedy: "apt-get install \(tool == .perf ? "linux-perf" : "trace-cmd")", isOfKernel: false)
    }
    advise(machine)
  }

  private mutating func judgeTracing(_ machine: MachineState) {
    switch machine.tracefs {
    case .unsupported:
      settled.insert(.kprobeEvents)
      add("the kernel has no tracefs", remedy: "a kernel built with CONFIG_FTRACE=y and CONFIG_KPROBE_EVENTS=y")
    case .unmounted:
      add("tracefs is not mounted", remedy: "mount -t tracefs nodev /sys/kernel/tracing", isOfKernel: false)
    case .closed: break  // only root may look: that is said anyway
    case .mounted(let path) where !machine.hasKprobeEvents:
      settled.insert(.kprobeEvents)
      if !obstacles.contains(where: { $0.what.contains("CONFIG_KPROBE") }) {
        add(
          "\(path) has no kprobe_events",
          remedy: "a kernel built with CONFIG_KPROBE_EVENTS=y, and no lockdown that hides it")
      }
    case .mounted: settled.insert(.kprobeEvents)
    }
    if machine.lockdown == "confidentiality" {
      add("the kernel is locked down (confidentiality), which forbids probes", remedy: "boot with lockdown=none")
    }
    if machine.kprobesAreOff {
      add(
        "kprobes are switched off", remedy: "echo 1 > /sys/kernel/debug/kprobes/enabled", isOfKernel: false)
    }
    if !machine.hasBTF, plan == nil { settled.insert(.types) }
    if !machine.hasBTF, plan == nil, machine.configuration?["CONFIG_DEBUG_INFO_BTF"] != .off {
      add(
        "no /sys/kernel/btf/vmlinux",
        remedy: "a kernel built with CONFIG_DEBUG_INFO_BTF=y, or --btf with the vmlinux of this very build")
    }
  }

  private mutating func advise(_ machine: MachineState) {
    if !machine.clocks.isEmpty {
      advice.append(
        machine.clocks.contains("mono")
          ? "clock mono: ordered across CPUs, and the same for trace-cmd and perf"
          : "this kernel offers no clock mono; without a clock that is ordered across CPUs nothing is decided")
    }
    if let source = machine.clockSource, !["tsc", "kvm-clock", "arch_sys_counter"].contains(source) {
      advice.append("the clock source \(source) is slow to read: recording will cost more than with tsc")
    }
    if machine.memory > 0 {
      advice.append(
        "buffer \(machine.advisedBuffer) KB for each of \(machine.processors) CPU(s); what it can't hold makes the "
          + "verdict undecided, and `rmapcheck record` counts it while it runs")
    }
  }

  /// The tool that writes the recording.
  public enum Tool: String, Sendable {
    /// trace-cmd, which writes trace.dat.
    case traceCommand = "trace-cmd"
    /// perf, which writes perf.data.
    case perf
  }

  private mutating func add(_ what: String, remedy: String, isOfKernel: Bool = true) {
    obstacles.append(Obstacle(what: what, remedy: remedy, isOfKernel: isOfKernel))
  }
}

extension MachineState {
  /// A ring buffer for each CPU, KB: a power of two from 1 MB to 32 MB; all of them take an eighth of the memory at most.
  public var advisedBuffer: Int {
    var size = 32768
    while size > 1024, size * processors > memory * 1024 / 8 { size /= 2 }
    return size
  }
}

extension ProbeOutcome {
  /// Whether it is of an event without which no graph can be rebuilt.
  var isCore: Bool { events.contains { ProbePlan.core.contains($0) } }
}
