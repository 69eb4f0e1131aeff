import RmapEvents
import Vocabulary

/// The layouts of walk events.
enum WalkLayout: Sendable {
  case frame(FrameLayout)
  case end
  case step(StepLayout)
  case found(Word)
  case visit(VisitLayout)
  case visited(Number)

  @inline(__always) func load(_ record: UnsafeRawBufferPointer) -> WalkEvent? {
    switch self {
    case .frame(let layout): return layout.load(record)
    case .end: return .end
    case .step(let layout): return layout.load(record)
    case .found(let avc):
      let address = avc.address(record)
      return address.isNull || address.isKernel ? .found(address) : nil
    case .visit(let layout): return layout.load(record)
    case .visited(let result):
      // A bool, of which the probe takes the byte that counts.
      let value = result.load(record)
      return value & ~1 == 0 ? .visited(goesOn: value != 0) : nil
    }
  }
}

/// walk, walk_locked and walk_ksm.
struct FrameLayout: Sendable {
  let isKSM: Bool
  let folio, mapping, index, callback, done, lock, invalid: Word
  let large, folioPages: Number
  /// Whether the recording says that such a walk looks for one index at a time.
  let isOfOneIndex: Bool

  init(_ finder: inout FieldFinder, isKSM: Bool) {
    self.isKSM = isKSM
    isOfOneIndex = isKSM && finder.optionalNumber(.oneIndex) != nil
    folio = finder.word(.folio)
    mapping = finder.word(.mapping)
    index = finder.word(.index)
    large = finder.number(.large)
    folioPages = finder.number(.folioPages)
    callback = finder.word(.callback)
    done = finder.word(.done)
    lock = finder.word(.anonLock)
    invalid = finder.word(.invalidVMA)
  }

  @inline(__always) func load(_ record: UnsafeRawBufferPointer) -> WalkEvent? {
    let folio = self.folio.address(record)
    guard folio.isKernel else { return nil }
    let count = large.load(record) != 0 ? folioPages.load(record) : 1
    return .begin(
      WalkFrame(
        isKSM: isKSM, isOfOneIndex: isOfOneIndex, folio: folio,
        mapping: FolioMapping(KernelAddress.untagged(mapping.load(record))), index: PgOff(index.load(record)),
        pages: count > 0 ? UInt64(count) : nil,
        callback: callback.address(record), endsWhenUnmapped: done.load(record) != 0,
        hasOwnLocking: lock.load(record) != 0, passesOver: invalid.load(record) != 0))
  }
}

/// walk_first and walk_next.
struct StepLayout: Sendable {
  let isFirst: Bool
  let subject, root, first, last: Word
  let offset: Number?
  let lock: Word?
  let lockPID: Number?

  init(_ finder: inout FieldFinder, isFirst: Bool) {
    self.isFirst = isFirst
    subject = finder.word(isFirst ? .tree : .node)
    offset = isFirst ? finder.number(.treeOffset) : nil
    first = finder.word(.first)
    last = finder.word(.last)
    root = finder.word(.root)
    lock = finder.optionalWord(.lock)
    lockPID = finder.optionalNumber(.lockPID)
  }

  @inline(__always) func load(_ record: UnsafeRawBufferPointer) -> WalkEvent? {
    let subject = self.subject.load(record)
    guard KernelAddress(subject).isKernel else { return nil }
    let (first, last) = (PgOff(first.load(record)), PgOff(last.load(record)))
    let root = root.address(record)
    guard let offset else {
      return .next(
        WalkStep(
          node: KernelAddress(subject), root: root, first: first, last: last, lock: view(record)))
    }
    let anonVMA = subject &- UInt64(truncatingIfNeeded: offset.load(record))
    return .first(
      WalkStart(
        anonVMA: KernelAddress(anonVMA), root: root, first: first, last: last, lock: view(record)))
  }

  @inline(__always) private func view(_ record: UnsafeRawBufferPointer) -> LockView? {
    guard let lock, let lockPID else { return nil }
    return LockView(
      count: lock.load(record), ownerPID: Int32(truncatingIfNeeded: lockPID.load(record)))
  }
}

/// one_referenced, one_unmap, one_migrate and one_restore.
struct VisitLayout: Sendable {
  let purpose: WalkVisit.Purpose
  let folio, vma, address: Word
  let scale: UserAddress.Scale
  var source, sourceMapping, sourceIndex, mapping, index: Word?
  /// Of a try_to_unmap_one that also serves migration.
  private var unmapFlags: Word?
  /// include/linux/rmap.h until 5.13: TTU_MIGRATION, TTU_SPLIT_FREEZE.
  private static let migrates: UInt64 = 0x101
  /// TTU_MUNLOCK, which unmaps nothing.
  private static let munlocks: UInt64 = 0x2

  init(_ finder: inout FieldFinder, _ purpose: WalkVisit.Purpose) {
    self.purpose = purpose
    scale = UserAddress.Scale(finder.pageSize)
    folio = finder.word(.folio)
    vma = finder.word(.vma)
    address = finder.word(.address)
    if purpose == .unmap { unmapFlags = finder.optionalWord(.unmapFlags) }
    guard purpose == .restore else { return }
    source = finder.word(.source)
    sourceMapping = finder.word(.sourceMapping)
    sourceIndex = finder.word(.sourceIndex)
    mapping = finder.word(.mapping)
    index = finder.word(.index)
  }

  @inline(__always) func load(_ record: UnsafeRawBufferPointer) -> WalkEvent? {
    var visit = WalkVisit(
      purpose: purpose, folio: folio.address(record), vma: vma.address(record),
      address: address.user(record, scale))
    guard visit.folio.isKernel, visit.vma.isKernel else { return nil }
    if let unmapFlags {
      let flags = unmapFlags.load(record)
      visit.isShared = true
      if flags & Self.migrates != 0 {
        visit.purpose = .migrate
      } else if flags & Self.munlocks != 0 {
        visit.purpose = .referenced
      }
    }
    if let source, let sourceMapping, let sourceIndex, let mapping, let index {
      visit.migration = WalkVisit.Migration(
        source: source.address(record), sourceMapping: FolioMapping(sourceMapping.load(record)),
        sourceIndex: PgOff(sourceIndex.load(record)), mapping: FolioMapping(mapping.load(record)),
        index: PgOff(index.load(record)))
      guard source.address(record).isKernel else { return nil }
    }
    return .visit(visit)
  }
}
