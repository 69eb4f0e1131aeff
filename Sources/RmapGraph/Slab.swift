/// A pool of values addressed by dense slot numbers; freed slots are used again.
///
/// Slots instead of references: no reference counting on the hot path, and memory that grows with the live
/// objects only. The memory is its own: an array would ask at every change whether it is shared.
struct Slab<Element>: ~Copyable {
  private var elements: UnsafeMutablePointer<Element>
  private var capacity = 16
  private var used: UInt32 = 0
  private var freeSlots: ContiguousArray<UInt32> = []

  /// An empty pool.
  init() { elements = .allocate(capacity: capacity) }

  deinit {
    elements.deinitialize(count: Int(used))
    elements.deallocate()
  }

  /// How many slots hold a live value.
  var count: Int { Int(used) - freeSlots.count }

  /// Puts a value into a free slot.
  mutating func insert(_ element: Element) -> UInt32 {
    if let slot = takeFreeSlot() {
      elements[Int(slot)] = element
      return slot
    }
    if Int(used) == capacity { grow() }
    (elements + Int(used)).initialize(to: element)
    used += 1
    return used - 1
  }

  /// A slot that was given back, with the value that it had, so that memory which that holds can be used again.
  mutating func takeFreeSlot() -> UInt32? { freeSlots.popLast() }

  /// Gives a slot back. The old value stays readable until the slot is used again.
  mutating func remove(_ slot: UInt32) { freeSlots.append(slot) }

  /// The value in a slot.
  subscript(_ slot: UInt32) -> Element {
    @inline(__always) unsafeAddress {
      precondition(slot < used)
      return UnsafePointer(elements + Int(slot))
    }
    @inline(__always) unsafeMutableAddress {
      precondition(slot < used)
      return elements + Int(slot)
    }
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: elements, count: capacity)
    elements.deallocate()
    elements = larger
    capacity *= 2
  }
}
