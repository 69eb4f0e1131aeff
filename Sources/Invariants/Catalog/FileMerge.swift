import RmapEvents
import RmapGraph
import Vocabulary

extension Invariant {
  static let fileMerge = Invariant(
    name: "file-merge", number: 34,
    statement: """
      A merge leaves each address both of its offsets: VMAs that map a file privately merge only where vm_pgoff and \
      anon_pgoff go on. (That the anonymous one goes on is merge-closure's rule too.)
      """,
    source: "mm/vma.c: can_vma_merge_before, can_vma_merge_after, needs_adjacent_anon_pgoff",
    kernels: "7.3 and later",
    exceptions: """
      A merge is known by its survivor, as merge-closure knows it. exec's temporary stack.
      """,
    needs: .graphChanges, marker: .vmAnonPgoffLow, isOccasional: true,
    checks: [.didEnter([.unlink], judge)])
}

private func judge(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard s.outer == nil, let vma = s.vma, let survivor = graph.lastRelinked(by: s.stamp.pid), survivor != vma,
    let new = graph.linkedView(of: survivor), let old = graph.linkedView(of: vma), new.mm == old.mm,
    new.start <= old.start, old.end <= new.end, !new.isTemporaryStack, !old.isTemporaryStack
  else { return }
  let (index, fileIndex, stamp) = (new.index(of: old.start), new.fileIndex(of: old.start), s.stamp)
  if index == old.anonPgoff, fileIndex == old.vmPgoff { return ledger.holds() }
  ledger.broken(key: new.address.raw ^ old.address.raw, in: graph) {
    Finding(
      what: "VMAs have merged of which one offset does not go on.", function: .kind(.unlink), stamp: stamp,
      objects: [("K", describe(new)), ("V", describe(old))],
      established: [.init("V maps \(old.start) at vm_pgoff \(old.vmPgoff), anon_pgoff \(old.anonPgoff)", stamp)],
      contradiction: .init("K covers V's range, and maps it at vm_pgoff \(fileIndex), anon_pgoff \(index)", stamp),
      rule: "Both offsets of merged VMAs are contiguous (mm/vma.c, needs_adjacent_anon_pgoff).")
  }
}
