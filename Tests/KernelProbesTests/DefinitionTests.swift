import Testing
import Vocabulary

@testable import KernelProbes
@testable import KernelTestSupport

/// Whole definitions, kernel by kernel: what the kernel is asked to record is pinned.
@Suite struct DefinitionTests {
  @Test func chainsOfLinux6_1() throws {
    let plan = try MiniBTF.linux6_1.plan()
    let fields = #"""
      avc=$arg1:x64 rb=$arg2:x64 rb_off=\80:u8 vma=+0($arg1):x64 vm_start=+0(+0($arg1)):x64
      vm_end=+8(+0($arg1)):x64 vm_mm=+16(+0($arg1)):x64 vm_flags=+32(+0($arg1)):x64
      vm_anon=+88(+0($arg1)):x64 vm_pgoff=+104(+0($arg1)):x64 av=+8($arg1):x64
      root=+0(+8($arg1)):x64 root_root=+0(+0(+8($arg1))):x64 parent=+72(+8($arg1)):x64
      ref=+48(+8($arg1)):s32 children=+56(+8($arg1)):u64 active=+64(+8($arg1)):u64
      rb_node=+80(+8($arg1)):x64 root_ref=+48(+0(+8($arg1))):s32 lock=+8(+0(+8($arg1))):x64
      lock_pid=+1264(+16(+0(+8($arg1)))):s32
      """#
    let insert = oneLine("p:rmap/avc_insert anon_vma_interval_tree_insert \(fields) vm_prot=+24(+0($arg1)):x64")
    #expect(plan.line("avc_insert") == insert)
    let remove = oneLine("p:rmap/avc_remove anon_vma_interval_tree_remove \(fields)")
    #expect(plan.line("avc_remove") == remove)
    let prepare = """
      p:rmap/prepare __anon_vma_prepare vma=$arg1:x64 vm_start=+0($arg1):x64 vm_end=+8($arg1):x64
      vm_mm=+16($arg1):x64 vm_flags=+32($arg1):x64 vm_anon=+88($arg1):x64 vm_pgoff=+104($arg1):x64
      mmap_lock=+80(+16($arg1)):x64 vm_ops=+96($arg1):x64 vm_file=+112($arg1):x64
      """
    #expect(plan.line("prepare") == oneLine(prepare))
    #expect(plan.notes == [])
    #expect(plan.hasCore)
  }

  @Test func pagesOfLinux6_1() throws {
    let plan = try MiniBTF.linux6_1.plan()
    let subpage = #"""
      page=$arg1:x64 mapping=+24($arg1):x64 index=+32($arg1):x64 large=+0($arg1):b1@16/64
      folio_nr=+92($arg1):u32 page_size=\64:u8 compound_head=+8($arg1):x64
      head_mapping=+23(+8($arg1)):x64 head_index=+31(+8($arg1)):x64 exclusive=+0($arg1):b1@17/64
      vma=$arg2:x64 vm_start=+0($arg2):x64 vm_end=+8($arg2):x64 vm_mm=+16($arg2):x64
      vm_flags=+32($arg2):x64 vm_anon=+88($arg2):x64 vm_pgoff=+104($arg2):x64
      """#
    let added = "p:rmap/page_add page_add_anon_rmap \(subpage) addr=$arg3:x64 rmap_flags=$arg4:u32"
    #expect(plan.line("page_add") == oneLine(added))
    let new = "p:rmap/page_new page_add_new_anon_rmap \(subpage) addr=$arg3:x64"
    #expect(plan.line("page_new") == oneLine(new))
    let removed = "p:rmap/page_remove page_remove_rmap \(subpage) compound=$arg3:u8"
    #expect(plan.line("page_remove") == oneLine(removed))
    #expect(plan.line("page_move") == oneLine("p:rmap/page_move page_move_anon_rmap \(subpage)"))
  }

  @Test func hugetlbOfLinux6_1() throws {
    var kernel = MiniBTF.linux6_1
    kernel.hugetlbFunctions(ownIndex: true)
    let plan = try kernel.plan()
    #expect(plan.events.suffix(2) == ["hugepage_new", "hugepage_add"])
    #expect(try #require(plan.line("hugepage_new")).hasSuffix(#" addr=$arg3:x64 unit_huge=\1:u8"#))
    #expect(
      try #require(plan.line("hugepage_add")).hasSuffix(#" rmap_flags=$arg4:u32 unit_huge=\1:u8"#))
  }

  @Test func hugetlbOfLinux6_12() throws {
    var kernel = MiniBTF.linux6_12
    kernel.hugetlbFunctions(ownIndex: false)
    let plan = try kernel.plan()
    #expect(plan.events.suffix(3) == ["hugetlb_new", "hugetlb_add", "hugetlb_unmap"])
    let new = try #require(plan.line("hugetlb_new"))
    #expect(new.hasPrefix("r2048:rmap/hugetlb_new ") && new.hasSuffix(#" addr=$arg3:x64 unit_page=\1:u8"#))
    let unmap = try #require(plan.line("hugetlb_unmap"))
    #expect(unmap.hasSuffix(" addr=$arg3:x64 end=$arg4:x64 ref=$arg5:x64"))
  }

  @Test(arguments: ["ref_folio", "folio"]) func hugetlbUnmapOfLaterKernels(onlyPage: String) throws {
    var kernel = MiniBTF.linux6_12
    kernel.hugetlbFunctions(ownIndex: false, onlyPage: onlyPage)
    let unmap = try #require(try kernel.plan().line("hugetlb_unmap"))
    #expect(unmap.hasSuffix(" addr=$arg3:x64 end=$arg4:x64 ref=$arg5:x64"))
  }

  @Test func eventsOfLinux6_1() throws {
    let structure = [
      "avc_insert", "avc_remove", "prepare", "prepare_ret", "clone", "clone_ret", "fork",
      "fork_ret", "unlink", "unlink_ret", "av_put", "vma_alloc_ret", "vma_dup", "vma_dup_ret",
      "vma_free", "copy_range", "copy_range_ret", "move_tables", "move_tables_ret", "split",
      "split_ret", "copy_vma", "copy_vma_ret", "mm_exit", "mm_exit_ret",
    ]
    #expect(try MiniBTF.linux6_1.plan(.structure).events == structure)
    let pages = ["page_new", "page_add", "page_remove", "page_move", "lru_add"]
    #expect(try MiniBTF.linux6_1.plan(.pages).events == structure + pages)
  }

  @Test func operationsOfLinux6_1() throws {
    let plan = try MiniBTF.linux6_1.plan()
    let split = """
      p:rmap/split __split_vma vma=$arg2:x64 vm_start=+0($arg2):x64 vm_end=+8($arg2):x64
      vm_mm=+16($arg2):x64 vm_flags=+32($arg2):x64 vm_anon=+88($arg2):x64
      vm_pgoff=+104($arg2):x64 addr=$arg3:x64
      """
    #expect(plan.line("split") == oneLine(split))
    #expect(plan.line("split_ret") == "r2048:rmap/split_ret __split_vma ret=$retval:s32")
    let copy = """
      p:rmap/copy_vma copy_vma vma=+0($arg1):x64 vm_start=+0(+0($arg1)):x64
      vm_end=+8(+0($arg1)):x64 vm_mm=+16(+0($arg1)):x64 vm_flags=+32(+0($arg1)):x64
      vm_anon=+88(+0($arg1)):x64 vm_pgoff=+104(+0($arg1)):x64 addr=$arg2:x64
      """
    #expect(plan.line("copy_vma") == oneLine(copy))
    #expect(plan.line("copy_vma_ret") == "r2048:rmap/copy_vma_ret copy_vma vma=$retval:x64")
    #expect(plan.line("unlink_ret") == "r2048:rmap/unlink_ret unlink_anon_vmas")
    #expect(
      plan.line("vma_alloc_ret") == "r2048:rmap/vma_alloc_ret vm_area_alloc vma=$retval:x64")
    #expect(
      plan.line("vma_free")
        == "p:rmap/vma_free vm_area_free vma=$arg1:x64 vm_mm=+16($arg1):x64 vm_anon=+88($arg1):x64")
    #expect(plan.line("mm_exit") == "p:rmap/mm_exit exit_mmap mm=$arg1:x64")
  }

  @Test func movesOfLinux6_1() throws {
    let move = """
      p:rmap/move_tables move_page_tables
      vma=$arg3:x64 vm_start=+0($arg3):x64 vm_end=+8($arg3):x64 vm_mm=+16($arg3):x64
      vm_flags=+32($arg3):x64 vm_anon=+88($arg3):x64 vm_pgoff=+104($arg3):x64
      src=$arg1:x64 src_start=+0($arg1):x64 src_end=+8($arg1):x64 src_mm=+16($arg1):x64
      src_flags=+32($arg1):x64 src_anon=+88($arg1):x64 src_pgoff=+104($arg1):x64
      src_addr=$arg2:x64 addr=$arg4:x64 len=$arg5:x64 locks=$arg6:u8
      """
    let plan = try MiniBTF.linux6_1.plan()
    #expect(plan.line("move_tables") == oneLine(move))
    #expect(
      plan.line("move_tables_ret") == "r2048:rmap/move_tables_ret move_page_tables ret=$retval:u64")
  }

  @Test func foliosOfLinux6_6And6_8() throws {
    let folio = #"""
      folio=$arg1:x64 mapping=+24($arg1):x64 index=+32($arg1):x64 large=+0($arg1):b1@6/64 folio_nr=+100($arg1):u32
      page_size=\64:u8
      """#
    let vma = """
      vma=$arg2:x64 vm_start=+0($arg2):x64 vm_end=+8($arg2):x64 vm_mm=+16($arg2):x64
      vm_flags=+32($arg2):x64 vm_anon=+112($arg2):x64 vm_pgoff=+128($arg2):x64
      """
    let new = oneLine(
      """
      p:rmap/folio_new_entry folio_add_new_anon_rmap \(folio) exclusive=+0($arg1):b1@17/64 \(vma) addr=$arg3:x64
      """)
    let (older, newer) = (try MiniBTF.linux6_6.plan(), try MiniBTF.linux6_8.plan())
    #expect(older.line("folio_new_entry") == new && newer.line("folio_new_entry") == new)
    #expect(
      newer.line("folio_move_entry")
        == oneLine("p:rmap/folio_move_entry folio_move_anon_rmap \(folio) exclusive=+0($arg1):b1@17/64 \(vma)"))
    let huge = "\(folio) \(vma) addr=$arg3:x64"
    #expect(
      older.line("hugetlb_new_entry")
        == oneLine(#"p:rmap/hugetlb_new_entry hugepage_add_new_anon_rmap \#(huge) unit_huge=\1:u8"#))
    #expect(
      newer.line("hugetlb_new_entry")
        == oneLine(#"p:rmap/hugetlb_new_entry hugetlb_add_new_anon_rmap \#(huge) unit_page=\1:u8"#))
    #expect(older.notes == [] && newer.notes == [])
    let structure = try MiniBTF.linux6_1.plan(.structure).events
    let pages = ["folio_new_entry", "page_add", "page_remove", "page_move", "lru_add"]
    #expect(older.events == structure + pages + ["hugetlb_new_entry", "hugepage_add"])
    let folios = ["folio_new_entry", "folio_add", "folio_add_pmd", "folio_remove", "folio_remove_pmd"]
    let moves = ["folio_move_entry", "lru_add", "uffd_move", "uffd_move_ret"]
    #expect(newer.events == structure + folios + moves + ["hugetlb_new_entry", "hugetlb_add", "hugetlb_unmap"])
  }

  /// 6.7 has both functions of hugetlbfs by their old names, and gives each a folio.
  @Test func hugetlbOfLinux6_7() throws {
    var kernel = MiniBTF.linux6_6
    let (folio, vma) = (CType.to("folio"), CType.to("vm_area_struct"))
    kernel.removeFunctions("linear_hugepage_index")
    kernel.function(
      "hugepage_add_anon_rmap", ("folio", folio), ("vma", vma), ("address", .long), ("flags", .typedef("rmap_t", .int)))
    let plan = try kernel.plan()
    #expect(plan.events.suffix(2) == ["hugetlb_new_entry", "hugetlb_add"])
    let added = try #require(plan.line("hugetlb_add"))
    #expect(added.hasPrefix("p:rmap/hugetlb_add hugepage_add_anon_rmap folio=$arg1:x64 "))
    #expect(added.hasSuffix(#" addr=$arg3:x64 rmap_flags=$arg4:u32 unit_page=\1:u8"#))
    #expect(plan.notes == [])
  }

  @Test func foliosOfLinux6_12() throws {
    let plan = try MiniBTF.linux6_12.plan()
    let new = #"""
      r2048:rmap/folio_new folio_add_new_anon_rmap folio=$arg1:x64 mapping=+24($arg1):x64
      index=+32($arg1):x64 large=+0($arg1):b1@6/64 folio_nr=+96($arg1):u32 page_size=\64:u8
      exclusive=+0($arg1):b1@14/64 vma=$arg2:x64 vm_start=+0($arg2):x64 vm_end=+8($arg2):x64 vm_mm=+16($arg2):x64
      vm_flags=+32($arg2):x64 vm_anon=+104($arg2):x64 vm_pgoff=+120($arg2):x64
      addr=$arg3:x64 rmap_flags=$arg4:u32
      """#
    #expect(plan.line("folio_new") == oneLine(new))
    let added = #"""
      p:rmap/folio_add folio_add_anon_rmap_ptes folio=$arg1:x64 page=$arg2:x64 nr=$arg3:s32
      mapping=+24($arg1):x64 index=+32($arg1):x64 large=+0($arg1):b1@6/64
      folio_nr=+96($arg1):u32 page_size=\64:u8 exclusive=+0($arg2):b1@14/64 vma=$arg4:x64 vm_start=+0($arg4):x64
      vm_end=+8($arg4):x64 vm_mm=+16($arg4):x64 vm_flags=+32($arg4):x64
      vm_anon=+104($arg4):x64 vm_pgoff=+120($arg4):x64 addr=$arg5:x64 rmap_flags=$arg6:u32
      """#
    #expect(plan.line("folio_add") == oneLine(added))
    let pages = [
      "folio_new", "folio_add", "folio_add_pmd", "folio_remove", "folio_remove_pmd", "folio_move",
      "lru_add",
    ]
    #expect(plan.events.suffix(7) == pages[...])
    #expect(plan.notes == [])
  }

  @Test func renamedTreesOfLinux7() throws {
    let plan = try MiniBTF.linux7.plan()
    let insert = try #require(plan.line("avc_insert"))
    #expect(
      insert.hasPrefix(
        #"p:rmap/avc_insert anon_rmap_tree_insert avc=$arg1:x64 rb=$arg2:x64 rb_off=\0:u8 vma="#))
    #expect(plan.hasCore)
    #expect(plan.notes == [])
    let new = try #require(plan.line("folio_new"))
    #expect(new.contains("large=+0($arg1):b1@6/64 folio_nr=+120($arg1):u32"))
  }

  @Test func movesOfLinux7() throws {
    let move = """
      p:rmap/move_tables move_page_tables
      vma=+8($arg1):x64 vm_start=+0(+8($arg1)):x64 vm_end=+8(+8($arg1)):x64
      vm_mm=+16(+8($arg1)):x64 vm_flags=+32(+8($arg1)):x64 vm_anon=+104(+8($arg1)):x64
      vm_pgoff=+120(+8($arg1)):x64 src=+0($arg1):x64 src_start=+0(+0($arg1)):x64
      src_end=+8(+0($arg1)):x64 src_mm=+16(+0($arg1)):x64 src_flags=+32(+0($arg1)):x64
      src_anon=+104(+0($arg1)):x64 src_pgoff=+120(+0($arg1)):x64
      src_addr=+16($arg1):x64 addr=+32($arg1):x64 len=+40($arg1):x64 locks=+48($arg1):u8
      """
    #expect(try MiniBTF.linux7.plan().line("move_tables") == oneLine(move))
  }

  @Test func degreeIsNotRecorded() throws {
    let plan = try MiniBTF.degreeEra.plan()
    let put = """
      p:rmap/av_put __put_anon_vma av=$arg1:x64 root=+0($arg1):x64 parent=+56($arg1):x64
      ref=+48($arg1):s32 root_ref=+48(+0($arg1)):s32 rb_node=+64($arg1):x64
      """
    #expect(plan.line("av_put") == oneLine(put))
    let insert = try #require(plan.line("avc_insert"))
    #expect(!insert.contains("degree=") && !insert.contains("children="))
    let reason = "struct anon_vma has no member num_children: fields children, active left out"
    #expect(plan.notes == ["avc_insert", "avc_remove", "av_put"].map { "\($0): \(reason)" })
  }

  @Test func realtimeHasNoLockWord() throws {
    let plan = try MiniBTF.realtime.plan()
    let insert = try #require(plan.line("avc_insert"))
    #expect(insert.hasSuffix(" root_ref=+48(+0(+8($arg1))):s32 vm_prot=+24(+0($arg1)):x64"))
    let reasons = [
      "struct rw_semaphore has no member count (PREEMPT_RT?): field lock left out",
      "struct rw_semaphore has no member owner (PREEMPT_RT?): "
        + "field lock_pid left out",
    ]
    let expected = ["avc_insert", "avc_remove"].flatMap { event in reasons.map { "\(event): \($0)" }
    }
    let prepare = "prepare: struct rw_semaphore has no member count (PREEMPT_RT?): field mmap_lock left out"
    #expect(plan.notes == expected + [prepare])
  }
}

/// The recipes fetch what the vocabulary declares.
@Suite struct RecipeTests {
  @Test(arguments: EventName.allCases)
  func fetchTheDeclaredFields(_ name: EventName) {
    var fetched: Set<FieldName> = []
    for recipe in EventRecipe.all {
      if recipe.name == name {
        fetched.formUnion(recipe.shapes.joined().flatMap { $0.alternatives.joined() }.map(\.name))
      }
      if let fields = recipe.onReturn, recipe.name.ofReturn == name { fetched.formUnion(fields.map(\.name)) }
    }
    #expect(fetched == Set(name.declaration.fields.map(\.name)))
  }
}
