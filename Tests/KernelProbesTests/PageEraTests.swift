import Testing
import Vocabulary

@testable import KernelProbes
@testable import KernelTestSupport

/// The probes of 5.10, whose rmap functions and walks are given pages, and whose page_remove_rmap is not told of the VMA.
@Suite struct PageEraTests {

  private func plan() throws -> ProbePlan { try MiniBTF.linux5_10.plan(.walks) }

  @Test func allButWhatItLacksIsRecorded() throws {
    let plan = try plan()
    let wanted = [
      "page_new", "page_add", "page_remove", "page_move", "lru_add", "hugepage_new", "hugepage_add", "in_range",
      "in_split", "in_walk", "in_wp", "in_merge", "in_numa", "in_hugetlb", "in_hugetlb_wp", "in_collapse", "in_uprobe",
      "walk", "walk_ret", "walk_ksm", "one_referenced", "one_unmap", "one_unmap_ret", "one_restore",
    ]
    #expect(Set(wanted).subtracting(plan.events) == [])
    #expect(plan.unread == [])
    // The flag came in 5.19; migration has its own callback since 5.14.
    let left = plan.notes.filter { !$0.contains("PG_anon_exclusive") }
    #expect(left == ["one_migrate: no symbol try_to_migrate_one: left out"])
  }

  @Test func aMappingIsAddedByTheFunctionThatHasTheFlags() throws {
    let line = try #require(try plan().line("page_add"))
    #expect(line.hasPrefix("p:rmap/page_add do_page_add_anon_rmap page=$arg1:x64 "))
    #expect(line.hasSuffix("addr=$arg3:x64 rmap_flags=$arg4:u32"))
    #expect(line.contains(" folio_nr=+80($arg1):u32 "))
    let huge = try #require(try plan().line("hugepage_add"))
    #expect(!huge.contains("rmap_flags") && huge.contains("unit_huge"))
  }

  @Test func aRemovalHasNoVMAAndTheFunctionsAroundItHave() throws {
    let plan = try plan()
    let removal = try #require(plan.line("page_remove"))
    #expect(!removal.contains("vm") && removal.hasSuffix("compound=$arg2:u8"))
    #expect(
      try #require(plan.line("in_range")).hasPrefix("p:rmap/in_range unmap_page_range vma=$arg2:x64 vm_start=+0($arg2)")
    )
    #expect(
      try #require(plan.line("in_wp")).hasPrefix("p:rmap/in_wp wp_page_copy vma=+0($arg1):x64 vm_start=+0(+0($arg1))"))
    #expect(plan.line("in_collapse") == "p:rmap/in_collapse hugepage_vma_revalidate mm=$arg1:x64 addr=$arg2:x64")
    #expect(plan.line("in_uprobe") == "p:rmap/in_uprobe uprobe_write_opcode mm=$arg2:x64 addr=$arg3:x64")
  }

  /// Where page_remove_rmap has the VMA, nothing else needs to tell it.
  @Test(arguments: [MiniBTF.linux6_1, .linux6_12, .linux7])
  func otherKernelsDoWithout(kernel: MiniBTF) throws {
    #expect(try kernel.plan(.walks).events.filter { $0.hasPrefix("in_") } == [])
  }

  @Test func walksAreForAPage() throws {
    let plan = try plan()
    let frame = #"""
      p:rmap/walk rmap_walk_anon folio=$arg1:x64 mapping=+24($arg1):x64 index=+32($arg1):x64
      large=+0($arg1):b1@16/64 folio_nr=+80($arg1):u32 rmap_one=+16($arg2):x64 done=+24($arg2):x64
      anon_lock=+32($arg2):x64 invalid_vma=+40($arg2):x64
      """#
    #expect(plan.line("walk") == oneLine(frame))
    let visit = "folio=$arg1:x64 vma=$arg2:x64 addr=$arg3:x64"
    #expect(plan.line("one_referenced") == "p:rmap/one_referenced page_referenced_one \(visit)")
    #expect(plan.line("one_unmap") == "p:rmap/one_unmap try_to_unmap_one \(visit) ttu_flags=$arg4:x64")
    #expect(
      plan.line("one_restore") == "p:rmap/one_restore remove_migration_pte \(visit) mapping=+24($arg1):x64 "
        + "index=+32($arg1):x64 src=$arg4:x64 src_mapping=+24($arg4):x64 src_index=+32($arg4):x64")
  }

  /// gcc makes two functions of move_page_tables: the check for no length, which its callers have taken in, and the rest.
  @Test func thePartThatDoesTheWorkIsProbed() throws {
    let kernel = MiniBTF.linux5_10
    let symbols = try kernel.symbols(and: "0 t move_page_tables.part.0", "0 t copy_vma.isra.0")
    let plan = ProbePlan(level: .structure, types: try kernel.types(), symbols: symbols)
    #expect(try #require(plan.line("move_tables")).hasPrefix("p:rmap/move_tables move_page_tables.part.0 vma=$arg3"))
    #expect(plan.line("move_tables_ret") == "r2048:rmap/move_tables_ret move_page_tables.part.0 ret=$retval:u64")
    #expect(
      plan.notes.filter { $0.contains("calls through") } == ["copy_vma: calls through copy_vma.isra.0 are not seen"])
    #expect(plan.unread == [])
    let alone = try kernel.symbols(without: ["move_page_tables"], and: "0 t move_page_tables.part.0")
    #expect(
      ProbePlan(level: .structure, types: try kernel.types(), symbols: alone).events.contains("move_tables"))
    #expect(
      FunctionNames(events: [], definitions: [try #require(plan.line("move_tables"))])[.moveTables]
        == "move_page_tables")
  }

  /// try_to_unmap_one does what try_to_migrate_one does later.
  @Test func migrationIsNamedAfterItsFunction() throws {
    let lines = try plan().definitions.map(\.line)
    #expect(FunctionNames(events: [], definitions: lines)[.walkMigrate] == "try_to_unmap_one")
    #expect(FunctionNames()[.walkMigrate] == "try_to_migrate_one")
  }
}
