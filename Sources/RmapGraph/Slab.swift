/// A pool of values addressed by dense slot numbers; freed slots are used again.
///
/// Slots instead of references: no reference counting on the hot path, and memory that grows with the live
/// objects only.
struct Slab<Element> {
  private var elements: ContiguousArray<Element> = []
  private var freeSlots: ContiguousArray<UInt32> = []

  /// How many slots hold a live value.
  var count: Int { elements.count - freeSlots.count }

  /// Puts a value into a free slot.
  mutating func insert(_ element: Element) -> UInt32 {
    if let slot = freeSlots.popLast() {
      elements[Int(slot)] = element
      return slot
    }
    elements.append(element)
    return UInt32(truncatingIfNeeded: elements.count - 1)
  }

  /// Gives a slot back. The old value stays readable until the slot is used again.
  mutating func remove(_ slot: UInt32) { freeSlots.append(slot) }

  /// The value in a slot.
  subscript(_ slot: UInt32) -> Element {
    @inline(__always) _read { yield elements[Int(slot)] }
    @inline(__always) _modify { yield &elements[Int(slot)] }
  }
}

/// A hash table from a non-zero 64-bit key to a slot number: open addressing, linear probing, deletion by
/// shifting back, so that lookups never meet tombstones.
struct SlotMap {
  private var keys: ContiguousArray<UInt64>
  private var slots: ContiguousArray<UInt32>
  private var mask: Int
  private(set) var count = 0

  /// An empty table with room for `minimumCapacity` keys.
  init(minimumCapacity: Int = 16) {
    var capacity = 16
    while capacity < minimumCapacity * 2 { capacity *= 2 }
    keys = ContiguousArray(repeating: 0, count: capacity)
    slots = ContiguousArray(repeating: 0, count: capacity)
    mask = capacity - 1
  }

  @inline(__always) private func home(_ key: UInt64) -> Int {
    // Fibonacci hashing: slab addresses differ in their middle bits only.
    Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 32) & mask
  }

  /// The slot of a key.
  @inline(__always) subscript(_ key: UInt64) -> UInt32? {
    var index = home(key)
    while keys[index] != 0 {
      if keys[index] == key { return slots[index] }
      index = (index + 1) & mask
    }
    return nil
  }

  /// Sets the slot of a key that is not 0.
  mutating func set(_ key: UInt64, to slot: UInt32) {
    if (count + 1) * 3 > keys.count * 2 { grow() }
    var index = home(key)
    while keys[index] != 0 {
      if keys[index] == key {
        slots[index] = slot
        return
      }
      index = (index + 1) & mask
    }
    keys[index] = key
    slots[index] = slot
    count += 1
  }

  /// Removes a key if it is there.
  mutating func remove(_ key: UInt64) {
    var hole = home(key)
    while keys[hole] != key {
      if keys[hole] == 0 { return }
      hole = (hole + 1) & mask
    }
    count -= 1
    var next = (hole + 1) & mask
    while keys[next] != 0 {
      // A later key may fill the hole only if its home does not lie behind the hole.
      let distanceHome = (next &- home(keys[next])) & mask
      let distanceHole = (next &- hole) & mask
      if distanceHome >= distanceHole {
        keys[hole] = keys[next]
        slots[hole] = slots[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    keys[hole] = 0
  }

  /// Calls `body` with every slot, in no particular order.
  func forEach(_ body: (UInt32) -> Void) {
    for index in keys.indices where keys[index] != 0 { body(slots[index]) }
  }

  private mutating func grow() {
    var larger = SlotMap(minimumCapacity: keys.count)
    for index in keys.indices where keys[index] != 0 { larger.set(keys[index], to: slots[index]) }
    self = larger
  }
}
