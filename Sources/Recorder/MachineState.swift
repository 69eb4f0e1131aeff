import FoundationEssentials
import Glibc

/// What the running machine offers to a recorder. Read once, then judged: see ``Diagnosis``.
public struct MachineState: Sendable, Equatable {
  /// How tracefs stands.
  public enum TraceFS: Sendable, Equatable {
    /// The kernel has none.
    case unsupported
    /// It is not mounted.
    case unmounted
    /// It is mounted, and we may not look into it.
    case closed(path: String)
    /// It is mounted here.
    case mounted(path: String)

    /// Where it is mounted.
    public var path: String? {
      switch self {
      case .closed(let path), .mounted(let path): path
      case .unsupported, .unmounted: nil
      }
    }
  }

  /// `uname -r`.
  public var release = ""
  /// Whether we are root.
  public var isRoot = false
  /// How tracefs stands.
  public var tracefs = TraceFS.unsupported
  /// Whether tracefs has `kprobe_events`.
  public var hasKprobeEvents = false
  /// The active word of `/sys/kernel/security/lockdown`; nil if the kernel has no such thing.
  public var lockdown: String?
  /// Whether `/sys/kernel/btf/vmlinux` is there.
  public var hasBTF = false
  /// Whether kprobes were switched off (`/sys/kernel/debug/kprobes/enabled`).
  public var kprobesAreOff = false
  /// The clocks of `trace_clock`.
  public var clocks: [String] = []
  /// The kernel's clock source.
  public var clockSource: String?
  /// Where trace-cmd is; nil if it isn't.
  public var traceCommand: String?
  /// Where perf is; nil if it isn't.
  public var perf: String?
  /// Processors that are switched on.
  public var processors = 1
  /// Memory, MB.
  public var memory = 0
  /// The kernel's configuration, where the machine has it.
  public var configuration: KernelConfiguration?

  /// A machine that offers nothing; for tests.
  public init() {}

  /// PAGE_SIZE of the kernel that we run on, bytes.
  public static var pageSize: Int { sysconf(Int32(_SC_PAGESIZE)) }

  /// The machine that we run on.
  public static func running() -> MachineState {
    MachineState(root: "", searchPath: getenv("PATH").map { String(cString: $0) } ?? "")
  }

  /// Looks at the machine whose `/proc` and `/sys` lie below `root`.
  init(root: String, searchPath: String) {
    var name = utsname()
    uname(&name)
    release =
      firstLine(root + "/proc/sys/kernel/osrelease")
      ?? withUnsafeBytes(of: name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    isRoot = geteuid() == 0
    tracefs = Self.findTraceFS(root)
    if case .mounted(let path) = tracefs {
      hasKprobeEvents = access(path + "/kprobe_events", F_OK) == 0
      clocks = Self.words(firstLine(path + "/trace_clock")).map { $0.filter { $0 != "[" && $0 != "]" } }
    }
    lockdown = Self.words(firstLine(root + "/sys/kernel/security/lockdown"))
      .first { $0.hasPrefix("[") }.map { $0.filter { $0 != "[" && $0 != "]" } }
    hasBTF = access(root + "/sys/kernel/btf/vmlinux", R_OK) == 0
    kprobesAreOff = firstLine(root + "/sys/kernel/debug/kprobes/enabled") == "0"
    clockSource = firstLine(root + "/sys/devices/system/clocksource/clocksource0/current_clocksource")
    let folders = searchPath.split(separator: ":")
    traceCommand = Self.program("trace-cmd", in: folders)
    perf = Self.program("perf", in: folders)
    processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    memory = Self.memory(root)
    for path in ["/proc/config.gz", "/boot/config-\(release)", "/lib/modules/\(release)/config"]
    where configuration == nil {
      configuration = try? KernelConfiguration(path: root + path)
    }
  }

  private static func findTraceFS(_ root: String) -> TraceFS {
    let places = [root + "/sys/kernel/tracing", root + "/sys/kernel/debug/tracing"]
    for path in places {
      if access(path + "/tracing_on", F_OK) == 0 { return .mounted(path: path) }
      if errno == EACCES { return .closed(path: path) }
    }
    let isKnown = wholeFile(root + "/proc/filesystems")?.split(separator: "\n").contains { $0.hasSuffix("\ttracefs") }
    return isKnown == true ? .unmounted : .unsupported
  }

  private static func memory(_ root: String) -> Int {
    let line = wholeFile(root + "/proc/meminfo")?.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
    return words(line.map(String.init)).dropFirst().first.flatMap { Int($0) }.map { $0 / 1024 } ?? 0
  }

  private static func words(_ line: String?) -> [String] {
    (line ?? "").split(separator: " ").map(String.init)
  }

  private static func program(_ name: String, in folders: [Substring]) -> String? {
    folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }
}

/// A file of text, to its end; nil if it can't be read.
func wholeFile(_ path: String) -> String? {
  FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
}

/// The first line of a file; nil if it can't be read.
func firstLine(_ path: String) -> String? {
  wholeFile(path).map { String($0.prefix { $0 != "\n" }) }
}
