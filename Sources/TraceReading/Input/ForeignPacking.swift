/// What else people pack recordings with, which is not read: told by its first bytes.
enum ForeignPacking: String {
  case bzip2, lz4, lzip, lzop, rar, tar, zip
  case sevenZip = "7z"

  /// nil if the file is none of these.
  init?(_ bytes: UnsafeRawBufferPointer) {
    func begins(_ text: StaticString, _ rest: [UInt8]) -> Bool {
      let count = text.utf8CodeUnitCount
      return text.withUTF8Buffer { bytes.starts(with: $0) } && bytes.dropFirst(count).starts(with: rest)
    }
    if Self.isBzip2(bytes) {
      self = .bzip2
    } else if bytes.starts(with: [0x04, 0x22, 0x4d, 0x18]) || bytes.starts(with: [0x02, 0x21, 0x4c, 0x18]) {
      self = .lz4
    } else if begins("LZIP", [1]) {
      self = .lzip
    } else if bytes.starts(with: [0x89, 0x4c, 0x5a, 0x4f]) {
      self = .lzop
    } else if begins("Rar!", [0x1a, 0x07]) {
      self = .rar
    } else if begins("PK", [3, 4]) || begins("PK", [7, 8]) {
      self = .zip
    } else if begins("7z", [0xbc, 0xaf, 0x27, 0x1c]) {
      self = .sevenZip
    } else if bytes.count > 262, bytes[257..<262].elementsEqual("ustar".utf8) {
      self = .tar
    } else {
      return nil
    }
  }

  /// `BZh`, a level, and the magic of the first block, or of the end where there is none: text may begin with the former.
  private static func isBzip2(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.starts(with: "BZh".utf8), bytes.count >= 10, (0x31...0x39).contains(bytes[3]) else { return false }
    let block = bytes[4..<10]
    return block.elementsEqual([0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
      || block.elementsEqual([0x17, 0x72, 0x45, 0x38, 0x50, 0x90])
  }

  /// For messages.
  var name: String { self == .tar ? "a tar archive" : "a file packed with \(rawValue)" }
}
