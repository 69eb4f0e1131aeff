import ArgumentParser
import Doctor
import KernelProbes
import Recorder
import Vocabulary

/// `rmapcheck doctor`: can a kernel be recorded, and what will be decidable?
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Reports whether a kernel can be recorded, and what a check will be able to decide.",
    discussion: """
      Without options it diagnoses the running machine; with --btf, --kallsyms and --config, any kernel from its files. \
      All three are needed to know that a kernel can be recorded.

      With --since it instead prints what the invariants rest on that has changed since another kernel: members, \
      parameters and enumerators, and which of them nobody has read yet.

      Exit status: 0 the core can be recorded (with --since: all was read), 4 not, or not known, 3 a file is \
      damaged, 66 a file cannot be read, 64 usage, 74 the report could not be written.
      """)

  enum Form: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Option(help: ArgumentHelp("Raw BTF, or an ELF vmlinux with a .BTF section.", valueName: "file"), completion: .file())
  var btf: String?

  @Option(
    help: ArgumentHelp("The symbols of that kernel: a copy of its /proc/kallsyms.", valueName: "file"),
    completion: .file())
  var kallsyms: String?

  @Option(
    help: ArgumentHelp("The configuration of that kernel, plain or gzip.", valueName: "file"), completion: .file())
  var config: String?

  @Option(
    help: ArgumentHelp("Raw BTF, or an ELF vmlinux, of an older kernel: print what changed since.", valueName: "file"),
    completion: .file())
  var since: String?

  @Option(help: "How much is to be recorded.")
  var level = RecordingLevel.walks

  @Option(help: ArgumentHelp("The report's format: text or json.", valueName: "form"))
  var format = Form.text

  func validate() throws {
    if btf == nil, kallsyms != nil { throw ValidationError("--kallsyms needs --btf.") }
    if since != nil, kallsyms != nil || config != nil {
      throw ValidationError("--since compares types: of the other files it needs only --btf.")
    }
  }

  func run() throws {
    if let since { try compare(with: since) }
    let diagnosis: Diagnosis
    do {
      diagnosis = btf == nil && config == nil ? try ofThisMachine() : try ofFiles()
    } catch {
      complain("\(error)")
      throw ExitCode(statusOfInputs([btf, kallsyms, config]))
    }
    try StandardOutput.write(format == .json ? diagnosis.json() : diagnosis.text())
    throw ExitCode(diagnosis.exitStatus)
  }

  private func compare(with since: String) throws -> Never {
    let change: LawChange
    do {
      change = LawChange(
        from: try KernelTypes(path: since), to: try KernelTypes(path: btf ?? KernelTypes.runningKernel))
    } catch {
      complain("\(error)")
      throw ExitCode(statusOfInputs([since, btf ?? KernelTypes.runningKernel]))
    }
    try StandardOutput.write(format == .json ? change.json() : change.text())
    throw ExitCode(change.exitStatus)
  }

  private func ofThisMachine() throws -> Diagnosis {
    let machine = MachineState.running()
    var diagnosis = Diagnosis(level: level)
    if machine.hasBTF {
      let types = try KernelTypes(path: KernelTypes.runningKernel)
      diagnosis.judge(
        types: types, symbols: try KernelSymbols(path: KernelSymbols.runningKernel),
        pageSize: MachineState.pageSize)
    }
    diagnosis.judge(machine)
    return diagnosis
  }

  private func ofFiles() throws -> Diagnosis {
    var diagnosis = Diagnosis(level: level)
    if let btf {
      let types = try KernelTypes(path: btf)
      let symbols = try kallsyms.map { try KernelSymbols(path: $0) } ?? KernelSymbols(unverifiedFrom: types)
      diagnosis.judge(types: types, symbols: symbols)
    }
    if let config { diagnosis.judge(try KernelConfiguration(path: config)) }
    return diagnosis
  }
}
