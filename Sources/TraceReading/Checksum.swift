/// XXH64, seed 0: the sum by which a sidecar knows the bytes of its recording (https://xxhash.com, `xxhsum -H64`).
///
/// Quick, since each check of a recording makes it, and no secret: it is to find damage, not forgery.
public enum Checksum {
  /// The sum of a file's bytes, 16 hexadecimal digits.
  /// - Throws: `cannotOpen`, `empty`.
  public static func ofFile(at path: String) throws(TraceReadingError) -> String {
    let file = try MappedFile(path: path)
    return withExtendedLifetime(file) { text(of: xxh64(file.bytes)) }
  }

  static func text(of sum: UInt64) -> String {
    let digits = String(sum, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static let p1: UInt64 = 0x9e37_79b1_85eb_ca87
  private static let p2: UInt64 = 0xc2b2_ae3d_27d4_eb4f
  private static let p3: UInt64 = 0x1656_67b1_9e37_79f9
  private static let p4: UInt64 = 0x85eb_ca77_c2b2_ae63
  private static let p5: UInt64 = 0x27d4_eb2f_1656_67c5

  static func xxh64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var place = 0
    var sum = p5
    if bytes.count >= 32 {
      // Four sums side by side, each of every fourth word.
      var (one, two, three, four) = (p1 &+ p2, p2, UInt64(0), 0 &- p1)
      while place &+ 32 <= bytes.count {
        one = mix(one, word(bytes, place))
        two = mix(two, word(bytes, place &+ 8))
        three = mix(three, word(bytes, place &+ 16))
        four = mix(four, word(bytes, place &+ 24))
        place &+= 32
      }
      sum = rotate(one, 1) &+ rotate(two, 7) &+ rotate(three, 12) &+ rotate(four, 18)
      for part in [one, two, three, four] { sum = (sum ^ mix(0, part)) &* p1 &+ p4 }
    }
    sum &+= UInt64(bytes.count)
    return finish(sum, UnsafeRawBufferPointer(rebasing: bytes[place...]))
  }

  /// The last bytes, fewer than 32.
  private static func finish(_ start: UInt64, _ rest: UnsafeRawBufferPointer) -> UInt64 {
    var (sum, place) = (start, 0)
    while place + 8 <= rest.count {
      sum = rotate(sum ^ mix(0, word(rest, place)), 27) &* p1 &+ p4
      place += 8
    }
    if place + 4 <= rest.count {
      let half = UInt32(littleEndian: rest.loadUnaligned(fromByteOffset: place, as: UInt32.self))
      sum = rotate(sum ^ UInt64(half) &* p1, 23) &* p2 &+ p3
      place += 4
    }
    for byte in rest[place...] { sum = rotate(sum ^ UInt64(byte) &* p5, 11) &* p1 }
    sum = (sum ^ sum >> 33) &* p2
    sum = (sum ^ sum >> 29) &* p3
    return sum ^ sum >> 32
  }

  @inline(__always) private static func word(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
  }

  @inline(__always) private static func mix(_ sum: UInt64, _ word: UInt64) -> UInt64 {
    rotate(sum &+ word &* p2, 31) &* p1
  }

  @inline(__always) private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
    word &<< count | word &>> (64 &- count)
  }
}
