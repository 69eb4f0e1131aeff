/// Pages of which a design has made copies. A workload knows no copies: the original's number is also that of its copies.
struct Copies {
  private var originals: [UInt32: UInt32] = [:]
  private var copiesOf: [UInt32: [UInt32]] = [:]
  /// By original: the copies that an mm has had unmapped and may map again, out of the swap cache or after migration.
  private var waiting: [UInt32: [(mm: UInt32, copy: UInt32)]] = [:]

  /// Whether nothing was ever copied.
  var isEmpty: Bool { originals.isEmpty }

  mutating func add(_ copy: UInt32, of page: UInt32) {
    originals[copy] = original(of: page)
    copiesOf[original(of: page), default: []].append(copy)
  }

  /// The page of the workload that a page is, or is a copy of.
  func original(of page: UInt32) -> UInt32 { originals.isEmpty ? page : originals[page] ?? page }

  /// The copies of a page, the oldest first.
  func copies(of original: UInt32) -> [UInt32] { copiesOf[original] ?? [] }

  /// Whether an mm may map the copy again.
  func isAwaited(_ copy: UInt32) -> Bool {
    guard let original = originals[copy] else { return false }
    return waiting[original]?.contains { $0.copy == copy } ?? false
  }

  /// The mm no longer maps the copy, and may map it again.
  mutating func wait(for copy: UInt32, in mm: UInt32) {
    waiting[original(of: copy), default: []].append((mm, copy))
  }

  /// The copy that the mm has instead of the page, as it maps that again; nil if it has the page itself.
  mutating func take(_ original: UInt32, in mm: UInt32) -> UInt32? {
    guard let index = waiting[original]?.firstIndex(where: { $0.mm == mm }) else { return nil }
    return waiting[original]?.remove(at: index).copy
  }

  /// fork duplicates swap entries as it does page table entries.
  mutating func inherit(by child: UInt32, from parent: UInt32) {
    for (original, entries) in waiting {
      for (mm, copy) in entries where mm == parent && !entries.contains(where: { $0.mm == child && $0.copy == copy }) {
        waiting[original]?.append((child, copy))
      }
    }
  }

  /// An mm is gone; the copies that it has waited for, in order.
  mutating func leave(_ mm: UInt32) -> [UInt32] {
    var left: [UInt32] = []
    for (original, entries) in waiting where entries.contains(where: { $0.mm == mm }) {
      left += entries.lazy.filter { $0.mm == mm }.map(\.copy)
      waiting[original] = entries.filter { $0.mm != mm }
    }
    return left.sorted()
  }

  /// Nobody will map the page again; the copies that were waited for.
  mutating func end(_ original: UInt32) -> [UInt32] { waiting.removeValue(forKey: original)?.map(\.copy) ?? [] }
}

extension SimulatedKernel {
  /// Makes a copy of a page, for a design that copies some.
  mutating func copyPage(_ page: UInt32, index: UInt64) -> UInt32 {
    let copy = UInt32(pages.count)
    pages.append(Page(index: index, isKnown: true))
    copies.add(copy, of: page)
    return copy
  }

  /// The page of the workload that a page is, or is a copy of.
  func original(of page: UInt32) -> UInt32 { copies.original(of: page) }

  /// The page that the mm has in the swap cache under this number, or had before migration: a copy, if it had one.
  mutating func pageToReturn(_ page: UInt32, to mm: UInt32) -> UInt32 {
    guard !copies.isEmpty else { return page }
    let returning = copies.take(page, in: mm) ?? page
    guard !mayReturn(page) else { return returning }
    releaseUnmapped(copies.end(page) + (returning == page ? [] : [page]), but: returning)
    return returning
  }

  /// Those that nobody maps nor will.
  mutating func releaseUnmapped(_ left: [UInt32], but returning: UInt32 = .max) {
    for page in left
    where page != returning && pages[Int(page)].mappings == 0 && !mayReturn(page) { release(page) }
  }

  /// A walk of the workload for a folio, and for the copies of its pages.
  mutating func measureRecordedWalk(_ folio: Range<UInt32>) {
    var copied: [UInt32] = []
    if !copies.isEmpty {
      copied = folio.flatMap { copies.copies(of: $0) }.filter { pages[Int($0)].mappings > 0 }
    }
    if copied.isEmpty || folio.contains(where: { pages[Int($0)].mappings > 0 }) {
      measureWalk(for: folio.lowerBound, count: UInt32(folio.count))
    }
    for copy in copied { measureWalk(for: copy) }
  }
}
