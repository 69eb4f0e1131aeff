import Invariants
import RmapEvents
import RmapTestSupport
import Testing

/// The kernel's own walks: the smallest histories in which one goes right, and one thing in it wrong.
@Suite struct WalkTests {
  private let looked = History.lookedFor
  private let moved = History.unmappedAndMigrated

  private func finding(_ history: History, _ name: String) -> String? {
    history.judged().ledger(name).findings.first.map { "\($0.what) [\($0.contradiction.text)]" }
  }

  @Test func healthyWalksHold() {
    for history in [looked, moved] {
      let outcome = history.judged()
      #expect(outcome.findings == [])
      #expect(outcome.ledger("walk-coverage").decided > 0)
      #expect(outcome.ledger("walk-coverage").undecidedTotal == 0)
      #expect(outcome.ledger("walk-order").decided > 0)
    }
    #expect(moved.judged().ledger("migration").decided == 2)
    #expect(moved.judged().ledger("walk-coverage").decided == 3 + 6)
  }

  // MARK: walk-coverage

  @Test func aWalkThatIsShortOfOneVMA() {
    let short = looked.dropping(looked.number("walk found", 2)...looked.number("walk next", 2))
    #expect(
      finding(short, "walk-coverage")
        == "An rmap walk leaves out a VMA. [the walk was given 1 of 2 AVCs, and V's is not among them]")
    #expect(short.judged().findings.count == 1)
    let facts = short.judged().ledger("walk-coverage").findings.first?.established.map(\.text)
    #expect(facts?.last == "V maps F at 0x11000")
  }

  @Test func aWalkOfKSMLooksForAllOffsets() {
    func merged(_ last: UInt64) -> History {
      looked.replacingWalk("walk begin") { event in
        guard case .begin(var frame) = event else { return event }
        (frame.isKSM, frame.mapping) = (true, FolioMapping(0xffff_8880_0600_0003))
        return .begin(frame)
      }.replacingWalk("walk first") { event in
        guard case .first(var start) = event else { return event }
        (start.first, start.last) = (PgOff(0), PgOff(last))
        return .first(start)
      }.replacingSteps(0, last)
    }
    #expect(finding(merged(.max), "walk-coverage") == nil)
    #expect(merged(.max).judged().ledger("walk-coverage").decided > 0)
    #expect(
      finding(merged(99), "walk-coverage")
        == "A walk for a page of KSM does not look for all offsets. [the walk looks for 0x0-0x63]")
  }

  @Test func aWalkOfKSMLooksForOneOffset() {
    let wide = History.lookedForKSM.replacingWalk("walk first") { event in
      guard case .first(var start) = event else { return event }
      start.last = PgOff(99)
      return .first(start)
    }.replacingSteps(17, 99)
    #expect(
      finding(wide, "walk-coverage")
        == "A walk for a page of KSM looks for more than one offset. [the walk looks for 0x11-0x63]")
    #expect(History.lookedForKSM.judged().ledger("ksm-offset").decided == 2)
    #expect(History.lookedForKSM.judged().ledger("walk-coverage").decided > 0)
  }

  /// mm/ksm.c, break_ksm: the rmap_item of a page that mremap took out of KSM stays, with its address and its offset.
  @Test(arguments: [(UInt64(18), false), (21, true)]) func whatMremapLeftOfAPageOfKSM(offset: UInt64, isBroken: Bool) {
    var history = History(.v7_3) {
      $0.recordsWalks = true
      $0.fault()
      $0.mremap("p.V", to: 64, "p.W")
      $0.mremap("p.W", to: 17, "p.X")
      $0.look(for: "p.X", 18)
    }.replacingWalk("walk begin") { event in
      guard case .begin(var frame) = event else { return event }
      (frame.isKSM, frame.isOfOneIndex, frame.mapping) = (true, true, FolioMapping(0xffff_8880_0600_0003))
      return .begin(frame)
    }.replacingWalk("walk first") { event in
      guard case .first(var start) = event else { return event }
      (start.first, start.last) = (PgOff(offset), PgOff(offset))
      return .first(start)
    }
    history.marks.insert(.oneIndex)
    let ledger = history.judged().ledger("ksm-offset")
    #expect(ledger.violations == (isBroken ? 1 : 0))
    #expect((ledger.undecidedTotal > 0) == !isBroken)
  }

  @Test func aWalkThatLooksAwayFromAVMA() {
    let away = looked.dropping("walk visit", 2).dropping("walk visited", 2)
    #expect(
      finding(away, "walk-coverage")
        == "An rmap walk comes to a VMA and does not look into it. "
        + "[the walk went on without a call of its callback for V]")
    // Its invalid_vma may have good reasons, unless it is that of try_to_migrate.
    let excused = away.replacingWalk("walk begin") { event in
      guard case .begin(var frame) = event else { return event }
      frame.passesOver = true
      return .begin(frame)
    }
    #expect(finding(excused, "walk-coverage") == nil)
  }

  @Test func aWalkThatIsToldToStopMayStop() {
    let told = looked.replacingWalk("walk visited") { _ in .visited(goesOn: false) }
    let stopped = told.dropping(told.number("walk next", 1)...told.number("walk found", 3))
    #expect(stopped.judged().findings == [])
    #expect(stopped.judged().ledger("walk-coverage").decided == 1)
  }

  /// The walk that unmaps the page ends after the first VMA, as if nobody else mapped it: `done` was not asked, or lied.
  @Test func aWalkThatStopsWhileThePageIsMapped() {
    let stopped = moved.dropping(moved.number("walk next", 1)...moved.number("walk visited", 2))
    #expect(
      finding(stopped, "walk-coverage")
        == "An rmap walk ends while its folio is still mapped. "
        + "[the walk ended after 1 AVC, and V's is not among them]")
    let facts = stopped.judged().ledger("walk-coverage").findings.first?.established.map(\.text)
    #expect(facts == ["V maps F at 0x11000"])
    // Of a folio that is older than the recording there may be mappings that were never there.
    let older = stopped.starting(at: moved.number("enter copyRange"))
    #expect(older.judged().ledger("walk-coverage").violations == 0)
    // Of one that the model does not know it can't say that it is mapped nowhere else.
    let unknown = stopped.starting(at: moved.number("walk begin")).judged().ledger("walk-coverage")
    #expect(unknown.decided == 0 && unknown.undecided(.predatesRecording) > 0)
  }

  @Test func aWalkThatStopsBeforeTheVisit() {
    let stopped = looked.dropping(looked.number("walk visit", 2)...looked.number("walk found", 3))
    #expect(
      finding(stopped, "walk-coverage")
        == "An rmap walk ends although nothing asked it to. [the walk ended after 2 AVCs]")
    // Without one recorded call of the callback there may be calls that are not recorded.
    let silent = stopped.dropping("walk visit", 1).dropping("walk visited", 1)
    #expect(silent.judged().findings == [])
    #expect(silent.judged().ledger("walk-coverage").undecided(.notRecorded) == 1)
  }

  @Test func theOrderOfTheTree() {
    let (first, second) = (looked.number("walk found", 1), looked.number("walk found", 2))
    var swapped = looked
    (swapped.steps[first - 1], swapped.steps[second - 1]) =
      (looked.steps[second - 1], looked.steps[first - 1])
    for count in 1...2 {
      guard case .walk(.found(let node)) = swapped.steps[swapped.number("walk found", count) - 1].event
      else { continue }
      swapped = swapped.replacingWalk("walk next", count) { event in
        guard case .next(var step) = event else { return event }
        step.node = node
        return .next(step)
      }
    }
    #expect(
      finding(swapped, "walk-coverage")
        == "An rmap walk does not keep the tree's order. "
        + "[the walk was given it after one that stands behind it]")
  }

  @Test func aStrangerInTheTree() {
    let strange = looked.replacingWalk("walk found") { _ in .found(.elsewhere) }
      .replacingWalk("walk next") { event in
        guard case .next(var step) = event else { return event }
        step.node = .elsewhere
        return .next(step)
      }
    #expect(
      finding(strange, "walk-coverage")?.hasPrefix(
        "An rmap walk visits an AVC that does not belong to it. [it was given the AVC 0x") == true)
  }

  @Test func theWrongTreeMattersOnlyUnderTheFoliosLock() {
    func elsewhere(_ event: WalkEvent) -> WalkEvent {
      guard case .first(var start) = event else { return event }
      start.anonVMA = .elsewhere
      return .first(start)
    }
    let unmapped = moved.replacingWalk("walk first", by: elsewhere)
    #expect(
      finding(unmapped, "walk-coverage")
        == "An rmap walk looks in another anon_vma's tree than its folio's. "
        + "[the walk looks in A's tree]")
    let unlocked = looked.replacingWalk("walk first", by: elsewhere)
    #expect(unlocked.judged().findings == [])
    #expect(unlocked.judged().ledger("walk-coverage").undecided(.contended) == 1)
  }

  @Test func theWrongOffsets() {
    let wrong = moved.replacingWalk("walk first") { event in
      guard case .first(var start) = event else { return event }
      start.first = PgOff(18)
      return .first(start)
    }.replacingWalk("walk next") { event in
      guard case .next(var step) = event else { return event }
      step.first = PgOff(18)
      return .next(step)
    }
    #expect(
      finding(wrong, "walk-coverage")
        == "An rmap walk looks for other offsets than its folio's. [the walk looks for 0x12-0x11]")
  }

  @Test func missedReturnsAreMadeUpFor() {
    let missed = looked.dropping("walk found", 1)
    #expect(missed.judged().findings == [])
    #expect(missed.judged().ledger("walk-coverage").decided == 1)
  }

  @Test func missedEntriesAreNot() {
    let missed = looked.dropping("walk next", 1)
    #expect(missed.judged().findings == [])
    #expect(missed.judged().ledger("walk-coverage").undecided(.notRecorded) == 1)
  }

  @Test func anOlderTreeMustStillGiveWhatTheRecordingPutIn() {
    let late = looked.starting(at: looked.number("enter fork"))
    #expect(late.judged().findings == [])
    #expect(late.judged().ledger("walk-coverage").undecided(.predatesRecording) == 1)
    let short = late.dropping(late.number("walk found", 2)...late.number("walk next", 2))
    #expect(finding(short, "walk-coverage")?.hasPrefix("An rmap walk leaves out a VMA.") == true)
  }

  // MARK: root-locked

  @Test(arguments: [LockView(count: 0, ownerPID: 0), LockView(count: 1, ownerPID: 7)])
  func walksNeedTheLock(_ lock: LockView) {
    let unlocked = looked.replacingWalk("walk next") { event in
      guard case .next(var step) = event else { return event }
      step.lock = lock
      return .next(step)
    }
    #expect(finding(unlocked, "root-locked")?.hasPrefix("A tree is walked without its root's lock.") == true)
    #expect(unlocked.judged().findings.count == 1)
  }

  @Test func theWriterMayWalk() {
    let pid = looked.steps[looked.number("walk next") - 1].pid
    let written = looked.replacingWalk("walk next") { event in
      guard case .next(var step) = event else { return event }
      step.lock = LockView(count: 1, ownerPID: pid)
      return .next(step)
    }
    #expect(written.judged().findings == [])
  }

  // MARK: walk-order

  @Test(arguments: [true, false, nil]) func aMoveNeedsTheOrderOnlyWithoutLocks(_ locks: Bool?) {
    let again = History.mremap.insertedAgain(before: "enter moveTables").alteringEntry("enter moveTables") {
      $0.takesRmapLocks = locks
    }
    let ledger = again.judged().ledger("walk-order")
    #expect(ledger.violations == (locks == false ? 1 : 0))
    #expect(ledger.undecidedTotal == (locks == nil ? 1 : 0))
    #expect(History.mremap.judged().ledger("walk-order").decided == 1)
  }
}

extension History {
  /// With every step of its only walk looking for these offsets.
  fileprivate func replacingSteps(_ first: UInt64, _ last: UInt64) -> History {
    var copy = self
    for index in copy.steps.indices {
      guard case .walk(.next(var step)) = copy.steps[index].event else { continue }
      (step.first, step.last) = (PgOff(first), PgOff(last))
      copy.steps[index].event = .walk(.next(step))
    }
    return copy
  }
}
