import CLzma
import CZlib
import CZstd

/// zstd's frames, one after another. Its window is at most 128 MiB, zstd's own limit where nothing else is said.
final class ZstdUnpacker: Unpacker {
  private(set) var isWhole = true
  private let stream: OpaquePointer

  init() throws(TraceReadingError) {
    guard let stream = ZSTD_createDCtx() else { throw TraceReadingError(.decompression, "no memory for zstd") }
    self.stream = stream
  }

  deinit { ZSTD_freeDCtx(stream) }

  func step(
    _ input: UnsafeRawBufferPointer, _ position: inout Int, _ output: UnsafeMutableRawBufferPointer
  ) throws(TraceReadingError) -> Int {
    // At the end of a frame a call without input would ask for the next one.
    if isWhole, position == input.count { return 0 }
    var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: position)
    var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    let wanted = ZSTD_decompressStream(stream, &target, &source)
    guard ZSTD_isError(wanted) == 0 else {
      let reason = String(cString: ZSTD_getErrorName(wanted))
      throw TraceReadingError(.decompression, "zstd: \(reason)", at: UInt64(position))
    }
    position = source.pos
    isWhole = wanted == 0
    return target.pos
  }
}

/// gzip's members, one after another; zeros behind them are padding.
final class GzipUnpacker: Unpacker {
  /// 16: gzip's header, no other.
  static let windowBits = 16 + MAX_WBITS

  private(set) var isWhole = false
  private var stream = z_stream()

  init(windowBits: Int32 = GzipUnpacker.windowBits) throws(TraceReadingError) {
    guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw TraceReadingError(.decompression, "no memory for zlib")
    }
  }

  deinit { inflateEnd(&stream) }

  func step(
    _ input: UnsafeRawBufferPointer, _ position: inout Int, _ output: UnsafeMutableRawBufferPointer
  ) throws(TraceReadingError) -> Int {
    if isWhole {
      if input[position...].allSatisfy({ $0 == 0 }) { position = input.count }
      if position == input.count { return 0 }
      inflateReset(&stream)
      isWhole = false
    }
    let piece = min(input.count - position, 1 << 30)
    let start = input.baseAddress?.advanced(by: position).assumingMemoryBound(to: Bytef.self)
    stream.next_in = UnsafeMutablePointer(mutating: start)
    stream.avail_in = uInt(piece)
    stream.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
    stream.avail_out = uInt(output.count)
    let result = inflate(&stream, Z_NO_FLUSH)
    guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(result) else {
      let reason = stream.msg.map { String(cString: $0) } ?? "error \(result)"
      throw TraceReadingError(.decompression, "gzip: \(reason)", at: UInt64(position))
    }
    position += piece - Int(stream.avail_in)
    isWhole = result == Z_STREAM_END
    return output.count - Int(stream.avail_out)
  }
}

/// What zip's archives have without a header.
enum DeflateUnpacker {
  /// What comes out first, as much as `output` takes; nil if it is damaged before that.
  static func beginning(
    of packed: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) -> UnsafeRawBufferPointer? {
    var (position, filled) = (0, 0)
    guard let unpacker = try? GzipUnpacker(windowBits: -MAX_WBITS) else { return nil }
    while filled < output.count, !unpacker.isWhole {
      let rest = UnsafeMutableRawBufferPointer(rebasing: output[filled...])
      let before = position
      guard let count = try? unpacker.step(packed, &position, rest) else { return nil }
      if count == 0, position == before { return nil }
      filled += count
    }
    return UnsafeRawBufferPointer(rebasing: output[..<filled])
  }
}

/// xz's streams, one after another, with padding.
final class XZUnpacker: Unpacker {
  /// `xz -9` takes 65 MiB.
  private static let memoryMax: UInt64 = 128 << 20

  private(set) var isWhole = false
  private var stream = lzma_stream()

  init() throws(TraceReadingError) {
    guard lzma_stream_decoder(&stream, Self.memoryMax, rmapcheck_lzma_concatenated) == LZMA_OK else {
      throw TraceReadingError(.decompression, "no memory for xz")
    }
  }

  deinit { lzma_end(&stream) }

  func step(
    _ input: UnsafeRawBufferPointer, _ position: inout Int, _ output: UnsafeMutableRawBufferPointer
  ) throws(TraceReadingError) -> Int {
    if isWhole { return 0 }
    stream.next_in = input.baseAddress?.advanced(by: position).assumingMemoryBound(to: UInt8.self)
    stream.avail_in = input.count - position
    stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.avail_out = output.count
    let result = lzma_code(&stream, LZMA_FINISH)
    switch result {
    case LZMA_OK, LZMA_STREAM_END, LZMA_BUF_ERROR: break
    case LZMA_MEMLIMIT_ERROR:
      throw TraceReadingError(.unsupported, "xz: it takes more than \(Self.memoryMax >> 20) MiB to unpack")
    default:
      throw TraceReadingError(
        .decompression, "xz: its data is damaged (liblzma: \(result.rawValue))", at: UInt64(position))
    }
    position = input.count - stream.avail_in
    isWhole = result == LZMA_STREAM_END
    return output.count - stream.avail_out
  }
}
