import Testing

@testable import Policies

// What scripts/new-design makes a file of Catalog/ from, under another name. template begins

/// A toy: a page points to the mm that made it, and a walk looks there and nowhere else.
final class ToyMap: ReverseMap {
  /// The mm of each page.
  private var owners = Notes<UInt32>(.max)

  func firstFault(_ vma: VMA, in kernel: inout SimulatedKernel) {}
  func fork(_ child: VMA, from parent: VMA, in kernel: inout SimulatedKernel) {}
  func copy(_ new: VMA, of original: VMA, in kernel: inout SimulatedKernel) {}

  func newPage(_ page: UInt32, in vma: VMA, isShared: Bool, _ kernel: inout SimulatedKernel) {
    owners[page] = kernel.vmas[vma].mm
  }

  func walk(_ folio: Range<UInt32>, _ walk: inout Walk, in kernel: borrowing SimulatedKernel) {
    let (mm, place) = (owners[folio.lowerBound], kernel.pages[Int(folio.lowerBound)].index)
    walk.lookUp("looked VMAs up at page 0x\(String(place, radix: 16)) of mm \(mm)")
    if let vma = kernel.places.vma(mm, at: place) { walk.visit(vma, folio, at: place, in: kernel) }
  }
}

extension Policy {
  /// The toy.
  static let toy = Policy(
    name: "toy", rule: "A page points to the mm that made it.", source: "nobody", guesses: []
  ) { ToyMap() }
}

// template ends

/// What the rule says about it at once.
struct ToyDesign {
  @Test("A design of one's own is judged by its walks") func toy() throws {
    let alone = Simulation(try #require(Scenario.workload(named: "never-forks:3"))).run(.toy)
    #expect(alone.isCorrect == true && alone.samples.pages.shareByOneLookup == 100)
    let forked = Simulation(try #require(Scenario.workload(named: "children:1"))).run(.toy)
    let miss = try #require(forked.rule.misses.first)
    #expect(forked.isCorrect == false && miss.mm == 1 && miss.page == 0)
    #expect(miss.trail == ["looked VMAs up at page 0x1000 of mm 0", "visited VMA 0 of mm 0, which maps it"])
    #expect(forked.smallest?.workload.steps.count == 5)
    let moved = Simulation(try #require(Scenario.workload(named: "moved-page"))).run(.toy)
    #expect(moved.rule.misses.first?.step == 4)
  }
}
