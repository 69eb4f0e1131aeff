import CZstd

/// Packs blocks as trace-cmd does in files of format 7: a zstd frame behind its size and that of what it unpacks to.
enum Compressor {
  static let name = "zstd"
  static var version: String { String(cString: ZSTD_versionString()) }
  private static let level: Int32 = 19

  static func block(_ content: [UInt8]) -> [UInt8] {
    let bound = ZSTD_compressBound(content.count)
    var output = [UInt8](repeating: 0, count: bound)
    let size = ZSTD_compress(&output, bound, content, content.count, level)
    // It fails for want of memory only: there is room for the worst case.
    precondition(ZSTD_isError(size) == 0, "no memory")
    var block = ByteWriter()
    block.number(UInt32(size))
    block.number(UInt32(content.count))
    return block.all + output[..<size]
  }
}
