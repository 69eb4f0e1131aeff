import RmapEvents
import RmapGraph

extension Invariant {
  static let copyClosure = Invariant(
    name: "copy-closure", number: 9,
    statement: """
      After a clone for split, merge or mremap the new VMA is in exactly the trees that the old one is in, and has \
      the same anon_vma. The parts of a split make up the old range, at the same offsets; mremap moves pages within \
      the ranges of both VMAs, to addresses that have the pages' offsets.
      """,
    source: """
      mm/rmap.c: anon_vma_clone ("want an exact copy of src"); mm/vma.c: __split_vma, dup_anon_vma, copy_vma; \
      mm/mremap.c: move_vma
      """,
    kernels: "2.6.34 and later",
    exceptions: "A clone that fails leaves no AVC. The clone inside a fork has a rule of its own (fork-closure).",
    needs: .graphChanges,
    judgesDesigns: true,
    accuses: .membership,
    checks: [.didCloneAnonVMAs(judge), .didSplitVMA(judgeSplit), .didEnter([.moveTables], judgeMove)])
}

private let rule = """
  Split, merge and mremap make an exact copy of the source's chain, and keep the page offsets (mm/rmap.c, \
  anon_vma_clone).
  """

private func judge(_ s: borrowing OperationSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard s.outer?.kind != .fork else { return }
  let entry = s.operation.entry
  let isEmpty = graph[s.vma].chainCount == 0
  guard !entry.source.anonVMA.isNull || !isEmpty else { return }
  guard s.operation.isClear else { return ledger.cannotTell(.predatesRecording) }
  if s.result.failed {
    if graph[s.vma].chainCount == 0 { return ledger.holds() }
    return broken(
      s, "A clone that failed has left AVCs.", [.init("anon_vma_clone failed", s.stamp)],
      .init("V is a member of \(counted(graph[s.vma].chainCount, "anon_vma"))", s.stamp), graph, &ledger)
  }
  if entry.vma.anonVMA != entry.source.anonVMA {
    return broken(
      s, "A copied VMA has another anon_vma than its source.",
      [.init("P's anon_vma is \(entry.source.anonVMA)", s.operation.stamp)],
      .init("V's anon_vma is \(entry.vma.anonVMA)", s.operation.stamp), graph, &ledger)
  }
  let copy = s.vma
  if let split = s.outer, split.kind == .split, split.copy == copy,
    split.vma == entry.source.address,
    let fact = brokenSplit(entry, s.operation.stamp)
  {
    return broken(
      s, "A split has broken the linearity of page offsets.",
      [.init("P maps \(entry.source.start) at offset \(entry.source.firstIndex)", s.operation.stamp)],
      fact, graph, &ledger)
  }
  guard let source = s.source, graph[source].chainIsKnown, graph[s.vma].chainIsKnown,
    graph[source].parkedCount == 0
  else { return ledger.cannotTell(.predatesRecording) }
  judgeChains(s, source, graph, &ledger)
}

private func judgeChains(
  _ s: borrowing OperationSituation, _ source: VMAID, _ graph: borrowing RmapGraph,
  _ ledger: inout Ledger
) {
  if let missing = graph.firstAVC(of: source, missingFrom: s.vma).map({ graph[$0] }) {
    return broken(
      s, "A copied VMA is missing from a tree in which its source stands.",
      [.init("P is in the tree of \(graph.describe(missing.anonVMA))", missing.stamp)],
      .init("anon_vma_clone returned without linking V to it", s.stamp), graph, &ledger)
  }
  if let extra = graph.firstAVC(of: s.vma, missingFrom: source).map({ graph[$0] }) {
    return broken(
      s, "A copied VMA is in a tree in which its source does not stand.",
      [.init("P is not in the tree of \(graph.describe(extra.anonVMA))", graph[source].chainStamp)],
      .init("V was linked to it", extra.stamp), graph, &ledger)
  }
  ledger.holds()
}

