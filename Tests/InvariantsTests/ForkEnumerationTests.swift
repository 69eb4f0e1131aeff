import Invariants
import RmapTestSupport
import Testing

@testable import RmapGraph

/// Goal: no small family of processes is misjudged. Method: every sequence of up to five forks, exits and writes to
/// a page that was written to before; in the end every process exits.
@Suite struct ForkEnumerationTests {
  private enum Step {
    case fork(Int)
    case exit(Int)
    case write(Int)
  }

  @Test(arguments: [Kernel.Version.v6_1, .v6_12])
  func smallForkTreesHold(_ version: Kernel.Version) {
    var (count, failures) = (0, 0)
    enumerate(5) { steps in
      let history = History(version) { run(steps, on: $0) }
      var graph = RmapGraph()
      let findings = history.judged(in: &graph).findings
      count += 1
      if failures == 0 {
        #expect(findings == [], "\(steps)")
        #expect(graph.liveObjectCount == 0, "\(steps)")
      }
      if !findings.isEmpty || graph.liveObjectCount > 0 { failures += 1 }
    }
    #expect(failures == 0)
    #expect(count == 2812)
  }

  /// Every sequence of up to `length` steps.
  private func enumerate(_ length: Int, _ body: ([Step]) -> Void) {
    var steps: [Step] = []
    func extend(_ living: [Int], _ next: Int) {
      body(steps)
      guard steps.count < length else { return }
      for process in living {
        let others = living.filter { $0 != process }
        let choices: [(Step, [Int], Int)] = [
          (.fork(process), living + [next], next + 1), (.exit(process), others, next),
          (.write(process), living, next),
        ]
        for (step, living, next) in choices {
          steps.append(step)
          extend(living, next)
          steps.removeLast()
        }
      }
    }
    extend([0], 1)
  }

  private func run(_ steps: [Step], on kernel: Kernel) {
    var living = [0]
    var next = 1
    kernel.mmap("p0.a", 64..<65)
    kernel.write("p0.a", 64)
    for step in steps {
      switch step {
      case .fork(let parent):
        kernel.fork("p\(parent)", "p\(next)")
        living.append(next)
        next += 1
      case .exit(let process):
        kernel.exit("p\(process)")
        living.removeAll { $0 == process }
      case .write(let process): kernel.write("p\(process).a", 64)
      }
    }
    for process in living { kernel.exit("p\(process)") }
  }
}
