import EventDecoding
import Foundation
import KernelProbes
import RmapEvents
import Testing

@testable import Doctor
@testable import KernelTestSupport
@testable import Recorder

/// The table of what differs between kernels, kernel by kernel: on BTF and formats that were made for the test.
@Suite struct DialectTests {
  private static let trees = "anon_vma_interval_tree_*"
  private static let counters = "num_children, num_active_vmas"

  private static let kernels: [(name: String, kernel: MiniBTF, speaks: Set<String>)] = [
    ("before 5.8", .mmapSemEra, [trees, "degree", "page_*_anon_rmap", "mmap_sem"]),
    ("before 6.1", .degreeEra, [trees, "degree", "page_*_anon_rmap"]),
    ("5.10", .linux5_10, [trees, counters, "page_*_anon_rmap", "do_page_add_anon_rmap"]),
    ("6.1", .linux6_1, [trees, counters, "page_*_anon_rmap"]),
    ("6.6", .linux6_6, [trees, counters, "page_*_anon_rmap"]),
    ("6.8", .linux6_8, [trees, counters, "folio_*_anon_rmap"]),
    ("6.12", .linux6_12, [trees, counters, "folio_*_anon_rmap", "$argN at return", "rmap_walk_arg"]),
    (
      "6.12 RT", .realtime,
      [trees, counters, "folio_*_anon_rmap", "$argN at return", "rmap_walk_arg", "rwbase_rt"]
    ),
    (
      "6.18", .linux6_18,
      [
        trees, counters, "folio_*_anon_rmap", "$argN at return", "rmap_walk_arg", "pagetable_move_control",
        "memdesc_flags_t",
      ]
    ),
    (
      "7.x", .linux7,
      [
        "anon_rmap_tree_*", counters, "folio_*_anon_rmap", "$argN at return", "rmap_walk_arg",
        "pagetable_move_control", "memdesc_flags_t",
      ]
    ),
  ]

  @Test func eachKernelIsKnownByWhatItOffers() throws {
    for (name, kernel, speaks) in Self.kernels {
      #expect(Set(try kernel.plan(.walks).dialects.map(\.name)) == speaks, "\(name)")
    }
  }

  @Test func everyDialectIsTriedHere() {
    // The kernels in miniature do without a supplement and what 7.x adds to structs and enums; real ones show it.
    let ofRealOnes = ["__vm_area_free", "enum vma_operation", "__vm_anon_pgoff_lo", "linear_page_index"]
    let tried = Self.kernels.reduce(into: Set(ofRealOnes)) { $0.formUnion($1.speaks) }
    #expect(Set(KernelDialect.all.map(\.name)) == tried)
  }

  @Test func theArticleListsThem() throws {
    let article =
      #filePath.replacing("Tests/DoctorTests/DialectTests.swift", with: "")
      + "Sources/rmapcheck/RmapCheck.docc/Recording.md"
    let lines = Set(try String(contentsOfFile: article, encoding: .utf8).split(separator: "\n").map(String.init))
    for dialect in KernelDialect.all {
      let row = "| `\(dialect.name)` | \(dialect.kernels) | \(dialect.meaning) | \(dialect.evidence.rawValue) |"
      #expect(lines.contains(row))
    }
  }

  /// Recorder and decoder agree: whatever is probed on whatever kernel is understood, whole.
  @Test func theDecoderUnderstandsEveryKernel() throws {
    for (name, kernel, _) in Self.kernels {
      let plan = try kernel.plan(.walks)
      let decoder = EventDecoder(formats: plan.expectedFormats)
      #expect(decoder.unusable == [], "\(name)")
      #expect(decoder.identifiers.count == plan.definitions.count, "\(name)")
      #expect(decoder.level == .walks, "\(name)")
      // What only some kernels have, these kernels in miniature do without.
      var supplements: Set<EventKind> = [.userfaultMove, .hugetlbNew, .hugetlbAdd, .hugetlbUnmap]
      // Who unmaps says where only if the removal does not; before 5.14 one callback unmaps and migrates.
      supplements.insert(name == "5.10" ? .walkMigrate : .unmapIn)
      let wanted = EventKind.allCases.filter { !supplements.contains($0) }
      #expect(Set(wanted).subtracting(decoder.kinds) == [], "\(name)")
    }
  }

  @Test func fieldsThatAKernelCannotGiveAreMissed() throws {
    func missing(_ kernel: MiniBTF) throws -> Set<RecordedField> {
      let fields = EventDecoder(formats: try kernel.plan(.walks).expectedFormats).fields
      return Set(RecordedField.allCases).subtracting(fields)
    }
    #expect(try missing(.linux6_6) == [] && missing(.linux6_8) == [])
    #expect(try missing(.linux6_12) == [])
    #expect(try missing(.linux6_18) == [])
    #expect(try missing(.linux7) == [])
    #expect(try missing(.degreeEra) == [.counters])
    #expect(try missing(.mmapSemEra) == [.counters])
    #expect(try missing(.realtime) == [.rootLock, .mmapLock])
  }
}
