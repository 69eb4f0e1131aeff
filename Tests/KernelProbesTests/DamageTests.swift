import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Vocabulary

@testable import KernelProbes
@testable import KernelTestSupport

/// A damaged file gives an error or a shorter plan; nothing traps.
@Suite struct DamageTests {
  private func plan(of bytes: [UInt8]) -> ProbePlan? {
    guard let types = try? KernelTypes(bytes: bytes) else { return nil }
    return ProbePlan(level: .pages, types: types, symbols: KernelSymbols(unverifiedFrom: types))
  }

  @Test func truncationsAreErrors() throws {
    let whole = MiniBTF.linux6_12.bytes()
    for length in stride(from: Int.random(in: 0..<7), to: whole.count, by: 7) {
      #expect(throws: ProbeFailure.self) { try KernelTypes(bytes: Array(whole.prefix(length))) }
    }
  }

  /// A fifth of the bytes, another fifth in each run; the masks take turns.
  @Test func flippedBytesAreSurvived() throws {
    let whole = MiniBTF.linux6_12.bytes()
    let masks: [UInt8] = [0x01, 0x80, 0xff]
    for index in stride(from: Int.random(in: 0..<5), to: whole.count, by: 5) {
      var damaged = whole
      damaged[index] ^= masks[index % masks.count]
      check(plan(of: damaged))
    }
  }

  @Test func manyChangedBytesAreSurvived() throws {
    let whole = MiniBTF.linux6_12.bytes()
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      var damaged = whole
      for _ in 0..<Int.random(in: 1...16, using: &random) {
        let index = Int.random(in: damaged.indices, using: &random)
        damaged[index] = UInt8.random(in: .min ... .max, using: &random)
      }
      check(plan(of: damaged), seed: seed)
    }
  }

  /// Whatever came out still is what a kernel could be asked for.
  private func check(_ plan: ProbePlan?, seed: UInt64 = 0) {
    for definition in plan?.definitions ?? [] {
      let words = definition.line.split(separator: " ")
      let isSound = words.dropFirst(2).allSatisfy { $0.contains("=") && $0.contains(":") }
      #expect(words.count >= 2 && isSound, "seed \(seed): \(definition.line)")
    }
  }

  @Test func wrongFilesAreNamed() throws {
    let directory = try makeTemporaryFolder().path
    defer { rmdir(directory) }
    let path = "\(directory)/file"
    defer { unlink(path) }
    let cases: [(bytes: [UInt8], reason: String)] = [
      ([], "no usable BTF: too short"),
      (Array("not a kernel's types\n".utf8), "no usable BTF: neither raw BTF nor an ELF file"),
      (
        Array(MiniBTF.linux6_1.bytes().dropLast()),
        "no usable BTF: damaged, or of a kind that this libbpf does not know"
      ),
    ]
    for (bytes, reason) in cases {
      try write(bytes, to: path)
      #expect(throws: ProbeFailure.unreadable(path: path, reason: reason)) {
        try KernelTypes(path: path)
      }
    }
    try write(MiniBTF.linux6_1.bytes(), to: path)
    #expect(try KernelTypes(path: path).structure(named: "anon_vma") != nil)
  }

  @Test func missingFilesAndSectionsAreNamed() throws {
    let missing = "/nonexistent/vmlinux"
    #expect(throws: ProbeFailure.unreadable(path: missing, reason: "No such file or directory")) {
      try KernelTypes(path: missing)
    }
    let program = "/proc/self/exe"
    let reason = "no usable BTF: an ELF file without a .BTF section"
    #expect(throws: ProbeFailure.unreadable(path: program, reason: reason)) {
      try KernelTypes(path: program)
    }
    #expect(throws: ProbeFailure.unreadable(path: missing, reason: "No such file or directory")) {
      try KernelSymbols(path: missing)
    }
    #expect(throws: ProbeFailure.unreadable(path: "/", reason: "Is a directory")) {
      try KernelSymbols(path: "/")
    }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    let file = try #require(fopen(path, "w"))
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    fclose(file)
  }
}
