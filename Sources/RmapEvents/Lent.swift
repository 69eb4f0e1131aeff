/// A value where it lies: handed on as an address, since each function that a large value is passed to would copy it.
///
/// Its lender keeps it in place until the call that it was lent for returns. Who wants to keep it takes ``value``;
/// `scripts/check-layers` refuses a property of this type anywhere but in a situation, which can't be kept either.
@dynamicMemberLookup
public struct Lent<Value> {
  @usableFromInline package let place: UnsafePointer<Value>

  /// A value that stays at `place` as long as it is lent.
  @inlinable package init(_ place: UnsafePointer<Value>) { self.place = place }

  /// The value itself.
  @inlinable public var value: Value {
    @inline(__always) unsafeAddress { place }
  }

  /// One of its properties.
  @inlinable public subscript<Member>(dynamicMember path: KeyPath<Value, Member>) -> Member {
    @inline(__always) get { place.pointee[keyPath: path] }
  }
}
