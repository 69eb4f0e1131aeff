import ArgumentParser

@main struct Experiment: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experiment",
    abstract: "Experiments on recordings: what losing or changing events does to the verdict; and tables of them.",
    subcommands: [
      LossCommand.self, MutateCommand.self, DamageCommand.self, FaultsCommand.self, MatrixCommand.self,
      DecidedCommand.self, NightsCommand.self, DefectsTableCommand.self, DoersCommand.self, WitnessTableCommand.self,
    ])
}

/// `12.3` of 0.1234, never rounded up.
func percent(_ share: Double) -> String {
  let tenths = Int(share * 1000)
  return "\(tenths / 10).\(tenths % 10)"
}
