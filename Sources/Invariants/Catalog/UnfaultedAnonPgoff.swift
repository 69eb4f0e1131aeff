import RmapEvents
import RmapGraph
import Vocabulary

extension Invariant {
  static let unfaultedAnonPgoff = Invariant(
    name: "unfaulted-anon", number: 31,
    statement: """
      A VMA without an anon_vma has the anonymous offset of its own address, whatever it maps: anon_pgoff is vm_start >> \
      PAGE_SHIFT. Its first fault freezes it.
      """,
    source: "mm/vma.c: __mmap_region, copy_vma; mm/vma_exec.c: insert_vm_struct; mm/mremap.c: dontunmap_complete",
    kernels: "7.3 and later",
    exceptions: """
      The child of a VMA with MADV_WIPEONFORK keeps the offset of a moved parent, and so does what is copied from it. Of a \
      VMA that is older than the recording only the right offset is decided. A VMA that mremap has left behind is \
      remap-reset's. Judged at the first fault, and when an unfaulted VMA is split.
      """,
    needs: [.prepare, .split], marker: .vmAnonPgoffLow,
    checks: [.didEnter([.prepare, .split], judge)])
}

private func judge(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let (view, stamp) = (s.operation.entry.vma, s.stamp)
  guard view.anonVMA.isNull, !view.isWipedOnFork, !view.isTemporaryStack else { return }
  if s.vma.map({ graph[$0].wasUnlinked }) ?? false { return }
  if view.indexShift == 0 { return ledger.holds() }
  let origin = s.vma.map { graph[$0].offsetOrigin } ?? .unknown
  if origin == .wiped { return }
  if origin == .unknown { return ledger.cannotTell(.predatesRecording) }
  let since = s.vma.map { graph[$0].chainStamp }
  let function = s.operation.kind
  ledger.broken(key: view.address.raw, in: graph) {
    Finding(
      what: "An unfaulted VMA does not have the anonymous offset of its address.", function: .kind(function),
      stamp: stamp, doer: since.map { .between($0, stamp) }, objects: [("V", describe(view))],
      established: [.init("V has no anon_vma", since)],
      contradiction: .init(
        "V's anon_pgoff is \(view.anonPgoff), and vm_start >> PAGE_SHIFT is \(PgOff(view.start.page))", stamp),
      rule: "anon_pgoff of an unfaulted VMA is vm_start >> PAGE_SHIFT (mm/vma.c, __mmap_region, copy_vma).")
  }
}
