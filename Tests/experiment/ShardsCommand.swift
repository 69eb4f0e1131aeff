import ArgumentParser
import RecordingExperiments

/// About what a second thread could gain by judging the graphs of some roots.
struct ShardsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shards", abstract: "Tells about what judging by anon_vma root on two threads could gain.")

  @Argument(help: "A trace.dat.") var path: String
  @Option(help: "After how many events the threads wait for each other.") var windows = [1024, 4096, 16384, 65536]

  func validate() throws {
    guard windows.allSatisfy({ $0 > 0 }) else { throw ValidationError("--windows takes numbers from 1 up.") }
  }

  func run() throws {
    let census = try ShardCensus(path: path)
    let largest = census.roots.prefix(4).map { percent($0.cost / census.total) + " %" }.joined(separator: ", ")
    print("\(census.count) events, \(census.roots.count) roots, the largest with \(largest) of the time;")
    print("\(percent(census.shareWithoutRoot)) % of it in events of no root\n")
    print("| events between waits | of no root: both | of no root: either |")
    print("| ---: | ---: | ---: |")
    for window in windows {
      let (both, either) = (
        census.speedUp(window: window, sharesRootless: false), census.speedUp(window: window, sharesRootless: true)
      )
      print("| \(window) | \(hundredths(both)) | \(hundredths(either)) |")
    }
  }

  private func hundredths(_ value: Double) -> String {
    let all = Int(value * 100)
    return "\(all / 100).\(all % 100 < 10 ? "0" : "")\(all % 100)"
  }
}
