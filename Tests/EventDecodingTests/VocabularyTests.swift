import RmapEvents
import Testing
import TraceReading
import Vocabulary

@testable import EventDecoding

/// Goal: no field is recorded that nobody reads, and none is read that nobody records. Method: what the decoder asks
/// for, event by event, against the declarations; KernelProbesTests hold the recipes to the same.
@Suite struct VocabularyTests {
  @Test(arguments: EventName.allCases)
  func theDecoderReadsWhatIsDeclared(_ name: EventName) {
    // They stand for a dialect, not for a value.
    let marks: Set<FieldName> = [.unitHuge, .unitPage, .cloneOperation, .pages4K, .pages16K, .pages64K]
    let declared = Set(name.declaration.fields.map(\.name)).subtracting(marks)
    #expect(Layout.fieldsRead(of: name).subtracting(marks) == declared)
  }

  @Test(arguments: EventName.allCases)
  func whatIsRequiredIsWhatTheDecoderCanNotDoWithout(_ name: EventName) {
    var finder = FieldFinder(EventFormat(id: 0, system: ProbeGroup.name, name: name.rawValue, fields: []))
    _ = Layout.shape(of: name, &finder)
    #expect(Set(finder.missing) == Set(name.declaration.required.map(\.name)))
  }

  @Test func eachEventIsDeclaredOnceAndEachKindHasAnEvent() {
    #expect(EventDeclaration.all.map(\.name).count == EventName.allCases.count)
    #expect(Set(EventDeclaration.all.map(\.name)) == Set(EventName.allCases))
    #expect(Set(EventDeclaration.all.flatMap(\.kinds)) == Set(EventKind.allCases))
    for declaration in EventDeclaration.all {
      #expect(Set(declaration.fields.map(\.name)).count == declaration.fields.count)
    }
  }

  @Test func aRecordingNamesItsOwnFunctions() {
    let older = FunctionNames(events: [.pageAdd, .pageRemove], definitions: [])
    #expect(older[.folioAdd] == "page_add_anon_rmap" && older[.folioRemove] == "page_remove_rmap")
    let newer = FunctionNames(
      events: [.avcInsert], definitions: ["p:rmap_1_2/avc_insert anon_rmap_tree_insert avc=$arg1:x64"])
    #expect(newer[.insert] == "anon_rmap_tree_insert" && newer[.remove] == "anon_vma_interval_tree_remove")
    let unnamed = FunctionNames(events: [.avcInsert, .walkNext], fields: [.vmAnonPgoffLow], definitions: [])
    #expect(unnamed[.insert] == "anon_rmap_tree_insert" && unnamed[.walkNext] == "anon_rmap_tree_iter_next")
    #expect(newer[.kind(.fork)] == "anon_vma_fork" && newer[.named("collect_procs")] == "collect_procs")
  }

  @Test func theHalvesOfTheSecondOffsetAreOne() {
    let word: [UInt64] = [0xff00_0000_0000_1000, 0x10000, 0x14000, 0xff00_0000_0000_3000, 0x73, 0, 0x20]
    let known = SyntheticEvent("unlink").words([
      "vma": word[0], "vm_start": word[1], "vm_end": word[2], "vm_mm": word[3], "vm_flags": word[4], "vm_anon": word[5],
      "vm_pgoff": word[6],
    ])
    let event = known.number("vm_anon_pgoff_lo", 0xf000_0010, size: 4).number("vm_anon_pgoff_hi", 7, size: 4)
    guard case .enter(let entry)? = event.decoded().event else { return #expect(Bool(false), "no entry") }
    #expect(entry.vma.vmPgoff == PgOff(0x20) && entry.vma.anonPgoff == PgOff(0x7_f000_0010))
    #expect(entry.vma.index(of: UserAddress(0x11000)) == PgOff(0x7_f000_0011))
    guard case .enter(let old)? = event.without("vm_anon_pgoff_lo").decoded().event else {
      return #expect(Bool(false), "no entry")
    }
    #expect(old.vma.anonPgoff == PgOff(0x20))
    // In text (trace-cmd report, perf script) every number is a word.
    let text = known.number("vm_anon_pgoff_lo", 0xf000_0010, size: 8).number("vm_anon_pgoff_hi", 7, size: 8)
    guard case .enter(let read)? = text.decoded().event else { return #expect(Bool(false), "no entry") }
    #expect(read.vma == entry.vma)
  }
}
