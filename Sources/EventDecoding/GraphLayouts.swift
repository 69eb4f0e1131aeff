import RmapEvents
import Vocabulary

/// avc_insert and avc_remove.
struct TreeLayout: Sendable {
  let avc, tree, anonVMA, root, rootOfRoot, parent, rbNode: Word
  let treeOffset, refcount, rootRefcount: Number
  let children, active: Word?
  let lock, protection: Word?
  let lockPID: Number?
  let vma: VMAFields

  init(_ finder: inout FieldFinder, isInsertion: Bool) {
    avc = finder.word(.avc)
    tree = finder.word(.tree)
    treeOffset = finder.number(.treeOffset)
    vma = VMAFields(&finder)
    anonVMA = finder.word(.anonVMA)
    root = finder.word(.root)
    rootOfRoot = finder.word(.rootOfRoot)
    parent = finder.word(.parent)
    refcount = finder.number(.refcount)
    rootRefcount = finder.number(.rootRefcount)
    children = finder.optionalWord(.children)
    active = finder.optionalWord(.active)
    rbNode = finder.word(.treeNode)
    lock = finder.optionalWord(.lock)
    lockPID = finder.optionalNumber(.lockPID)
    protection = isInsertion ? finder.optionalWord(.vmProtection) : nil
  }
}

extension UnsafePointer<TreeLayout> {
  /// Makes an update; false if a pointer that must be valid is none: the dependent fields then hold old bytes.
  @inline(__always)
  func load(_ record: UnsafeRawBufferPointer, into place: UnsafeMutablePointer<TreeUpdate>) -> Bool {
    let (avc, anonVMA) = (pointee.avc.address(record), pointee.anonVMA.address(record))
    let view = pointee.vma.load(record)
    guard avc.isKernel, view.address.isKernel, view.mm.isKernel, anonVMA.isKernel else { return false }
    place.initialize(
      to: TreeUpdate(
        avc: avc, vma: view, anonVMA: anonVMA,
        treeOwner: KernelAddress(
          pointee.tree.load(record) &- UInt64(truncatingIfNeeded: pointee.treeOffset.load(record))),
        root: pointee.root.address(record), rootOfRoot: pointee.rootOfRoot.address(record),
        parent: pointee.parent.address(record), refcount: Int32(truncatingIfNeeded: pointee.refcount.load(record)),
        children: pointee.children?.load(record), active: pointee.active?.load(record),
        treeIsEmpty: pointee.rbNode.load(record) == 0,
        rootRefcount: Int32(truncatingIfNeeded: pointee.rootRefcount.load(record)), lock: lockView(record),
        protection: pointee.protection?.load(record)))
    return true
  }

  @inline(__always) private func lockView(_ record: UnsafeRawBufferPointer) -> LockView? {
    guard let lock = pointee.lock, let pid = pointee.lockPID else { return nil }
    return LockView(count: lock.load(record), ownerPID: Int32(truncatingIfNeeded: pid.load(record)))
  }
}

/// av_put.
struct PutLayout: Sendable {
  let anonVMA, root, rbNode: Word
  let refcount, rootRefcount: Number
  let parent, children, active: Word?

  init(_ finder: inout FieldFinder) {
    anonVMA = finder.word(.anonVMA)
    root = finder.word(.root)
    refcount = finder.number(.refcount)
    rootRefcount = finder.number(.rootRefcount)
    parent = finder.optionalWord(.parent)
    children = finder.optionalWord(.children)
    active = finder.optionalWord(.active)
    rbNode = finder.word(.treeNode)
  }

  @inline(__always) func load(_ record: UnsafeRawBufferPointer) -> AnonVMAPut? {
    let put = AnonVMAPut(
      anonVMA: anonVMA.address(record), root: root.address(record), parent: parent?.address(record),
      refcount: Int32(truncatingIfNeeded: refcount.load(record)),
      rootRefcount: Int32(truncatingIfNeeded: rootRefcount.load(record)),
      children: children?.load(record), active: active?.load(record),
      treeIsEmpty: rbNode.load(record) == 0)
    return put.anonVMA.isKernel ? put : nil
  }
}

/// vma_free and vma_release.
struct VMAFreeLayout: Sendable {
  let vma, mm, anonVMA: Word

  init(_ finder: inout FieldFinder) {
    vma = finder.word(.vma)
    mm = finder.word(.vmMM)
    anonVMA = finder.word(.vmAnon)
  }

