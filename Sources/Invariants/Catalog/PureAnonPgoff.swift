import RmapEvents
import RmapGraph
import Vocabulary

extension Invariant {
  static let pureAnonPgoff = Invariant(
    name: "pure-anon-pgoff", number: 33,
    statement: """
      A VMA without operations and file has one offset: vm_pgoff is anon_pgoff.
      """,
    source: "include/linux/pagemap.h: linear_anon_page_index (VM_WARN_ON_ONCE_VMA); mm/vma.c: do_brk_flags, copy_vma",
    kernels: "7.3 and later",
    exceptions: """
      A private mapping of /dev/zero has no operations, but a file: it counts as one. Judged when the VMA gets its first \
      anon_vma.
      """,
    needs: [.prepare], fields: [.backing], marker: .vmAnonPgoffLow,
    checks: [.didEnter([.prepare], judge)])
}

private func judge(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let (view, stamp) = (s.operation.entry.vma, s.stamp)
  guard let isPlain = s.operation.entry.isPlainAnonymous else { return ledger.cannotTell(.notRecorded) }
  guard isPlain else { return }
  if view.offsetGap == 0 { return ledger.holds() }
  let since = s.vma.map { graph[$0].chainStamp }
  ledger.broken(key: view.address.raw, in: graph) {
    Finding(
      what: "An anonymous VMA has two offsets.", function: .kind(.prepare), stamp: stamp,
      doer: since.map { .between($0, stamp) }, objects: [("V", describe(view))],
      established: [.init("V has no operations and no file", stamp)],
      contradiction: .init("V's vm_pgoff is \(view.vmPgoff), its anon_pgoff \(view.anonPgoff)", stamp),
      rule: "vm_pgoff of a purely anonymous VMA is its anon_pgoff (include/linux/pagemap.h, linear_anon_page_index).")
  }
}
