import ArgumentParser

@main
struct RmapCheck: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rmapcheck",
    abstract: "Replays kernel traces and checks the anon_vma graph that they rebuild.",
    version: "0.1.0",
    subcommands: [
      AssembleCommand.self, CheckCommand.self, CompareCommand.self, DoctorCommand.self, ExplainCommand.self,
      ProbesCommand.self, RecordCommand.self, JanitorCommand.self,
    ])
}
