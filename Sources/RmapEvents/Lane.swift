/// Values of one type side by side in memory of their own, to be filled, read in place and filled again.
///
/// An array would be asked at every append whether it is shared, and its elements would be copied out to be read.
public struct Lane<Element>: ~Copyable {
  @usableFromInline var elements: UnsafeMutablePointer<Element>
  @usableFromInline var capacity: Int
  @usableFromInline var used: Int

  /// An empty lane; memory comes with the first value.
  public init() {
    elements = .allocate(capacity: 0)
    capacity = 0
    used = 0
  }

  deinit {
    elements.deinitialize(count: used)
    elements.deallocate()
  }

  /// How many values it holds.
  @inlinable public var count: Int { used }

  /// Whether it holds none.
  @inlinable public var isEmpty: Bool { used == 0 }

  /// Adds a value.
  @inline(__always) @inlinable public mutating func append(_ element: Element) {
    if used == capacity { grow() }
    (elements + used).initialize(to: element)
    used &+= 1
  }

  /// Adds a value that `make` initializes where it is to lie, unless that returns false: then there is none. For values
  /// that need no end: what is made in vain is not ended.
  @inline(__always) @inlinable
  public mutating func append(madeBy make: (UnsafeMutablePointer<Element>) -> Bool) -> Bool {
    if used == capacity { grow() }
    guard make(elements + used) else { return false }
    used &+= 1
    return true
  }

  /// Forgets all values, and keeps the memory.
  public mutating func removeAll() {
    elements.deinitialize(count: used)
    used = 0
  }

  /// Takes all values away but so many of the first.
  public mutating func keepFirst(_ count: Int) {
    precondition(count >= 0 && count <= used)
    (elements + count).deinitialize(count: used - count)
    used = count
  }

  /// Lends all values to `body`, to put them into another order.
  @inlinable public mutating func withElements(_ body: (inout UnsafeMutableBufferPointer<Element>) -> Void) {
    var all = UnsafeMutableBufferPointer(start: elements, count: used)
    body(&all)
  }

  /// Takes the last value away.
  public mutating func removeLast() {
    precondition(used > 0)
    used -= 1
    (elements + used).deinitialize(count: 1)
  }

  /// A value, where it lies.
  public subscript(_ index: Int) -> Element {
    @inline(__always) @inlinable unsafeAddress {
      precondition(index >= 0 && index < used)
      return UnsafePointer(elements + index)
    }
    @inline(__always) @inlinable unsafeMutableAddress {
      precondition(index >= 0 && index < used)
      return elements + index
    }
  }

  /// Where a value lies, for those who hand it on as a place; valid until the lane grows or is emptied.
  @inline(__always) @inlinable public func address(of index: Int) -> UnsafePointer<Element> {
    precondition(index >= 0 && index < used)
    return UnsafePointer(elements + index)
  }

  @usableFromInline mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: max(16, capacity * 2))
    larger.moveInitialize(from: elements, count: used)
    elements.deallocate()
    elements = larger
    capacity = max(16, capacity * 2)
  }
}
