import Testing
import Vocabulary

@testable import KernelProbes
@testable import KernelTestSupport

@Suite struct SymbolTests {
  private func symbols(_ text: String) throws -> KernelSymbols {
    try KernelSymbols(kallsyms: [UInt8](text.utf8))
  }

  @Test func addressesMayBeHidden() throws {
    let table = try symbols("0000000000000000 T exit_mmap\nffffffff81234560 t __split_vma\n")
    #expect(table.status(of: "exit_mmap") == .unique)
    #expect(table.status(of: "__split_vma") == .unique)
    #expect(table.status(of: "split_vma") == .absent)
  }

  @Test func onlyTheImagesTextCounts() throws {
    let table = try symbols(
      """
      0 D exit_mmap
      0 r vm_area_dup
      0 t vm_area_free\t[odd_module]
      0 T vm_area_alloc
      0 t vm_area_alloc\t[odd_module]
      """)
    #expect(table.status(of: "exit_mmap") == .absent)
    #expect(table.status(of: "vm_area_dup") == .absent)
    #expect(table.status(of: "vm_area_free") == .absent)
    #expect(table.status(of: "vm_area_alloc") == .unique)
  }

  @Test func clonesAndDuplicates() throws {
    let table = try symbols(
      """
      0 t split_vma.isra.0
      0 t split_vma.constprop.1
      0 T exit_mmap
      0 t exit_mmap
      0 t copy_vma.cold
      0 T __pfx_copy_vma
      """)
    let clones = ["split_vma.isra.0", "split_vma.constprop.1"]
    #expect(table.status(of: "split_vma") == .clonesOnly(clones))
    #expect(table.status(of: "exit_mmap") == .ambiguous(2))
    #expect(table.status(of: "copy_vma") == .absent)
  }

  @Test(arguments: [
    ("", "no symbols"), ("\n\n", "no symbols"),
    ("0 T exit_mmap\nroot:x:0:0\n", "line 2 is not \"address type name\""),
    ("0 exit_mmap\n", "line 1 is not \"address type name\""),
    ("0 TT exit_mmap\n", "line 1 is not \"address type name\""),
    ("zz T exit_mmap\n", "line 1 is not \"address type name\""),
  ])
  func otherFilesAreRefused(text: String, reason: String) {
    #expect(throws: ProbeFailure.unreadable(path: "kallsyms", reason: reason)) {
      try symbols(text)
    }
  }

  @Test func typesCanStandInForTheTable() throws {
    let kernel = MiniBTF.linux6_12
    let types = try kernel.types()
    let unverified = KernelSymbols(unverifiedFrom: types)
    let plan = ProbePlan(level: .pages, types: types, symbols: unverified)
    #expect(plan.definitions == (try kernel.plan().definitions))
  }
}
