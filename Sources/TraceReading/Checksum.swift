import CXXHash

/// XXH64, seed 0: the sum by which a sidecar knows the bytes of its recording (https://xxhash.com, `xxhsum -H64`).
///
/// Quick, since each check of a recording makes it, and no secret: it is to find damage, not forgery.
public enum Checksum {
  /// The sum of a file's bytes, 16 hexadecimal digits.
  /// - Throws: `cannotOpen`, `empty`.
  public static func ofFile(at path: String) throws(TraceReadingError) -> String {
    let file = try MappedFile(path: path)
    return withExtendedLifetime(file) { text(of: file.bytes) }
  }

  /// The sum of bytes in memory.
  package static func ofBytes(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { text(of: $0) } }

  /// The sum of a text's bytes, for names: 16 hexadecimal digits.
  public static func ofText(_ text: String) -> String { ofBytes(Array(text.utf8)) }

  static func text(of bytes: UnsafeRawBufferPointer) -> String {
    let digits = String(XXH64(bytes.baseAddress, bytes.count, 0), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
