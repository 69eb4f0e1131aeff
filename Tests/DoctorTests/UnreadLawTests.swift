import Invariants
import RecordingFormat
import Testing
import Vocabulary

@testable import Doctor
@testable import KernelProbes
@testable import KernelTestSupport
@testable import Recorder

/// A kernel that has what the law was not read against: nothing that rests on it may be promised.
@Suite struct UnreadLawTests {
  /// The law as it was when 6.12 was the newest kernel.
  private static let lawOf6_12: KnownLaw = {
    var law = KnownLaw.all
    let newer: Set = ["__vm_anon_pgoff_lo", "__vm_anon_pgoff_hi", "linear_page_index", "pgoff_is_anon"]
    for index in law.structures.indices {
      law.structures[index].read = law.structures[index].read.filter {
        !newer.contains($0.name) && $0.type != "memdesc_flags_t"
      }
    }
    law.enumerations.removeAll { $0.name == "vma_operation" }
    law.functions["anon_vma_clone"]?.removeLast()
    law.functions["move_page_tables"]?.removeFirst()
    law.functions = law.functions.filter { !$0.key.hasPrefix("anon_rmap_tree_") }
    return law
  }()

  /// 7.3, with its second offset.
  private static let linux7_3: MiniBTF = {
    var kernel = MiniBTF.linux7
    kernel.add(member: ("__vm_anon_pgoff_lo", .unsigned, 44), to: "vm_area_struct")
    kernel.add(member: ("__vm_anon_pgoff_hi", .unsigned, 132), to: "vm_area_struct")
    return kernel
  }()

  private func diagnosis(_ kernel: MiniBTF, _ law: KnownLaw = .all) throws -> Diagnosis {
    var diagnosis = Diagnosis(level: .walks)
    diagnosis.judge(types: try kernel.types(), symbols: try kernel.symbols(), law: law)
    return diagnosis
  }

  @Test(arguments: [
    MiniBTF.mmapSemEra, .degreeEra, .linux5_10, .linux6_1, .linux6_6, .linux6_8, .linux6_12, .linux6_18, .linux7,
    .realtime,
    linux7_3,
  ])
  func nothingOfAKnownKernelIsUnread(kernel: MiniBTF) throws {
    #expect(try diagnosis(kernel).plan?.unread == [])
  }

  @Test func everyProbedFunctionIsInTheLaw() {
    #expect(EventRecipe.functionsOfInterest.subtracting(KnownLaw.all.functions.keys) == [])
  }

  @Test func theLawOf6_12DecidesNothingOn7_3() throws {
    let diagnosis = try diagnosis(Self.linux7_3, Self.lawOf6_12)
    let unread = try #require(diagnosis.plan?.unread)
    #expect(unread.contains(UnreadLaw(.member, of: "vm_area_struct", name: "__vm_anon_pgoff_lo")))
    #expect(unread.contains(UnreadLaw(.member, of: "folio", name: "memdesc_flags_t flags")))
    #expect(unread.contains(UnreadLaw(.parameter, of: "anon_rmap_tree_insert", name: "anon_vma")))
    #expect(unread.contains(UnreadLaw(.parameter, of: "move_page_tables", name: "pmc")))
    #expect(diagnosis.decidabilities.allSatisfy { !$0.isDecidable && $0.word == "no" })
    let text = diagnosis.text().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(
      text.contains("- vm_area_struct has __vm_anon_pgoff_lo, which the law was not read against: "))
    #expect(diagnosis.json().contains("\"name\" : \"__vm_anon_pgoff_lo\""))
  }

