/// Writes a workload as processes do it: map, write, fork, exit.
public struct WorkloadBuilder: Sendable {
  /// A process, by the order of their beginnings.
  public struct Process: Hashable, Sendable { let index: Int }

  private struct Life {
    let mm: Workload.MM
    var vmas: [Workload.VMA] = []
  }

  /// What was written so far.
  public private(set) var workload: Workload
  private var lives: [Life] = []
  private var spanOf: [Workload.VMA: Workload.Span] = [:]
  private var ownerOf: [Workload.VMA: Process] = [:]
  private var isFaulted: Set<Workload.VMA> = []

  /// A builder of an empty workload.
  public init(_ name: String) { workload = Workload(name: name) }

  /// A process without any memory.
  public mutating func process() -> Process {
    lives.append(Life(mm: workload.newMM()))
    return Process(index: lives.count - 1)
  }

  /// The VMAs of a process, in the order of their making.
  public func vmas(of process: Process) -> [Workload.VMA] { lives[process.index].vmas }

  /// mmap; with an offset, of a file, privately.
  public mutating func map(_ process: Process, _ pages: Range<UInt64>, offset: UInt64? = nil) -> Workload.VMA {
    let vma = workload.newVMA()
    let span = Workload.Span(start: pages.lowerBound, end: pages.upperBound, pgoff: offset ?? pages.lowerBound)
    enroll(vma, process, span)
    workload.add(.map(vma, lives[process.index].mm, span))
    return vma
  }

  private mutating func enroll(_ vma: Workload.VMA, _ process: Process, _ span: Workload.Span) {
    lives[process.index].vmas.append(vma)
    spanOf[vma] = span
    ownerOf[vma] = process
  }

  private func span(of vma: Workload.VMA) -> Workload.Span {
    guard let span = spanOf[vma] else { preconditionFailure("VMA \(vma.number) is gone") }
    return span
  }

  private mutating func prepare(_ vma: Workload.VMA) {
    guard isFaulted.insert(vma).inserted else { return }
    workload.add(.prepare(vma, next: nil, previous: nil))
  }

  /// The process writes to pages that it has to itself from now on; what it mapped there is unmapped.
  @discardableResult
  public mutating func write(_ vma: Workload.VMA, _ pages: Range<UInt64>) -> Workload.Page {
    prepare(vma)
    let first = workload.newPages(UInt32(pages.count))
    workload.add(.fault(vma, page: pages.lowerBound, first: first, count: UInt32(pages.count), .new))
    return first
  }

  /// fork: every VMA, and every page that its parent maps.
  public mutating func fork(_ parent: Process) -> Process {
    let child = process()
    for vma in lives[parent.index].vmas {
      let copy = workload.newVMA()
      enroll(copy, child, span(of: vma))
      if isFaulted.contains(vma) { isFaulted.insert(copy) }
      workload.add(.fork(child: copy, lives[child.index].mm, parent: vma))
      let span = span(of: vma)
      let runs = workload.addRuns([span.start..<span.end])
      workload.add(.copyPages(child: copy, parent: vma, runs: runs))
    }
    return child
  }

  /// exit: all pages, then all chains, then all VMAs.
  public mutating func exit(_ process: Process) {
    let life = lives[process.index]
    for vma in life.vmas {
      let span = span(of: vma)
      workload.add(.unmap(vma, page: span.start, count: span.end - span.start, of: .any))
    }
    for vma in life.vmas { workload.add(.unlink(vma)) }
    for vma in life.vmas { workload.add(.free(vma)) }
    workload.add(.exit(life.mm))
    lives[process.index].vmas = []
  }

  /// __split_vma: `vma` keeps the lower part; the upper one is returned.
  public mutating func split(_ vma: Workload.VMA, at page: UInt64) -> Workload.VMA {
    guard let owner = ownerOf[vma] else { preconditionFailure("VMA \(vma.number) is gone") }
    var lower = span(of: vma)
    var upper = lower
    upper.pgoff = lower.index(of: page)
    upper.start = page
    lower.end = page
    let new = workload.newVMA()
    enroll(new, owner, upper)
    if isFaulted.contains(vma) { isFaulted.insert(new) }
    workload.add(.copy(new, of: vma, upper))
    workload.add(.resize(spans: workload.addSpans([(vma, lower)])))
    spanOf[vma] = lower
    return new
  }

  /// munmap of all of it.
  public mutating func unmap(_ vma: Workload.VMA) {
    let span = span(of: vma)
    workload.add(.unmap(vma, page: span.start, count: span.end - span.start, of: .any))
    if isFaulted.contains(vma) { workload.add(.unlink(vma)) }
    workload.add(.free(vma))
    if let owner = ownerOf[vma] { lives[owner.index].vmas.removeAll { $0 == vma } }
  }

  /// mremap of all of it, which was faulted in, to another place; returns the VMA there.
  public mutating func move(_ vma: Workload.VMA, to place: UInt64) -> Workload.VMA {
    guard let owner = ownerOf[vma] else { preconditionFailure("VMA \(vma.number) is gone") }
    let old = span(of: vma)
    let count = old.end - old.start
    let span = Workload.Span(start: place, end: place + count, pgoff: old.pgoff, flags: old.flags)
    let new = workload.newVMA()
    enroll(new, owner, span)
    isFaulted.insert(new)
    workload.add(.copy(new, of: vma, span))
    workload.add(.movePages(from: vma, page: old.start, count: count, to: new, target: place))
    unmap(vma)
    return new
  }

  /// The kernel walks for a folio of so many pages from this one on.
  public mutating func walk(_ page: Workload.Page, count: UInt32) { workload.add(.walk(page, count: count)) }

  /// What undoes a split, as mprotect back to the old rights does: merges two neighbours if the policy's graph lets it.
  public mutating func merge(_ kept: Workload.VMA, _ removed: Workload.VMA) {
    workload.add(.merge(kept: kept, removed: removed))
  }

  /// The page's mappings become swap entries.
  public mutating func swapOut(_ page: UInt64, from vmas: [Workload.VMA]) {
    for vma in vmas { workload.add(.unmap(vma, page: page, count: 1, of: .any)) }
  }

  /// A process touches a page that is in swap, where others may have it too; returns the new page.
  public mutating func swapIn(_ page: UInt64, into vma: Workload.VMA) -> Workload.Page {
    let new = workload.newPages(1)
    workload.add(.fault(vma, page: page, first: new, count: 1, .swapIn))
    return new
  }

  /// Another process touches it while it is in the swap cache.
  public mutating func mapAgain(_ page: Workload.Page, at place: UInt64, in vma: Workload.VMA) {
    workload.add(.fault(vma, page: place, first: page, count: 1, .again))
  }

  /// The workload can be repeated: what `process` began with is taken over by `survivor`; everybody else exits.
  public mutating func succeed(_ process: Workload.VMA, by survivor: Workload.VMA) {
    workload.successors.append((process, survivor))
  }
}
