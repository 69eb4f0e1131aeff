import RmapEvents
import RmapGraph
import Vocabulary

extension Invariant {
  static let offsetPair = Invariant(
    name: "offset-pair", number: 32,
    statement: """
      A VMA's two offsets move together once it has an anon_vma: whatever changes its range, or splits it, changes vm_pgoff \
      and anon_pgoff by the same number of pages.
      """,
    source:
      "include/linux/mm.h: vma_add_pgoff, vma_sub_pgoff; mm/vma.c: __split_vma, commit_merge, vmg_adjust_set_range",
    kernels: "7.3 and later",
    exceptions: """
      While it has no anon_vma, mremap, MREMAP_DONTUNMAP and a driver's mmap may set one of them alone. exec moves a stack \
      under construction without its offsets.
      """,
    needs: .graphChanges, marker: .vmAnonPgoffLow,
    checks: [.willInsertAVC(judgeRange), .didCloneAnonVMAs(judgeCopy)])
}

private let rule = """
  vm_pgoff and anon_pgoff of a VMA with pages change together (include/linux/mm.h, vma_add_pgoff, vma_sub_pgoff).
  """

/// An AVC comes back after a range change.
private func judgeRange(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard s.avc != nil, let old = graph.linkedView(of: s.vma) else { return }
  let view = s.update.vma
  if view.offsetGap == old.offsetGap || old.isTemporaryStack || view.isTemporaryStack { return ledger.holds() }
  let (stamp, since) = (s.stamp, s.avc.map { graph[$0].stamp })
  let merge = merging(s, old)
  broken(view, old, "V had", merge ?? function(of: s), stamp, since, graph, &ledger)
}

/// A split has cloned: the new VMA's offsets are as far apart as the old one's.
private func judgeCopy(_ s: borrowing OperationSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let entry = s.operation.entry
  guard s.outer?.kind == .split, !entry.source.anonVMA.isNull, !s.result.failed else { return }
  if entry.vma.offsetGap == entry.source.offsetGap { return ledger.holds() }
  broken(
    entry.vma, entry.source, "the VMA that V is split from has", .kind(.split), s.stamp, s.operation.stamp, graph,
    &ledger)
}

private func broken(
  _ view: VMAView, _ old: VMAView, _ whose: String, _ function: KernelFunction, _ stamp: EventStamp,
  _ since: EventStamp?, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let isKnown = if case .named = function { true } else { false }
  ledger.broken(key: view.address.raw, in: graph) {
    Finding(
      what: "A VMA's two offsets have moved apart.", function: function, stamp: stamp,
      doer: isKnown ? nil : since.map { .between($0, stamp) }, objects: [("V", describe(view))],
      established: [.init("\(whose) vm_pgoff \(old.vmPgoff) and anon_pgoff \(old.anonPgoff)", since)],
      contradiction: .init("V has vm_pgoff \(view.vmPgoff) and anon_pgoff \(view.anonPgoff)", stamp), rule: rule)
  }
}
