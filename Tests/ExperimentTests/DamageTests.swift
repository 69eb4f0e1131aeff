import RecordingExperiments
import TestSupport
import Testing

/// Goal: the experiment damages what it says, and does not call silence anything else.
@Suite struct DamageTests {
  private let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 / 4096 + 1) }

  @Test func damageIsWhatItSays() {
    #expect(DamagePlan.cut(7).applied(to: bytes).count == 7)
    let flipped = DamagePlan.flip(byte: 9, bit: 3).applied(to: bytes)
    #expect(zip(flipped, bytes).filter { $0 != $1 }.count == 1 && flipped[9] == bytes[9] ^ 8)
    #expect(DamagePlan.zero(page: 1).applied(to: bytes)[4096..<8192].allSatisfy { $0 == 0 })
    #expect(DamagePlan.copy(page: 1, source: 2).applied(to: bytes)[4096..<8192].allSatisfy { $0 == 3 })
    let swapped = DamagePlan.swap(page: 1, other: 2).applied(to: bytes)
    #expect(swapped[4096..<8192].allSatisfy { $0 == 3 } && swapped[8192..<12288].allSatisfy { $0 == 2 })
    #expect(DamagePlan.append(3).applied(to: bytes) == bytes + bytes.prefix(3))
  }

  @Test func randomDamageStaysWithinTheFile() {
    var random = SeededGenerator(seed: 5)
    for size in [1, 4095, 4096, 10_000] {
      for kind in DamagePlan.Kind.allCases {
        for _ in 0..<50 {
          let damaged = DamagePlan(kind, size: size, using: &random).applied(to: Array(bytes.prefix(size)))
          #expect(
            kind == .cut ? damaged.count < size : kind == .append ? damaged.count > size : damaged.count == size)
        }
      }
    }
  }

  @Test func outcomes() {
    #expect(DamageOutcome.rmapcheck(status: 0, isSame: false) == .silent)
    #expect(DamageOutcome.rmapcheck(status: 0, isSame: true) == .same)
    #expect(DamageOutcome.rmapcheck(status: 4, isSame: true) == .same)
    #expect(DamageOutcome.rmapcheck(status: nil, isSame: false) == .hang)
    #expect(DamageOutcome.rmapcheck(status: 132, isSame: false) == .crash)
    #expect(DamageOutcome.rmapcheck(status: 64, isSame: false) == .crash)
    #expect(DamageOutcome.traceCommand(status: 0, isSame: false, complained: false) == .silent)
    #expect(DamageOutcome.traceCommand(status: 0, isSame: false, complained: true) == .lowered)
    #expect(DamageOutcome.traceCommand(status: 139, isSame: false, complained: false) == .crash)
  }
}
