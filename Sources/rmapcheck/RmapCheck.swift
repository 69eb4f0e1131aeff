// rmapcheck: the command line. Each command is one file; it checks its arguments, calls one module, and turns the
// outcome into text and an exit status. Statuses are the interface to scripts: 0, 1, 3 and 4 are verdicts, the others
// are those of sysexits.h. A report that could not be written is never a success (74).

import ArgumentParser
import CBuild
import Glibc
import Reports

/// The commit that this was built from; nil where git did not say.
let buildCommit: String? = {
  let commit = String(cString: rmapcheck_commit())
  return commit.isEmpty ? nil : commit
}()

@main
struct RmapCheck: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rmapcheck",
    abstract: "Replays kernel traces and checks the anon_vma graph that they rebuild.",
    version: "rmapcheck \(Tool(commit: buildCommit).fullVersion)",
    subcommands: [
      AnnotateCommand.self, AssembleCommand.self, CheckCommand.self, CompareCommand.self, DoctorCommand.self,
      ExplainCommand.self, ProbesCommand.self, RecordCommand.self, ReduceCommand.self, ShowCommand.self,
      StoreCommand.self,
      JanitorCommand.self, StreamCommand.self,
    ])

  static func main() async {
    StandardOutput.claimStandardStreams()
    do {
      try checkSubcommand(Array(CommandLine.arguments.dropFirst()))
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
      end(nil)
    } catch {
      end(error)
    }
  }

  /// The parser takes a subcommand that it does not know for an argument too many.
  private static func checkSubcommand(_ arguments: [String]) throws {
    let asked = arguments.first == "help" ? arguments.dropFirst().first : arguments.first
    let commands = configuration.subcommands.map { $0.configuration }
    let visible = commands.filter { $0.shouldDisplay }.compactMap { $0.commandName }
    let names = commands.compactMap { $0.commandName } + ["help"]
    guard let asked, !asked.hasPrefix("-"), !names.contains(asked) else { return }
    var text = "There is no subcommand '\(asked)'."
    let suggestion = Suggestion.text(for: asked, among: visible + ["help"])
    if suggestion.isEmpty, access(asked, F_OK) == 0 {
      text += " To check that file: rmapcheck check \(asked)"
    }
    throw ValidationError(text + suggestion)
  }

  /// Leaves with the status that the error stands for. Help and the like are output as any other: if they can't be
  /// written, that is an error.
  static func end(_ error: (any Error)?) -> Never {
    do {
      if let lost = error as? LostOutput { throw lost }
      if let error, !(error is ExitCode) { try show(error) }
      try StandardOutput.close()
    } catch {
      complain("\(error)")
      Glibc.exit(status(ofFailure: EX_IOERR))
    }
    guard let error else { Glibc.exit(0) }
    let code = exitCode(for: error)
    Glibc.exit(code == .validationFailure ? status(ofFailure: code.rawValue) : code.rawValue)
  }

  private static func show(_ error: any Error) throws {
    let message = fullMessage(for: error)
    if message.isEmpty { return }
    if exitCode(for: error).isSuccess {
      try StandardOutput.write(message + "\n")
    } else {
      writeToStandardError(message + "\n")
    }
  }

  /// `git bisect run` takes a status up to 127 for the verdict on a commit; above, it stops.
  private static func status(ofFailure status: Int32) -> Int32 {
    CommandLine.arguments.contains("--bisect") ? CheckCommand.bisectStops : status
  }
}
