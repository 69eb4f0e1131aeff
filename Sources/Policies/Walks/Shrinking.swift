/// Finds a small workload that still shows what is wrong with a design: steps are dropped, and the rest is judged again.
///
/// What is missed stays the same page of the same process: the design may have other flaws, too. What is dropped must leave a workload
/// that could happen: every operation is on what is there, nothing is mapped or left out that no kernel would (``Possibility``), and the
/// design that is known to be right finds all its pages in it. The result is the same every time.
public struct Shrinking {
  private let policy: Policy
  private let reference: Policy
  private var best: Workload
  private var missed: WalkRule.Miss
  private var work = 0
  /// What could not be done as asked, or looked for, in the workload that is shrunk: no more may come of it.
  private var usual: (oddities: SimulatedKernel.Oddities, unknown: UInt64, impossible: Set<Possibility.Violation>)?
  /// How many steps are judged at most in all trials together, so that a long recording takes seconds.
  static let mostWork = 3_000_000

  /// The smallest workload that was found, and what is missed in it.
  public struct Result: Sendable {
    /// The workload.
    public let workload: Workload
    /// What the design misses.
    public let miss: WalkRule.Miss
  }

  /// Shrinks a workload in which the design has missed something; nil if that shows at the sampled moments only.
  public static func shrink(_ workload: Workload, under policy: Policy, from miss: WalkRule.Miss) -> Result? {
    guard let miss = firstMiss(workload.keeping { $0 <= miss.step }, policy) else { return nil }
    var shrinking = Shrinking(workload, policy, miss)
    shrinking.run()
    return Result(workload: shrinking.best.renumbered(), miss: shrinking.renumberedMiss)
  }

  private init(_ workload: Workload, _ policy: Policy, _ miss: WalkRule.Miss) {
    self.policy = policy
    reference = policy.name == Policy.splitCounters.name ? .hierarchy : .splitCounters
    best = workload.keeping { $0 <= miss.step }
    missed = miss
  }

  private var renumberedMiss: WalkRule.Miss {
    Self.firstMiss(best.renumbered(), policy) ?? missed
  }

  /// What a design misses first; the events of the checker are left out, and so is what is measured.
  private static func firstMiss(_ workload: Workload, _ policy: Policy) -> WalkRule.Miss? {
    var kernel = SimulatedKernel(policy, for: workload, judgingWalks: true)
    for step in workload.steps {
      kernel.apply(step, of: workload)
      if let miss = kernel.rule.misses.first { return miss }
    }
    return nil
  }

  /// Whether all that a workload asks for can be done, and the known design finds every page.
  private mutating func isSound(_ workload: Workload) -> Bool {
    var kernel = SimulatedKernel(reference, for: workload, judgingWalks: true)
    var possibility = Possibility()
    for step in workload.steps {
      possibility.look(at: step, of: workload, in: kernel)
      kernel.apply(step, of: workload)
    }
    guard let usual else {
      usual = (kernel.oddities, kernel.rule.unknown, possibility.violations)
      return true
    }
    return !kernel.rule.isBroken && kernel.oddities <= usual.oddities && kernel.rule.unknown <= usual.unknown
      && possibility.violations.isSubset(of: usual.impossible)
  }

  @discardableResult
  private mutating func accept(_ candidate: Workload, isSmaller: Bool = false) -> Bool {
    guard work < Self.mostWork, isSmaller || candidate.steps.count < best.steps.count else { return false }
    work += candidate.steps.count
    guard let miss = Self.firstMiss(candidate, policy), miss.isLike(missed) else { return false }
    let upToMiss = candidate.keeping { $0 <= miss.step }
    guard isSound(upToMiss) else { return false }
    (best, missed) = (upToMiss, miss)
    return true
  }

  private mutating func run() {
    _ = isSound(best)
    accept(best.following(missed.page), isSmaller: true)
    keepAncestors()
    dropMMs()
    dropVMAs()
    var size = max(1, best.steps.count / 2)
    while work < Self.mostWork {
      let before = best.steps.count
      dropRuns(of: size)
      if size > 1 { size /= 2 } else if best.steps.count == before { break }
    }
    dropPages()
    dropRuns(of: 1)
  }

  /// Most misses are between a process and those that it was forked from.
  private mutating func keepAncestors() {
    let (workload, owners) = (best, best.owners)
    var kept: Set<UInt32> = [missed.mm]
    for step in workload.steps.reversed() {
      if case .fork(_, let mm, let parent) = step.operation, kept.contains(mm.number), let above = owners[parent.number]
      {
        kept.insert(above)
      }
    }
    accept(
      workload.keeping {
        let operation = workload.steps[$0].operation
        if case .exit(let mm) = operation { return kept.contains(mm.number) }
        return workload.vmas(of: operation).allSatisfy { owners[$0].map(kept.contains) ?? false }
      })
  }

