import Checking
import Foundation
import Invariants
import RecordingAudit
import RecordingFormat
import RmapEvents
import TestSupport
import Testing

@testable import Reducing
@testable import TraceReading

/// All of kernels with one fault, and one of each other kind: perf, text, several faults, a kernel as shipped.
private let faulty: [String] = {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: tracesFolder)) ?? []
  let others = ["6.12-pair-fault", "6.12-text", "6.12-crash", "6.12-faults", "6.12-mm-defects-a", "6.12-mm-defects-b"]
  return (names.filter { $0.contains("-fault-") } + others).sorted()
}()

private func recording(_ name: String) throws -> String {
  try #require(RecordingSearch.recordings(at: "\(tracesFolder)/\(name)").first)
}

private struct Record: Equatable {
  let time: UInt64
  let cpu: UInt16
  let pid: Int32
  let name: String?
  let payload: [UInt8]
}

private func records(_ path: String) throws -> [Record] {
  func all<Source: RecordSource & ~Copyable>(_ source: consuming Source, _ formats: EventFormats) throws -> [Record] {
    var source = source
    var all: [Record] = []
    while let item = try source.next() {
      guard case .record(let record) = item else { continue }
      all.append(
        Record(
          time: record.timestamp, cpu: record.cpu, pid: record.pid, name: formats[record.eventID]?.name,
          payload: Array(record.payload)))
    }
    return all
  }
  let recording = try Recording(path: path)
  return switch recording {
  case .traceData(let file): try all(try file.records(), file.eventFormats)
  case .perfData(let file): try all(try file.records(), file.eventFormats)
  case .text(let file): try all(file.records(), file.eventFormats)
  }
}

/// Goal: a witness shows what the whole recording shows, by few of its events. Method: every kept recording of a faulty
/// kernel is reduced, written, read and checked again, as it is and with other addresses.
@Suite struct WitnessTests {
  private static let goal = 40
  /// An anon_vma that was freed too early, of a VMA that was split again and again: each of its AVCs stays.
  private static let larger = ["6.12-fault-early-free": 60]

  @Test(arguments: faulty) func showsTheSameByFewEvents(name: String) throws {
    let path = try recording(name)
    let remainder = try Reduction().remainder(of: path)
    let witness = Witness(remainder, redacts: false)
    let whole = RecordingCheck().run(path: path)
    let first = try #require(whole.findings.first)
    #expect(witness.isMinimal)
    #expect(witness.events.count <= Self.larger[name] ?? Self.goal)

    let work = try makeTemporaryFolder()
    defer { try? FileManager.default.removeItem(at: work) }
    let plain = work.appending(path: "small.dat").path
    try WitnessFile.write(witness, to: plain)
    try expectSame(plain, first, witness, functions: whole.functions)
    try expectSameBytes(plain, path, witness)
    try expectWholeOperations(path, witness)

    let redacted = work.appending(path: "redacted.dat").path
    try WitnessFile.write(Witness(remainder, redacts: true), to: redacted)
    try expectSame(redacted, first, witness, functions: whole.functions)
    try expectNoAddress(of: plain, in: redacted)
  }

