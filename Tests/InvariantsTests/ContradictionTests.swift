import RecordingAudit
import RmapEvents
import RmapTestSupport
import Testing

/// Goal: what no kernel can have done is told as a contradiction, of the kind that it is. Method: healthy histories, which
/// have none, with one value or one event other than it was. That none is told of what kernels do is what
/// ``LegalWindowTests``, ``RandomHistoryTests`` and the kept recordings show.
@Suite struct ContradictionTests {
  private static let moved = History { kernel in
    kernel.fault()
    kernel.mremap("p.V", to: 64, "p.W")
  }
  private static let stack = History { kernel in
    kernel.mmap("p.V", 16..<20, flags: Kernel.temporaryStack)
    kernel.write("p.V", 17)
    kernel.moveStack("p.V", down: 4)
  }
  private static let exiting = History { kernel in
    kernel.mmap("p.V", 16..<20)
    kernel.mmap("p.W", 32..<36)
    kernel.write("p.V", 17)
    kernel.write("p.W", 33)
    kernel.exit("p")
  }
  /// A process that was made within the recording, and has a VMA of its own.
  private static let child = History { kernel in
    kernel.fault()
    kernel.fork("p", "c")
    kernel.mmap("c.W", 64..<68)
    kernel.write("c.W", 65)
  }
  private static let reused = History { kernel in
    kernel.fault()
    kernel.fork("p", "c")
    kernel.exit("p")
    kernel.write("c.V", 17)
  }
  private static let looked = History { kernel in
    kernel.recordsWalks = true
    kernel.fault()
    kernel.look(for: "p.V", 17)
    kernel.look(for: "p.V", 17)
  }
  private static let unmapped = History { kernel in
    kernel.recordsWalks = true
    kernel.fault()
    kernel.swapOut("p.V", 17)
  }
  private static let migrated = History { kernel in
    kernel.recordsWalks = true
    kernel.fault()
    kernel.migrate("p.V", 17)
  }

  /// Expects a contradiction, and that the first of its kind is about this field.
  private func expect(
    _ kind: Contradiction.Kind, _ field: Contradiction.Field, _ history: History, _ sound: History,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(contradictions(sound).total == 0, "\(sound)", sourceLocation: sourceLocation)
    let found = contradictions(history)
    guard let first = found.first(of: kind) else {
      Issue.record("\(found.kept) \(history)", sourceLocation: sourceLocation)
      return
    }
    #expect(first.field == field, "\(first.text())", sourceLocation: sourceLocation)
    #expect(first.was != first.now, "\(first.text())", sourceLocation: sourceLocation)
    #expect(first.since ?? 0 < first.at.ordinal, "\(first)", sourceLocation: sourceLocation)
  }

  private func contradictions(_ history: History) -> Contradictions {
    history.judged().contradictions
  }

  // MARK: What is kept

  @Test func aContradictionSaysWhatWasAndWhatIs() throws {
    let down = Self.exiting.alteringEntry("enter unlink", 2) { $0.vma.start = UserAddress(0x1000) }
    let vma = down.entry("enter unlink", 2).vma.address
    let first = try #require(contradictions(down).first)
    #expect(first.object == .vma(vma) && first.field == .start)
    #expect(first.was == .user(UserAddress(0x14000)) && first.now == .user(UserAddress(0x1000)))
    #expect(first.since == UInt64(down.number("enter mmExit")))
    #expect(first.at.ordinal == UInt64(down.number("enter unlink", 2)))
    #expect(first.text() == "vm_start of vma \(vma) was 0x14000 at event \(first.since ?? 0), is 0x1000")
  }

  /// `since` is the event that last showed the field.
  @Test func aVMAInAnotherMMNamesTheEventThatShowedTheOther() throws {
    let moved = Self.child.alteringEntry("enter prepare", 2) { $0.vma.mm = .elsewhere }
    let first = try #require(contradictions(moved).kept.first { $0.field == .mm })
    #expect(first.kind == .vmaView && first.was == .kernel(.elsewhere))
    #expect(first.since == UInt64(moved.number("enter prepare", 2)))
    #expect(first.at.ordinal > first.since ?? 0)
  }

  @Test func theFirstOfEachKindIsKeptAndAllAreCounted() {
    let twice = Self.child.alteringTree("insert") { $0.lock?.count = 0x21 }
      .alteringTree("insert", 2) { $0.lock?.count = 0x41 }.replacingPID(of: "enter prepare", by: -3)
    let found = contradictions(twice)
    #expect(found.count(of: .noLock) == 2 && found.first(of: .noLock)?.now == .word(0x21))
    #expect(found.total >= 3 && found.kept.filter { $0.kind == .noLock }.count == 1)
    #expect(found.kept.map(\.at.ordinal) == found.kept.map(\.at.ordinal).sorted())
  }

