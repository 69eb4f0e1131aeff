import RmapEvents
import RmapGraph

extension Invariant {
  static let unfaultedPgoff = Invariant(
    name: "unfaulted-pgoff", number: 23,
    statement: """
      An anonymous VMA that was never faulted has the offset of its own address: vm_pgoff is vm_start >> \
      PAGE_SHIFT. Merge relies on it.
      """,
    source: """
      mm/mremap.c: move_vma ("it is an invariant that unfaulted anonymous VMAs have page offset equal to \
      vma->vm_start >> PAGE_SHIFT"), copy_vma
      """,
    kernels: """
      all; 5.7 and later break it after MREMAP_DONTUNMAP until the fix of 2026 (6.1.192, 6.12.113): that is the bug
      """,
    exceptions: """
      VMAs with operations or a file. MADV_WIPEONFORK: the child's VMA, and whatever is copied from it, keeps the \
      offset of a moved parent, even if the advice is withdrawn later. For a VMA that is older than the recording, \
      only a correct offset is decided. Judged when the VMA gets its first anon_vma.
      """,
    needs: [.prepare],
    fields: [.backing],
    checks: [.didEnter([.prepare], judge)])
}

private func judge(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let (view, stamp) = (s.operation.entry.vma, s.stamp)
  guard let isPlain = s.operation.entry.isPlainAnonymous else { return ledger.cannotTell(.notRecorded) }
  guard isPlain, view.anonVMA.isNull, !view.isWipedOnFork else { return }
  if view.vmPgoff.raw == view.start.page { return ledger.holds() }
  let origin = s.vma.map { graph[$0].offsetOrigin } ?? .unknown
  if origin == .wiped { return }
  if origin == .unknown { return ledger.cannotTell(.predatesRecording) }
  let since = s.vma.map { graph[$0].chainStamp }
  ledger.broken(key: view.address.raw, in: graph) {
    Finding(
      what: "An unfaulted anonymous VMA does not have the offset of its address.",
      function: .kind(.prepare), stamp: stamp, doer: since.map { .between($0, stamp) },
      objects: [("V", describe(view))],
      established: [.init("V has no anon_vma, no operations and no file", since)],
      contradiction: .init(
        "V's vm_pgoff is \(view.vmPgoff), and vm_start >> PAGE_SHIFT is \(PgOff(view.start.page))", stamp),
      rule: "Unfaulted anonymous VMAs have vm_pgoff == vm_start >> PAGE_SHIFT (mm/mremap.c, move_vma).")
  }
}
