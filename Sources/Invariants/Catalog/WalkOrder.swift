import RmapEvents
import RmapGraph

extension Invariant {
  static let walkOrder = Invariant(
    name: "walk-order", number: 19,
    statement: """
      While pages are copied or moved from one VMA to another without the rmap locks, the destination comes after \
      the source in every tree that holds both, so that a concurrent walk meets each page at least once.
      """,
    source: """
      mm/mremap.c: move_ptes ("new_vma is often known to be placed after vma in rmap traversal order"); mm/vma.c: copy_vma (need_rmap_locks); \
      mm/huge_memory.c, mm/rmap.c: fork's AVCs come after the parent's; commit 948f017b093a (3.3)
      """,
    kernels: "3.7 and later",
    exceptions: """
      Only within copy_page_range and move_page_tables: at other times a range change may put an AVC behind others \
      with the same key. A move that takes the rmap locks (need_rmap_locks) needs no order. If that argument was not \
      recorded, only a correct order is decided.
      """,
    needs: .graphChanges + [.copyRange, .moveTables],
    accuses: .avc,
    checks: [.didEnter([.copyRange, .moveTables], judge)])
}

private func judge(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard s.operation.entry.vma.address != s.operation.entry.source.address,
    !s.operation.entry.source.anonVMA.isNull, !(s.operation.entry.takesRmapLocks ?? false)
  else { return }
  guard let vma = s.vma, let source = s.source else { return ledger.cannotTell(.predatesRecording) }
  var isWhole = graph.chainIsKnown(of: source) && graph.chainIsKnown(of: vma)
  var compared = 0
  var wrong: (ahead: AVCID, behind: AVCID)?
  graph.forEachAVC(of: source) { behind, from in
    guard from.isLinked, let start = from.keyStart,
      let ahead = graph.membership(of: vma, in: from.anonVMA)
    else {
      isWhole = isWhole && from.isLinked && from.keyStart != nil  // V is not in this tree.
      return true
    }
    guard graph[ahead].isLinked, let toStart = graph[ahead].keyStart else {
      isWhole = false
      return true
    }
    compared += 1
    let isBehind =
      toStart == start ? graph[ahead].stamp.ordinal > from.stamp.ordinal : toStart.raw > start.raw
    if !isBehind { wrong = (ahead, behind) }
    return isBehind
  }
  guard let wrong else {
    return ledger.decide(if: isWhole && compared > 0)
  }
  guard s.operation.kind == .copyRange || s.operation.entry.takesRmapLocks == false else {
    return ledger.cannotTell(.notRecorded)
  }
  broken(s, graph[wrong.ahead], graph[wrong.behind], graph, &ledger)
}

private func broken(
  _ s: borrowing EntrySituation, _ ahead: AVC, _ behind: AVC, _ graph: borrowing RmapGraph,
  _ ledger: inout Ledger
) {
  let (entry, stamp) = (s.operation.entry, s.stamp)
  let tree = graph.describe(ahead.anonVMA)
  let key = { (avc: AVC) in avc.keyStart.map { pages($0, avc.keyLast) } ?? "unknown" }
  ledger.broken(key: entry.vma.address.raw, in: graph) {
    Finding(
      what: "Pages go to a VMA that the rmap walk visits before the one that they come from.",
      function: .kind(entry.kind), stamp: stamp,
      objects: [("V", describe(entry.vma)), ("W", describe(entry.source)), ("A", tree)],
      established: [
        .init("V's AVC was inserted into A's tree under the key \(key(ahead))", ahead.stamp),
        .init("W's AVC was inserted under the key \(key(behind)), and stands behind V's", behind.stamp),
      ],
      contradiction: .init("pages go from W to V without the rmap's locks", stamp),
      rule: """
        Without the rmap's locks, only the order of the walk keeps a page from being missed while it moves \
        (mm/mremap.c, move_ptes).
        """)
  }
}
