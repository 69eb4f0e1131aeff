import RmapEvents
import RmapGraph

/// The functions that asked for one kind of moment, in catalog order.
///
/// They cannot be copied, nor moved while the list lives: so a call need not keep the function that it calls, which for
/// the half a dozen calls of each event is a fair part of what they cost.
final class Calls<Call: ~Copyable & Sendable>: @unchecked Sendable {
  let count: Int
  private let calls: UnsafeMutablePointer<Call>

  /// What `select` takes of the invariants' checks; it is told the number of the invariant, which is its ledger's.
  init(_ invariants: [Invariant], _ select: (Invariant.Check, Int) -> Call?) {
    calls = .allocate(capacity: invariants.reduce(0) { $0 + $1.checks.count })
    var count = 0
    for (ledger, invariant) in invariants.enumerated() {
      for check in invariant.checks {
        guard let call = select(check, ledger) else { continue }
        (calls + count).initialize(to: call)
        count += 1
      }
    }
    self.count = count
  }

  deinit {
    calls.deinitialize(count: count)
    calls.deallocate()
  }

  @inline(__always) subscript(_ index: Int) -> Call {
    unsafeAddress { UnsafePointer(calls + index) }
  }
}

// One invariant's function for one kind of situation, and its ledger. A type for each kind: a function in a generic
// container would be called through a thunk of the compiler's.

struct TreeCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing TreeSituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct EntryCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing EntrySituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct OperationCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing OperationSituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing OperationSituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct VMACall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing VMASituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing VMASituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct PutCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing PutSituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing PutSituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct StrandedCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing StrandedSituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing StrandedSituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct FolioCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing FolioSituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing FolioSituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct PageCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing PageSituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing PageSituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct WalkStepCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing WalkStepSituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing WalkStepSituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct VisitCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing WalkVisitSituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing WalkVisitSituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct WalkCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing WalkSituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing WalkSituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct MigrationCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing MigrationSituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing MigrationSituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct UnmapCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing UnmapSituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing UnmapSituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}

struct ReplacementCall: ~Copyable, Sendable {
  let ledger: Int
  let judge: @Sendable (borrowing ReplacementSituation, borrowing RmapGraph, inout Ledger) -> Void

  @inline(__always) func callAsFunction(
    _ situation: borrowing ReplacementSituation, _ graph: borrowing RmapGraph, _ ledgers: inout [Ledger]
  ) { judge(situation, graph, &ledgers[ledger]) }
}
