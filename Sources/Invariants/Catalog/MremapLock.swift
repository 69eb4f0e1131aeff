import RmapEvents
import RmapGraph

extension Invariant {
  static let mremapLock = Invariant(
    name: "mremap-lock", number: 20,
    statement: """
      If mremap has merged its destination with a VMA that rmap walks visit before the source, or may visit before \
      it, it moves the page tables under the rmap locks.
      """,
    source: """
      mm/vma.c: copy_vma (*need_rmap_locks = (new_vma->vm_pgoff <= vma->vm_pgoff)); mm/mremap.c: move_ptes; \
      commits 38a76013ad80, dd18dbc2d42a
      """,
    kernels: "3.8 and later",
    exceptions: """
      A destination of its own comes after its source in every tree and needs no locks. Moves of whole page middle \
      directories always take the locks since 97113eb39fa7 (5.14): not recorded.
      """,
    needs: [.insert, .remove, .clone, .copyVMA, .moveTables],
    fields: [.rmapLocks],
    checks: [.didEnter([.moveTables], judge)])
}

private func judge(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let (entry, stamp) = (s.operation.entry, s.stamp)
  guard !entry.vma.isTemporaryStack else { return }
  guard let takesLocks = entry.takesRmapLocks else { return ledger.cannotTell(.notRecorded) }
  if takesLocks || entry.source.firstIndex < entry.vma.firstIndex { return ledger.holds() }
  guard let destination = s.vma.map({ graph[$0] }), let isMerged = destination.isMergedCopy else {
    return ledger.cannotTell(.predatesRecording)
  }
  if !isMerged { return ledger.holds() }
  ledger.broken(key: entry.vma.address.raw ^ stamp.ordinal, in: graph) {
    Finding(
      what: "mremap moves page tables without the rmap locks into a VMA that walks visit first.",
      // It is who decides whether move_page_tables takes them.
      function: .kind(.copyVMA), stamp: stamp,
      objects: [("K", describe(entry.vma)), ("V", describe(entry.source))],
      established: [
        .init("copy_vma merged the destination with K", destination.chainStamp),
        .init("K's vm_pgoff \(entry.vma.firstIndex) is not above V's, \(entry.source.firstIndex)", stamp),
      ],
      contradiction: .init("need_rmap_locks is false", stamp),
      rule: """
        A walk may visit a merged destination before the source and miss a page on its way (mm/vma.c, copy_vma; \
        mm/mremap.c, move_ptes).
        """)
  }
}
