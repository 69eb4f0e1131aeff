import RmapEvents
import RmapTestSupport

/// The histories of the rules that came with 7.x: a VMA's second offset, the spare anon_vma of fork.
extension InvariantCases {
  static let offsets = [
    unfaultedAnonPgoff, offsetPair, pureAnonPgoff, fileMerge, forkOffset, remapReset, spareAnonVMA, hugetlbUnmapRange,
  ]

  static let unfaultedAnonPgoff = InvariantCases("unfaulted-anon")
    .holds("a first fault in a file's mapping", .file)
    .holds("a file's mapping that moves before its first fault", .movedUnfaulted)
    .breaks(
      at: "enter prepare", .file.alteringEntry("enter prepare") { $0.vma.anonPgoff = PgOff(0x99) },
      """
      An unfaulted VMA does not have the anonymous offset of its address. (event 2) in __anon_vma_prepare
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x99, vm_pgoff 0x100
      Then V has no anon_vma (event 1)
      However V's anon_pgoff is 0x99, and vm_start >> PAGE_SHIFT is 0x10 (event 2)
      anon_pgoff of an unfaulted VMA is vm_start >> PAGE_SHIFT (mm/vma.c, __mmap_region, copy_vma).
      """)

  static let offsetPair = InvariantCases("offset-pair")
    .holds("a file's mapping that changes its range", .resizedFile)
    .holds("a split of a file's mapping", .splitFile)
    .breaks(
      at: "insert", 2, .resizedFile.alteringTree("insert", 2) { $0.vma.vmPgoff = PgOff(0x99) },
      """
      A VMA's two offsets have moved apart. (event 8) in commit_merge
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0xe000-0x14000, pgoff 0xe, vm_pgoff 0x99
      Then V had vm_pgoff 0x100 and anon_pgoff 0x10 (event 7)
      However V has vm_pgoff 0x99 and anon_pgoff 0xe (event 8)
      vm_pgoff and anon_pgoff of a VMA with pages change together (include/linux/mm.h, vma_add_pgoff, vma_sub_pgoff).
      """
    )
    .breaks(
      "A VMA's two offsets have moved apart.", "V has vm_pgoff 0x200 and anon_pgoff 0x12", in: "__split_vma",
      at: "leave clone", .splitFile.alteringEntry("enter clone") { $0.vma.vmPgoff = PgOff(0x200) })

  static let pureAnonPgoff = InvariantCases("pure-anon-pgoff")
    .holds("a first fault", History(.v7_3) { $0.fault() })
    .breaks(
      at: "enter prepare",
      History(.v7_3) { $0.fault() }.alteringEntry("enter prepare") { $0.vma.vmPgoff = PgOff(0x99) },
      """
      An anonymous VMA has two offsets. (event 2) in __anon_vma_prepare
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10, vm_pgoff 0x99
      Then V has no operations and no file (event 2)
      However V's vm_pgoff is 0x99, its anon_pgoff 0x10 (event 2)
      vm_pgoff of a purely anonymous VMA is its anon_pgoff (include/linux/pagemap.h, linear_anon_page_index).
      """)

  static let fileMerge = InvariantCases("file-merge")
    .holds("two halves of a file's mapping merge again", .mergedFile)
    .breaks(
      at: "enter unlink",
      .mergedFile.alteringTree("insert", 2) { $0.vma.vmPgoff = PgOff(0x150) }
        .alteringTree("remove", -2) { $0.vma.vmPgoff = PgOff(0x150) },
      """
      VMAs have merged of which one offset does not go on. (event 18) in unlink_anon_vmas
      Let K = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10, vm_pgoff 0x100
      Let V = vma 0xffff888001000100, mm 0xffff888004000000, 0x12000-0x14000, pgoff 0x12, vm_pgoff 0x150
      Then V maps 0x12000 at vm_pgoff 0x150, anon_pgoff 0x12 (event 18)
      However K covers V's range, and maps it at vm_pgoff 0x102, anon_pgoff 0x12 (event 18)
      Both offsets of merged VMAs are contiguous (mm/vma.c, needs_adjacent_anon_pgoff).
      """)

  static let forkOffset = InvariantCases("fork-offset")
    .holds("a fork", .forkedFile)
    .breaks(
      at: "enter copyRange", .forkedFile.alteringEntry("enter copyRange") { $0.vma.anonPgoff = PgOff(0x99) },
      """
      A forked VMA has another offset than its parent's. (event 15) in copy_page_range
      Let V = vma 0xffff888001000100, mm 0xffff888004000100, 0x10000-0x14000, pgoff 0x99, vm_pgoff 0x100
      Let P = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10, vm_pgoff 0x100
      Then P has vm_pgoff 0x100 and anon_pgoff 0x10 (event 15)
      However V has vm_pgoff 0x100 and anon_pgoff 0x99 (event 15)
      vm_area_dup copies both offsets (mm/vma_init.c, vm_area_init_from).
      """
    )
    .breaks(
      "A forked VMA has another offset than its parent's.", "V has vm_pgoff 0x100 and anon_pgoff 0x99",
      in: "anon_vma_fork", at: "leave fork", 1,
      .forkedFile.alteringTree("insert", 2) { $0.vma.anonPgoff = PgOff(0x99) }
        .alteringTree("insert", 3) { $0.vma.anonPgoff = PgOff(0x99) })

