import ArgumentParser
import KernelProbes
import Recorder
import Reports
import RmapEvents
import Vocabulary

extension RecordingLevel: ExpressibleByArgument {}

/// `rmapcheck probes`: what to write into `kprobe_events` of a kernel that is to be recorded.
struct ProbesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probes",
    abstract: "Prints the kprobe_events definitions for a kernel, one per line.",
    discussion: """
      Offsets come from the kernel's type information (BTF), functions from its symbol table. \
      What the kernel does not support is listed on stderr.

      The lines contain backslashes: write them with cat or printf '%s\\n', not with echo.

      Exit status: 0, 3 for a file that is damaged, 66 for one that cannot be read, 4 for a kernel whose anon_vma interval \
      trees cannot be probed, 64 for a usage error, 74 if the lines cannot be written.
      """)

  @Option(help: ArgumentHelp("Raw BTF, or an ELF vmlinux with a .BTF section.", valueName: "file"), completion: .file())
  var btf = KernelTypes.runningKernel

  @Option(help: ArgumentHelp("The kernel's symbol table.", valueName: "file"), completion: .file())
  var kallsyms = KernelSymbols.runningKernel

  @Flag(help: "Take the functions from BTF instead, unverified.")
  var noKallsyms = false

  @Option(
    help: ArgumentHelp(
      "That kernel's PAGE_SIZE, 4096, 16384 or 65536, which BTF does not have; the running kernel's is known.",
      valueName: "bytes"))
  var pageSize: Int?

  @Option(help: "How much to record.")
  var level = RecordingLevel.pages

  func validate() throws {
    if let pageSize, PageSize(bytes: pageSize) == nil {
      throw ValidationError("--page-size is 4096, 16384 or 65536.")
    }
  }

  func run() throws {
    let plan: ProbePlan
    do {
      let types = try KernelTypes(path: btf)
      plan = ProbePlan(level: level, types: types, symbols: try symbols(types), pageSize: knownPageSize)
    } catch {
      complain("\(error)")
      throw ExitCode(statusOfInputs([btf, noKallsyms ? nil : kallsyms]))
    }
    for note in plan.notes { complain(note) }
    guard plan.hasCore else {
      complain("no graph can be rebuilt without avc_insert and avc_remove")
      throw ExitCode(4)
    }
    let lines = plan.definitions.map { $0.line + "\n" }.joined()
    try StandardOutput.write(lines)
  }

  /// Without it a recording has no mark of the page size, and what is checked is what its file says.
  private var knownPageSize: Int? { pageSize ?? (btf == KernelTypes.runningKernel ? MachineState.pageSize : nil) }

  private func symbols(_ types: KernelTypes) throws(ProbeFailure) -> KernelSymbols {
    guard noKallsyms else { return try KernelSymbols(path: kallsyms) }
    complain("symbols are taken from BTF and not verified")
    return KernelSymbols(unverifiedFrom: types)
  }

  private func complain(_ line: String) {
    writeToStandardError("rmapcheck probes: \(printable(line))\n")
  }
}
