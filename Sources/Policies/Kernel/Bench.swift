import Invariants
import RmapEvents
import RmapGraph

/// The checker at work on a simulated kernel: its graph, its invariants, and the numbers of the events.
struct Bench: ~Copyable {
  var graph = RmapGraph()
  var judge: Judge
  /// Whether anything is recorded at all.
  let isJudging: Bool
  /// How many events there were.
  private(set) var events: UInt64 = 0
  /// The task that is running.
  var pid: Int32 = 1
  /// How many events there were before each step of the workload.
  private(set) var eventsBefore: ContiguousArray<UInt64> = []

  init(judge: Judge, isJudging: Bool) {
    self.judge = judge
    self.isJudging = isJudging
  }

  mutating func beginStep() { if isJudging { eventsBefore.append(events) } }

  mutating func apply(_ event: RmapEvent) {
    events += 1
    let stamp = EventStamp(ordinal: events, timestamp: events * 1000, pid: pid, cpu: 0)
    graph.apply(event, at: stamp, observer: &judge)
  }

  /// The step of the workload that an event belongs to.
  func step(ofEvent number: UInt64) -> Int {
    var (low, high) = (0, eventsBefore.count)
    while low + 1 < high {
      let middle = (low + high) / 2
      if eventsBefore[middle] < number { low = middle } else { high = middle }
    }
    return low
  }
}

/// Where the simulated kernel's objects lie: any place will do that is the kernel's. None is used twice, so that what
/// dangles does not seem to lead anywhere.
enum Address {
  private static let base: UInt64 = 0xffff_8880_0000_0000

  static func vma(_ number: Int) -> UInt64 { base + 1 << 40 + UInt64(number) << 8 }
  static func mm(_ number: UInt32) -> UInt64 { base + 2 << 40 + UInt64(number) << 12 }
  static func page(_ number: UInt32) -> UInt64 { base + 3 << 40 + UInt64(number) << 6 }
  static func anonVMA(_ birth: UInt64) -> UInt64 { base + 4 << 40 + birth << 7 }
  static func avc(_ birth: UInt64) -> UInt64 { base + 5 << 40 + birth << 6 }
}
