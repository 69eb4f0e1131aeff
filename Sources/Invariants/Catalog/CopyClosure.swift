import RmapEvents
import RmapGraph

extension Invariant {
  static let copyClosure = Invariant(
    name: "copy-closure", number: 9,
    statement: """
      After a clone for split, merge or mremap the new VMA is in exactly the trees in which the old one is, and \
      has the same anon_vma. A split keeps page offsets linear.
      """,
    source: """
      mm/rmap.c: anon_vma_clone ("want an exact copy of src"); mm/vma.c: __split_vma, dup_anon_vma, copy_vma
      """,
    exceptions: "A clone that fails leaves no AVC. The clone inside a fork has its own rule (fork-closure).",
    needs: .graphChanges,
    checks: [.cloned(judge)])
}

private func judge(
  _ s: borrowing OperationSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  guard s.outer?.kind != .fork else { return }
  let entry = s.operation.entry
  let isEmpty = graph.vma(s.vma).chainCount == 0
  guard !entry.source.anonVMA.isNull || !isEmpty else { return }
  guard s.operation.isClear else { return ledger.cannotTell(.predatesRecording) }
  if s.result.failed {
    if graph.vma(s.vma).chainCount == 0 { return }
    return broken(
      s, "A clone that failed has left AVCs.", [.init("anon_vma_clone failed", s.stamp)],
      .init("V is a member of \(graph.vma(s.vma).chainCount) anon_vma(s)", s.stamp), &ledger)
  }
  if entry.vma.anonVMA != entry.source.anonVMA {
    return broken(
      s, "A copied VMA has another anon_vma than its source.",
      [.init("P's anon_vma is \(entry.source.anonVMA)", s.operation.stamp)],
      .init("V's anon_vma is \(entry.vma.anonVMA)", s.operation.stamp), &ledger)
  }
  if s.outer?.kind == .split, let fact = brokenSplit(entry, s.operation.stamp) {
    return broken(
      s, "A split has broken the linearity of page offsets.",
      [.init("P maps \(entry.source.start) at offset \(entry.source.pgoff)", s.operation.stamp)],
      fact, &ledger)
  }
  guard let source = s.source, graph.vma(source).chainIsKnown, graph.vma(s.vma).chainIsKnown,
    graph.vma(source).parkedCount == 0
  else { return ledger.cannotTell(.predatesRecording) }
  judgeChains(s, source, graph, &ledger)
}

private func judgeChains(
  _ s: borrowing OperationSituation, _ source: VMAID, _ graph: borrowing RmapGraph,
  _ ledger: inout Ledger
) {
  let copy = s.vma
  var missing: AVC?
  graph.forEachAVC(of: source) { _, avc in
    if graph.membership(of: copy, in: avc.anonVMA) == nil { missing = avc }
    return missing == nil
  }
  if let missing {
    return broken(
      s, "A copied VMA is missing from a tree in which its source stands.",
      [.init("P is in the tree of \(graph.describe(missing.anonVMA))", missing.stamp)],
      .init("anon_vma_clone returned without linking V to it", s.stamp), &ledger)
  }
  var extra: AVC?
  graph.forEachAVC(of: s.vma) { _, avc in
    if graph.membership(of: source, in: avc.anonVMA) == nil { extra = avc }
    return extra == nil
  }
  if let extra {
    return broken(
      s, "A copied VMA is in a tree in which its source does not stand.",
      [.init("P is not in the tree of \(graph.describe(extra.anonVMA))", graph.vma(source).chainStamp)],
      .init("V was linked to it", extra.stamp), &ledger)
  }
  ledger.holds()
}

private func brokenSplit(_ entry: OperationEntry, _ stamp: EventStamp) -> Finding.Fact? {
  guard entry.vma.start >= entry.source.start, entry.vma.end.raw <= entry.source.end.raw else {
    return .init("V's range is not within P's", stamp)
  }
  let linear = entry.source.linearIndex(of: entry.vma.start)
  guard linear != entry.vma.pgoff else { return nil }
  return .init("V maps \(entry.vma.start) at offset \(entry.vma.pgoff), not \(linear)", stamp)
}

private func broken(
  _ s: borrowing OperationSituation, _ what: String, _ established: [Finding.Fact],
  _ contradiction: Finding.Fact, _ ledger: inout Ledger
) {
  let (entry, stamp) = (s.operation.entry, s.stamp)
  let function = s.outer?.kind.kernelFunction ?? "anon_vma_clone"
  ledger.broken(key: entry.vma.address.raw ^ stamp.ordinal) {
    Finding(
      what: what, function: function, stamp: stamp,
      objects: [("V", describe(entry.vma)), ("P", describe(entry.source))],
      established: established, contradiction: contradiction,
      rule: """
        Split, merge and mremap make an exact copy of the source's chain (mm/rmap.c, anon_vma_clone).
        """)
  }
}
