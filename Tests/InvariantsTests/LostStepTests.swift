import RmapTestSupport
import Testing

/// Goal: no green without having looked. Method: healthy histories in which the kernel has forgotten one step of
/// a tree, or has done it twice; each must be seen by somebody.
@Suite struct LostStepTests {
  static let histories: [History] = [
    .lifetime, .forkAndExit, .pinned, .splitPages,
    History {
      $0.fault()
      $0.fork("p", "c")
      $0.write("c.V", 18)
      $0.split("c.V", at: 18, "c.W")
      $0.mremap("c.W", to: 64, "c.X")
      $0.resize("c.X", to: 64..<70)
      $0.exit("p")
      $0.fork("c", "d")
      $0.exit("c")
      $0.exit("d")
    },
  ]

  @Test(arguments: histories.indices, ["insert", "remove"])
  func everyTreeStepIsNeeded(_ index: Int, _ label: String) {
    let history = Self.histories[index]
    #expect(history.judged().findings == [])
    for count in 1...history.steps.filter({ $0.event.label == label }).count {
      let number = history.number(label, count)
      #expect(history.dropping(label, count).judged().findings != [], "without event \(number)")
      #expect(history.repeating(label, count).judged().findings != [], "with event \(number) twice")
    }
  }

  @Test(arguments: histories.indices)
  func everyLastUnmappingIsNeeded(_ index: Int) {
    let history = Self.histories[index]
    for count in 1...history.steps.filter({ $0.event.label == "folio remove" }).count {
      let number = history.number("folio remove", count)
      let findings = history.dropping("folio remove", count).judged().findings
      #expect(findings != [], "without event \(number)")
    }
  }
}
