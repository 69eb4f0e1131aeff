/// Something that keeps a kernel from being recorded.
public enum Obstacle: Equatable, Sendable {
  // MARK: The kernel itself

  /// The functions of `mm/interval_tree.c` that keep anon_vmas' trees can't carry a probe, for these reasons.
  case unprobedTrees(reasons: [String])
  /// PAGE_SIZE is one that the law was not read for.
  case unsupportedPages(bytes: Int)
  /// `CONFIG_KPROBES` is not set.
  case noKprobes
  /// `CONFIG_KPROBE_EVENTS` is not set.
  case noKprobeEvents
  /// `CONFIG_DEBUG_INFO_BTF` is not set.
  case noTypes
  /// `/proc/filesystems` has no tracefs.
  case noTraceFS
  /// tracefs, mounted here, has no `kprobe_events`.
  case hiddenKprobeEvents(tracefs: String)
  /// `lockdown=confidentiality`.
  case lockdown
  /// `/sys/kernel/btf/vmlinux` is not there.
  case noBTF

  // MARK: How the machine is set up

  /// We are not root.
  case notRoot
  /// The tool that is to write the recording is not installed.
  case noTool(Diagnosis.Tool)
  /// tracefs is not mounted.
  case unmountedTraceFS
  /// `/sys/kernel/debug/kprobes/enabled` is 0.
  case kprobesOff

  /// What is in the way.
  public var what: String {
    switch self {
    case .unprobedTrees(let reasons): "the anon_vma interval trees can't be probed: \(reasons.joined(separator: "; "))"
    case .unsupportedPages(let bytes): "its pages have \(bytes) bytes"
    case .noKprobes: "kprobes are not built in (CONFIG_KPROBES is not set)"
    case .noKprobeEvents: "kprobe events are not built in (CONFIG_KPROBE_EVENTS is not set)"
    case .noTypes: "the kernel describes no types (CONFIG_DEBUG_INFO_BTF is not set)"
    case .noTraceFS: "the kernel has no tracefs"
    case .hiddenKprobeEvents(let path): "\(path) has no kprobe_events"
    case .lockdown: "the kernel is locked down (confidentiality), which forbids probes"
    case .noBTF: "no /sys/kernel/btf/vmlinux"
    case .notRoot: "only root may make probes"
    case .noTool(let tool): "no \(tool.rawValue) on the PATH"
    case .unmountedTraceFS: "tracefs is not mounted"
    case .kprobesOff: "kprobes are switched off"
    }
  }

  /// What would be needed.
  public var remedy: String {
    switch self {
    case .unprobedTrees: "a kernel whose mm/interval_tree.c keeps its functions as symbols"
    case .unsupportedPages: "a kernel with pages of 4, 16 or 64 KiB"
    case .noKprobes:
      "a kernel built with CONFIG_KPROBES=y and CONFIG_KPROBE_EVENTS=y. Its static tracepoints do not show which AVC "
        + "is in which tree, and no verdict can be based on them"
    case .noKprobeEvents: "a kernel built with CONFIG_KPROBE_EVENTS=y"
    case .noTypes, .noBTF: "a kernel built with CONFIG_DEBUG_INFO_BTF=y, or --btf with the vmlinux of this very build"
    case .noTraceFS: "a kernel built with CONFIG_FTRACE=y and CONFIG_KPROBE_EVENTS=y"
    case .hiddenKprobeEvents: "a kernel built with CONFIG_KPROBE_EVENTS=y, and no lockdown that hides it"
    case .lockdown: "boot with lockdown=none"
    case .notRoot: "run it with sudo"
    case .noTool(.perf): "apt-get install linux-perf"
    case .noTool: "apt-get install trace-cmd"
    case .unmountedTraceFS: "mount -t tracefs nodev /sys/kernel/tracing"
    case .kprobesOff: "echo 1 > /sys/kernel/debug/kprobes/enabled"
    }
  }

  /// Whether the kernel itself is the obstacle, and not how the machine is set up.
  public var isOfKernel: Bool {
    switch self {
    case .notRoot, .noTool, .unmountedTraceFS, .kprobesOff: false
    case .unprobedTrees, .unsupportedPages, .noKprobes, .noKprobeEvents, .noTypes, .noTraceFS, .hiddenKprobeEvents,
      .lockdown, .noBTF:
      true
    }
  }
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
