import RmapEvents
public import TestSupport

/// Histories of random healthy operations.
extension History {
  /// `count` operations of a few processes that then all exit.
  public static func random(
    _ count: Int, version: Kernel.Version, reusingAddresses: Bool, makingLargeFolios: Bool = true,
    using generator: inout SeededGenerator
  ) -> History {
    History(version) { kernel in
      kernel.reusesAddresses = reusingAddresses
      kernel.makesLargeFolios = makingLargeFolios
      kernel.liveWithWalks(count, &generator)
    }
  }

  /// The same on a kernel with a defect, and how often that went wrong.
  public static func random(
    _ count: Int, version: Kernel.Version, with defect: Defect, using generator: inout SeededGenerator
  ) -> (history: History, fired: Int) {
    var fired = 0
    let history = History(version) { kernel in
      kernel.defect = defect
      kernel.liveWithWalks(count, &generator)
      fired = kernel.defectFired
    }
    return (history, fired)
  }

  /// The same history with returns recorded late: a task that has let go of a lock and not yet reached its
  /// return probe is overtaken by others. A free of an anon_vma is outside of the lock, too.
  public func overtaken(using generator: inout SeededGenerator) -> History {
    var copy = self
    for start in steps.indices.dropLast() where Bool.random(using: &generator) {
      var index = start
      while index + 1 < copy.steps.count, copy.mayOvertake(index),
        Int.random(in: 0..<8, using: &generator) > 0
      {
        copy.steps.swapAt(index, index + 1)
        index += 1
      }
    }
    return copy
  }

  /// Whether the event after `index` may as well come before it.
  private func mayOvertake(_ index: Int) -> Bool {
    let (step, next) = (steps[index], steps[index + 1])
    guard step.pid != next.pid else { return false }
    switch (step.event, next.event) {
    case (.leave, .leave): return false
    // Nobody else knows the VMA yet that vm_area_alloc or vm_area_dup returns.
    case (.leave(let result), _): return ![.vmaAlloc, .vmaDup, .mmExit].contains(result.kind)
    // A root's refcount tells in which order its anon_vmas were freed.
    case (.put, .put): return false
    case (.put(let put), .insert(let update)): return put.anonVMA != update.anonVMA
    case (.put, _): return true
    default: return false
    }
  }
}

extension Kernel {
  fileprivate func liveWithWalks(_ count: Int, _ generator: inout SeededGenerator) {
    recordsWalks = true
    live(count, &generator)
  }

  /// `count` random operations of a few processes that then all exit.
  public func live(_ count: Int, _ generator: inout SeededGenerator) {
    mmap("p0.0", 64..<72)
    for number in 1...count { doSomething(number, &generator) }
    for process in mms.keys.sorted() { exit(process) }
  }

  /// One random operation, if what it needs is there.
  fileprivate func doSomething(_ number: Int, _ generator: inout SeededGenerator) {
    let all = mms.keys.sorted().flatMap { mm($0).vmas }
    guard let vma = all.randomElement(using: &generator) else {
      return mmap("p\(number).0", 64..<72)
    }
    let page = UInt64.random(in: vma.pages, using: &generator)
    switch Int.random(in: 0..<(makesLargeFolios ? 48 : 42), using: &generator) {
    case 0..<14: write(vma.name, page)
    case 14..<16: discard(vma.name, page)
    case 16: migrate(vma.name, page)
    case 17..<19: swapOut(vma.name, page)
    case 19..<21: swapIn(vma.name, page)
    case 21, 40: migrate(vma.name, page)
    case 41: look(for: vma.name, page)
    case 42..<45: if version != .v6_1 { writeLarge(vma.name, page) }
    case 45: splitFolio(vma.name, page)
    case 46: writeHugePages(number, vma)
    case 47: if vma.mm.tables[page]?.isPMD ?? false { splitPMD(vma.name, page) }
    case 22: mergePages(vma, page, all, &generator)
    case 23: moveByUserfault(vma, page, &generator)
    case 24..<28: fork(number, vma.mm.process)
    case 28..<30: if mms.count > 1 { exit(vma.mm.process) }
    default: changeVMAs(number, vma, page, &generator)
    }
  }

  private func fork(_ number: Int, _ process: String) {
    if mms.count < 6 { fork(process, "p\(number)") }
  }

