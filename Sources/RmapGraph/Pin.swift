internal import Synchronization

/// A value with this in it has an address, and is lent by that: an atomic can't be moved about in registers.
///
/// So neither a call copies the value's fields, nor must generic code, which only has the address, first load them for a
/// function that wants them one by one.
struct Pin: ~Copyable {
  private let atomic = Atomic<UInt8>(0)
}
