import Glibc

/// How a recording is packed, told by its first bytes.
public enum Packing: String, Sendable {
  case zstd, xz, gzip

  /// nil if the file is none of these.
  init?(_ bytes: UnsafeRawBufferPointer) {
    // pzstd's files begin with a frame to be skipped, which has one of 16 magics.
    let isSkipped = bytes.count > 4 && bytes[0] & 0xf0 == 0x50 && bytes[1..<4].elementsEqual([0x2a, 0x4d, 0x18])
    if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) || isSkipped {
      self = .zstd
    } else if bytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) {
      self = .xz
    } else if bytes.starts(with: [0x1f, 0x8b]) {
      self = .gzip
    } else {
      return nil
    }
  }

  /// Most bytes that a file of this size may unpack to. Recordings pack well, but none to a thousandth.
  static func sizeMax(ofPacked size: Int) -> UInt64 { min(SpoolFile.sizeMax, max(1 << 30, UInt64(size) * 1024)) }

  /// Unpacks all of `packed`, and hands what comes out to `sink`, until that returns false.
  func unpack(
    _ packed: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws(TraceReadingError) -> Bool
  ) throws(TraceReadingError) {
    var unpacker: any Unpacker
    switch self {
    case .zstd: unpacker = try ZstdUnpacker()
    case .xz: unpacker = try XZUnpacker()
    case .gzip: unpacker = try GzipUnpacker()
    }
    let piece = OwnedBytes(count: 1 << 18)
    let sizeMax = Self.sizeMax(ofPacked: packed.count)
    var (position, made) = (0, UInt64(0))
    while true {
      let before = position
      let count = try unpacker.step(packed, &position, piece.bytes)
      made += UInt64(count)
      guard made <= sizeMax else {
        throw TraceReadingError(
          .decompression, "\(rawValue): \(packed.count) bytes unpack to more than \(sizeMax)", at: UInt64(position))
      }
      if count > 0 {
        guard try sink(UnsafeRawBufferPointer(rebasing: piece.bytes[..<count])) else { return }
      } else if position == packed.count {
        guard unpacker.isWhole else { break }
        return
      } else if position == before {
        break
      }
    }
    throw TraceReadingError(.decompression, "\(rawValue): the packed file ends early", at: UInt64(position))
  }
}

/// Unpacks piece by piece.
protocol Unpacker {
  /// Whether what was taken so far is whole: nothing is missing at its end.
  var isWhole: Bool { get }
  /// Takes bytes of `input` from `position` on, and puts what comes out at the beginning of `output`.
  ///
  /// Returns how many bytes came out; 0 where it takes more input, or all has come out.
  mutating func step(
    _ input: UnsafeRawBufferPointer, _ position: inout Int, _ output: UnsafeMutableRawBufferPointer
  ) throws(TraceReadingError) -> Int
}
