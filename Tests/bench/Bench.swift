import ArgumentParser

@main struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "What scripts/bench measures with.",
    subcommands: [CheckOnce.self, MakeRecording.self])
}
