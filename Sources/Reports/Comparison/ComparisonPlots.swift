public import Comparing
import Policies

/// The comparison as pictures.
public enum ComparisonPlots {
  /// The charts of one workload; the files' names begin with `stem`.
  public static func charts(of compared: ComparedWorkload, stem: String) -> [LineChart] {
    guard !compared.results.isEmpty else { return [] }
    let histories = [
      history("\(stem)-anon_vmas.svg", "\(compared.name): anon_vmas", "anon_vmas", compared) { Double($0.anonVMAs) },
      history("\(stem)-avcs.svg", "\(compared.name): anon_vma_chains", "AVCs", compared) { Double($0.avcs) },
      history("\(stem)-depth.svg", "\(compared.name): depth of the deepest anon_vma", "depth", compared) {
        Double($0.depth)
      },
      history("\(stem)-objects.svg", "\(compared.name): objects of all kinds", "objects", compared) {
        Double($0.objects)
      },
      history("\(stem)-bytes.svg", "\(compared.name): bytes of all objects", "bytes", compared) { Double($0.bytes) },
    ]
    let distributions = [
      visits("\(stem)-visited.svg", "\(compared.name): what a walk for a mapped page visits", compared) {
        $0.samples.pages.visited
      },
      visits("\(stem)-lookups.svg", "\(compared.name): what a walk for a mapped page looks up", compared) {
        $0.samples.pages.lookups
      },
      visits("\(stem)-walks.svg", "\(compared.name): what the recorded walks would visit", compared) {
        $0.samples.walks.visited
      },
    ]
    return (histories + distributions).filter(\.hasPoints)
  }

  /// All workloads in one look: a row for each, with its objects over time and what walks look up.
  public static func overview(of compared: [ComparedWorkload]) -> ChartSheet {
    ChartSheet(
      fileName: "overview.svg",
      rows: compared.map { workload in
        charts(of: workload, stem: "").filter { ["-objects.svg", "-lookups.svg"].contains($0.fileName) }
      }.filter { !$0.isEmpty })
  }

  private static func history(
    _ fileName: String, _ title: String, _ yTitle: String, _ compared: ComparedWorkload,
    _ value: (Samples.Moment) -> Double
  ) -> LineChart {
    var chart = LineChart(fileName: fileName, title: title, xTitle: "steps of the workload", yTitle: yTitle)
    for result in compared.results {
      let points = result.samples.moments.map { LineChart.Point(x: Double($0.step), y: value($0)) }
      chart.add(
        result.policy.name, points, style: style(of: result.policy),
        mark: result.firstWrongStep.flatMap { step in
          // Where its line is then, as far as it was sampled.
          let near = points.last { $0.x <= Double(step + 1) } ?? points.first
          return near.map { LineChart.Point(x: Double(step + 1), y: $0.y) }
        })
    }
    return chart
  }

  /// A design looks the same in every chart; a limit of another number looks like the first one.
  private static func style(of policy: Policy) -> Int {
    let names = (Policy.all + Policy.historic).map(\.name)
    return names.firstIndex(of: policy.name) ?? names.firstIndex { $0.hasPrefix("limit:") } ?? 0
  }

  /// For each number of VMAs, the percentage of pages for which a walk visits at least as many.
  private static func visits(
    _ fileName: String, _ title: String, _ compared: ComparedWorkload, _ part: (PolicyResult) -> Distribution
  ) -> LineChart {
    var chart = LineChart(
      fileName: fileName, title: title, xTitle: "VMAs, at least", yTitle: "% of the pages",
      isDistribution: true, xIsLogarithmic: compared.results.contains { part($0).maximum > 20 })
    for result in compared.results {
      let distribution = part(result)
      guard distribution.total > 0 else { continue }
      var points: [LineChart.Point] = []
      var rest = distribution.total
      for (value, count) in distribution.counts.enumerated() {
        if value == 1 || value > 0 && count > 0 {
          points.append(LineChart.Point(x: Double(value), y: Double(rest) * 100 / Double(distribution.total)))
        }
        rest -= count
      }
      chart.add(result.policy.name, points, style: style(of: result.policy))
    }
    return chart
  }
}

/// Names for the files of workloads, each given once.
public struct PlotNames: Sendable {
  private var given: Set<String> = []

  /// None given yet.
  public init() {}

  /// A name from a path or a scenario: `traces/6.1-healthy/trace.dat` is `traces-6.1-healthy-trace.dat`. The next
  /// workload that would have it, too, gets a number behind it.
  public mutating func stem(for name: String) -> String {
    let letters = name.map { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" ? $0 : "-" }
    let plain = String(String(letters).drop { $0 == "-" || $0 == "." })
    var (stem, number) = (plain, 1)
    while !given.insert(stem).inserted {
      number += 1
      stem = "\(plain)-\(number)"
    }
    return stem
  }
}
