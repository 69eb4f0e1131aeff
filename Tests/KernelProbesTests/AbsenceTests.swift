import Testing
import Vocabulary

@testable import KernelProbes
@testable import KernelTestSupport

/// What a kernel lacks is said, event by event, and never guessed.
@Suite struct AbsenceTests {
  private func plan(
    _ kernel: MiniBTF, without: Set<String> = [], and line: String = "0 T start_kernel"
  ) throws -> ProbePlan {
    let symbols = try kernel.symbols(without: without, and: line)
    return ProbePlan(level: .pages, types: try kernel.types(), symbols: symbols)
  }

  @Test func missingMemberTakesTheEventsAlongThatNeedIt() throws {
    var kernel = MiniBTF.linux6_1
    kernel.remove(member: "vm_pgoff", of: "vm_area_struct")
    let plan = try plan(kernel)
    #expect(!plan.hasCore)
    #expect(
      plan.notes.first == "avc_insert: struct vm_area_struct has no member vm_pgoff: left out")
    // A removal can do without the VMA, as before 5.18.
    let withoutPgoff = ["av_put", "vma_alloc_ret", "vma_free", "mm_exit", "mm_exit_ret", "page_remove"]
    #expect(plan.events == withoutPgoff)
  }

  @Test func missingOptionalMemberTakesOnlyItsField() throws {
    var kernel = MiniBTF.linux6_12
    kernel.pageflags(("PG_locked", 0))
    let plan = try plan(kernel)
    #expect(plan.notes.contains("folio_add: enum pageflags has no PG_head: field large left out"))
    let added = try #require(plan.line("folio_add"))
    #expect(added.contains("index=+32($arg1):x64 folio_nr="))
  }

  @Test func missingSymbolFallsBack() throws {
    let plan = try plan(.linux6_12, without: ["__split_vma"])
    let split = try #require(plan.line("split"))
    #expect(split.hasPrefix("p:rmap/split split_vma vma=$arg2:x64"))
    #expect(plan.line("split_ret") == "r2048:rmap/split_ret split_vma ret=$retval:s32")
    #expect(plan.notes == [])
  }

  @Test func missingSymbolsAreNamed() throws {
    let plan = try plan(.linux6_12, without: ["__split_vma", "split_vma", "folio_move_anon_rmap"])
    #expect(
      plan.notes == [
        "split: no symbol __split_vma nor split_vma: left out",
        "folio_move, page_move: no symbol folio_move_anon_rmap nor page_move_anon_rmap: left out",
      ])
    #expect(!plan.events.contains("split_ret"))
  }

  @Test func withoutTreesThereIsNoCore() throws {
    let plan = try plan(.linux6_12, without: ["anon_vma_interval_tree_remove"])
    #expect(!plan.hasCore)
    #expect(
      plan.notes == [
        "avc_remove: no symbol anon_rmap_tree_remove nor anon_vma_interval_tree_remove: left out"
      ])
  }

  @Test func soleCloneIsNotProbed() throws {
    let plan = try plan(
      .linux6_12, without: ["unlink_anon_vmas"], and: "0 t unlink_anon_vmas.isra.0")
    #expect(!plan.events.contains("unlink"))
    #expect(
      plan.notes == [
        "unlink: unlink_anon_vmas exists only as unlink_anon_vmas.isra.0, "
          + "whose arguments may have changed: left out"
      ])
  }

  @Test func cloneOfTheFirstChoiceFallsBackToTheSecond() throws {
    let plan = try plan(.linux6_12, without: ["__split_vma"], and: "0 t __split_vma.constprop.0")
    #expect(plan.line("split_ret") == "r2048:rmap/split_ret split_vma ret=$retval:s32")
  }

  @Test func cloneBesideTheFunctionIsSaid() throws {
    let plan = try plan(.linux6_12, and: "0 t anon_vma_clone.part.0")
    #expect(plan.events.contains("clone"))
    #expect(plan.notes == ["clone: calls through anon_vma_clone.part.0 are not seen"])
    #expect(try self.plan(.linux6_12, and: "0 t anon_vma_clone.cold").notes == [])
  }

  @Test func nameOfTwoFunctionsIsNotProbed() throws {
    let plan = try plan(.linux6_12, and: "0 t exit_mmap")
    #expect(plan.notes == ["mm_exit: 2 functions are named exit_mmap: left out"])
  }

  @Test func withoutPrototypeThereIsNoArgumentNumber() throws {
    let kernel = MiniBTF.linux6_12
    var stripped = kernel
    stripped.removeFunctions("__split_vma", "exit_mmap")
    let plan = ProbePlan(level: .pages, types: try stripped.types(), symbols: try kernel.symbols())
    #expect(plan.line("split_ret") == "r2048:rmap/split_ret split_vma ret=$retval:s32")
    #expect(plan.notes == ["mm_exit: no prototype of exit_mmap in BTF: left out"])
  }

  @Test func argumentsAreFoundByTypeAndName() throws {
    var kernel = MiniBTF.linux6_12
    kernel.function(
      "copy_page_range", returns: .int, ("why", .int), ("dst_vma", .to("vm_area_struct")),
      ("how", .int), ("src_vma", .const(.to("vm_area_struct"))))
    let line = try #require(try plan(kernel).line("copy_range"))
    #expect(line.hasPrefix("p:rmap/copy_range copy_page_range vma=$arg2:x64 "))
    #expect(line.contains(" src=$arg4:x64 "))
  }

  @Test func unknownPrototypeIsNotGuessed() throws {
    var kernel = MiniBTF.linux6_12
    kernel.function("move_page_tables", returns: .long, ("plan", .to("mm_struct")))
    kernel.function("copy_page_range", returns: .int, ("dst_vma", .to("vm_area_struct")))
    #expect(
      try plan(kernel).notes == [
        "copy_range: copy_page_range has no argument 2 of type struct vm_area_struct *: left out",
        "move_tables: move_page_tables has no argument 2 of type struct vm_area_struct *: left out",
      ])
  }

  @Test func returnProbesNeedTheEntrysArguments() throws {
    var without = MiniBTF.linux6_12
    without.removeStructure("probe_entry_arg")
    let atEntry = try plan(without)
    #expect(atEntry.notes == [])
    let new = try #require(atEntry.line("folio_new_entry"))
    #expect(new.hasPrefix("p:rmap/folio_new_entry folio_add_new_anon_rmap folio=$arg1:x64 "))
    #expect(new.hasSuffix(" addr=$arg3:x64 rmap_flags=$arg4:u32"))
    #expect(atEntry.line("folio_move_entry")?.hasPrefix("p:rmap/folio_move_entry folio_move_anon_rmap ") == true)
    #expect(atEntry.line("folio_new") == nil && atEntry.line("folio_move") == nil)
    let marked = try plan(without, and: "0 T traceprobe_get_entry_data_size")
    #expect(marked.events.contains("folio_new") && !marked.events.contains("folio_new_entry"))
  }

  @Test func whatNeitherWayCanBeHadSaysWhyNotTheFirst() throws {
    var kernel = MiniBTF.linux6_8
    kernel.function("folio_move_anon_rmap", ("folio", .to("folio")))
    #expect(try plan(kernel).notes == ["folio_move: this kernel cannot read $argN in a return probe: left out"])
  }

  /// Beside folio_add_new_anon_rmap, page_add_new_anon_rmap is a wrapper that some callers use (6.3 to 6.9): it alone
  /// would tell of a part.
  @Test func wrapperIsNoSubstitute() throws {
    var kernel = MiniBTF.linux6_6
    #expect(kernel.functions.contains { $0.name == "page_add_new_anon_rmap" })
    #expect(try plan(kernel).line("page_new") == nil)
    kernel.function("folio_add_new_anon_rmap", ("folio", .to("folio")))
    #expect(try plan(kernel).line("page_new") == nil)
  }
}
