import ArgumentParser
import ModelRecording
import RmapTestSupport
import TestSupport

/// Writes what the model kernel of the property tests does as a recording.
struct MakeRecording: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "make", abstract: "Writes a large recording of the model kernel as a trace.dat of format 6.")

  /// What the model kernel does.
  enum Workload: String, ExpressibleByArgument, CaseIterable {
    /// Generations of a few processes that fork, fault, unmap, split, move and merge at random.
    case mix
    /// One process that forks children which stay.
    case forkServer = "fork-server"
    /// Processes each of which is the last one's child.
    case chain
  }

  @Option(help: "mix, fork-server or chain.") var workload = Workload.mix
  @Option(help: "At least so many events; the last generation is finished.") var events = 1_000_000
  @Option(help: "fork-server: how many children live at once. chain: how deep it is.") var size = 100
  @Option(help: "For the random choices.") var seed: UInt64 = 20_261_123
  @Argument var path: String

  func run() throws {
    let writer = try ModelRecorder(path: path)
    let kernel = Kernel(.v6_12)
    kernel.reusesAddresses = true
    var generator = SeededGenerator(seed: seed)
    let drain = { kernel.takeSteps { writer.append($0.event, pid: $0.pid) } }
    while writer.count < events {
      switch workload {
      case .mix: kernel.live(200, &generator)
      case .forkServer: kernel.serveForks(size, each: drain)
      case .chain: kernel.descend(size, each: drain)
      }
      drain()
    }
    try writer.finish(path: path)
    print("\(writer.count) events")
  }
}
