public import KernelProbes
public import Vocabulary

/// What is to be recorded, and how: what the command line says.
public struct RecordPlan: Sendable {
  /// When the recording ends, if not by a signal or the clock.
  public enum Target: Sendable, Equatable {
    /// When this command ends.
    case command([String])
    /// When this process ends.
    case process(Int32)
    /// Never by itself.
    case machine
  }

  /// The file that the recording goes to.
  public var output: String
  /// Whether a file of that name may be replaced.
  public var replaces = false
  /// Which probes.
  public var level: RecordingLevel
  /// When it ends.
  public var target: Target
  /// The longest time that it may last, s.
  public var duration: Double?
  /// Buffer of each CPU, KB.
  public var buffer: Int
  /// What writes it.
  public var tool: Diagnosis.Tool
  /// Further arguments of trace-cmd or perf. `GROUP` stands for the name of the run's group of probes.
  public var arguments: [String] = []
  /// Where pages go, where ``Diagnosis/Tool/stream`` writes: a folder with the files of ``PageStream``.
  public var streamFolder = ""

  /// A plan for the given output.
  public init(
    output: String, level: RecordingLevel, target: Target, buffer: Int, tool: Diagnosis.Tool = .traceCommand
  ) {
    self.output = output
    self.level = level
    self.target = target
    self.buffer = buffer
    self.tool = tool
  }

  /// The tool's command line for a run of that name. The whole system is recorded, whatever the target: the graph of
  /// anon_vmas is shared between processes, and a change that another one makes would be missing from it.
  func command(_ name: RunName, tracefs: String) -> [String] {
    let arguments = arguments.map { $0.replacing("GROUP", with: "\(name)") }
    return switch tool {
    case .traceCommand:
      // --no-filter: also what trace-cmd and its children do. -k: the kernel's counts are still to be read.
      [
        "trace-cmd", "record", "-k", "-B", "\(name)", "-C", "mono", "--no-filter", "-b", "\(buffer)",
        "-e", "\(name)", "-o", output,
      ] + arguments
    case .perf:
      // It starts switched off and says by descriptor 4 when descriptor 3 has switched it on.
      [
        "perf", "record", "-a", "-k", "CLOCK_MONOTONIC", "-m", "\(buffer)K", "-e", "\(name):*",
        "--delay=-1", "--control=fd:3,4", "-o", output,
      ] + arguments
    case .stream:
      // This program again, by its hidden command.
      ["/proc/self/exe", "stream", "\(name)", tracefs, streamFolder, "\(buffer)"]
    }
  }
}
