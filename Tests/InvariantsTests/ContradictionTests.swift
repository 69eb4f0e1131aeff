import RmapEvents
import RmapGraph
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

  private func expect(
    _ kind: Contradiction, _ history: History, _ sound: History, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(contradictions(sound).total == 0, "\(sound)", sourceLocation: sourceLocation)
    let found = contradictions(history)
    #expect(found.counts[Int(kind.rawValue)] > 0, "\(found.counts) \(history)", sourceLocation: sourceLocation)
  }

  private func contradictions(_ history: History) -> Contradictions {
    var graph = RmapGraph()
    _ = history.judged(in: &graph)
    return graph.statistics.contradictions
  }

  // MARK: Operations

  @Test func aMoveToWhereItsVMADoesNotReach() {
    expect(.vmaView, Self.moved.alteringEntry("enter moveTables") { $0.length += 1 << 30 }, Self.moved)
    expect(
      .vmaView, Self.moved.alteringEntry("enter moveTables") { $0.sourceAddress = UserAddress(0x1000) }, Self.moved)
  }

  @Test func aMoveToAnotherOffset() {
    expect(.vmaView, Self.moved.alteringEntry("enter moveTables") { $0.vma.offset = PgOff(7) }, Self.moved)
  }

  @Test func aMoveToAVMAOfAnotherKind() {
    expect(
      .vmaView,
      Self.moved.alteringEntry("enter moveTables") { $0.vma.flags.formSymmetricDifference(VMFlags(rawValue: 2)) },
      Self.moved)
  }

  @Test func aStackThatMovesToAnotherVMA() {
    let astray = Self.stack.alteringEntry("enter moveTables") { $0.source.address = .elsewhere }
    expect(.vmaView, astray, Self.stack)
  }

  @Test func aSplitAtAnEnd() {
    expect(.vmaView, History.split.alteringEntry("enter split") { $0.address = $0.vma.start }, History.split)
  }

  @Test func whatOneEntryContradictsCountsOnce() {
    let astray = Self.child.alteringEntry("enter copyRange") { $0.source.offset = PgOff(7) }
    expect(.vmaView, astray, Self.child)
    #expect(contradictions(astray).total == 1)
  }

  @Test func anExitThatGoesDownwards() {
    let down = Self.exiting.alteringEntry("enter unlink", 2) { $0.vma.start = UserAddress(0x1000) }
    expect(.vmaView, down, Self.exiting)
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
    expect(.vmaDeath, plain.dropping(number...number + 1), plain)
  }

  @Test func workOfANewProcessWithoutItsBeginning() {
    expect(.returnWithoutEntry, Self.child.dropping("enter prepare", 2), Self.child)
  }

  @Test func aVMAOfANewProcessWithoutItsBirth() {
    expect(.vmaBirth, Self.child.dropping("leave vmaAlloc", 2), Self.child)
  }

  @Test(arguments: [0x21, 0x100_0000_0001, 0x8000_0000_0000_0000] as [UInt64])
  func aLockThatCannotBe(count: UInt64) {
    expect(.noLock, History.split.alteringTree("insert") { $0.lock?.count = count }, History.split)
    let first = Self.looked.replacingWalk("walk first") { event in
      guard case .first(var start) = event else { return event }
      start.lock?.count = count
      return .first(start)
    }
    expect(.noLock, first, Self.looked)
    expect(.noLock, Self.child.alteringEntry("enter prepare") { $0.mmapLockCount = count }, Self.child)
  }

  @Test func aTaskThatCannotBe() {
    expect(.noTask, Self.child.replacingPID(of: "enter prepare", by: 5 << 20), Self.child)
    expect(.noTask, Self.child.replacingPID(of: "enter prepare", by: -3), Self.child)
  }

  @Test func anAnonVMAThatDiesUnderAnotherRoot() {
    expect(.anonVMADeath, Self.exiting.alteringPut { $0.root = .elsewhere }, Self.exiting)
  }

  // MARK: Pages

  @Test func aPageOfAVMAThatIsNotThere() {
    let lost = Self.exiting.alteringFolio("folio remove") { $0.vma.address = .elsewhere }
    expect(.vmaView, lost, Self.exiting)
  }

  @Test func aFolioThatIsGivenAwayAtAnotherIndex() {
    expect(.pageMapping, Self.reused.alteringFolio("folio move") { $0.index = PgOff(1) }, Self.reused)
  }

  @Test func aNewFolioThatAnotherTaskPutsOnTheList() {
    expect(.pageMapping, Self.exiting.replacingPID(of: "folio seen", by: 4711), Self.exiting)
    expect(.pageMapping, Self.exiting.replacingPID(of: "folio new", by: 4711), Self.exiting)
  }

  @Test func aNewFolioThatIsNotAnonymous() {
    expect(.pageMapping, Self.exiting.alteringFolio("folio seen") { $0.mapping = FolioMapping(0) }, Self.exiting)
  }

  @Test func aPageOfAFileWhereAnAnonymousOneIs() {
    let file = Self.exiting.alteringFolio("folio remove") { $0.mapping = FolioMapping(0xffff_8880_0000_1000) }
    expect(.pageMapping, file, Self.exiting)
  }

  @Test func aWriteFaultThatFindsAnotherPage() {
    expect(.pageMapping, Self.reused.alteringFolio("folio move") { $0.folio = .elsewhere }, Self.reused)
  }

  // MARK: Walks

  @Test func aMigrationThatMapsAnotherFolio() {
    let count = Self.migrated.steps.filter { $0.event.label == "folio add" }.count
    let other = Self.migrated.alteringFolio("folio add", count) { $0.mapping = FolioMapping(anonVMA: .elsewhere) }
    expect(.walkStep, other, Self.migrated)
  }

  @Test func aWalkForMorePagesThanTheFolioHas() {
    let large = Self.looked.replacingWalk("walk begin") { event in
      guard case .begin(var frame) = event else { return event }
      frame.pages = nil
      return .begin(frame)
    }
    expect(.walkStep, large, Self.looked)
  }

  @Test func aWalkForOtherPagesThanItsFolios() {
    let astray = Self.looked.replacingWalk("walk first") { event in
      guard case .first(var start) = event else { return event }
      start.first = PgOff(1)
      return .first(start)
    }
    expect(.walkStep, astray, Self.looked)
  }

  @Test func aWalkThroughAnotherTree() {
    let astray = Self.unmapped.replacingWalk("walk first") { event in
      guard case .first(var start) = event else { return event }
      start.anonVMA = .elsewhere
      return .first(start)
    }
    expect(.walkStep, astray, Self.unmapped)
  }

  @Test func aCallbackWithAnotherShape() {
    let other = Self.looked.replacingWalk("walk begin", 2) { event in
      guard case .begin(var frame) = event else { return event }
      frame.endsWhenUnmapped.toggle()
      return .begin(frame)
    }
    expect(.walkStep, other, Self.looked)
  }

  @Test func aMigrationFromAFolioThatDidNotLeave() {
    let count = Self.migrated.steps.filter { $0.event.label == "walk visit" }.count
    let other = Self.migrated.replacingWalk("walk visit", count) { event in
      guard case .visit(var visit) = event else { return event }
      visit.migration?.source = .elsewhere
      return .visit(visit)
    }
    expect(.walkStep, other, Self.migrated)
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
    expect(.walkStep, early, twice)
  }
}
