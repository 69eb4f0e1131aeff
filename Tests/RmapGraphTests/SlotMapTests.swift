import RmapTestSupport
import TestSupport
import Testing

@testable import RmapGraph

/// Goal: SlotMap is a dictionary. Method: the same random operations on a Dictionary, with keys as dense as in
/// a slab, and keys that all have one home, so that deletion has long runs to shift back.
@Suite struct SlotMapTests {
  /// Keys whose home is the same in every table up to 2^16 slots: the hash's bits 32 to 47 are 0.
  static let colliding: [UInt64] = {
    // The inverse of the hash's odd factor, modulo 2^64, by Newton's iteration.
    let factor: UInt64 = 0x9e37_79b9_7f4a_7c15
    var inverse = factor
    for _ in 0..<6 { inverse = inverse &* (2 &- factor &* inverse) }
    return (1...200).map { UInt64($0) &* inverse }
  }()

  static let keySets: [[UInt64]] = [
    colliding,
    (1...300).map { 0xffff_8880_0000_0000 + $0 * 0x40 },
    (1...300).map { UInt64($0) },
    colliding + (1...300).map { UInt64.max - $0 },
  ]

  @Test(arguments: keySets)
  func agreesWithADictionary(_ keys: [UInt64]) throws {
    var generator = SeededGenerator(seed: testSeed())
    var map = SlotMap()
    var model: [UInt64: UInt32] = [:]
    for step in 0..<20_000 {
      let key = try #require(keys.randomElement(using: &generator))
      // Waves: mostly insertions, then mostly removals.
      let threshold = step / 2000 % 2 == 0 ? 7 : 3
      if Int.random(in: 0..<10, using: &generator) < threshold {
        map.set(key, to: UInt32(step))
        model[key] = UInt32(step)
      } else {
        map.remove(key)
        model[key] = nil
      }
      try #require(map.count == model.count, "step \(step)")
      try #require(map[key] == model[key], "step \(step)")
      if step % 500 == 0 { expectEqual(map, model, keys) }
    }
    expectEqual(map, model, keys)
  }

  private func expectEqual(_ map: borrowing SlotMap, _ model: [UInt64: UInt32], _ keys: [UInt64]) {
    for key in keys { #expect(map[key] == model[key]) }
    var slots: [UInt32] = []
    map.forEach { slots.append($0) }
    #expect(slots.sorted() == model.values.sorted())
  }

  @Test(arguments: keySets)
  func countsAgreeWithADictionary(_ keys: [UInt64]) throws {
    var generator = SeededGenerator(seed: testSeed())
    var map = SlotMap()
    var model: [UInt64: Int] = [:]
    for step in 0..<20_000 {
      let key = try #require(keys.randomElement(using: &generator))
      let change = Int.random(in: -2...2, using: &generator)
      map.add(change, to: key)
      let count = model[key, default: 0] + change
      model[key] = count > 0 ? count : nil
      try #require(map.count == model.count, "step \(step)")
      try #require(map[key].map(Int.init) == model[key], "step \(step)")
    }
  }

  @Test func growsBeyondItsFirstCapacity() {
    var map = SlotMap()
    for key in 1...UInt64(10_000) { map.set(key, to: UInt32(key)) }
    #expect(map.count == 10_000)
    for key in 1...UInt64(10_000) { #expect(map[key] == UInt32(key)) }
    for key in 1...UInt64(10_000) { map.remove(key) }
    #expect(map.count == 0)
    #expect(map[1] == nil)
  }

  @Test func absentKeysAreAbsent() {
    var map = SlotMap()
    #expect(map[0] == nil)
    #expect(map[42] == nil)
    map.remove(42)
    #expect(map.count == 0)
    map.set(42, to: 1)
    map.set(42, to: 2)
    #expect(map.count == 1)
    #expect(map[42] == 2)
    #expect(map[0] == nil)
  }
}
