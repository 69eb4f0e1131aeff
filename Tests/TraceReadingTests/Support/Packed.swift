import CLzma
import CZlib
import CZstd

@testable import TraceReading

/// One frame.
func pack(_ bytes: [UInt8], _ packing: Packing) -> [UInt8] {
  var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 8 + 1024)
  var size = 0
  switch packing {
  case .zstd:
    // With a checksum, as the zstd program writes it.
    let context = ZSTD_createCCtx()
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    size = ZSTD_compress2(context, &output, output.count, bytes, bytes.count)
    ZSTD_freeCCtx(context)
  case .xz:
    lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nil, bytes, bytes.count, &output, &size, output.count)
  case .gzip:
    var stream = z_stream()
    let version = Int32(MemoryLayout<z_stream>.size)
    deflateInit2_(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, version)
    bytes.withUnsafeBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = uInt(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = uInt(output.count)
        deflate(&stream, Z_FINISH)
      }
    }
    size = Int(stream.total_out)
    deflateEnd(&stream)
  }
  return Array(output[..<size])
}
