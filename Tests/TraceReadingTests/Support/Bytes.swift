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
  /// As long as the file lives; optimized code lets go of it after its last use, see `withExtendedLifetime`.
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
