import KernelProbes
import Testing
import Vocabulary

@testable import KernelTestSupport

/// The probes of the kernel's own walks, pinned as those of the other levels are.
@Suite struct WalkDefinitionTests {
  @Test func eventsOfLinux6_1() throws {
    let pages = try MiniBTF.linux6_1.plan(.pages).events
    let walks = [
      "walk", "walk_ret", "walk_ksm", "walk_ksm_ret", "walk_first", "walk_first_ret", "walk_next",
      "walk_next_ret", "one_referenced", "one_referenced_ret", "one_unmap", "one_unmap_ret",
      "one_migrate", "one_migrate_ret", "one_restore", "one_restore_ret",
    ]
    let plan = try MiniBTF.linux6_1.plan(.walks)
    #expect(plan.events == pages + walks)
    #expect(plan.notes == [])
  }

  @Test func framesOfLinux6_12() throws {
    let fields = #"""
      folio=$arg1:x64 mapping=+24($arg1):x64 index=+32($arg1):x64 large=+0($arg1):b1@6/64
      folio_nr=+96($arg1):u32
      rmap_one=+16($arg2):x64 done=+24($arg2):x64
      anon_lock=+32($arg2):x64 invalid_vma=+40($arg2):x64
      """#
    let plan = try MiniBTF.linux6_12.plan(.walks)
    #expect(plan.line("walk") == oneLine("p:rmap/walk rmap_walk_anon \(fields)"))
    #expect(plan.line("walk_ret") == "r2048:rmap/walk_ret rmap_walk_anon")
    #expect(plan.line("walk_ksm") == oneLine("p:rmap/walk_ksm rmap_walk_ksm \(fields)"))
    #expect(plan.notes == [])
  }

  @Test func stepsOfLinux6_12() throws {
    let plan = try MiniBTF.linux6_12.plan(.walks)
    let first = #"""
      p:rmap/walk_first anon_vma_interval_tree_iter_first rb=$arg1:x64 rb_off=\80:u8
      first=$arg2:x64 last=$arg3:x64 root=-80($arg1):x64 lock=+8(-80($arg1)):x64
      lock_pid=+1264(+16(-80($arg1))):s32
      """#
    #expect(plan.line("walk_first") == oneLine(first))
    #expect(
      plan.line("walk_first_ret")
        == "r2048:rmap/walk_first_ret anon_vma_interval_tree_iter_first avc=$retval:x64")
    let next = """
      p:rmap/walk_next anon_vma_interval_tree_iter_next node=$arg1:x64 first=$arg2:x64
      last=$arg3:x64 root=+0(+8($arg1)):x64 lock=+8(+0(+8($arg1))):x64
      lock_pid=+1264(+16(+0(+8($arg1)))):s32
      """
    #expect(plan.line("walk_next") == oneLine(next))
  }

  @Test func stepsOfLinux7() throws {
    let plan = try MiniBTF.linux7.plan(.walks)
    let first = #"""
      p:rmap/walk_first anon_rmap_tree_iter_first rb=$arg1:x64 rb_off=\0:u8 first=$arg2:x64
      last=$arg3:x64 root=+0($arg1):x64 lock=+8(+0($arg1)):x64 lock_pid=+1264(+16(+0($arg1))):s32
      """#
    #expect(plan.line("walk_first") == oneLine(first))
    #expect(plan.notes == [])
  }

  @Test func visitsOfBothKernels() throws {
    let visit = "folio=$arg1:x64 vma=$arg2:x64 addr=$arg3:x64"
    let new = "mapping=+24($arg1):x64 index=+32($arg1):x64"
    let old = try MiniBTF.linux6_1.plan(.walks)
    #expect(old.line("one_unmap") == "p:rmap/one_unmap try_to_unmap_one \(visit)")
    #expect(old.line("one_unmap_ret") == "r2048:rmap/one_unmap_ret try_to_unmap_one ret=$retval:u8")
    #expect(
      old.line("one_restore") == "p:rmap/one_restore remove_migration_pte \(visit) \(new) "
        + "src=$arg4:x64 src_mapping=+24($arg4):x64 src_index=+32($arg4):x64")
    #expect(
      try MiniBTF.linux6_12.plan(.walks).line("one_restore")
        == "p:rmap/one_restore remove_migration_pte \(visit) \(new) "
        + "src=+0($arg4):x64 src_mapping=+24(+0($arg4)):x64 src_index=+32(+0($arg4)):x64")
  }

  @Test func inlinedFramesAreCaughtAtTheirCallers() throws {
    var kernel = MiniBTF.linux6_12
    for name in ["rmap_walk", "rmap_walk_locked"] {
      kernel.function(name, ("folio", .to("folio")), ("rwc", .to("rmap_walk_control")))
    }
    let plan = ProbePlan(
      level: .walks, types: try kernel.types(),
      symbols: try kernel.symbols(without: ["rmap_walk_anon"]))
    #expect(try #require(plan.line("walk")).hasPrefix("p:rmap/walk rmap_walk folio=$arg1:x64 "))
    #expect(plan.line("walk_locked_ret") == "r2048:rmap/walk_locked_ret rmap_walk_locked")
  }
}
