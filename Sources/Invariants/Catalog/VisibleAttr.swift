import RmapEvents
import RmapGraph

extension Invariant {
  static let visibleAttr = Invariant(
    name: "visible-attr", number: 28,
    statement: """
      Whenever a VMA enters a tree, and so after every merge, its vm_page_prot is the one that follows from its \
      vm_flags: a walk that restores a page table entry takes it from there.
      """,
    source: """
      arch/x86/mm/pgprot.c: vm_get_page_prot (others: include/linux/pgtable.h, DECLARE_VM_GET_PAGE_PROT); \
      mm/migrate.c: remove_migration_pte; commit \
      e86f15ee64d8 (4.9)
      """,
    kernels: "all",
    exceptions: """
      Shared mappings, whose writes may have to be tracked; driver mappings. The value is compared with the first one \
      recorded for the same access rights and flags of the architecture (protection keys, BTI, MTE). Whether the flags \
      are right for a range that is being merged is not recorded.
      """,
    needs: .graphChanges,
    fields: [.pageProtection],
    checks: [.willInsertAVC(judge)])
}

private func judge(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let raw = s.update.protection else { return ledger.cannotTell(.notRecorded) }
  guard let known = graph.protection(of: s.update.vma) else { return }
  if raw == known.raw { return ledger.holds() }
  let (view, stamp) = (s.update.vma, s.stamp)
  let name = function(of: s)
  ledger.broken(key: view.address.raw, in: graph) {
    Finding(
      what: "A VMA enters a tree with a vm_page_prot that does not fit its vm_flags.", function: name,
      stamp: stamp, objects: [("V", describe(view))],
      established: [
        .init("vm_flags with \(rights(view)) go with vm_page_prot 0x\(hexadecimal(known.raw))", known.stamp)
      ],
      contradiction: .init(
        "V has vm_flags 0x\(hexadecimal(view.flags.rawValue)) and vm_page_prot 0x\(hexadecimal(raw))", stamp),
      rule: "vm_page_prot follows from vm_flags (mm/mmap.c, vma_set_page_prot; commit e86f15ee64d8).")
  }
}

private func rights(_ view: VMAView) -> String {
  let own = view.flags.intersection([.arch1, .high])
  let rights = "the access rights \(view.flags.intersection(.access).rawValue)"
  return own.isEmpty ? rights : "\(rights) and the architecture's flags 0x\(hexadecimal(own.rawValue))"
}
