import RmapEvents
import RmapGraph
import Vocabulary

extension Invariant {
  static let forkOffset = Invariant(
    name: "fork-offset", number: 35,
    statement: """
      A forked VMA has both offsets of its parent's VMA.
      """,
    source: "mm/vma_init.c: vm_area_init_from; mm/mmap.c: dup_mmap",
    kernels: "7.3 and later",
    exceptions: """
      None.
      """,
    needs: [.fork, .copyRange], marker: .vmAnonPgoffLow,
    checks: [.didForkAnonVMA(judgeForked), .didEnter([.fork, .copyRange], judge)])
}

/// What anon_vma_fork itself has made of the offsets, as its insertions have shown the VMA.
private func judgeForked(_ s: borrowing OperationSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard !s.result.failed, let new = graph.linkedView(of: s.vma) else { return }
  let (old, stamp, since) = (s.operation.entry.source, s.stamp, s.operation.stamp)
  if new.anonPgoff == old.anonPgoff, new.vmPgoff == old.vmPgoff { return ledger.holds() }
  ledger.broken(key: new.address.raw, in: graph) {
    Finding(
      what: "A forked VMA has another offset than its parent's.", function: .kind(.fork), stamp: stamp,
      operation: since,
      objects: [("V", describe(new)), ("P", describe(old))],
      established: [.init("P has vm_pgoff \(old.vmPgoff) and anon_pgoff \(old.anonPgoff)", since)],
      contradiction: .init("V has vm_pgoff \(new.vmPgoff) and anon_pgoff \(new.anonPgoff)", stamp),
      rule: "vm_area_dup copies both offsets (mm/vma_init.c, vm_area_init_from).")
  }
}

private func judge(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let (new, old, stamp, kind) = (s.operation.entry.vma, s.operation.entry.source, s.stamp, s.operation.kind)
  if new.anonPgoff == old.anonPgoff, new.vmPgoff == old.vmPgoff { return ledger.holds() }
  ledger.broken(key: new.address.raw, in: graph) {
    Finding(
      what: "A forked VMA has another offset than its parent's.", function: .kind(kind), stamp: stamp,
      objects: [("V", describe(new)), ("P", describe(old))],
      established: [.init("P has vm_pgoff \(old.vmPgoff) and anon_pgoff \(old.anonPgoff)", stamp)],
      contradiction: .init("V has vm_pgoff \(new.vmPgoff) and anon_pgoff \(new.anonPgoff)", stamp),
      rule: "vm_area_dup copies both offsets (mm/vma_init.c, vm_area_init_from).")
  }
}
