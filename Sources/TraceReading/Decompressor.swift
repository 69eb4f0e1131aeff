import CZlib
import CZstd

/// Memory with an owner; freed with the object.
final class OwnedBytes {
  let bytes: UnsafeMutableRawBufferPointer

  init(count: Int) {
    bytes = .allocate(byteCount: count, alignment: 16)
  }

  deinit { bytes.deallocate() }
}

/// The compression algorithms of format 7.
enum Compression: String, Sendable {
  case zstd
  case zlib
}

/// Decompresses one block at a time; the block's size is known before.
final class Decompressor {
  private let algorithm: Compression
  private var context: OpaquePointer?

  init(_ algorithm: Compression) {
    self.algorithm = algorithm
  }

  deinit {
    if let context { ZSTD_freeDCtx(context) }
  }

  /// Fills `output` completely from `input`.
  /// - Throws: `decompression` if the input yields fewer or more bytes, or is no compressed block.
  func decompress(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer,
    _ what: @autoclosure () -> String, at offset: UInt64
  ) throws(TraceReadingError) {
    let size: Int?
    switch algorithm {
    case .zstd:
      size = zstd(input, output, magicless: true) ?? zstd(input, output, magicless: false)
    case .zlib:
      size = zlib(input, output)
    }
    guard let size else {
      throw TraceReadingError(
        .decompression, "\(what()) is no valid \(algorithm.rawValue) block", at: offset)
    }
    guard size == output.count else {
      throw TraceReadingError(
        .decompression, "\(what()) has \(size) bytes instead of \(output.count)", at: offset)
    }
  }

  private func zstd(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, magicless: Bool
  ) -> Int? {
    if context == nil { context = ZSTD_createDCtx() }
    guard let context else { return nil }
    ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
    guard ZSTD_isError(rmapcheck_zstd_set_magicless(context, magicless ? 1 : 0)) == 0 else {
      return nil
    }
    let size = ZSTD_decompressDCtx(
      context, output.baseAddress, output.count, input.baseAddress, input.count)
    return ZSTD_isError(size) == 0 ? size : nil
  }

  private func zlib(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    var size = uLongf(output.count)
    let result = uncompress(
      output.baseAddress?.assumingMemoryBound(to: Bytef.self), &size,
      input.baseAddress?.assumingMemoryBound(to: Bytef.self), uLong(input.count))
    return result == Z_OK ? Int(size) : nil
  }
}
