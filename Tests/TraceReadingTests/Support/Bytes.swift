import Glibc

@testable import TraceReading

/// Little-endian bytes under construction.
struct Bytes {
  var all: [UInt8] = []

  var count: UInt64 { UInt64(all.count) }

  mutating func number<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { all += Array($0) }
  }

  mutating func text(_ value: String) { all += Array(value.utf8) }

  /// Text and a NUL.
  mutating func string(_ value: String) { all += Array(value.utf8) + [0] }

  /// Text behind its length, which is a number of type `T`.
  mutating func block<T: FixedWidthInteger>(_ value: [UInt8], _ type: T.Type) {
    number(T(value.count))
    all += value
  }

  mutating func align(to size: Int) {
    all += [UInt8](repeating: 0, count: (size - all.count % size) % size)
  }

  /// Overwrites a number written before.
  mutating func patch<T: FixedWidthInteger>(_ value: T, at offset: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes in
      for (index, byte) in bytes.enumerated() { all[Int(offset) + index] = byte }
    }
  }
}

/// A file without a name, for `TraceFile(path:)`; its content can be changed in place.
final class TemporaryFile {
  private let descriptor: Int32
  var path: String { "/proc/self/fd/\(descriptor)" }

  init(_ bytes: [UInt8] = []) {
    var template = Array("/tmp/trace.dat.XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    precondition(descriptor >= 0)
    unlink(template)
    replace(with: bytes)
  }

  deinit { close(descriptor) }

  func replace(with bytes: [UInt8]) {
    precondition(ftruncate(descriptor, 0) == 0)
    write(bytes, at: 0)
  }

  func write(_ bytes: [UInt8], at offset: Int) {
    let written = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, offset) }
    precondition(written == bytes.count)
  }

  func truncate(to size: Int) {
    precondition(ftruncate(descriptor, size) == 0)
  }
}

/// A small generator of repeatable numbers (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