  /// The verdict, the rule, the function, the fingerprint and the event.
  private func expectSame(
    _ path: String, _ first: (invariant: Invariant, finding: Finding), _ witness: Witness, functions: FunctionNames
  ) throws {
    let result = RecordingCheck().run(path: path)
    let found = try #require(result.findings.first)
    #expect(result.verdict == .violated && result.damage == nil)
    #expect(Set(result.contradictions.kept.map(\.kind)).isSubset(of: witness.whole.contradictions.kept.map(\.kind)))
    #expect(result.records == UInt64(witness.events.count))
    #expect(found.invariant.name == first.invariant.name)
    #expect(result.functions[found.finding.function] == functions[first.finding.function])
    #expect(
      Fingerprint.of(found.finding, of: found.invariant) == Fingerprint.of(first.finding, of: first.invariant))
    #expect(found.finding.stamp.pid == first.finding.stamp.pid)
    #expect(
      found.finding.events.map { witness.events[Int($0.ordinal) - 1].stamp.ordinal }
        == first.finding.events.map(\.ordinal))
    #expect(result.expectation == .met)
    #expect(result.checksum?.change == nil)
    let reduced = try #require(result.sidecar?.reduced)
    #expect(reduced.events == witness.events.map(\.stamp.ordinal) && reduced.records == witness.whole.records)
    #expect(result.doubts.contains { $0.hasPrefix("a witness: \(witness.events.count) of another") })
  }

  /// Every record is one of the recording's, byte for byte. (What a text's lines lack is made up.)
  private func expectSameBytes(_ path: String, _ whole: String, _ witness: Witness) throws {
    let (own, all) = (try records(path), try records(whole))
    #expect(own.count == witness.events.count)
    for (record, event) in zip(own, witness.events) {
      let original = all[Int(event.stamp.ordinal) - 1]
      #expect(record.cpu == original.cpu && record.pid == original.pid && record.name == original.name)
      #expect(record.time == original.time || whole.hasSuffix(".txt"))
      #expect(record.payload.prefix(original.payload.count) == original.payload.prefix(record.payload.count))
    }
  }

  /// What an operation did between an entry and a return that are both there is all there. Written apart from the reduction's
  /// own idea of operations.
  private func expectWholeOperations(_ path: String, _ witness: Witness) throws {
    let all = try records(path)
    let kept = Set(witness.events.map { Int($0.stamp.ordinal) - 1 })
    let identifiers = Set(EventDeclaration.all.map(\.name.rawValue))
    for start in kept.sorted() {
      guard let name = all[start].name.flatMap(EventName.init), name != .mmExit, name.declaration.role == .entry
      else { continue }
      let mine = all.indices[(start + 1)...].filter { all[$0].pid == all[start].pid }
      var depth = 1
      for place in mine {
        guard let other = all[place].name.flatMap(EventName.init), identifiers.contains(other.rawValue) else {
          continue
        }
        if place > kept.max() ?? 0 { break }
        #expect(kept.contains(place), "\(name.rawValue) at \(start + 1) lacks \(other.rawValue) at \(place + 1)")
        if other == name { depth += 1 }
        if other == name.ofReturn { depth -= 1 }
        if depth == 0 { break }
      }
    }
  }

  /// No address of the kernel and no name of a task is left.
  private func expectNoAddress(of plain: String, in redacted: String) throws {
    func words(_ path: String) throws -> Set<UInt64> {
      let formats = try Recording(path: path).file.eventFormats
      let all = try records(path).flatMap { record in
        (formats.all.first { $0.name == record.name }?.fields ?? []).filter { $0.size == 8 && !$0.isCommon }
          .compactMap { $0.number(in: record.payload) }
      }
      return Set(all.filter { $0 >= 0xff00_0000_0000_0000 && $0 < 0xffff_ffff_ffff_0000 })
    }
    #expect(try words(plain).isDisjoint(with: words(redacted)))
    let file = try TraceFile(path: redacted)
    for record in try records(redacted) {
      #expect(file.commandName(ofPID: record.pid).map { $0.hasPrefix("task") } ?? true)
    }
    let sidecar = try #require(try Sidecar.beside(redacted))
    #expect(sidecar.workload == nil && sidecar.kernel?.commandLine == nil && sidecar.reduced?.recording == nil)
  }
}

/// Goal: what can't be reduced is said, and nothing is made up.
@Suite struct ReductionFailureTests {
  @Test func aSoundRecordingHasNothingToReduce() throws {
    #expect { try Reduction().run(path: recording("6.12-structure-v6")) } throws: {
      if case ReductionFailure.nothingBroken(.holds, doubt: nil) = $0 { true } else { false }
    }
  }

  @Test func aViolationIsChosenByItsNumberOrFingerprint() throws {
    let path = try recording("6.12-mm-defects-b")
    let defects = RecordingCheck(limit: .all).run(path: path).defects
    #expect(defects.count > 3)
    var reduction = Reduction()
    reduction.finding = "2"
    let second = try reduction.run(path: path)
    #expect(second.finding == defects[1].first && second.fingerprint == defects[1].fingerprint)
    reduction.finding = second.fingerprint.prefix(9).uppercased()
    #expect(try reduction.run(path: path).fingerprint == second.fingerprint)
    for wrong in ["0", "\(defects.count + 1)", "zzzz", ""] {
      reduction.finding = wrong
      #expect(throws: ReductionFailure.self) { try reduction.run(path: path) }
    }
  }

  /// Time that is up is no reason to say less: all that is left still shows the violation.
  @Test func aBudgetIsKept() throws {
    var reduction = Reduction()
    reduction.budget = 0
    let witness = try reduction.run(path: recording("6.12-fault-drop-avc"))
    #expect(!witness.isMinimal && witness.reduced.findings.first?.invariant.number == witness.invariant.number)
  }
}

