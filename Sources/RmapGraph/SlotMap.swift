/// A hash table from a non-zero 64-bit key to a slot number: open addressing, linear probing, deletion by
/// shifting back, so that lookups never meet tombstones.
///
/// Key and slot lie side by side: a lookup mostly touches one cache line.
struct SlotMap: ~Copyable {
  struct Pair {
    var key: UInt64
    var slot: UInt32
  }

  private var pairs: UnsafeMutablePointer<Pair>
  /// The number of places, a power of two, less one.
  private var mask: Int
  private(set) var count = 0

  /// An empty table with room for `minimumCapacity` keys.
  init(minimumCapacity: Int = 16) {
    var capacity = 16
    while capacity < minimumCapacity * 2 { capacity *= 2 }
    pairs = .allocate(capacity: capacity)
    pairs.initialize(repeating: Pair(key: 0, slot: 0), count: capacity)
    mask = capacity - 1
  }

  deinit { pairs.deallocate() }

  @inline(__always) private func home(_ key: UInt64) -> Int {
    // Fibonacci hashing: slab addresses differ in their middle bits only.
    Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 32) & mask
  }

  /// The slot of a key.
  @inline(__always) subscript(_ key: UInt64) -> UInt32? {
    var index = home(key)
    while pairs[index].key != 0 {
      if pairs[index].key == key { return pairs[index].slot }
      index = (index &+ 1) & mask
    }
    return nil
  }

  /// Sets the slot of a key that is not 0.
  mutating func set(_ key: UInt64, to slot: UInt32) {
    if (count + 1) * 3 > (mask + 1) * 2 { grow() }
    var index = home(key)
    while pairs[index].key != 0 {
      if pairs[index].key == key {
        pairs[index].slot = slot
        return
      }
      index = (index &+ 1) & mask
    }
    pairs[index] = Pair(key: key, slot: slot)
    count += 1
  }

  /// Changes the count that a key has instead of a slot; one that has none is not there.
  mutating func add(_ change: Int, to key: UInt64) {
    var index = home(key)
    while pairs[index].key != 0 {
      if pairs[index].key == key {
        let count = Int(pairs[index].slot) + change
        if count > 0 { pairs[index].slot = UInt32(truncatingIfNeeded: count) } else { remove(key) }
        return
      }
      index = (index &+ 1) & mask
    }
    if change > 0 { set(key, to: UInt32(truncatingIfNeeded: change)) }
  }

  /// Removes a key if it is there.
  mutating func remove(_ key: UInt64) {
    var hole = home(key)
    while pairs[hole].key != key {
      if pairs[hole].key == 0 { return }
      hole = (hole &+ 1) & mask
    }
    guard key != 0 else { return }
    count -= 1
    var next = (hole &+ 1) & mask
    while pairs[next].key != 0 {
      // A later key may fill the hole only if its home does not lie behind the hole.
      let distanceHome = (next &- home(pairs[next].key)) & mask
      let distanceHole = (next &- hole) & mask
      if distanceHome >= distanceHole {
        pairs[hole] = pairs[next]
        hole = next
      }
      next = (next &+ 1) & mask
    }
    pairs[hole].key = 0
  }

  /// Calls `body` with every slot, in no particular order.
  func forEach(_ body: (UInt32) -> Void) {
    for index in 0...mask where pairs[index].key != 0 { body(pairs[index].slot) }
  }

  /// Calls `body` with every key and its slot, in no particular order.
  func forEachPair(_ body: (UInt64, UInt32) -> Void) {
    for index in 0...mask where pairs[index].key != 0 { body(pairs[index].key, pairs[index].slot) }
  }

  private mutating func grow() {
    var larger = SlotMap(minimumCapacity: mask + 1)
    for index in 0...mask where pairs[index].key != 0 { larger.set(pairs[index].key, to: pairs[index].slot) }
    self = larger
  }
}
