import RmapEvents
import RmapTestSupport
import Testing

@testable import RmapGraph

/// Goal: of a process that fork has made, the graph knows whether any task of its own was seen.
@Suite struct SilenceTests {
  private func silent(_ history: History) -> [SilentMM] {
    var graph = RmapGraph()
    _ = history.judged(in: &graph)
    return graph.silentMMs
  }

  private func forking(_ then: (Kernel) -> Void) -> History {
    History {
      $0.mmap("p.V", 16..<20)
      $0.mmap("p.W", 32..<36)
      $0.write("p.V", 17)
      $0.write("p.W", 33)
      $0.fork("p", "c")
      then($0)
    }
  }

  @Test func aChildThatDoesNothing() throws {
    let history = forking { $0.write("p.V", 17) }
    let found = silent(history)
    #expect(found.map(\.mm) == [history.entry("enter fork").vma.mm])
    #expect(found.first?.forked.ordinal == UInt64(history.number("enter fork")))
    #expect(found.first?.isGone == false)
    #expect(try #require(found.first).lastForked > (try #require(found.first)).forked.timestamp)
  }

  @Test func aChildThatWritesOrForksOrEnds() {
    #expect(silent(forking { $0.write("c.V", 17) }).isEmpty)
    #expect(silent(forking { $0.exit("c") }).isEmpty)
    let grandchild = silent(forking { $0.fork("c", "g") })
    #expect(grandchild.count == 1)
  }

  /// The same parent forks again, and the mm lies where the first child's was.
  @Test func anotherForkAtTheAddressOfOneThatWasNotSeenToEnd() {
    var history = forking { kernel in
      kernel.reusesAddresses = true
      kernel.exit("c")
      kernel.fork("p", "d")
    }
    let end = (history.number("enter mmExit"), history.number("leave mmExit"))
    history = history.dropping(end.0...end.1)
    let found = silent(history)
    #expect(found.count == 2)
    #expect(found.first?.isGone == true)
    #expect(found.first?.mm == found.last?.mm)
  }
}
