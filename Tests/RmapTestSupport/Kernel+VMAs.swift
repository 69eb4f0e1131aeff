import RmapEvents

/// The operations on VMAs that a process can ask for.
extension Kernel {
  // MARK: mmap and munmap

  /// mmap of anonymous memory that no neighbour takes up.
  /// With `file`, a private mapping of a file from that page on, whose vm_pgoff is not its anon_pgoff (7.3).
  public func mmap(_ name: String, _ pages: Range<UInt64>, flags: UInt64 = 0, file: UInt64? = nil) {
    let mm = mm(String(name.prefix { $0 != "." }))
    let vma = VMA(name, take(.vma), mm, pages, pgoff: pages.lowerBound)
    vma.flags = flags
    if let file { vma.gap = file &- pages.lowerBound }
    mm.vmas.append(vma)
    leave(.vmaAlloc, Int64(bitPattern: vma.address.raw), by: mm.process)
  }

  /// munmap of a whole VMA.
  public func munmap(_ name: String) {
    let vma = vma(name)
    zap(vma)
    if vma.anonVMA != nil, fires(.unlinkComesLate) {
      free(vma)
      return unlink(vma, by: vma.mm.process)
    }
    unlink(vma, by: vma.mm.process)
    free(vma)
  }

  private func free(_ vma: VMA) {
    emit(
      .vmaFree(
        VMAFree(vma: vma.address, mm: vma.mm.address, anonVMA: vma.anonVMA?.address ?? .null)),
      by: vma.mm.process)
    vma.mm.vmas.removeAll { $0 === vma }
    give(back: vma.address, .vma)
  }

  /// vm_area_dup: a copy with the pointer to the anon_vma, but without the chain.
  private func dup(_ vma: VMA, _ name: String, in mm: MM) -> VMA {
    let process = vma.mm.process
    emit(.enter(OperationEntry(kind: .vmaDup, source: view(vma))), by: process)
    let copy = VMA(name, take(.vma), mm, vma.pages, pgoff: vma.pgoff)
    (copy.flags, copy.anonVMA, copy.gap) = (vma.flags, vma.anonVMA, vma.gap)
    leave(.vmaDup, Int64(bitPattern: copy.address.raw), by: process)
    return copy
  }

  // MARK: fork and exit

  /// fork: dup_mmap of each VMA.
  public func fork(_ parent: String, _ child: String) {
    let mm = mm(child)
    for vma in self.mm(parent).vmas {
      let copy = dup(vma, child + vma.name.drop { $0 != "." }, in: mm)
      if vma.flags & Self.wipedOnFork != 0 {
        copy.anonVMA = nil
        mm.vmas.append(copy)
        continue
      }
      let sharesFirst = vma.anonVMA != nil && fires(.forkSharesFirst)
      if sharesFirst { copyRange(copy, vma, by: parent) }
      guard forkChain(copy, vma, by: parent) else {
        // dup_mmap: fail_nomem_anon_vma_fork frees the copy.
        copy.mm.vmas.append(copy)
        free(copy)
        return
      }
      mm.vmas.append(copy)
      if !sharesFirst { copyRange(copy, vma, by: parent) }
    }
  }

  /// madvise(MADV_WIPEONFORK), or MADV_KEEPONFORK.
  public func wipeOnFork(_ name: String, _ isWiped: Bool = true) {
    let vma = vma(name)
    vma.flags = isWiped ? vma.flags | Self.wipedOnFork : vma.flags & ~Self.wipedOnFork
  }

  /// VM_WIPEONFORK.
  static let wipedOnFork: UInt64 = 0x200_0000

  private func copyRange(_ copy: VMA, _ vma: VMA, by parent: String) {
    enter(.copyRange, copy, source: vma, by: parent)
    share(vma, with: copy.mm)
    leave(.copyRange, by: parent)
  }

  /// copy_present_ptes, which has no probe.
  private func share(_ vma: VMA, with mm: MM) {
    for (page, mapping) in vma.mm.tables where vma.pages.contains(page) {
      mm.tables[page] = mapping
      mapping.folio.mapcount += 1
      if !mapping.folio.isExclusive || !fires(.forkKeepsExclusive) {
        mapping.folio.isExclusive = false
      }
    }
    for (page, swap) in vma.mm.swapped where vma.pages.contains(page) { mm.swapped[page] = swap }
  }

  /// exit_mmap: all pages, then all chains, then all VMAs.
  public func exit(_ process: String) {
    let mm = mm(process)
    emit(.enter(OperationEntry(kind: .mmExit, mm: mm.address)), by: process)
    let vmas = mm.vmas.sorted { $0.pages.lowerBound < $1.pages.lowerBound }
    for vma in vmas { zap(vma) }
    for vma in vmas where vma === vmas[0] || !fires(.exitUnlinksFirst) { unlink(vma, by: process) }
    for vma in vmas { free(vma) }
    leave(.mmExit, by: process)
    mms[process] = nil
    give(back: mm.address, .mm)
  }

  // MARK: Ranges

  /// __split_vma at a page: `name` keeps the lower part, `upper` becomes the upper one.
  public func split(_ name: String, at page: UInt64, _ upper: String, during: () -> Void = {}) {
    let vma = vma(name)
    let process = vma.mm.process
    emit(
      .enter(OperationEntry(kind: .split, vma: view(vma), address: UserAddress(page << 12))), by: process)
    let new = dup(vma, upper, in: vma.mm)
    new.pages = page..<vma.pages.upperBound
    if !fires(.splitKeepsPgoff) { new.pgoff &+= page - vma.pages.lowerBound }
    if vma.chain.count > 1, fires(.splitMistakesAnonVMA) {
      new.anonVMA = vma.chain.lazy.map(\.anonVMA).first { $0 !== vma.anonVMA }
    }
    let isCloned = vma.chain.isEmpty || !fires(.splitClonesNothing)
    guard !isCloned || clone(new, vma, by: process, missingOne: { misses($0, vma, .splitMissesOne) })
    else {
      vma.mm.vmas.append(new)
      free(new)
      return leave(.split, -12, by: process)
    }
    vma.mm.vmas.append(new)
    changeRanges([vma]) {
      during()
      vma.pages = vma.pages.lowerBound..<page
    }
    leave(.split, by: process)
  }