  /// All steps of an mm's VMAs at once, the last mm first: what was forked from it has been tried before.
  private mutating func dropMMs() {
    for mm in (0..<best.mmCount).reversed() {
      let (workload, owners) = (best, best.owners)
      accept(
        workload.keeping {
          let operation = workload.steps[$0].operation
          if case .exit(let other) = operation { return other.number != mm }
          return !workload.vmas(of: operation).contains { owners[$0] == mm }
        })
    }
  }

  private mutating func dropVMAs() {
    for vma in (0..<best.vmaCount).reversed() {
      let workload = best
      accept(workload.keeping { !workload.vmas(of: workload.steps[$0].operation).contains(vma) })
    }
  }

  /// All steps about a page at once, and about many pages first: what a fault maps cannot stay without its being unmapped.
  private mutating func dropPages() {
    var size = best.singlePages.count
    while size > 0, work < Self.mostWork {
      let pages = best.singlePages.filter { $0 != missed.page }
      for start in stride(from: 0, to: pages.count, by: size).reversed() {
        accept(best.dropping(Set(pages[start..<min(start + size, pages.count)])))
      }
      size /= 2
    }
  }

  private mutating func dropRuns(of size: Int) {
    var end = best.steps.count
    while end > 0, work < Self.mostWork {
      let start = max(0, end - size)
      if accept(best.keeping { !(start..<end).contains($0) }) {
        end = min(start, best.steps.count)
      } else {
        end = start
      }
    }
  }
}

extension WalkRule.Miss {
  /// Whether it is what is to be shown, and not another flaw of the design: the same page of the same process.
  fileprivate func isLike(_ other: Self) -> Bool {
    page == other.page && mm == other.mm && isDangling == other.isDangling
  }
}

extension SimulatedKernel.Oddities {
  /// Whether none is more often than in the other.
  static func <= (left: Self, right: Self) -> Bool {
    left.unmapsOfNothing <= right.unmapsOfNothing && left.strangers <= right.strangers
      && left.refusedMerges <= right.refusedMerges && left.deadVMAs <= right.deadVMAs
  }
}

extension Workload {
  /// Some of its steps.
  func keeping(_ isKept: (Int) -> Bool) -> Workload {
    var kept = self
    kept.steps = []
    for (number, step) in steps.enumerated() where isKept(number) { kept.steps.append(step) }
    return kept
  }

  /// Pages that are mapped one by one, in order.
  fileprivate var singlePages: [UInt32] {
    Set(
      steps.compactMap { if case .fault(_, _, let page, 1, _) = $0.operation { page.number } else { nil } }
    ).sorted()
  }

  /// Without what is about these pages alone.
  fileprivate func dropping(_ pages: Set<UInt32>) -> Workload {
    keeping {
      switch steps[$0].operation {
      case .fault(_, _, let page, 1, _), .unmap(_, _, _, let page), .walk(let page, 1), .forget(let page):
        !pages.contains(page.number)
      default: true
      }
    }
  }

  /// Without what is about other pages than this one.
  func following(_ page: UInt32) -> Workload {
    var followed = self
    followed.steps = []
    for step in steps {
      switch step.operation {
      case .fault(let vma, let place, let first, let count, let fault):
        guard page >= first.number, page - first.number < count else { continue }
        let place = place + UInt64(page - first.number)
        followed.add(
          .fault(vma, page: place, first: Page(number: page), count: 1, fault), origin: step.origin)
      case .unmap(_, _, _, let only) where only != .any && only.number != page: continue
      case .walk(let first, let count):
        guard page >= first.number, page - first.number < count else { continue }
        followed.add(.walk(Page(number: page), count: 1), origin: step.origin)
      case .forget(let other) where other.number != page: continue
      default: followed.steps.append(step)
      }
    }
    return followed
  }

  /// The same with the numbers of VMAs, mms and pages that it has, from 0, in the order in which they come.
  func renumbered() -> Workload {
    guard let lines = try? Workload(text: text, name: name) else { return self }
    var numbers = Renumbered()
    numbers.keepsPages = steps.contains {
      switch $0.operation {
      case .fault(_, _, _, let count, _), .walk(_, let count): count > 1
      default: false
      }
    }
    var result = lines
    result.steps = []
    for (number, step) in lines.steps.enumerated() {
      result.add(numbers.operation(step.operation, &result), origin: steps[number].origin)
    }
    (result.vmaCount, result.mmCount) = (numbers.vmas.next, numbers.mms.next)
    if !numbers.keepsPages { result.pageCount = numbers.pages.next }
    return result
  }
}

