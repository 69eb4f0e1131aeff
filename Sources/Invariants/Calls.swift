import RmapEvents
public import RmapGraph

/// Code that judges one kind of situation for an invariant, whose ledger it is lent.
public typealias Judgement<Situation: ~Copyable> =
  @Sendable (borrowing Situation, borrowing RmapGraph, inout Ledger) -> Void

/// The judgements that asked for one kind of moment, in catalog order.
///
/// They cannot be copied, nor moved once all are there: so a call need not keep the function that it calls, which for
/// the half a dozen calls of each event is a fair part of what they cost.
final class Calls<Situation: ~Copyable>: @unchecked Sendable {
  /// A judgement, and the place of its invariant's ledger.
  private struct Call: ~Copyable {
    let ledger: Int
    let judge: Judgement<Situation>

    @inline(__always) func callAsFunction(
      _ situation: borrowing Situation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
    ) { judge(situation, graph, &ledgers[ledger]) }
  }

  // Both change in `add` only, before the first event.
  @exclusivity(unchecked) private var count = 0
  @exclusivity(unchecked) private var calls: UnsafeMutablePointer<Call>

  init() { calls = .allocate(capacity: 0) }

  deinit {
    calls.deinitialize(count: count)
    calls.deallocate()
  }

  func add(_ judge: @escaping Judgement<Situation>, _ ledger: Int) {
    let grown = UnsafeMutablePointer<Call>.allocate(capacity: count + 1)
    grown.moveInitialize(from: calls, count: count)
    calls.deallocate()
    calls = grown
    (calls + count).initialize(to: Call(ledger: ledger, judge: judge))
    count += 1
  }

  @inline(__always) func callAsFunction(
    _ situation: borrowing Situation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) {
    for index in 0..<count {
      self[index](situation, graph, &ledgers)
    }
  }

  @inline(__always) private subscript(_ index: Int) -> Call {
    unsafeAddress { UnsafePointer(calls + index) }
  }
}