  private func misses(_ avc: AVC, _ source: VMA, _ defect: Defect) -> Bool {
    avc === source.chain.last && fires(defect)
  }

  /// vma_merge: `kept` takes over the range of its upper neighbour `removed`.
  public func merge(_ kept: String, _ removed: String) {
    let (kept, removed) = (vma(kept), vma(removed))
    precondition(kept.pages.upperBound == removed.pages.lowerBound)
    let process = kept.mm.process
    if kept.anonVMA == nil, let anonVMA = removed.anonVMA, !fires(.mergeDropsAnonVMA) {
      kept.anonVMA = anonVMA  // dup_anon_vma
      if !fires(.mergeDropsChain) { clone(kept, removed, by: process) }
    }
    changeRanges([kept]) { kept.pages = kept.pages.lowerBound..<removed.pages.upperBound }
    if removed.anonVMA != nil { unlink(removed, by: process) }  // anon_vma_merge
    free(removed)
  }

  /// vma_expand or vma_shrink, downwards (expand_downwards) as well.
  public func resize(_ name: String, to pages: Range<UInt64>) {
    let vma = vma(name)
    changeRanges([vma]) {
      vma.pgoff = vma.pgoff &+ pages.lowerBound &- vma.pages.lowerBound
      vma.pages = pages
    }
  }

  /// mprotect shifts the boundary between two neighbours (vma_prepare with adj_next).
  public func shiftBoundary(_ left: String, _ right: String, to page: UInt64) {
    let (left, right) = (vma(left), vma(right))
    changeRanges([left, right]) {
      right.pgoff = right.pgoff &+ page &- right.pages.lowerBound
      left.pages = left.pages.lowerBound..<page
      right.pages = page..<right.pages.upperBound
    }
  }

  // MARK: mremap

  /// mremap to a place where nothing merges; with `keepingSource`, MREMAP_DONTUNMAP.
  public func mremap(_ name: String, to page: UInt64, _ moved: String, keepingSource: Bool = false) {
    let vma = vma(name)
    let process = vma.mm.process
    let target = page..<page + UInt64(vma.pages.count)
    emit(
      .enter(
        OperationEntry(
          kind: .copyVMA, vma: view(vma), address: UserAddress(page << 12), length: UInt64(target.count) << 12)),
      by: process)
    let new = dup(vma, moved, in: vma.mm)
    new.pages = target
    if vma.anonVMA == nil && !vma.isHugetlb || vma.pgoff != page && fires(.moveChangesPgoff) { rebase(new, to: page) }
    clone(new, vma, by: process) { misses($0, vma, .moveMissesOne) }
    vma.mm.vmas.append(new)
    leave(.copyVMA, Int64(bitPattern: new.address.raw), by: process)
    moveTables(vma, new, from: vma.pages, to: page)
    if keepingSource {
      unlink(vma, by: process)
      if vma.isHugetlb { return }
      if vma.pgoff == vma.pages.lowerBound || !fires(.dontUnmapKeepsPgoff) { rebase(vma, to: vma.pages.lowerBound) }
    } else {
      munmap(name)
    }
  }

  /// The offset that the rmap goes by is that of the address again; a file's stays.
  private func rebase(_ vma: VMA, to page: UInt64) {
    if vma.gap != 0 { vma.gap &+= vma.pgoff &- page }
    vma.pgoff = page
  }

  /// exec moves the stack that it has built to its place (relocate_vma_down); the offsets stay.
  public func moveStack(_ name: String, down shift: UInt64) {
    let vma = vma(name)
    let old = vma.pages
    let new = old.lowerBound - shift..<old.upperBound - shift
    changeRanges([vma]) { vma.pages = new.lowerBound..<old.upperBound }
    moveTables(vma, vma, from: old, to: new.lowerBound)
    changeRanges([vma]) { vma.pages = new }
    vma.flags &= ~Self.temporaryStack
  }

  /// VM_STACK_INCOMPLETE_SETUP.
  public static let temporaryStack: UInt64 = 0x18000

  private func moveTables(_ source: VMA, _ target: VMA, from old: Range<UInt64>, to page: UInt64) {
    let process = source.mm.process
    let length = UInt64(old.count) << 12
    emit(
      .enter(
        OperationEntry(
          kind: .moveTables, vma: view(target), source: view(source),
          address: UserAddress(page << 12), sourceAddress: UserAddress(old.lowerBound << 12),
          length: length, takesRmapLocks: false)), by: process)
    let moved = source.mm.tables.filter { old.contains($0.key) }
    let swapped = source.mm.swapped.filter { old.contains($0.key) }
    for page in old {
      source.mm.tables[page] = nil
      source.mm.swapped[page] = nil
    }
    let place = !moved.isEmpty && fires(.moveMistakesPlace) ? page + 1 : page
    for (from, mapping) in moved { target.mm.tables[from - old.lowerBound + place] = mapping }
    for (from, swap) in swapped { target.mm.swapped[from - old.lowerBound + page] = swap }
    leave(.moveTables, Int64(length), by: process)
  }
}
