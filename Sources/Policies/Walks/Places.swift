/// Which VMA lies where: the VMA tree of each mm. As in the kernel's, what is stored over a range takes it from others.
struct Places {
  private struct Piece {
    var start: UInt64
    var end: UInt64
    let vma: UInt32
  }

  private var spaces: ContiguousArray<ContiguousArray<Piece>>

  /// For this many mms.
  init(mms: Int) { spaces = ContiguousArray(repeating: [], count: mms) }

  /// The first piece of an mm that ends behind a page.
  private func firstPiece(_ mm: UInt32, behind page: UInt64) -> Int {
    var (low, high) = (0, spaces[Int(mm)].count)
    while low < high {
      let middle = (low + high) / 2
      if spaces[Int(mm)][middle].end <= page { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The VMA at a page of an mm.
  func vma(_ mm: UInt32, at page: UInt64) -> Policy.VMA? {
    let index = firstPiece(mm, behind: page)
    guard index < spaces[Int(mm)].count, spaces[Int(mm)][index].start <= page else { return nil }
    return Int(spaces[Int(mm)][index].vma)
  }

  /// The VMAs that overlap a range of pages of an mm, upwards.
  func forEach(_ mm: UInt32, overlapping pages: Range<UInt64>, _ body: (Policy.VMA) -> Void) {
    var (index, last) = (firstPiece(mm, behind: pages.lowerBound), UInt32.max)
    while index < spaces[Int(mm)].count, spaces[Int(mm)][index].start < pages.upperBound {
      let vma = spaces[Int(mm)][index].vma
      if vma != last { body(Int(vma)) }
      last = vma
      index += 1
    }
  }

  /// A VMA takes a range.
  mutating func store(_ mm: UInt32, _ pages: Range<UInt64>, _ vma: UInt32) {
    guard !pages.isEmpty else { return }
    let piece = Piece(start: pages.lowerBound, end: pages.upperBound, vma: vma)
    if spaces[Int(mm)].last.map({ $0.end <= piece.start }) ?? true { return spaces[Int(mm)].append(piece) }
    let first = firstPiece(mm, behind: piece.start)
    var (after, new) = (first, ContiguousArray([piece]))
    while after < spaces[Int(mm)].count, spaces[Int(mm)][after].start < piece.end {
      let old = spaces[Int(mm)][after]
      if old.start < piece.start {
        new.insert(Piece(start: old.start, end: piece.start, vma: old.vma), at: 0)
      }
      if old.end > piece.end { new.append(Piece(start: piece.end, end: old.end, vma: old.vma)) }
      after += 1
    }
    spaces[Int(mm)].replaceSubrange(first..<after, with: new)
  }

  /// A VMA leaves what it still has of a range.
  mutating func erase(_ mm: UInt32, _ pages: Range<UInt64>, _ vma: UInt32) {
    var index = firstPiece(mm, behind: pages.lowerBound)
    while index < spaces[Int(mm)].count, spaces[Int(mm)][index].start < pages.upperBound {
      if spaces[Int(mm)][index].vma == vma { spaces[Int(mm)].remove(at: index) } else { index += 1 }
    }
  }
}