/// New numbers for the objects of a workload.
private struct Renumbered {
  struct Numbers {
    var known: [UInt32: UInt32] = [:]
    var next: UInt32 = 0

    mutating func number(_ old: UInt32) -> UInt32 {
      if let new = known[old] { return new }
      known[old] = next
      next += 1
      return next - 1
    }
  }

  var vmas = Numbers()
  var mms = Numbers()
  var pages = Numbers()
  /// Pages that are mapped together must stay neighbours.
  var keepsPages = false

  private mutating func vma(_ old: Workload.VMA) -> Workload.VMA { .init(number: vmas.number(old.number)) }
  private mutating func mm(_ old: Workload.MM) -> Workload.MM { .init(number: mms.number(old.number)) }

  private mutating func page(_ old: Workload.Page) -> Workload.Page {
    keepsPages || old == .any ? old : .init(number: pages.number(old.number))
  }

  mutating func operation(_ operation: Workload.Operation, _ workload: inout Workload) -> Workload.Operation {
    switch operation {
    case .map(let one, let mm, let span): .map(vma(one), self.mm(mm), span)
    case .assume(let one, let mm, let span, let like):
      .assume(vma(one), self.mm(mm), span, like: like.map { vma($0) })
    case .update(let one, let span): .update(vma(one), span)
    case .prepare(let one, let next, let previous):
      .prepare(vma(one), next: next.map { vma($0) }, previous: previous.map { vma($0) })
    case .fork(let child, let mm, let parent): forked(child, mm, parent)
    case .copyPages(let child, let parent, let runs): .copyPages(child: vma(child), parent: vma(parent), runs: runs)
    case .copy(let new, let old, let span): .copy(vma(new), of: vma(old), span)
    case .adopt(let kept, let removed): .adopt(kept: vma(kept), removed: vma(removed))
    case .resize(let range): resized(range, &workload)
    case .merge(let kept, let removed): .merge(kept: vma(kept), removed: vma(removed))
    case .movePages(let from, let place, let count, let to, let target):
      .movePages(from: vma(from), page: place, count: count, to: vma(to), target: target)
    case .fault(let one, let place, let first, let count, let fault):
      .fault(vma(one), page: place, first: page(first), count: count, fault)
    case .unmap(let one, let place, let count, let only): .unmap(vma(one), page: place, count: count, of: page(only))
    case .reuse(let one, let place): .reuse(vma(one), page: place)
    case .forget(let one): .forget(page(one))
    case .walk(let first, let count): .walk(page(first), count: count)
    case .unlink(let one): .unlink(vma(one))
    case .free(let one): .free(vma(one))
    case .exit(let mm): .exit(self.mm(mm))
    }
  }

  private mutating func forked(_ child: Workload.VMA, _ mm: Workload.MM, _ parent: Workload.VMA) -> Workload.Operation {
    let parent = vma(parent)
    return .fork(child: vma(child), self.mm(mm), parent: parent)
  }

  private mutating func resized(_ range: Range<UInt32>, _ workload: inout Workload) -> Workload.Operation {
    for index in Int(range.lowerBound)..<Int(range.upperBound) {
      workload.spans[index].vma = vma(workload.spans[index].vma)
    }
    return .resize(spans: range)
  }
}

extension Workload {
  /// The mm of each VMA, by its number.
  fileprivate var owners: [UInt32: UInt32] {
    var owners: [UInt32: UInt32] = [:]
    for step in steps {
      switch step.operation {
      case .map(let vma, let mm, _), .assume(let vma, let mm, _, _), .fork(let vma, let mm, _):
        owners[vma.number] = mm.number
      case .copy(let new, let old, _): owners[new.number] = owners[old.number]
      default: break
      }
    }
    return owners
  }

  /// The VMAs that an operation is about.
  fileprivate func vmas(of operation: Operation) -> [UInt32] {
    switch operation {
    case .map(let vma, _, _), .assume(let vma, _, _, _), .update(let vma, _), .prepare(let vma, _, _),
      .fault(let vma, _, _, _, _), .unmap(let vma, _, _, _), .reuse(let vma, _), .unlink(let vma), .free(let vma):
      [vma.number]
    case .fork(let one, _, let other), .copyPages(let one, let other, _), .copy(let one, let other, _),
      .adopt(let one, let other), .merge(let one, let other), .movePages(let one, _, _, let other, _):
      [one.number, other.number]
    case .resize(let range): spans[Int(range.lowerBound)..<Int(range.upperBound)].map(\.vma.number)
    case .forget, .walk, .exit: []
    }
  }
}
