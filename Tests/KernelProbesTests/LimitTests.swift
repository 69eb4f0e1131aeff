import Testing
import Vocabulary

@testable import KernelProbes
@testable import KernelTestSupport

/// The kernel's limits hold before the kernel sees the line.
@Suite struct LimitTests {
  private func define(
    _ arguments: [(name: String, fetch: String)]
  ) throws -> ProbeDefinition {
    try ProbeDefinition(
      event: "event", isReturn: false, symbol: "function",
      arguments: arguments.map { .init(name: $0.name, fetch: $0.fetch) })
  }

  @Test func fetchStrings() throws {
    let fits = String(repeating: "x", count: 63)
    #expect(try define([("a", fits)]).line == "p:rmap/event function a=\(fits)")
    #expect(throws: Absence("a=\(fits)x is longer than 63 characters")) {
      try define([("a", fits + "x")])
    }
  }

  @Test func names() throws {
    let fits = String(repeating: "n", count: 31)
    #expect(try define([(fits, "$arg1")]).line.hasSuffix("\(fits)=$arg1"))
    #expect(throws: Absence("the name \(fits)n is longer than 31 characters")) {
      try define([(fits + "n", "$arg1")])
    }
    #expect(throws: Absence("two arguments are named a")) {
      try define([("a", "$arg1"), ("a", "$arg2")])
    }
  }

  @Test func argumentsAndLine() throws {
    let many = (1...129).map { (name: "a\($0)", fetch: "$arg1") }
    #expect(try define(Array(many.prefix(128))).line.hasSuffix(" a128=$arg1"))
    #expect(throws: Absence("129 arguments, the kernel takes 128")) { try define(many) }
    let long = (1...60).map { (name: "a\($0)", fetch: String(repeating: "x", count: 63)) }
    // "p:rmap/event function" and 60 of " aN=" with 63 characters: 21 + 9 * 67 + 51 * 68.
    #expect(try define(long).line.utf8.count == 4092)
    let limit = long + [(name: "b", fetch: "")]
    #expect(throws: Absence("a line of 4095 bytes, the kernel takes less than 4096")) {
      try define(limit)
    }
  }

  @Test func aPathTooDeepForTheKernelLeavesTheEventOut() throws {
    let owner =
      String(repeating: "anon_vma->root->", count: 1) + String(repeating: "root->", count: 12)
    let recipe = Field(
      .parent, .path(Base(.pointer(to: "anon_vma_chain")), [owner + "parent"], .hex))
    let kernel = MiniBTF.linux6_1
    let types = try kernel.types()
    let function = "anon_vma_interval_tree_insert"
    let prototype = try #require(types.prototype(of: function))
    let resolver = FieldResolver(types: types, symbol: function, prototype: prototype)
    let fetch = try resolver.fetch(recipe.value)
    #expect(fetch.hasPrefix("+72(+0("))
    #expect(throws: Absence.self) { try define([("deep", fetch)]) }
  }

  @Test(arguments: ["6.1", "6.12", "7", "degree", "rt"])
  func everyDefinitionOfEveryEraFits(era: String) throws {
    let kernel: MiniBTF =
      switch era {
      case "6.1": .linux6_1
      case "6.12": .linux6_12
      case "7": .linux7
      case "degree": .degreeEra
      default: .realtime
      }
    for definition in try kernel.plan().definitions {
      #expect(definition.line.utf8.count < 4095)
      let arguments = definition.line.split(separator: " ").dropFirst(2)
      #expect(arguments.count <= 128)
      for argument in arguments {
        let halves = argument.split(separator: "=", maxSplits: 1)
        #expect(halves.count == 2 && halves[0].utf8.count <= 31 && halves[1].utf8.count <= 63)
      }
    }
  }
}