  /// Only what rests on it is undecided.
  @Test func aNewMemberTakesWhatRestsOnIt() throws {
    func undecided(_ structure: String) throws -> Set<String> {
      var kernel = MiniBTF.linux6_12
      kernel.add(member: ("novelty", .long, 24), to: structure)
      let rules = try diagnosis(kernel).decidabilities
      #expect(rules.filter { !$0.unread.isEmpty }.allSatisfy { $0.judgement.hasPrefix("no: \(structure) has novelty") })
      return Set(rules.filter { !$0.isDecidable }.map(\.name))
    }
    let all = Set(try diagnosis(.linux6_12).decidabilities.map(\.name))
    #expect(try undecided("vm_area_struct") == all)
    #expect(try undecided("anon_vma_chain") == all)
    let pages = try undecided("folio")
    #expect(
      pages.isSuperset(of: ["reach", "walk-coverage"]) && pages.isDisjoint(with: ["fork-closure", "prepare-lock"]))
    let walks = try undecided("rmap_walk_control")
    #expect(walks.contains("walk-coverage") && !walks.contains("reach"))
  }

  @Test func aNewParameterTakesTheRulesOfItsEvents() throws {
    var kernel = MiniBTF.linux6_12
    kernel.function(
      "rmap_walk_anon", ("folio", .to("folio")), ("rwc", .to("rmap_walk_control")), ("locked", .bool), ("mode", .int))
    let diagnosis = try diagnosis(kernel)
    #expect(diagnosis.plan?.unread == [UnreadLaw(.parameter, of: "rmap_walk_anon", name: "mode")])
    let rules = diagnosis.decidabilities.filter { !$0.isDecidable }.map(\.name)
    #expect(rules.contains("walk-coverage") && !rules.contains("reach"))
  }

  @Test func parametersHaveTheirOrderAndTypes() throws {
    var kernel = MiniBTF.linux6_12
    let vma = CType.to("vm_area_struct")
    kernel.function("anon_vma_fork", returns: .int, ("pvma", vma), ("vma", vma))
    #expect(
      try diagnosis(kernel).plan?.unread == [
        UnreadLaw(.parameter, of: "anon_vma_fork", name: "struct vm_area_struct *vma")
      ])
  }

  @Test func theRecorderNotesIt() throws {
    var kernel = MiniBTF.mmapSemEra
    kernel.add(member: ("novelty", .long, 24), to: "vm_area_struct")
    let plan = RecordPlan(output: "run.dat", level: .walks, target: .machine, buffer: 1024)
    let sidecar = Sidecar(plan, try kernel.plan(.walks), MachineState(), try kernel.types())
    #expect(
      sidecar.law
        == Sidecar.Law(
          version: KnownLaw.all.version, unread: [UnreadLaw(.member, of: "vm_area_struct", name: "novelty")]))
    #expect(sidecar.dialects?["mmap_sem"] == "synthetic")
    #expect(sidecar.text().contains("\"name\" : \"novelty\""))
    #expect(Sidecar(plan, try MiniBTF.linux6_12.plan(.walks), MachineState(), try kernel.types()).law?.unread == [])
  }

  // MARK: What changed between two kernels

  @Test func changesAreListed() throws {
    let (old, new) = (try MiniBTF.linux6_18.types(), try Self.linux7_3.types())
    let change = LawChange(from: old, to: new)
    #expect(change.exitStatus == 0, "\(change.text())")
    #expect(
      change.text().hasPrefix(
        """
        What changed for the law
          struct vm_area_struct
            + unsigned int __vm_anon_pgoff_lo
            + unsigned int __vm_anon_pgoff_hi
          anon_rmap_tree_insert() (new)
            + struct anon_vma_chain *avc
            + struct anon_vma *anon_vma

        """))
    #expect(change.json().contains("\"declaration\" : \"unsigned int __vm_anon_pgoff_lo\""))
    #expect(LawChange(from: new, to: new).text().hasPrefix("Nothing changed for the law.\n"))
  }

  @Test func whatWasNotReadIsMarked() throws {
    let (old, new) = (try MiniBTF.linux6_18.types(), try Self.linux7_3.types())
    let law = Self.lawOf6_12
    let change = LawChange(from: LawfulTypes(old, law), to: LawfulTypes(new, law), law)
    #expect(change.exitStatus == 4)
    #expect(change.text().contains("    + unsigned int __vm_anon_pgoff_lo (not read)\n"))
  }
}
