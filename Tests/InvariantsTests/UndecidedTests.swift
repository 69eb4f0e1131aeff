import Invariants
import RmapEvents
import RmapTestSupport
import TestSupport
import Testing

/// Goal: what a recording does not show is undecided, neither right nor wrong. Method: healthy histories without
/// their beginning, without fields, or with another task in the middle of its operation.
@Suite struct UndecidedTests {
  /// kernel/locking/rwsem.c of 5.10: an owner with RWSEM_RD_NONSPINNABLE shows the tgid where its pid is read.
  @Test(arguments: [
    (Int32(101), true), (101 << 16, true), (103 << 16, nil), (7 << 16, nil), (103, false), (7, false), (0, false),
  ])
  func anOwnerWithAMark(ownerPID: Int32, isHeld: Bool?) {
    #expect(LockView(count: 1, ownerPID: ownerPID).isWriteHeld(by: 101) == isHeld)
    #expect(LockView(count: 0x100, ownerPID: ownerPID).isWriteHeld(by: 101) == false)
    let history = History {
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
    }.alteringTree("insert") { $0.lock = LockView(count: 1, ownerPID: ownerPID) }
    guard case .insert? = history.steps.map(\.event).first(where: { $0.label == "insert" }) else { return }
    let own = history.steps[history.number("insert") - 1].pid
    guard own == 101 else { return #expect(Bool(false), "the task is \(own)") }
    let ledger = history.judged().ledger("root-locked")
    #expect(ledger.violations == (isHeld == false ? 1 : 0))
    #expect((ledger.undecidedTotal > 0) == (isHeld == nil))
  }

  /// Where the kernel has no PageAnonExclusive, nothing of it is undecided.
  @Test(arguments: [true, false]) func pagesWithoutTheMark(kernelHasIt: Bool) {
    var history = History {
      $0.mmap("p.V", 16..<20)
      $0.write("p.V", 17)
      $0.fork("p", "c")
      $0.exit("c")
    }
    for index in history.steps.indices {
      guard case .folio(var event) = history.steps[index].event else { continue }
      event.isPageExclusive = nil
      event.kernelMarksExclusive = kernelHasIt
      history.steps[index].event = .folio(event)
    }
    let ledger = history.judged().ledger("page-exclusive")
    #expect(ledger.violations == 0 && (ledger.undecidedTotal > 0) == kernelHasIt)
  }

  private func undecided(
    _ invariant: String, _ reason: UndecidedReason, _ history: History,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let outcome = history.judged()
    #expect(outcome.findings == [], sourceLocation: sourceLocation)
    #expect(outcome.ledger(invariant).undecided(reason) > 0, sourceLocation: sourceLocation)
  }

  @Test(arguments: [
    ("avc-link", "enter unlink"), ("interval-key", "enter unlink"), ("counters", "enter unlink"),
    ("anon-vma-death", "enter unlink"), ("reach", "folio remove"),
  ])
  func objectsOlderThanTheRecording(_ invariant: String, _ beginning: String) {
    let history = History.lifetime
    undecided(invariant, .predatesRecording, history.starting(at: history.number(beginning)))
  }

  @Test func operationsOnOlderVMAs() {
    let fork = History.forkAndExit
    undecided("fork-closure", .predatesRecording, fork.starting(at: fork.number("enter vmaDup")))
    undecided(
      "copy-closure", .predatesRecording,
      History.split.starting(at: History.split.number("enter split")))
    // A clone whose task may be inside a fork that began before the recording.
    undecided(
      "copy-closure", .predatesRecording, fork.starting(at: fork.number("enter clone")))
  }

  /// perf takes an event's time after its fields: a thread that faults beside another one may have read the VMA before
  /// the other's prepare set its anon_vma. In a recording of trace-cmd and perf at once it stood so.
  @Test func aPrepareThatWasReadBeforeAnotherThreads() {
    let fault = History.fault
    let entry = fault.steps[fault.number("enter prepare") - 1]
    let late = fault.inserting(entry, at: fault.number("leave prepare") + 1)
    undecided("vma-state", .contended, late.replacingPID(of: "enter prepare", 2, by: 99))
    #expect(late.judged().findings.isEmpty == false, "by the same task it is a contradiction")
  }

  /// A prepare leaves one AVC: with more of them no race explains why vma->anon_vma is NULL.
  @Test func aPrepareOfAVMAWithALongerChain() {
    var history = History {
      $0.fault()
      $0.fork("p", "c")
    }
    guard case .enter(let copy) = history.steps[history.number("enter copyRange") - 1].event else {
      Issue.record("no copy_page_range")
      return
    }
    var child = copy.vma
    child.anonVMA = .null
    history.steps.append(History.Step(.enter(OperationEntry(kind: .prepare, vma: child)), pid: 99))
    #expect(history.judged().ledger("vma-state").violations == 1)
  }

  @Test func deathOfAnOlderVMA() {
    let history = History {
      $0.fault()
      $0.fork("p", "c")
      $0.munmap("c.V")
    }
    undecided(
      "vma-death", .predatesRecording,
      history.withoutCleanup.starting(at: history.number("enter copyRange")))
  }

  /// It may be a child's, of a VMA with MADV_WIPEONFORK that is no more.
  @Test func offsetOfAnOlderVMA() {
    let history = History.fault.alteringEntry("enter prepare") { $0.vma.offset = PgOff(0x99) }
    undecided("unfaulted-pgoff", .predatesRecording, history.starting(at: history.number("enter prepare")))
  }

  @Test func pageWhoseVMAHasAnUnknownAnonVMA() {
    let swap = History.swap
    undecided(
      "page-owner", .predatesRecording, swap.starting(at: swap.number("leave copyRange")))
  }

  @Test func fieldsThatWereNotRecorded() {
    undecided(
      "root-locked", .notRecorded, History.fault.alteringTree("insert") { $0.lock = nil })
    undecided(
      "counters", .notRecorded, History.lifetime.alteringTree("remove") { $0.children = nil })
    var history = History.reuse
    for number in 1...6 { history = history.alteringTree("insert", number) { $0.active = nil } }
    #expect(history.judged().ledger("counters").undecided(.notRecorded) >= 6)
  }

  @Test func offsetsOfHugetlbPages() {
    let history = History.hugetlb().alteringFolio("folio new") {
      $0.index = PgOff(3)
      $0.indexIsKnown = false
    }
    undecided("reach", .unitUnknown, history)
  }

  @Test func countersWhileAnotherTaskIsAtWork() {
    let history = History {
      $0.fault()
      $0.fork("p", "c")
      $0.munmap("p.V")
      $0.munmap("c.V")
    }
    // p has let go of the lock, and c is faster to the next event.
    var late = history
    let settled = late.steps.remove(at: history.number("leave unlink") - 1)
    late.steps.insert(settled, at: history.number("remove", -1))
    undecided("counters", .contended, late)
  }

  @Test func everyReasonHasItsWords() {
    for reason in UndecidedReason.allCases {
      #expect(!reason.word.isEmpty && !reason.meaning.isEmpty)
    }
    #expect(Set(UndecidedReason.allCases.map(\.word)).count == UndecidedReason.allCases.count)
  }
}

/// Goal: a recording that begins in the middle of everything, or lacks a return, accuses nobody. Method: every
/// suffix of healthy histories, and healthy histories without one of their returns.
@Suite struct IncompleteHistoryTests {
  static func histories(_ version: Kernel.Version, _ seed: UInt64, _ count: Int) -> [History] {
    (0..<UInt64(count)).map { number in
      var generator = SeededGenerator(seed: seed &+ number)
      let history = History.random(
        40, version: version, reusingAddresses: number % 2 == 0, using: &generator)
      return number % 4 > 1 ? history.overtaken(using: &generator) : history
    }
  }

  @Test(arguments: LegalWindowTests.versions)
  func everySuffixHolds(_ version: Kernel.Version) {
    let seed = testSeed()
    for history in Self.histories(version, seed, 4) {
      for start in 2...history.last {
        let findings = history.starting(at: start).judged().findings
        #expect(findings == [], "seed \(seed), from event \(start)")
        if !findings.isEmpty { return print(history) }
      }
    }
  }

  @Test(arguments: LegalWindowTests.versions)
  func missingReturnsAreNoViolations(_ version: Kernel.Version) {
    let seed = testSeed()
    for history in Self.histories(version, seed, 4) {
      for (index, step) in history.steps.enumerated() {
        guard case .leave = step.event else { continue }
        let findings = history.dropping(index + 1...index + 1).judged().findings
        #expect(findings == [], "seed \(seed), without event \(index + 1)")
        if !findings.isEmpty { return print(history) }
      }
    }
  }
}