  static let remapReset = InvariantCases("remap-reset")
    .holds("a write to what MREMAP_DONTUNMAP has left", .refaultedSource)
    .breaks(
      at: "enter prepare", 2, .refaultedSource.alteringEntry("enter prepare", 2) { $0.vma.anonPgoff = PgOff(0x99) },
      """
      MREMAP_DONTUNMAP leaves a VMA with the anonymous offset of what it mapped. (event 19) in dontunmap_complete
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x99, vm_pgoff 0x100
      Then V left its anon_vmas and stayed (event 18)
      However V's anon_pgoff is 0x99, and vm_start >> PAGE_SHIFT is 0x10 (event 19)
      The source of MREMAP_DONTUNMAP gets anon_pgoff = vm_start >> PAGE_SHIFT (mm/mremap.c, dontunmap_complete).
      """)

  static let spareAnonVMA = InvariantCases("spare-anon-vma")
    .holds("forks with an anon_vma of their own, and one that reuses another", .reuseOf7)
    .breaks(
      at: "leave fork", -1, .reuseOf7.dropping("put", -1),
      """
      A fork does not put the anon_vma that it has not used. (event 44) in anon_vma_fork
      Let V = vma 0xffff888001000300, mm 0xffff888004000300, 0x10000-0x14000, pgoff 0x10
      Then V got no anon_vma of its own (event 44)
      However anon_vma_fork has put 0 anon_vmas of no tree (event 44)
      The spare is put if the clone has reused another anon_vma or failed (mm/rmap.c, anon_vma_fork).
      """
    )
    .breaks(
      "A fork puts an anon_vma besides using one.", "anon_vma_fork has put 1 anon_vma of no tree",
      in: "anon_vma_fork", at: "leave fork", 1, .spareInTheFirstFork)

  static let hugetlbUnmapRange = InvariantCases("hugetlb-range")
    .holds("a huge page that is unmapped", .hugetlbUnmap(0x10000, 0x14000))
    .breaks(
      at: "hugetlb unmap", .hugetlbUnmap(0x20000, 0x24000),
      """
      Huge pages are unmapped at addresses that are not the VMA's. (event 7) in the caller of __unmap_hugepage_range
      Let V = vma 0xffff888001000000, mm 0xffff888004000000, 0x10000-0x14000, pgoff 0x10
      However 0x20000-0x24000 is to be unmapped from V (event 7)
      A range that is unmapped lies in its VMA (mm/hugetlb.c, unmap_ref_private: vma_hugecache_offset).
      """
    )
    .breaks(
      "Huge pages are unmapped at addresses that are not the VMA's.", "0x20000-0x24000 is to be unmapped from V",
      in: "unmap_ref_private", at: "hugetlb unmap", .hugetlbUnmap(0x20000, 0x24000, only: KernelAddress(0x5000)))
}

extension History {
  /// A private mapping of a file, the second page of which is written to.
  static let file = History(.v7_3) { $0.faultInFile() }
  fileprivate static let movedUnfaulted = History(.v7_3) {
    $0.mmap("p.V", 16..<20, file: 0x100)
    $0.mremap("p.V", to: 64, "p.W")
    $0.write("p.W", 65)
  }
  fileprivate static let resizedFile = History(.v7_3) {
    $0.faultInFile()
    $0.resize("p.V", to: 14..<20)
  }
  fileprivate static let splitFile = History(.v7_3) {
    $0.faultInFile()
    $0.split("p.V", at: 18, "p.W")
  }
  fileprivate static let mergedFile = History(.v7_3) {
    $0.faultInFile()
    $0.split("p.V", at: 18, "p.W")
    $0.merge("p.V", "p.W")
  }
  fileprivate static let forkedFile = History(.v7_3) {
    $0.faultInFile()
    $0.fork("p", "c")
  }
  fileprivate static let refaultedSource = History(.v7_3) {
    $0.faultInFile()
    $0.mremap("p.V", to: 64, "p.W", keepingSource: true)
    $0.write("p.V", 17)
  }
  fileprivate static let reuseOf7 = History(.v7_3) {
    $0.fault()
    $0.fork("p", "c")
    $0.fork("c", "d")
    $0.exit("c")
    $0.fork("d", "e")
  }

  /// The put of the last fork's spare, in the first one too, which has used its own.
  fileprivate static let spareInTheFirstFork: History = {
    let history = reuseOf7
    var step = history.steps[history.number("put", -1) - 1]
    step.pid = history.steps[history.number("leave fork") - 1].pid
    return history.inserting(step, at: history.number("leave fork"))
  }()

  fileprivate static func hugetlbUnmap(_ start: UInt64, _ end: UInt64, only: KernelAddress = .null) -> History {
    var history = History.fault
    history.steps.append(
      Step(
        .hugetlbUnmap(
          HugetlbUnmap(
            vma: History.fault.entry("enter prepare").vma, start: UserAddress(start), end: UserAddress(end),
            only: only)), pid: 101)
    )
    return history
  }
}

extension Kernel {
  /// A private mapping of a file, the second page of which is written to.
  fileprivate func faultInFile() {
    mmap("p.V", 16..<20, file: 0x100)
    write("p.V", 17)
  }
}
