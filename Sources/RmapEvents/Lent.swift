/// A value where it lies: handed on as an address, where a large value would be copied by every function that passes it.
///
/// Its lender keeps it in place until the call that it was lent for returns.
@dynamicMemberLookup
public struct Lent<Value> {
  /// Where it lies.
  public let place: UnsafePointer<Value>

  /// A value that stays at `place` as long as it is lent.
  @inlinable public init(_ place: UnsafePointer<Value>) { self.place = place }

  /// The value itself.
  @inlinable public var value: Value {
    @inline(__always) unsafeAddress { place }
  }

  /// One of its properties.
  @inlinable public subscript<Member>(dynamicMember path: KeyPath<Value, Member>) -> Member {
    @inline(__always) get { place.pointee[keyPath: path] }
  }
}
