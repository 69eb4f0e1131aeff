internal import RmapEvents

/// Which folio's page is mapped where: the model's page tables, for every mm in one structure.
///
/// Pages are kept in blocks of 32 neighbours, found by (mm, block number) in one hash table and linked per mm,
/// so that a VMA's range is visited in the shorter of two ways: its block numbers, or the mm's blocks.
package struct PageTables: ~Copyable {
  /// One mapped page.
  package struct Entry {
    /// The folio's slot.
    package var folio: UInt32
    /// Which page of the folio.
    var subpage: UInt16
    /// Whether a PMD maps it as part of its folio.
    var isPMD: Bool

    var bits: UInt64 { UInt64(folio) + 1 | UInt64(subpage) << 33 | (isPMD ? 1 << 49 : 0) }

    package init(folio: UInt32, subpage: UInt16, isPMD: Bool) {
      self.folio = folio
      self.subpage = subpage
      self.isPMD = isPMD
    }

    init?(bits: UInt64) {
      if bits == 0 { return nil }
      folio = UInt32(truncatingIfNeeded: (bits & 0x1_ffff_ffff) - 1)
      subpage = UInt16(truncatingIfNeeded: bits >> 33)
      isPMD = bits >> 49 & 1 == 1
    }
  }

  /// A mapped page and where it is mapped.
  struct MappedPage {
    let page: UInt64
    let entry: Entry
  }

  static let blockPages: UInt64 = 32

  struct Block {
    var number: UInt64
    var mm: UInt32
    /// Which of the entries map a page, one bit each.
    var mapped: UInt32 = 0
    var next: UInt32 = .max
    var previous: UInt32 = .max
  }

  struct Space {
    var firstBlock: UInt32 = .max
    var blockCount: UInt64 = 0
  }

  private struct LastBlock {
    var mm: UInt64 = 0
    var number: UInt64 = .max
    var block: UInt32 = .max
  }

  private var blocks = Slab<Block>()
  private var words = PageWords()
  private var blockOf = SlotMap()
  private var spaces = Slab<Space>()
  private var spaceOf = SlotMap()
  /// The block that was changed last, and whose it is: the next page is mostly beside it.
  private var last = LastBlock()
  private let pin = Pin()

  /// Empty tables.
  package init() {}

  /// Whether a page number can be a user's (x86-64 with five levels: 2^44 pages). One that was computed from a
  /// wrong offset may be anything.
  package static func canHold(_ page: UInt64) -> Bool { page >> 44 == 0 }

  private func key(_ space: UInt32, _ number: UInt64) -> UInt64 {
    (UInt64(space) + 1) << 40 | number
  }

  /// Where a page's entry lies; valid until the tables change.
  struct Place {
    fileprivate let mm: UInt64
    fileprivate let block: UInt32
    fileprivate let index: Int
  }

  /// The place of page number `page` of an mm; nil if nothing is mapped near it.
  func place(mm: UInt64, page: UInt64) -> Place? {
    guard Self.canHold(page), let block = block(mm: mm, number: page / Self.blockPages) else { return nil }
    return Place(mm: mm, block: block, index: Int(page % Self.blockPages))
  }

  /// The page mapped at a place.
  subscript(_ place: Place) -> Entry? { Entry(bits: words[place.block, place.index]) }

  /// Unmaps what is mapped at a place.
  mutating func remove(_ place: Place) { put(0, at: place) }

  /// The page mapped at page number `page` of an mm.
  package func entry(mm: UInt64, page: UInt64) -> Entry? {
    place(mm: mm, page: page).flatMap { self[$0] }
  }

  /// Maps a page that ``canHold(_:)``, or unmaps it with nil; returns what was there.
  @discardableResult
  package mutating func set(mm: UInt64, page: UInt64, to entry: Entry?) -> Entry? {
    guard Self.canHold(page) else { return nil }
    let number = page / Self.blockPages
    guard let block = block(mm: mm, number: number, create: entry != nil) else { return nil }
    return Entry(bits: put(entry?.bits ?? 0, at: Place(mm: mm, block: block, index: Int(page % Self.blockPages))))
  }

  /// Maps a page that ``canHold(_:)``, unless one is mapped there; returns whether it has.
  mutating func insert(_ entry: Entry, mm: UInt64, page: UInt64) -> Bool {
    let number = page / Self.blockPages
    guard Self.canHold(page), let block = block(mm: mm, number: number, create: true) else { return false }
    let place = Place(mm: mm, block: block, index: Int(page % Self.blockPages))
    if self[place] != nil { return false }
    put(entry.bits, at: place)
    return true
  }

  @discardableResult
  private mutating func put(_ new: UInt64, at place: Place) -> UInt64 {
    let block = place.block
    let old = words[block, place.index]
    words[block, place.index] = new
    let bit: UInt32 = 1 << UInt32(place.index)
    blocks[block].mapped = blocks[block].mapped & ~bit | (new == 0 ? 0 : bit)
    if blocks[block].mapped == 0, old != 0 {
      removeBlock(block)
    } else {
      last = LastBlock(mm: place.mm, number: blocks[block].number, block: block)
    }
    return old
  }

  @inline(__always) private func block(mm: UInt64, number: UInt64) -> UInt32? {
    if last.number == number, last.mm == mm { return last.block }
    guard let space = spaceOf[mm] else { return nil }
    return blockOf[key(space, number)]
  }

  private mutating func block(mm: UInt64, number: UInt64, create: Bool) -> UInt32? {
    if let block = block(mm: mm, number: number) { return block }
    guard create else { return nil }
    let space = self.space(of: mm)
    var block = Block(number: number, mm: space)
    block.next = spaces[space].firstBlock
    let slot = blocks.insert(block)
    words.makeRoom(for: slot)
    if block.next != .max { blocks[block.next].previous = slot }
    spaces[space].firstBlock = slot
    spaces[space].blockCount += 1
    blockOf.set(key(space, number), to: slot)
    return slot
  }

  private mutating func space(of mm: UInt64) -> UInt32 {
    if let space = spaceOf[mm] { return space }
    let space = spaces.insert(Space())
    spaceOf.set(mm, to: space)
    return space
  }

  private mutating func removeBlock(_ slot: UInt32) {
    if last.block == slot { last = LastBlock() }
    let (space, previous, next) = (blocks[slot].mm, blocks[slot].previous, blocks[slot].next)
    if previous == .max {
      spaces[space].firstBlock = next
    } else {
      blocks[previous].next = next
    }
    if next != .max { blocks[next].previous = previous }
    spaces[space].blockCount -= 1
    blockOf.remove(key(space, blocks[slot].number))
    blocks.remove(slot)
  }

  /// Calls `body` with every mapped page of `pages`. `body` must not change the tables.
  package func forEach(mm: UInt64, pages: Range<UInt64>, _ body: (UInt64, Entry) -> Void) {
    let pages = pages.clamped(to: 0..<1 << 44)
    guard let space = spaceOf[mm], !pages.isEmpty else { return }
    let numbers = pages.lowerBound / Self.blockPages...(pages.upperBound - 1) / Self.blockPages
    if numbers.upperBound - numbers.lowerBound < spaces[space].blockCount {
      for number in numbers {
        if let block = blockOf[key(space, number)] { visit(block, pages, body) }
      }
    } else {
      var block = spaces[space].firstBlock
      while block != .max {
        if numbers.contains(blocks[block].number) { visit(block, pages, body) }
        block = blocks[block].next
      }
    }
  }

  /// Appends every mapped page of `pages`, upwards.
  func append(mm: UInt64, pages: Range<UInt64>, to list: inout Lane<MappedPage>) {
    var last: UInt64 = 0
    var isSorted = true
    forEach(mm: mm, pages: pages) { page, entry in
      isSorted = isSorted && page >= last
      last = page
      list.append(MappedPage(page: page, entry: entry))
    }
    if !isSorted { list.withElements { $0.sort { $0.page < $1.page } } }
  }

  /// Calls `body` with the mm and the number of every mapped page, in no particular order.
  func forEach(_ body: (UInt64, UInt64, Entry) -> Void) {
    spaceOf.forEachPair { mm, _ in
      forEach(mm: mm, pages: 0..<1 << 44) { page, entry in body(mm, page, entry) }
    }
  }

  /// The first page of a range at which a folio is mapped.
  func firstPage(of folio: UInt32, mm: UInt64, pages: Range<UInt64>) -> UInt64? {
    var first: UInt64?
    func look(_ block: UInt32) {
      guard first.map({ blocks[block].number * Self.blockPages < $0 }) ?? true else { return }
      visit(block, pages) { page, entry in
        if entry.folio == folio { first = min(first ?? page, page) }
      }
    }
    guard let space = spaceOf[mm], !pages.isEmpty else { return nil }
    let numbers = pages.lowerBound / Self.blockPages...(pages.upperBound - 1) / Self.blockPages
    if numbers.upperBound - numbers.lowerBound < spaces[space].blockCount {
      for number in numbers where first == nil {
        if let block = blockOf[key(space, number)] { look(block) }
      }
    } else {
      var block = spaces[space].firstBlock
      while block != .max {
        if numbers.contains(blocks[block].number) { look(block) }
        block = blocks[block].next
      }
    }
    return first
  }

  /// Visits what a block that overlaps `pages` maps of them.
  @inline(__always) private func visit(_ block: UInt32, _ pages: Range<UInt64>, _ body: (UInt64, Entry) -> Void) {
    let first = blocks[block].number * Self.blockPages
    let before = max(pages.lowerBound, first) - first
    let after = max(pages.upperBound, first + Self.blockPages) - pages.upperBound
    var left = blocks[block].mapped & UInt32.max << before & UInt32.max >> after
    while left != 0 {
      let offset = left.trailingZeroBitCount
      left &= left - 1
      if let entry = Entry(bits: words[block, offset]) { body(first + UInt64(offset), entry) }
    }
  }

  /// How many blocks and address spaces it keeps: 0 once every page is unmapped and every mm forgotten.
  var liveObjectCount: Int { blocks.count + spaces.count }

  /// Removes an mm; every page of it must have been unmapped.
  package mutating func remove(mm: UInt64) {
    guard let space = spaceOf[mm], spaces[space].blockCount == 0 else { return }
    spaceOf.remove(mm)
    spaces.remove(space)
  }
}

