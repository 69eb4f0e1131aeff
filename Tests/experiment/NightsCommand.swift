import ArgumentParser
import Foundation
import Store

/// How large a store gets in a year, and how long its report takes.
struct NightsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nights", abstract: "Fills a store with a year of nights, and times its report.")

  @Option(help: "How many nights.") var nights = 365
  @Option(help: "How many recordings a night.") var recordings = 300
  @Option(help: "How many invariants a recording decides.") var invariants = 36
  @Option(help: "The most processor time that a report may take, s.") var seconds = 2.0
  @Option(help: "The most that the store may take, MB.") var megabytes = 200.0
  @Option(help: "A folder for the store, which is removed.") var folder = FileManager.default.temporaryDirectory.path

  func run() throws {
    let path = "\(folder)/rmapcheck-nights-\(ProcessInfo.processInfo.processIdentifier).db"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let comparison = "\(path).json"
    defer { try? FileManager.default.removeItem(atPath: comparison) }
    let store = try NightStore(path: path, .adding)
    let adding = try time {
      for night in 0..<nights {
        let result = try NightResult(Data(report(night).utf8), path: "night \(night)")
        try Data(sizes(night).utf8).write(to: URL(filePath: comparison))
        guard case .comparison(let sizes) = try NightInput(contentsOf: comparison) else { throw ExitCode.failure }
        _ = try store.add([result], comparisons: [sizes], night: name(night))
      }
    }
    var defects = 0
    let text = try time { defects = try store.report().text.isEmpty ? 0 : store.report().defects.count } / 2
    let page = try time { _ = try MorningPage(store.report(), store.grid()).html }
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    let size = Double((attributes[.size] as? Int) ?? 0) / 1e6
    print("| nights | recordings | adding one, s | report, s | as HTML, s | store, MB | defects |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    let figures = [adding / Double(nights), text, page].map { String(format: "%.2f", $0) }
    let row = ["\(nights)", "\(recordings)"] + figures + [String(format: "%.0f", size), "\(defects)"]
    print("| \(row.joined(separator: " | ")) |")
    if max(text, page) > seconds || size > megabytes { throw ExitCode.failure }
  }

  /// The processor time that it takes, s.
  private func time(_ body: () throws -> Void) rethrows -> Double {
    let start = clock()
    try body()
    return Double(clock() - start) / Double(CLOCKS_PER_SEC)
  }

  /// Names that sort as the nights do.
  private func name(_ night: Int) -> String { String(format: "2026-%03d", night) }

  private func path(_ night: Int, _ test: Int) -> String { "recordings/2026-\(night)/\(test)/trace.dat" }

  /// What `compare` counted of a night's recordings.
  private func sizes(_ night: Int) -> String {
    let workloads = (0..<recordings).map { test in
      """
      {"name":"\(path(night, test))","doubts":[],"agreement":{"policy":"split-counters"},"policies":[\
      {"name":"split-counters","anonVMAs":{"peak":\(1000 + night)},"avcs":{"peak":\(3000 + night)},"bytesPeak":300000}]}
      """
    }
    return "{\"schema\":\"rmapcheck-comparison/1\",\"workloads\":[\(workloads.joined(separator: ","))]}"
  }

  /// A night: a tenth of the tests shows one of 40 defects, some of them every few nights; kernels change every week.
  private func report(_ night: Int) -> String {
    let entries = (0..<recordings).map { test in
      let line = ["6.1", "6.12", "6.18", "7.3"][test % 4]
      let isBroken = test % 10 == 3 && (test % 20 == 3 || night % (3 + test % 5) == 0)
      let defect = isBroken ? String(format: "%016x", 1 + test % 40) : nil
      let checks = (0..<invariants).map { number in
        let violations = isBroken && number == test % invariants ? 2 : 0
        return """
          {"name":"invariant-\(number)","number":\(number),"verdict":"\(violations > 0 ? "violated" : "holds")",\
          "decided":\(1000 + test * 31 + night % 7 + number * 101),"undecided":{"contended":\(number % 5 * 13)},\
          "violations":\(violations),"kept":\(violations),"missingEvents":[],"missingFields":[],"recorded":true}
          """
      }
      let violation = """
        {"invariant":"invariant-\(test % invariants)","fingerprint":"\(defect ?? "")","what":"A rule is broken.",\
        "function":"anon_vma_clone","event":{"number":\(100 + night)},"rule":"As it must be."}
        """
      return """
        {"path":"\(path(night, test))","verdict":"\(isBroken ? "violated" : "holds")",\
        "kernel":"\(line).\(night / 7)-cloud-amd64","xxh64":"\(String(format: "%08x%08x", night, test))",\
        "run":{"kernel":"\(line)","flavour":"cloud-amd64","workload":"workload_\(test / 4)","level":"walks","number":1},\
        "made":{"date":"2026-11-30T00:00:00Z","compiler":"gcc"},"records":1000000,"events":\(900_000 + night * 11),\
        "doubts":[],"invariants":[\(checks.joined(separator: ","))],"violations":[\(isBroken ? violation : "")]}
        """
    }
    return """
      {"schema":"rmapcheck-report/1","tool":{"name":"rmapcheck","version":"0.1.0","commit":"\(night / 30)"},\
      "recordings":[\(entries.joined(separator: ","))]}
      """
  }
}