/// Goal: nothing that the proof rests on is left out. Method: the parts of a witness are taken away one by one.
@Suite struct MinimalityTests {
  @Test(arguments: [
    "6.12-fault-drop-avc", "6.12-fault-wrong-mapping", "6.1-fault-lost-reference", "6.12-fault-short-walk",
  ])
  func noPartCanGo(name: String) throws {
    let path = try recording(name)
    let input = try RecordingInput(path: path)
    let result = RecordingCheck().run(path: path)
    let first = try #require(result.findings.first)
    let history = try History(input, result.sidecar, upTo: first.finding.stamp.ordinal)
    var trial = Trial(
      history, Target(first.invariant, first.finding), Sidecar.ofReduced(result.sidecar, history.pageSize))
    let isShown = trial.begin(with: Array(history.records.indices))
    #expect(isShown)
    var minimizer = Minimizer(history, trial, Effort(events: .max))
    minimizer.run()
    let kept = minimizer.kept
    let between = NamedObjects(first.finding).eventsBetween(history)
    #expect(trial.shows(kept) && between.isSubset(of: kept))
    for record in kept where !between.contains(record) {
      // An operation goes as a whole.
      let part = try #require(Part.all(of: history).first { $0.records.contains(record) })
      let rest = kept.filter { !part.records.contains($0) }
      if rest.count < kept.count, part.records.allSatisfy(kept.contains), between.isDisjoint(with: part.records) {
        #expect(!trial.shows(rest), "\(part.records) can go")
      }
    }
  }
}

/// Goal: what a report shows of a violation is what `reduce` finds, and costs little. Method: kept recordings, and one whose
/// violation shows late.
@Suite struct BriefWitnessTests {
  private func brief(_ name: String) throws -> BriefWitness? {
    let path = try recording(name)
    let input = try RecordingInput(path: path)
    return BriefWitness.of(RecordingCheck().run(path: path, input: input), input)
  }

  @Test(arguments: faulty.enumerated().filter { $0.offset % 6 == 0 }.map(\.element) + ["6.12-fault-early-free"])
  func isTheWitness(name: String) throws {
    let brief = try #require(try brief(name))
    let witness = try Reduction().run(path: recording(name))
    #expect(brief.finding == witness.finding && brief.records == witness.whole.records)
    #expect(brief.events.map(\.stamp) == witness.events.map(\.stamp))
    #expect(brief.letters.map(\.address) == witness.letters.map(\.address))
  }

  /// What takes more is left to the command.
  @Test func theEffortIsBounded() throws {
    let path = try recording("6.12-fault-drop-avc")
    let input = try RecordingInput(path: path)
    let result = RecordingCheck().run(path: path, input: input)
    let first = try #require(result.defects.first)
    let target = Target(first.invariant, first.first)
    #expect(try !Reduction.remainder(of: target, in: result, input, Effort(events: 10)).isMinimal)
    #expect(try Reduction.remainder(of: target, in: result, input, Effort(events: 1_000_000)).isMinimal)
  }

  @Test func theEffortIsCounted() {
    var effort = Effort(events: 5)
    effort.judge(4)
    #expect(!effort.isOver)
    effort.judge(4)
    #expect(effort.isOver)
  }

  /// The VMA that moves was at the address before that the one has which it moves into.
  @Test func aLetterIsOfOneObject() throws {
    let witness = try #require(try brief("6.18.5-cve"))
    #expect(witness.letters.map(\.name) == ["K", "V", "A"])
    #expect(witness.letters.prefix(2).map(\.since) == [22437, 22424])
    #expect(witness.letters.last.map { $0.since <= 22360 } == true)
    let first = try #require(witness.letters.first)
    #expect(
      witness.events.contains { event in
        event.stamp.ordinal < first.since && event.fields.contains { $0.value == first.address }
      })
  }
}
