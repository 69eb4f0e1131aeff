import RmapEvents
import RmapGraph
import RmapTestSupport
import Testing

@testable import Invariants

/// Goal: all violations are counted under what they follow from, in little memory, whatever comes in which order.
@Suite struct DefectLogTests {
  private func number(_ name: String) throws -> Int { try #require(Invariant.named(name)).number }

  private func stamp(_ ordinal: Int, pid: Int32 = 1) -> EventStamp {
    EventStamp(ordinal: UInt64(ordinal), timestamp: UInt64(ordinal), pid: pid, cpu: 0)
  }

  private func finding(
    _ what: String, at ordinal: Int, pid: Int32 = 1, resting on: Int? = nil, doneBy did: Int? = nil,
    operation: Int? = nil
  ) -> Finding {
    Finding(
      what: what, function: .kind(.fork), stamp: stamp(ordinal, pid: pid), doer: did.map { .step(stamp($0)) },
      operation: operation.map { stamp($0) }, objects: [],
      established: [on].compactMap { $0 }.map { .init("so", stamp($0)) },
      contradiction: .init("not so", stamp(ordinal, pid: pid)), rule: "")
  }

  private func total(_ log: DefectLog) -> UInt64 {
    log.chains.reduce(0) { $0 + 1 + $1.again + $1.follows.values.reduce(0) { $0 + $1.count } }
  }

  /// A flood of one kind: the first are told apart, the rest is counted.
  @Test(arguments: [20_000, 100_000]) func aFloodIsCountedInLittleMemory(count: Int) throws {
    let graph = RmapGraph()
    var ledger = Ledger(of: try number("reach"))
    for ordinal in 1...count {
      ledger.broken(key: UInt64(ordinal), in: graph) { finding("Page \(ordinal) is lost.", at: ordinal) }
    }
    #expect(ledger.violations == UInt64(count) && total(ledger.defects) == UInt64(count))
    #expect(ledger.defects.chains.count == 64 && ledger.findings.count == 64)
  }

  /// One object, again and again: it is not put into words each time.
  @Test func oneObjectAgainAndAgain() throws {
    let graph = RmapGraph()
    var (ledger, made) = (Ledger(of: try number("reach")), 0)
    for ordinal in 1...20_000 {
      ledger.broken(key: 1, in: graph) {
        made += 1
        return finding("A page is lost.", at: ordinal, resting: ordinal - 1)
      }
    }
    #expect(total(ledger.defects) == 20_000 && ledger.defects.chains.count == 1)
    #expect(made < 5000)
    #expect(ledger.defects.chains[0].follows.values.map(\.firstEvent) == [2])
  }

  /// At one event the catalog decides which violation is the entry, not the order in which they came.
  @Test func theCatalogsFirstIsTheEntry() throws {
    let graph = RmapGraph()
    let (fork, reach) = (try number("fork-closure"), try number("reach"))
    for order in [[fork, reach], [reach, fork]] {
      let log = DefectLog()
      for invariant in order { _ = log.note(finding("\(invariant)", at: 7), of: invariant, in: graph) }
      #expect(log.chains.count == 1 && log.chains[0].invariant == fork)
      #expect(log.chains[0].follows == [reach: .init(count: 1, firstEvent: 7)])
    }
  }

  /// What shows within an operation follows from that operation's own violation, though it shows before.
  @Test func anOperationsRuleComesFirst() throws {
    let graph = RmapGraph()
    let (copy, reach) = (try number("copy-closure"), try number("reach"))
    let log = DefectLog()
    _ = log.note(finding("lost", at: 12), of: reach, in: graph)
    _ = log.note(finding("lost more", at: 14, resting: 12), of: reach, in: graph)
    _ = log.note(finding("not cloned", at: 15, resting: 12, operation: 10), of: copy, in: graph)
    #expect(log.chains.count == 1 && log.chains[0].invariant == copy)
    #expect(log.chains[0].follows == [reach: .init(count: 2, firstEvent: 12)])
    // Another task's operation has nothing to do with it.
    let other = DefectLog()
    _ = other.note(finding("lost", at: 12, pid: 2), of: reach, in: graph)
    _ = other.note(finding("not cloned", at: 15, resting: 12, operation: 10), of: copy, in: graph)
    #expect(other.chains[0].invariant == reach)
  }

  @Test func strangersStayApart() throws {
    let graph = RmapGraph()
    let log = DefectLog()
    let reach = try number("reach")
    _ = log.note(finding("lost", at: 12, doneBy: 5), of: reach, in: graph)
    _ = log.note(finding("lost", at: 20, resting: 11), of: reach, in: graph)
    _ = log.note(finding("lost", at: 30, resting: 5), of: reach, in: graph)
    #expect(log.chains.map { $0.follows[reach]?.count ?? 0 } == [1, 0])
  }

  /// Every object of every finding can be told again by its address: otherwise nothing would follow from it.
  @Test(arguments: InvariantCases.all.flatMap(\.bad).map(\.history))
  func findingsNameTheirObjects(history: History) {
    for finding in history.judged().firsts where !finding.objects.isEmpty { #expect(!finding.addresses.isEmpty) }
  }
}
