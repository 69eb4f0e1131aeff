import RmapEvents
import RmapTestSupport

/// The histories of the rules that came with 7.x: a VMA's second offset, the spare anon_vma of fork.
extension InvariantCases {
  static let unfaultedAnonPgoff = InvariantCases("unfaulted-anon")
    .holds("a first fault in a file's mapping", .file)
    .holds("a file's mapping that moves before its first fault", .movedUnfaulted)
    .breaks(
      "An unfaulted VMA does not have the anonymous offset of its address.",
      "V's anon_pgoff is 0x99, and vm_start >> PAGE_SHIFT is 0x10", in: "__anon_vma_prepare", at: "enter prepare",
      .file.alteringEntry("enter prepare") { $0.vma.anonPgoff = PgOff(0x99) })

  static let offsetPair = InvariantCases("offset-pair")
    .holds("a file's mapping that changes its range", .resizedFile)
    .holds("a split of a file's mapping", .splitFile)
    .breaks(
      "A VMA's two offsets have moved apart.", "V has vm_pgoff 0x99 and anon_pgoff 0xe",
      in: "anon_vma_interval_tree_insert", at: "insert", 2,
      .resizedFile.alteringTree("insert", 2) { $0.vma.vmPgoff = PgOff(0x99) }
    )
    .breaks(
      "A VMA's two offsets have moved apart.", "V has vm_pgoff 0x200 and anon_pgoff 0x12", in: "__split_vma",
      at: "leave clone", .splitFile.alteringEntry("enter clone") { $0.vma.vmPgoff = PgOff(0x200) })

  static let pureAnonPgoff = InvariantCases("pure-anon-pgoff")
    .holds("a first fault", History(.v7_3) { $0.fault() })
    .breaks(
      "An anonymous VMA has two offsets.", "V's vm_pgoff is 0x99, its anon_pgoff 0x10", in: "__anon_vma_prepare",
      at: "enter prepare",
      History(.v7_3) { $0.fault() }.alteringEntry("enter prepare") { $0.vma.vmPgoff = PgOff(0x99) })

  static let fileMerge = InvariantCases("file-merge")
    .holds("two halves of a file's mapping merge again", .mergedFile)
    .breaks(
      "VMAs have merged of which one offset does not go on.",
      "K covers V's range, and maps it at vm_pgoff 0x102, anon_pgoff 0x12", in: "unlink_anon_vmas", at: "enter unlink",
      .mergedFile.alteringTree("insert", 2) { $0.vma.vmPgoff = PgOff(0x150) }
        .alteringTree("remove", -2) { $0.vma.vmPgoff = PgOff(0x150) })

  static let forkOffset = InvariantCases("fork-offset")
    .holds("a fork", .forkedFile)
    .breaks(
      "A forked VMA has another offset than its parent's.", "V has vm_pgoff 0x100 and anon_pgoff 0x99",
      in: "copy_page_range", at: "enter copyRange",
      .forkedFile.alteringEntry("enter copyRange") { $0.vma.anonPgoff = PgOff(0x99) })

  static let remapReset = InvariantCases("remap-reset")
    .holds("a write to what MREMAP_DONTUNMAP has left", .refaultedSource)
    .breaks(
      "MREMAP_DONTUNMAP leaves a VMA with the anonymous offset of what it mapped.",
      "V's anon_pgoff is 0x99, and vm_start >> PAGE_SHIFT is 0x10", in: "__anon_vma_prepare", at: "enter prepare", 2,
      .refaultedSource.alteringEntry("enter prepare", 2) { $0.vma.anonPgoff = PgOff(0x99) })

  static let spareAnonVMA = InvariantCases("spare-anon-vma")
    .holds("forks with an anon_vma of their own, and one that reuses another", .reuseOf7)
    .breaks(
      "A fork does not put the anon_vma that it has not used.",
      "anon_vma_fork has put 0 anon_vma(s) that were in no tree", in: "anon_vma_fork", at: "leave fork", -1,
      .reuseOf7.dropping("put", -1)
    )
    .breaks(
      "A fork puts an anon_vma besides using one.", "anon_vma_fork has put 1 anon_vma(s) that were in no tree",
      in: "anon_vma_fork", at: "leave fork", 1, .spareInTheFirstFork)

  static let hugetlbUnmapRange = InvariantCases("hugetlb-range")
    .holds("a huge page that is unmapped", .hugetlbUnmap(0x10000, 0x14000))
    .breaks(
      "Huge pages are unmapped at addresses that are not the VMA's.",
      "0x20000-0x24000 is to be unmapped from V", in: "__unmap_hugepage_range", at: "hugetlb unmap",
      .hugetlbUnmap(0x20000, 0x24000))
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

  fileprivate static func hugetlbUnmap(_ start: UInt64, _ end: UInt64) -> History {
    var history = History.fault
    history.steps.append(
      Step(
        .hugetlbUnmap(
          HugetlbUnmap(
            vma: History.fault.entry("enter prepare").vma, start: UserAddress(start), end: UserAddress(end))), pid: 101)
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
