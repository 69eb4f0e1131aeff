import RmapEvents

/// How reports name a workload's steps.
extension Workload {
  /// A step in words: `fork of VMA 3 as VMA 4, mm 2`.
  public func describe(step number: Int) -> String {
    guard steps.indices.contains(number) else { return "no step" }
    return switch steps[number].operation {
    case .map(let vma, let mm, let span): "mmap of \(words(vma)), mm \(mm.number), \(words(span))"
    case .assume(let vma, let mm, let span, _):
      "\(words(vma)), mm \(mm.number), \(words(span)), is older than the recording"
    case .update(let vma, let span): "\(words(vma)) is \(words(span))"
    case .prepare(let vma, _, _): "first fault in \(words(vma))"
    case .fork(let child, let mm, let parent): "fork of \(words(parent)) as \(words(child)), mm \(mm.number)"
    case .copyPages(let child, let parent, _): "fork copies the page tables of \(words(parent)) to \(words(child))"
    case .copy(let new, let old, let span): "\(words(old)) is copied as \(words(new)), \(words(span))"
    case .adopt(let kept, let removed): "\(words(kept)) takes over the anon_vmas of \(words(removed))"
    case .resize(let range):
      spans[Int(range.lowerBound)..<Int(range.upperBound)].map { "\(words($0.vma)) becomes \(words($0.span))" }
        .joined(separator: ", ")
    case .merge(let kept, let removed): "\(words(kept)) and \(words(removed)) merge"
    case .movePages(let from, _, let count, let to, _):
      "\(counted(count, "page", ("moves", "move"))) from \(words(from)) to \(words(to))"
    case .fault(let vma, let page, _, let count, let fault):
      "\(words(vma)) maps \(counted(count, "page")) from 0x\(String(page, radix: 16)) on, \(words(fault))"
    case .unmap(let vma, let page, let count, _):
      "\(words(vma)) unmaps \(counted(count, "page")) from 0x\(String(page, radix: 16)) on"
    case .reuse(let vma, let page): "\(words(vma)) has page 0x\(String(page, radix: 16)) to itself and takes it"
    case .forget(let page): "page \(page.number) is no longer followed"
    case .walk(let page, let count): "walk for \(counted(count, "page")) from page \(page.number) on"
    case .unlink(let vma): "\(words(vma)) leaves its anon_vmas"
    case .free(let vma): "\(words(vma)) is freed"
    case .exit(let mm): "mm \(mm.number) is gone"
    }
  }

  private func words(_ vma: VMA) -> String { "VMA \(vma.number)" }

  private func words(_ span: Span) -> String {
    "pages 0x\(String(span.start, radix: 16))-0x\(String(span.end, radix: 16))"
  }

  private func words(_ fault: Fault) -> String {
    switch fault {
    case .new: "new ones"
    case .swapIn: "from swap"
    case .again: "anonymous already"
    }
  }
}
