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

      Exit status: 0 the core can be recorded, 4 not, or not known, 3 a file cannot be read, 64 usage, 74 the \
      report could not be written.
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

  @Option(help: "How much is to be recorded.")
  var level = RecordingLevel.walks

  @Option(help: ArgumentHelp("The report's format: text or json.", valueName: "form"))
  var format = Form.text

  func validate() throws {
    if btf == nil, kallsyms != nil { throw ValidationError("--kallsyms needs --btf.") }
  }

  func run() throws {
    let diagnosis: Diagnosis
    do {
      diagnosis = btf == nil && config == nil ? try ofThisMachine() : try ofFiles()
    } catch {
      complain("\(error)")
      throw ExitCode(3)
    }
    try StandardOutput.write(format == .json ? diagnosis.json() : diagnosis.text())
    throw ExitCode(diagnosis.exitStatus)
  }

  private func ofThisMachine() throws -> Diagnosis {
    let machine = MachineState.running()
    var diagnosis = Diagnosis(level: level)
    if machine.hasBTF {
      let types = try KernelTypes(path: KernelTypes.runningKernel)
      diagnosis.judge(types: types, symbols: try KernelSymbols(path: KernelSymbols.runningKernel))
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
