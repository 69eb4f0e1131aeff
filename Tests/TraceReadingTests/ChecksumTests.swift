import Foundation
import TestSupport
import Testing

@testable import TraceReading

/// Goal: the sum is that of `xxhsum -H1`, from which these come. Method: lengths around each step of the algorithm.
@Suite struct ChecksumTests {
  @Test(arguments: [
    (1, "1f25c8d0bc1f4bb6"), (3, "31d2363f52e564c9"), (4, "9bb64b7d66ee9fda"), (8, "dab99d95c6f90092"),
    (31, "a2aa5f33cc4a6119"), (32, "23c3c17ef790fd97"), (33, "50a7cfc7ba588784"), (63, "5e3e54b431c7493c"),
    (100, "a61f8d4c170fe531"), (1000, "5f235fa033f1a3fb"),
  ])
  func theSumOfAsManyBytes(count: Int, sum: String) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }
    #expect(bytes.withUnsafeBytes { Checksum.text(of: $0) } == sum)
  }

  @Test func aFileHasTheSumOfItsBytes() throws {
    let path = temporaryPath()
    defer { try? FileManager.default.removeItem(at: path) }
    try Data("abc".utf8).write(to: path)
    #expect(try Checksum.ofFile(at: path.path) == "44bc2cf5ad770999")
    #expect(throws: TraceReadingError.self) { try Checksum.ofFile(at: path.path + "-not-there") }
  }
}