  @inline(__always) func load(_ record: UnsafeRawBufferPointer) -> VMAFree? {
    let free = VMAFree(
      vma: vma.address(record), mm: mm.address(record), anonVMA: anonVMA.address(record))
    return free.vma.isKernel && free.mm.isKernel ? free : nil
  }
}

/// The entries of operations. Which fields there are depends on the operation, not on the kernel.
struct EntryLayout: Sendable {
  let kind: EventKind
  let scale: UserAddress.Scale
  var vma: VMAFields?
  var source: VMAFields?
  var address, sourceAddress, length, mm: Word?
  var mmapLock, operations, file: Word?
  var locks: Number?

  /// How far a move goes that does not say so, bytes.
  fileprivate var wholeLength: UInt64 = 0

  init(_ finder: inout FieldFinder, _ kind: EventKind, ofOnePMD: Bool = false) {
    self.kind = kind
    scale = UserAddress.Scale(finder.pageSize)
    switch kind {
    case .mmExit: mm = finder.word(.mm)
    case .userfaultMove:
      mm = finder.word(.mm)
      address = finder.word(.address)
      sourceAddress = finder.word(.sourceAddress)
      if ofOnePMD { wholeLength = finder.pageSize.bytesPerPMD } else { length = finder.word(.length) }
    case .vmaDup: source = VMAFields(&finder, .source)
    case .clone, .fork, .copyRange:
      vma = VMAFields(&finder)
      source = VMAFields(&finder, .source)
    case .moveTables:
      vma = VMAFields(&finder)
      source = VMAFields(&finder, .source)
      address = finder.word(.address)
      sourceAddress = finder.word(.sourceAddress)
      length = finder.word(.length)
      locks = finder.optionalNumber(.locks)
    case .prepare:
      vma = VMAFields(&finder)
      mmapLock = finder.optionalWord(.mmapLock)
      operations = finder.optionalWord(.vmOperations)
      file = finder.optionalWord(.vmFile)
    case .split, .copyVMA:
      vma = VMAFields(&finder)
      address = finder.word(.address)
    default: vma = VMAFields(&finder)
    }
  }
}

extension UnsafePointer<EntryLayout> {
  /// Makes an entry; false if a pointer that must be valid is none.
  @inline(__always)
  func load(_ record: UnsafeRawBufferPointer, into place: UnsafeMutablePointer<OperationEntry>) -> Bool {
    place.initialize(to: OperationEntry(kind: pointee.kind, length: pointee.wholeLength))
    if let vma = pointee.vma {
      place.pointee.vma = vma.load(record)
      guard place.pointee.vma.address.isKernel, place.pointee.vma.mm.isKernel else { return false }
    }
    if let source = pointee.source {
      place.pointee.source = source.load(record)
      guard place.pointee.source.address.isKernel, place.pointee.source.mm.isKernel else { return false }
    }
    if let address = pointee.address { place.pointee.address = address.user(record, pointee.scale) }
    if let address = pointee.sourceAddress { place.pointee.sourceAddress = address.user(record, pointee.scale) }
    if let length = pointee.length { place.pointee.length = length.load(record) }
    if let locks = pointee.locks { place.pointee.takesRmapLocks = locks.isOdd(record) }
    if let mmapLock = pointee.mmapLock { place.pointee.mmapLockCount = mmapLock.load(record) }
    if let operations = pointee.operations, let file = pointee.file {
      let (operations, file) = (operations.address(record), file.address(record))
      guard operations.isNull || operations.isKernel, file.isNull || file.isKernel else { return false }
      place.pointee.isPlainAnonymous = operations.isNull && file.isNull
    }
    if let mm = pointee.mm {
      place.pointee.mm = mm.address(record)
      guard place.pointee.mm.isKernel else { return false }
    }
    return true
  }
}

/// The returns of operations.
struct LeaveLayout: Sendable {
  let kind: EventKind
  let value: Number?
  /// Whether it returns a pointer.
  let isPointer: Bool

  init(_ finder: inout FieldFinder, _ kind: EventKind, _ field: FieldName?) {
    self.kind = kind
    value = field.map { finder.number($0) }
    isPointer = field == .vma
  }

  @inline(__always) func load(_ record: UnsafeRawBufferPointer) -> OperationReturn {
    let value = value?.load(record) ?? 0
    return OperationReturn(
      kind: kind, value: isPointer ? Int64(bitPattern: KernelAddress.untagged(UInt64(bitPattern: value))) : value)
  }
}
