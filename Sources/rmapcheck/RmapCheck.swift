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
    if let lack = Headroom.lack() {
      complain(lack)
      Glibc.exit(status(ofFailure: EX_OSERR))
    }
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
    var words = arguments[...]
    if words.first == "help" { words = words.dropFirst() }
    var (group, path): (any ParsableCommand.Type, String) = (Self.self, "")
    while !group.configuration.subcommands.isEmpty {
      guard let asked = words.popFirst(), !asked.hasPrefix("-") else { return }
      let commands = group.configuration.subcommands
      if let command = commands.first(where: { $0.configuration.commandName == asked }) {
        group = command
        path += asked + " "
        continue
      }
      if asked == "help" { return }
      let visible = commands.map { $0.configuration }.filter { $0.shouldDisplay }.compactMap { $0.commandName }
      throw ValidationError("There is no subcommand '\(path)\(asked)'." + hint(asked, visible + ["help"], path))
    }
  }

  private static func hint(_ asked: String, _ names: [String], _ path: String) -> String {
    if let name = Suggestion.nearest(to: asked, among: names) { return " Did you mean '\(path)\(name)'?" }
    return path.isEmpty && access(asked, F_OK) == 0 ? " To check that file: rmapcheck check \(asked)" : ""
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