  /// Every kind has words of its own.
  @Test func wordsAreDistinct() {
    let kinds = Contradiction.Kind.allCases
    #expect(Set(kinds.map(\.word)).count == kinds.count && Set(kinds.map(\.meaning)).count == kinds.count)
  }

  // MARK: Operations

  @Test func aMoveToWhereItsVMADoesNotReach() {
    expect(.vmaView, .movedAddress, Self.moved.alteringEntry("enter moveTables") { $0.length += 1 << 30 }, Self.moved)
    expect(
      .vmaView, .vmPgoff, Self.moved.alteringEntry("enter moveTables") { $0.sourceAddress = UserAddress(0x1000) },
      Self.moved)
  }

  @Test func aMoveToAnotherOffset() {
    expect(.vmaView, .vmPgoff, Self.moved.alteringEntry("enter moveTables") { $0.vma.offset = PgOff(7) }, Self.moved)
  }

  @Test func aMoveToAVMAOfAnotherKind() {
    expect(
      .vmaView, .flags,
      Self.moved.alteringEntry("enter moveTables") { $0.vma.flags.formSymmetricDifference(VMFlags(rawValue: 2)) },
      Self.moved)
  }

  @Test func aStackThatMovesToAnotherVMA() {
    let astray = Self.stack.alteringEntry("enter moveTables") { $0.source.address = .elsewhere }
    expect(.vmaView, .address, astray, Self.stack)
  }

  @Test func aSplitAtAnEnd() {
    expect(.vmaView, .splitAt, History.split.alteringEntry("enter split") { $0.address = $0.vma.start }, History.split)
  }

  @Test func whatOneEntryContradictsCountsOnce() {
    let astray = Self.child.alteringEntry("enter copyRange") { $0.source.offset = PgOff(7) }
    expect(.vmaView, .vmPgoff, astray, Self.child)
    #expect(contradictions(astray).total == 1)
  }

  @Test func anExitThatGoesDownwards() {
    let down = Self.exiting.alteringEntry("enter unlink", 2) { $0.vma.start = UserAddress(0x1000) }
    expect(.vmaView, .start, down, Self.exiting)
  }

  @Test func anExitThatFreesWhatItDidNotUnlink() {
    // One that no chain speaks of.
    let plain = History { kernel in
      kernel.mmap("p.V", 16..<20)
      kernel.mmap("p.W", 32..<36)
      kernel.write("p.V", 17)
      kernel.mmap("q.V", 16..<20)
      kernel.exit("p")
    }
    let number = plain.number("enter unlink", 2)
    expect(.vmaDeath, .unlinking, plain.dropping(number...number + 1), plain)
  }

  @Test func workOfANewProcessWithoutItsBeginning() {
    expect(.returnWithoutEntry, .entry, Self.child.dropping("enter prepare", 2), Self.child)
  }

  @Test func aVMAOfANewProcessWithoutItsBirth() {
    expect(.vmaBirth, .allocation, Self.child.dropping("leave vmaAlloc", 2), Self.child)
  }

  @Test(arguments: [0x21, 0x100_0000_0001, 0x8000_0000_0000_0000] as [UInt64])
  func aLockThatCannotBe(count: UInt64) {
    expect(.noLock, .rwsem, History.split.alteringTree("insert") { $0.lock?.count = count }, History.split)
    let first = Self.looked.replacingWalk("walk first") { event in
      guard case .first(var start) = event else { return event }
      start.lock?.count = count
      return .first(start)
    }
    expect(.noLock, .rwsem, first, Self.looked)
    expect(.noLock, .mmapLock, Self.child.alteringEntry("enter prepare") { $0.mmapLockCount = count }, Self.child)
  }

  @Test func aTaskThatCannotBe() {
    expect(.noTask, .pid, Self.child.replacingPID(of: "enter prepare", by: 5 << 20), Self.child)
    expect(.noTask, .pid, Self.child.replacingPID(of: "enter prepare", by: -3), Self.child)
  }

  @Test func anAnonVMAThatDiesUnderAnotherRoot() {
    expect(.anonVMADeath, .root, Self.exiting.alteringPut { $0.root = .elsewhere }, Self.exiting)
  }

  // MARK: Pages

  @Test func aPageOfAVMAThatIsNotThere() {
    let lost = Self.exiting.alteringFolio("folio remove") { $0.vma.address = .elsewhere }
    expect(.vmaView, .allocation, lost, Self.exiting)
  }

