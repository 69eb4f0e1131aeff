public import KernelProbes
import RmapEvents
public import Vocabulary

/// Whether a kernel can be recorded, as far as is known.
public enum Recordability: String, Sendable {
  /// All that is needed is there.
  case possible = "yes"
  /// Something is in the way.
  case impossible = "no"
  /// Nothing that was seen is in the way, but not everything was seen.
  case unknown
}

/// Whether a kernel can be recorded, and with which probes.
public struct Diagnosis {
  /// The kernel's release, where it is known.
  public var release: String?
  /// How much was to be recorded.
  public let level: RecordingLevel
  /// What keeps the kernel from being recorded; nothing if it can be.
  public var obstacles: [Obstacle] = []
  /// What became of each event; nil where nothing is known of the kernel's types.
  public private(set) var plan: ProbePlan?
  /// Where the members lie that the reverse mapping is made of, bytes; nil where nothing is known of the types.
  public private(set) var layout: [String: [String: Int]]?
  /// The options that a recording depends on; nil where the configuration is not known.
  public private(set) var configuration: [String: String]?
  /// What to choose for the recording, and what to know about it.
  public var advice: [String] = []

  /// A diagnosis of a kernel of which nothing is known yet.
  public init(level: RecordingLevel) { self.level = level }

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

  /// Takes types and symbols into account, and the kernel's PAGE_SIZE in bytes, where that is known.
  public mutating func judge(types: KernelTypes, symbols: KernelSymbols, pageSize: Int? = nil) {
    judge(types: types, symbols: symbols, law: .all, pageSize: pageSize)
  }

  package mutating func judge(types: KernelTypes, symbols: KernelSymbols, law: KnownLaw, pageSize: Int? = nil) {
    let plan = ProbePlan(level: level, types: types, symbols: symbols, law: law, pageSize: pageSize)
    self.plan = plan
    layout = types.layoutOfInterest
    settled.insert(.types)
    if symbols.isVerified { settled.insert(.symbols) }
    if !plan.hasCore {
      obstacles.append(
        .unprobedTrees(reasons: plan.outcomes.filter { !$0.status.isRecorded && $0.isCore }.flatMap(\.notes)))
    }
  }

  /// Takes the kernel's configuration into account.
  public mutating func judge(_ configuration: KernelConfiguration) {
    release = release ?? configuration.release
    self.configuration = configuration.relevant
    settled.insert(.kprobeEvents)
    if configuration["CONFIG_KPROBES"] == .off {
      obstacles.append(.noKprobes)
    } else if configuration["CONFIG_KPROBE_EVENTS"] == .off {
      obstacles.append(.noKprobeEvents)
    }
    if let size = configuration.pageSize, PageSize(bytes: size) == nil {
      obstacles.append(.unsupportedPages(bytes: size))
    }
    if configuration["CONFIG_DEBUG_INFO_BTF"] == .off, plan == nil {
      settled.insert(.types)
      obstacles.append(.noTypes)
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
    if !machine.isRoot { obstacles.append(.notRoot) }
    if !machine.has(tool) { obstacles.append(.noTool(tool)) }
    advise(machine)
  }

  private mutating func judgeTracing(_ machine: MachineState) {
    switch machine.tracefs {
    case .unsupported:
      settled.insert(.kprobeEvents)
      obstacles.append(.noTraceFS)
    case .unmounted: obstacles.append(.unmountedTraceFS)
    case .closed: break  // unreadable without root, which is an obstacle of its own
    case .mounted(let path) where !machine.hasKprobeEvents:
      settled.insert(.kprobeEvents)
      // The configuration may have said so already.
      if !obstacles.contains(.noKprobes), !obstacles.contains(.noKprobeEvents) {
        obstacles.append(.hiddenKprobeEvents(tracefs: path))
      }
    case .mounted: settled.insert(.kprobeEvents)
    }
    if machine.lockdown == "confidentiality" { obstacles.append(.lockdown) }
    if machine.kprobesAreOff { obstacles.append(.kprobesOff) }
    if !machine.hasBTF, plan == nil {
      settled.insert(.types)
      if machine.configuration?["CONFIG_DEBUG_INFO_BTF"] != .off { obstacles.append(.noBTF) }
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
        "buffer \(machine.advisedBuffer) KB for each of \(counted(machine.processors, "CPU")); what it can't hold makes the "
          + "verdict undecided, and `rmapcheck record` counts it while it runs")
    }
  }

  /// The tool that writes the recording.
  public enum Tool: String, Sendable {
    /// trace-cmd, which writes trace.dat.
    case traceCommand = "trace-cmd"
    /// perf, which writes perf.data.
    case perf
    /// We ourselves, page by page: ``PageStream``.
    case stream
  }
}

extension MachineState {
  func has(_ tool: Diagnosis.Tool) -> Bool {
    switch tool {
    case .traceCommand: traceCommand != nil
    case .perf: perf != nil
    case .stream: true
    }
  }

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
