import Invariants
import RmapEvents
import RmapGraph

/// What a recording of the simulated kernel would hold.
extension SimulatedKernel {
  @inline(__always) mutating func record(_ event: (borrowing SimulatedKernel) -> RmapEvent) {
    guard bench.isJudging else { return }
    let event = event(self)
    bench.apply(event)
  }

  /// How many events there were.
  var eventCount: UInt64 { bench.events }

  /// What the invariants found.
  var judge: Judge { bench.judge }

  /// The step of the workload that an event came of.
  func step(ofEvent number: UInt64) -> Int { bench.step(ofEvent: number) }

  func entry(_ kind: EventKind, _ vma: Policy.VMA, source: Policy.VMA? = nil) -> RmapEvent {
    var sourceView = VMAView.none
    if let source { sourceView = view(source) }
    return .enter(OperationEntry(kind: kind, vma: view(vma), source: sourceView))
  }

  func view(_ vma: Policy.VMA) -> VMAView {
    let node = vmas[vma]
    return VMAView(
      address: KernelAddress(Address.vma(vma)), start: UserAddress(page: node.span.start),
      end: UserAddress(page: node.span.end), mm: KernelAddress(Address.mm(node.mm)),
      flags: VMFlags(rawValue: node.span.flags),
      anonVMA: KernelAddress(node.anonVMA == .max ? 0 : anonVMAs[node.anonVMA].address),
      vmPgoff: PgOff(node.span.pgoff))
  }

  func update(_ avc: UInt32) -> TreeUpdate {
    let anonVMA = anonVMAs[avcs[avc].anonVMA]
    let root = anonVMAs[anonVMA.root]
    let isSplit = policy.counting == .split
    return TreeUpdate(
      avc: KernelAddress(avcs[avc].address), vma: view(Int(avcs[avc].vma)),
      anonVMA: KernelAddress(anonVMA.address), treeOwner: KernelAddress(anonVMA.address),
      root: KernelAddress(root.address), rootOfRoot: KernelAddress(root.address),
      parent: KernelAddress(anonVMAs[anonVMA.parent].address), refcount: anonVMA.refcount,
      children: isSplit ? UInt64(anonVMA.children) : nil, active: isSplit ? UInt64(anonVMA.active) : nil,
      treeIsEmpty: anonVMA.members == 0, rootRefcount: root.refcount,
      lock: LockView(count: 1, ownerPID: bench.pid))
  }

  func lastPut(_ slot: UInt32) -> AnonVMAPut {
    let anonVMA = anonVMAs[slot]
    let root = anonVMAs[anonVMA.root]
    let isSplit = policy.counting == .split
    return AnonVMAPut(
      anonVMA: KernelAddress(anonVMA.address), root: KernelAddress(root.address), refcount: anonVMA.refcount,
      rootRefcount: root.refcount, children: isSplit ? UInt64(anonVMA.children) : nil,
      active: isSplit ? UInt64(anonVMA.active) : nil, treeIsEmpty: anonVMA.members == 0)
  }

  /// A page event of 6.12's order: a new page is seen after it has got its anon_vma.
  func folio(
    _ step: FolioEvent.Step, _ page: UInt32, _ vma: Policy.VMA, at place: UInt64, isExclusive: Bool = false
  ) -> RmapEvent {
    let node = pages[Int(page)]
    return .folio(
      FolioEvent(
        step: step, isAfter: step == .new || step == .move, isExclusive: isExclusive,
        folio: KernelAddress(Address.page(page)), vma: view(vma),
        address: step == .new || step == .add ? UserAddress(page: place) : nil,
        mapping: FolioMapping(anonVMA: KernelAddress(Address.anonVMA(node.serial))), index: PgOff(node.index),
        indexMayFollow: step == .move))
  }
}
