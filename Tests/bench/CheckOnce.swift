import ArgumentParser
import Checking

/// All that `rmapcheck check -j 1` does with one recording, but its report, on the main thread: Valgrind can't follow
/// the threads of libdispatch.
struct CheckOnce: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Checks one recording on the main thread, without a report.")

  @Argument var path: String

  func run() throws {
    let result = RecordingCheck().run(path: path)
    print("\(result.verdict.rawValue) \(result.records)")
  }
}
