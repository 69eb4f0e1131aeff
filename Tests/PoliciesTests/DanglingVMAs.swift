import Testing

@testable import Policies

/// The rule's other half: what a page or its VMA points to lives.
struct DanglingVMAs {
  /// Finds everything, and frees what a VMA points to as it is forked.
  private final class Careless: ReverseMap {
    private var forked: Set<Int> = []

    func firstFault(_ vma: VMA, in kernel: inout SimulatedKernel) {}
    func fork(_ child: VMA, from parent: VMA, in kernel: inout SimulatedKernel) { forked.insert(child) }
    func copy(_ new: VMA, of original: VMA, in kernel: inout SimulatedKernel) {}
    func newPage(_ page: UInt32, in vma: VMA, isShared: Bool, _ kernel: inout SimulatedKernel) {}
    func walk(_ folio: Range<UInt32>, _ walk: inout Walk, in kernel: borrowing SimulatedKernel) {}

    func finds(_ page: UInt32, in mm: UInt32, at place: UInt64, _ kernel: borrowing SimulatedKernel) -> Bool { true }
    func isDangling(vma: VMA, in kernel: borrowing SimulatedKernel) -> Bool { forked.contains(vma) }
  }

  @Test("A VMA that points to something freed is told, though its pages are found") func freed() throws {
    let workload = try #require(Scenario.workload(named: "child-reads"))
    let careless = Policy(name: "careless", rule: "", source: "", guesses: []) { Careless() }
    var kernel = SimulatedKernel(careless, for: workload, judgingWalks: true)
    for step in workload.steps { kernel.apply(step, of: workload) }
    let miss = try #require(kernel.rule.misses.first)
    #expect(miss.dangling == .vma && miss.vma == 1 && miss.trail.isEmpty && kernel.rule.dangling > 0)
  }
}
