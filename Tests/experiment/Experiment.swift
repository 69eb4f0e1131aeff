import ArgumentParser

@main struct Experiment: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experiment",
    abstract: "Experiments on recordings: what losing or changing events does to the verdict.",
    subcommands: [LossCommand.self, DamageCommand.self])
}