  @Test func aFolioThatIsGivenAwayAtAnotherIndex() {
    expect(.pageMapping, .index, Self.reused.alteringFolio("folio move") { $0.index = PgOff(1) }, Self.reused)
  }

  @Test func aNewFolioThatAnotherTaskPutsOnTheList() {
    expect(.pageMapping, .mapper, Self.exiting.replacingPID(of: "folio seen", by: 4711), Self.exiting)
    expect(.pageMapping, .mapper, Self.exiting.replacingPID(of: "folio new", by: 4711), Self.exiting)
  }

  @Test func aNewFolioThatIsNotAnonymous() {
    expect(
      .pageMapping, .mapping, Self.exiting.alteringFolio("folio seen") { $0.mapping = FolioMapping(0) }, Self.exiting)
  }

  @Test func aPageOfAFileWhereAnAnonymousOneIs() {
    let file = Self.exiting.alteringFolio("folio remove") { $0.mapping = FolioMapping(0xffff_8880_0000_1000) }
    expect(.pageMapping, .mapping, file, Self.exiting)
  }

  @Test func aWriteFaultThatFindsAnotherPage() {
    expect(.pageMapping, .folio, Self.reused.alteringFolio("folio move") { $0.folio = .elsewhere }, Self.reused)
  }

  // MARK: Walks

  @Test func aMigrationThatMapsAnotherFolio() {
    let count = Self.migrated.steps.filter { $0.event.label == "folio add" }.count
    let other = Self.migrated.alteringFolio("folio add", count) { $0.mapping = FolioMapping(anonVMA: .elsewhere) }
    expect(.walkStep, .mapping, other, Self.migrated)
  }

  @Test func aWalkForMorePagesThanTheFolioHas() {
    let large = Self.looked.replacingWalk("walk begin") { event in
      guard case .begin(var frame) = event else { return event }
      frame.pages = nil
      return .begin(frame)
    }
    expect(.walkStep, .pages, large, Self.looked)
  }

  @Test func aWalkForOtherPagesThanItsFolios() {
    let astray = Self.looked.replacingWalk("walk first") { event in
      guard case .first(var start) = event else { return event }
      start.first = PgOff(1)
      return .first(start)
    }
    expect(.walkStep, .first, astray, Self.looked)
  }

  @Test func aWalkThroughAnotherTree() {
    let astray = Self.unmapped.replacingWalk("walk first") { event in
      guard case .first(var start) = event else { return event }
      start.anonVMA = .elsewhere
      return .first(start)
    }
    expect(.walkStep, .anonVMA, astray, Self.unmapped)
  }

  @Test func aCallbackWithAnotherShape() {
    let other = Self.looked.replacingWalk("walk begin", 2) { event in
      guard case .begin(var frame) = event else { return event }
      frame.endsWhenUnmapped.toggle()
      return .begin(frame)
    }
    expect(.walkStep, .done, other, Self.looked)
  }

  /// try_to_unmap_one until 5.14: munlock looks by it with a lock of its own.
  @Test func aSharedCallbackHasSeveralShapes() {
    var other = Self.looked.replacingWalk("walk begin", 2) { event in
      guard case .begin(var frame) = event else { return event }
      frame.endsWhenUnmapped.toggle()
      return .begin(frame)
    }
    for index in other.steps.indices {
      guard case .walk(.visit(var visit)) = other.steps[index].event else { continue }
      visit.isShared = true
      other.steps[index].event = .walk(.visit(visit))
    }
    #expect(other.judged().contradictions.total == 0)
  }

  @Test func aMigrationFromAFolioThatDidNotLeave() {
    let count = Self.migrated.steps.filter { $0.event.label == "walk visit" }.count
    let other = Self.migrated.replacingWalk("walk visit", count) { event in
      guard case .visit(var visit) = event else { return event }
      visit.migration?.source = .elsewhere
      return .visit(visit)
    }
    expect(.walkStep, .step, other, Self.migrated)
  }

  @Test func aWalkThatUnmapsBeforeItsCallback() {
    // The first walk shows what its callback does.
    let twice = History { kernel in
      kernel.recordsWalks = true
      kernel.fault()
      kernel.write("p.V", 18)
      kernel.swapOut("p.V", 17)
      kernel.swapOut("p.V", 18)
    }
    let removal = twice.steps[twice.number("folio remove", 2) - 1]
    let early = twice.dropping("folio remove", 2).inserting(removal, at: twice.number("walk visit", 2))
    expect(.walkStep, .entry, early, twice)
  }
}