  /// Maps a PMD's worth of pages, and writes to it.
  private func writeHugePages(_ number: Int, _ vma: VMA) {
    let pages: Range<UInt64> = 2048..<2560
    let name = "\(vma.mm.process).\(number)"
    guard isFree(pages, vma.mm) else { return }
    mmap(name, pages)
    writeHuge(name, pages.lowerBound)
  }

  private func mergePages(
    _ vma: VMA, _ page: UInt64, _ all: [VMA], _ generator: inout SeededGenerator
  ) {
    guard let other = all.randomElement(using: &generator) else { return }
    mergeSame(vma.name, page, other.name, UInt64.random(in: other.pages, using: &generator))
  }

  private func moveByUserfault(_ vma: VMA, _ page: UInt64, _ generator: inout SeededGenerator) {
    guard version != .v6_1, let folio = vma.mm.tables[page]?.folio, folio.isExclusive, !folio.isLarge,
      let target = vma.mm.vmas.randomElement(using: &generator)
    else { return }
    let free = target.pages.filter { vma.mm.tables[$0] == nil && vma.mm.swapped[$0] == nil }
    if let place = free.randomElement(using: &generator) {
      userfaultMove(
        vma.name, page, target.name, place, isProbed: Bool.random(using: &generator))
    }
  }

  private func changeVMAs(
    _ number: Int, _ vma: VMA, _ page: UInt64, _ generator: inout SeededGenerator
  ) {
    let name = "\(vma.mm.process).\(number)"
    splitPMDs(vma)
    let place = UInt64.random(in: 1..<200, using: &generator) * 8
    let next = vma.mm.vmas.first { isContiguous(vma, $0) }
    switch Int.random(in: 0..<14, using: &generator) {
    case 13: wipeOnFork(vma.name, Bool.random(using: &generator))
    case 0..<2:
      guard isFree(place..<place + 8, vma.mm) else { return }
      if Int.random(in: 0..<4, using: &generator) == 0 {
        mmapHugetlb(name, place..<place + 8, pgoff: UInt64.random(in: 0..<4, using: &generator))
      } else {
        mmap(name, place..<place + 8)
      }
    case 2..<5: if page > vma.pages.lowerBound { split(vma.name, at: page, name) }
    case 5: munmap(vma.name)
    case 6..<8:
      let target = place..<place + UInt64(vma.pages.count)
      guard isFree(target, vma.mm) else { return }
      mremap(vma.name, to: place, name, keepingSource: Bool.random(using: &generator))
    case 8:
      let bigger = vma.pages.lowerBound..<vma.pages.upperBound + 2
      if isFree(vma.pages.upperBound..<bigger.upperBound, vma.mm) { resize(vma.name, to: bigger) }
    case 9:
      let bigger = vma.pages.lowerBound - 2..<vma.pages.upperBound
      let isFree = isFree(bigger.lowerBound..<vma.pages.lowerBound, vma.mm)
      if isFree, vma.pgoff >= 2, vma.anonVMA != nil { resize(vma.name, to: bigger) }
    case 10:
      if let next, next.anonVMA != nil, next.anonVMA === vma.anonVMA {
        shiftBoundary(vma.name, next.name, to: UInt64.random(in: next.pages, using: &generator))
      }
    case 11: expandDown(vma, name)
    default: if let next, isMergeable(vma, next) { merge(vma.name, next.name) }
    }
  }

  /// mmap right before a VMA that has not moved, which the new one then takes over.
  private func expandDown(_ vma: VMA, _ name: String) {
    let start = vma.pages.lowerBound
    guard start >= 4, vma.pgoff == start, isFree(start - 4..<start, vma.mm) else { return }
    mmap(name, start - 4..<start)
    if isMergeable(self.vma(name), vma) { merge(name, vma.name) }
  }

  private func isFree(_ pages: Range<UInt64>, _ mm: MM) -> Bool {
    !mm.vmas.contains { $0.pages.overlaps(pages) }
  }

  /// is_mergeable_anon_vma; dup_anon_vma only from an anon_vma that fork has not made.
  private func isMergeable(_ kept: VMA, _ removed: VMA) -> Bool {
    if kept.anonVMA === removed.anonVMA { return true }
    if kept.anonVMA == nil { return removed.chain.count == 1 }
    return removed.anonVMA == nil && kept.chain.count == 1
  }
}
