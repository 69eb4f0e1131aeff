/// A pool of values addressed by dense slot numbers; freed slots are used again.
///
/// Slots instead of references: no reference counting on the hot path, and memory that grows with the live
/// objects only. The memory is its own: an array would ask at every change whether it is shared.
/// The simulation of the policies keeps its objects the same way: hence `package`, and inlinable, since a generic
/// that is not specialized is slow.
package struct Slab<Element: ~Copyable>: ~Copyable {
  @usableFromInline var elements: UnsafeMutablePointer<Element>
  @usableFromInline var capacity = 16
  @usableFromInline var used: UInt32 = 0
  @usableFromInline var freeSlots: ContiguousArray<UInt32> = []

  /// An empty pool.
  @inlinable package init() { elements = .allocate(capacity: capacity) }

  @inlinable deinit {
    elements.deinitialize(count: Int(used))
    elements.deallocate()
  }

  /// How many slots hold a live value.
  @inlinable package var count: Int { Int(used) - freeSlots.count }

  /// All slots, with a live value or without.
  @inlinable package var slots: Range<UInt32> { 0..<used }

  /// Puts a value into a free slot.
  @inlinable package mutating func insert(_ element: consuming Element) -> UInt32 {
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
  @inlinable package mutating func takeFreeSlot() -> UInt32? { freeSlots.popLast() }

  /// Gives a slot back. The old value stays readable until the slot is used again.
  @inlinable package mutating func remove(_ slot: UInt32) { freeSlots.append(slot) }

  /// The value in a slot.
  @inlinable package subscript(_ slot: UInt32) -> Element {
    @inline(__always) unsafeAddress {
      precondition(slot < used)
      return UnsafePointer(elements + Int(slot))
    }
    @inline(__always) unsafeMutableAddress {
      precondition(slot < used)
      return elements + Int(slot)
    }
  }

  /// Where a value lies, for those who hand it on as a place.
  @inline(__always) func address(of slot: UInt32) -> UnsafePointer<Element> {
    precondition(slot < used)
    return UnsafePointer(elements + Int(slot))
  }

  @usableFromInline mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: elements, count: capacity)
    elements.deallocate()
    elements = larger
    capacity *= 2
  }
}