/// __split_vma has returned: the new part and the rest of the old VMA meet at the address of the split.
private func judgeSplit(_ s: borrowing OperationSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard !s.result.failed, let copy = s.operation.copy else { return }
  let entry = s.operation.entry
  if graph.chainCount(of: copy) == 0, graph.chainIsKnown(of: copy),
    let missing = graph.firstAVC(of: s.vma, missingFrom: copy)
  {
    return brokenSplit(s, graph[copy].view, graph[missing], graph, &ledger)
  }
  guard let new = graph.linkedView(of: copy), let rest = graph.linkedView(of: s.vma) else { return }
  let (low, high) = new.start < rest.start ? (new, rest) : (rest, new)
  if low.start == entry.vma.start, low.end == entry.address, high.start == entry.address,
    high.end == entry.vma.end, low.firstIndex == entry.vma.firstIndex,
    high.firstIndex == entry.vma.index(of: high.start)
  {
    return ledger.holds()
  }
  let (stamp, since) = (s.stamp, s.operation.stamp)
  ledger.broken(key: entry.vma.address.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: "The parts of a split, as they stand in their trees, do not make up the VMA that was split.",
      function: .kind(.split),
      stamp: stamp,
      objects: [("P", describe(entry.vma)), ("V", describe(rest)), ("W", describe(new))],
      established: [.init("P is to be split at \(entry.address)", since)],
      contradiction: .init("V is what is left of P in its trees, and W the new part", stamp), rule: rule)
  }
}

/// __split_vma has not cloned: that shows before in whatever needs the new part's AVCs, but it is the split's doing.
private func brokenSplit(
  _ s: borrowing OperationSituation, _ new: VMAView, _ missing: AVC, _ graph: borrowing RmapGraph,
  _ ledger: inout Ledger
) {
  let (entry, stamp, since) = (s.operation.entry, s.stamp, s.operation.stamp)
  let tree = graph.describe(missing.anonVMA)
  ledger.broken(key: entry.vma.address.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: "A split returns with the new part in none of the trees in which the old VMA stands.",
      function: .kind(.split), stamp: stamp, operation: since,
      objects: [("V", describe(new)), ("P", describe(entry.vma))],
      established: [.init("P is in the tree of \(tree)", missing.stamp)],
      contradiction: .init("__split_vma returned without linking V to it", stamp), rule: rule)
  }
}

/// move_page_tables has been entered: the pages keep their index, so their new addresses must have it.
private func judgeMove(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let (entry, stamp) = (s.operation.entry, s.stamp)
  guard !entry.source.anonVMA.isNull,
    entry.source.address != entry.vma.address, !entry.vma.isTemporaryStack
  else { return }
  let offset = entry.source.index(of: entry.sourceAddress)
  let isWithin =
    entry.source.contains(entry.sourceAddress, length: entry.length)
    && entry.vma.contains(entry.address, length: entry.length)
  if isWithin, entry.vma.index(of: entry.address) == offset { return ledger.holds() }
  // What V's last insertion shows already was there by then.
  var doer: Finding.Doer?
  if let vma = s.vma, let since = graph.lastLinked(vma) {
    let isOld = graph.linkedView(of: vma)?.index(of: entry.address) == entry.vma.index(of: entry.address)
    doer = isOld ? .step(since) : .between(since, stamp)
  }
  ledger.broken(key: entry.vma.address.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: isWithin
        ? "mremap moves pages to addresses that have other offsets."
        : "mremap moves pages from or to addresses outside of their VMA.",
      function: .kind(.moveTables), stamp: stamp, doer: doer,
      objects: [("V", describe(entry.vma)), ("P", describe(entry.source))],
      established: [.init("P maps \(entry.sourceAddress) at offset \(offset)", stamp)],
      contradiction: .init(
        "0x\(hexadecimal(entry.length)) bytes move to \(entry.address), which V maps at offset "
          + "\(entry.vma.index(of: entry.address))", stamp), rule: rule)
  }
}

private func brokenSplit(_ entry: OperationEntry, _ stamp: EventStamp) -> Finding.Fact? {
  guard entry.vma.start >= entry.source.start, entry.vma.end.raw <= entry.source.end.raw else {
    return .init("V's range is not within P's", stamp)
  }
  let linear = entry.source.index(of: entry.vma.start)
  guard linear != entry.vma.firstIndex else { return nil }
  return .init("V maps \(entry.vma.start) at offset \(entry.vma.firstIndex), not \(linear)", stamp)
}

private func broken(
  _ s: borrowing OperationSituation, _ what: String, _ established: [Finding.Fact],
  _ contradiction: Finding.Fact, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let (entry, stamp, since) = (s.operation.entry, s.stamp, s.outer?.stamp ?? s.operation.stamp)
  let function = KernelFunction.kind(s.outer?.kind ?? .clone)
  ledger.broken(key: entry.vma.address.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: what, function: function, stamp: stamp, operation: since,
      objects: [("V", describe(entry.vma)), ("P", describe(entry.source))],
      established: established, contradiction: contradiction, rule: rule)
  }
}
