import Testing
import Vocabulary

@testable import KernelProbes
@testable import KernelTestSupport

/// Members through anonymous structs, dots, arrays and typedefs.
@Suite struct TypeTests {
  private func member(
    _ path: String, of structure: String = "outer", _ kernel: MiniBTF
  ) throws -> (offset: Int, shape: TypeShape?) {
    let types = try kernel.types()
    let member = try types.member(path, of: try #require(types.structure(named: structure)))
    return (member.byteOffset, types.shape(of: member.type))
  }

  private var nested: MiniBTF {
    var kernel = MiniBTF()
    kernel.structure("<c>", bytes: 8, ("deep", .unsigned, 4))
    kernel.structure("<b>", bytes: 16, union: true, ("", .structure("<c>"), 0), ("wide", .long, 0))
    kernel.structure("<a>", bytes: 24, ("first", .long, 0), ("", .structure("<b>"), 8))
    kernel.structure("inner", bytes: 24, ("", .structure("<a>"), 0))
    kernel.structure(
      "outer", bytes: 64, ("head", .long, 0), ("", .structure("<a>"), 8),
      ("named", .typedef("inner_t", .const(.structure("inner"))), 32),
      ("words", .volatile(.array(.typedef("word_t", .long), 4)), 56))
    return kernel
  }

  @Test func anonymousMembersAddTheirOffsets() throws {
    #expect(try member("first", nested).offset == 8)
    #expect(try member("deep", nested) == (20, .integer(bytes: 4, signed: false)))
    #expect(try member("wide", nested).offset == 16)
  }

  @Test func dotsGoIntoNamedMembers() throws {
    #expect(try member("named.deep", nested).offset == 44)
    #expect(try member("named.first", nested).offset == 32)
  }

  @Test func arraysCountAsTheirFirstElement() throws {
    #expect(try member("words", nested) == (56, .integer(bytes: 8, signed: false)))
  }

  @Test func missingMembersNameTheStruct() throws {
    let absent = Absence("struct outer has no member lost")
    #expect(throws: absent) { try member("lost", nested) }
    #expect(throws: Absence("inner_t has no member lost")) { try member("named.lost", nested) }
    #expect(throws: Absence("inner_t has no member ")) { try member("named.", nested) }
    #expect(throws: Absence("unsigned long has no member f")) { try member("head.f", nested) }
  }

  @Test func bitfieldsAreNotTakenForWords() throws {
    var kernel = MiniBTF()
    kernel.structure(
      "outer", bytes: 4,
      bits: [
        CMember(name: "whole", type: .unsigned, bit: 0, bitfieldWidth: 8),
        CMember(name: "odd", type: .unsigned, bit: 9, bitfieldWidth: 3),
      ])
    for name in ["whole", "odd"] {
      #expect(throws: Absence("member \(name) of struct outer is a bitfield")) {
        try member(name, kernel)
      }
    }
  }

  @Test func anonymousStructThatHoldsItselfEnds() throws {
    var kernel = MiniBTF()
    kernel.structure(
      "<loop>", bytes: 8, ("", .structure("<loop>"), 0), ("", .structure("<loop>"), 0))
    kernel.structure("outer", bytes: 8, ("", .structure("<loop>"), 0), ("tail", .long, 0))
    #expect(throws: Absence("struct outer has no member lost")) { try member("lost", kernel) }
    #expect(try member("tail", kernel).offset == 0)
  }

  @Test func manyAnonymousStructsEnd() throws {
    var kernel = MiniBTF()
    for level in 0..<400 {
      let below = CType.structure("<\(level + 1)>")
      kernel.structure("<\(level)>", bytes: 8, ("", below, 0), ("", below, 0))
    }
    kernel.structure("<400>", bytes: 8, ("bottom", .long, 0))
    kernel.structure("outer", bytes: 8, ("", .structure("<0>"), 0))
    #expect(throws: Absence.self) { try member("bottom", kernel) }
  }

  @Test func longChainOfModifiersEnds() throws {
    var type = CType.long
    for _ in 0..<40 { type = .const(type) }
    var kernel = MiniBTF()
    kernel.structure("outer", bytes: 8, ("value", type, 0))
    #expect(try member("value", kernel).shape == nil)
  }

  @Test func signednessAndWidthComeFromTheType() throws {
    var kernel = MiniBTF.linux6_12
    kernel.structure("<atomic>", bytes: 8, ("counter", .long, 0))
    let types = try kernel.types()
    let plan = ProbePlan(level: .structure, types: types, symbols: try kernel.symbols())
    #expect(plan.line("av_put")?.contains(" ref=+48($arg1):u64 ") == true)
  }
}