/// What the blocks map, one word a page, 0 for nothing. Apart from the rest of a block: that would be copied with all of
/// its words to read one.
struct PageWords: ~Copyable {
  private var words: UnsafeMutablePointer<UInt64>
  private var count = 16 * perBlock
  private static var perBlock: Int { Int(PageTables.blockPages) }

  init() {
    words = .allocate(capacity: count)
    words.initialize(repeating: 0, count: count)
  }

  deinit { words.deallocate() }

  @inline(__always) subscript(_ block: UInt32, _ index: Int) -> UInt64 {
    unsafeAddress {
      let place = Int(block) * Self.perBlock + index
      precondition(index >= 0 && index < Self.perBlock && place < count)
      return UnsafePointer(words + place)
    }
    unsafeMutableAddress {
      let place = Int(block) * Self.perBlock + index
      precondition(index >= 0 && index < Self.perBlock && place < count)
      return words + place
    }
  }

  /// A block that is given back maps nothing: only new ones have to be cleared.
  mutating func makeRoom(for block: UInt32) {
    guard Int(block) * Self.perBlock >= count else { return }
    let more = max(count * 2, (Int(block) + 1) * Self.perBlock)
    let larger = UnsafeMutablePointer<UInt64>.allocate(capacity: more)
    larger.moveInitialize(from: words, count: count)
    (larger + count).initialize(repeating: 0, count: more - count)
    words.deallocate()
    (words, count) = (larger, more)
  }
}
