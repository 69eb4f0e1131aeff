import ArgumentParser
import Glibc
import Recorder
import Vocabulary

/// `rmapcheck assemble`: a recording from what a dying kernel let go.
struct AssembleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "assemble",
    abstract: "Builds a trace.dat from a head and raw ring-buffer pages.",
    discussion: """
      For recordings whose kernel died. The head is what `record --stream` wrote, or a recording of the same kernel in \
      format 6 (trace-cmd record --file-version 6); the pages are what was read from per_cpu/cpuN/trace_pipe_raw, one \
      file per CPU. Anything after the last whole page is left out.

      Exit status: 0, 3 a file is damaged or unreadable, 73 the output is there already or can't be made, 64 usage.
      """)

  @Option(help: ArgumentHelp("The head.", valueName: "file"), completion: .file())
  var head: String

  @Option(
    name: [.customShort("o"), .long], help: ArgumentHelp("Where the recording goes.", valueName: "file"),
    completion: .file())
  var output = "trace.dat"

  @Argument(help: "The pages of each CPU, from CPU 0 on.", completion: .file())
  var pages: [String]

  func run() throws {
    do {
      let count = try PageAssembly.run(head: head, pages: pages, output: output)
      complain("\(output): \(counted(count, "page"))")
    } catch {
      complain("\(error)")
      throw ExitCode(error.kind.rawValue)
    }
  }
}
