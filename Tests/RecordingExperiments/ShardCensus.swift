import EventDecoding
import Invariants
import RmapEvents
import RmapGraph
import TraceReading

/// What judging each event of a recording costs, and which anon_vma root it belongs to: about how much two threads could
/// gain that judge the graphs of different roots side by side.
public struct ShardCensus: Sendable {
  /// One event.
  struct Step {
    /// The root's address; nil if the event belongs to none: a VMA without an anon_vma, a file's page, an exit, a walk.
    let root: UInt64?
    /// What it costs to apply and to judge it, ns.
    let cost: Double
  }

  let steps: [Step]
  /// All of the cost, ns.
  public let total: Double
  /// The cost of each root's events, ns, the largest first.
  public let roots: [(root: UInt64, cost: Double)]

  init(_ steps: [Step]) {
    self.steps = steps
    total = steps.reduce(0) { $0 + $1.cost }
    var costs: [UInt64: Double] = [:]
    for step in steps {
      if let root = step.root { costs[root, default: 0] += step.cost }
    }
    roots = costs.map { ($0.key, $0.value) }.sorted { ($0.1, $0.0) > ($1.1, $1.0) }
  }

  /// How many events there are.
  public var count: Int { steps.count }

  /// The share of the cost in events of no root.
  public var shareWithoutRoot: Double { 1 - roots.reduce(0) { $0 + $1.cost } / max(total, 1) }

  /// How many times as fast two threads are that wait for each other after every `window` events, and cost each other
  /// nothing. The roots are divided between them in hindsight, by what each has cost in all. What belongs to no root, both
  /// must take, or one of them, whichever has less to do.
  public func speedUp(window: Int, sharesRootless: Bool) -> Double {
    var isSecond: [UInt64: Bool] = [:]
    var load = (0.0, 0.0)
    for (root, cost) in roots {
      let second = load.1 < load.0
      isSecond[root] = second
      if second { load.1 += cost } else { load.0 += cost }
    }
    var time = 0.0
    for start in stride(from: 0, to: steps.count, by: window) {
      var (first, second, rootless) = (0.0, 0.0, 0.0)
      for step in steps[start..<min(start + window, steps.count)] {
        guard let root = step.root else {
          rootless += step.cost
          continue
        }
        if isSecond[root] == true { second += step.cost } else { first += step.cost }
      }
      let longer = max(first, second)
      time += sharesRootless ? max(longer, (first + second + rootless) / 2) : longer + rootless
    }
    return total / max(time, 1)
  }
}

extension ShardCensus {
  /// A cost above this is not the event's: another program ran in between.
  private static let costMax = 50_000.0

  /// Judges the recording at `path`, event by event, and takes the time.
  public init(path: String) throws {
    let file = try TraceFile(path: path)
    let decoder = EventDecoder(formats: file.eventFormats)
    let clock = ContinuousClock()
    var graph = RmapGraph()
    var judge = Judge(Invariant.all)
    var batch = EventBatch()
    var steps: [Step] = []
    var owner = RootOwner()
    var ordinal: UInt64 = 0
    var stream = try file.records()
    while let item = try stream.next() {
      guard case .record(let record) = item else { continue }
      ordinal += 1
      batch.removeAll()
      guard case .event = decoder.decode(record, ordinal: ordinal, into: &batch) else { continue }
      let root = owner.root(of: batch.event(at: 0), by: record.pid, in: graph)
      let time = clock.measure { graph.apply(batch, at: 0, observer: &judge) }
      steps.append(Step(root: root, cost: min(Double(time.components.attoseconds) / 1e9, Self.costMax)))
    }
    self.init(steps)
  }
}

/// Tells which root an event belongs to.
private struct RootOwner {
  /// By task, the roots of the operations that it is in.
  private var entered: [Int32: [UInt64?]] = [:]

  mutating func root(of event: RmapEvent, by pid: Int32, in graph: borrowing RmapGraph) -> UInt64? {
    switch event {
    case .insert(let update), .remove(let update): return update.root.raw
    case .enter(let entry):
      let root = root(of: entry.vma.anonVMA, graph) ?? root(of: entry.source.anonVMA, graph)
      entered[pid, default: []].append(root)
      return root
    case .leave(let result): return result.kind == .vmaAlloc ? nil : entered[pid]?.popLast() ?? nil
    case .put(let put): return put.root.raw
    case .vmaFree(let free): return root(of: free.anonVMA, graph)
    case .folio(let event):
      return event.mapping.isAnonymous ? root(of: event.mapping.anonVMA, graph) : root(of: event.vma.anonVMA, graph)
    case .hugetlbUnmap(let event): return root(of: event.vma.anonVMA, graph)
    case .walk: return nil
    }
  }

  private func root(of anonVMA: KernelAddress, _ graph: borrowing RmapGraph) -> UInt64? {
    if anonVMA.isNull { return nil }
    return graph.anonVMANode(at: anonVMA)?.root.raw ?? anonVMA.raw
  }
}
